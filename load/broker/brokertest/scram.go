package brokertest

import (
	"encoding/base64"
	"errors"
	"io"
	"log/slog"
	"net"
	"sync"

	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"
	"github.com/xdg-go/scram"
)

// ScramServer is a broker whose clients log in by SCRAM (MQTT 5 section 4.12). Methods are safe for concurrent use.
type ScramServer struct {
	mochi.HookBase
	// Method is the one method that it takes, with the hash of it.
	Method string
	Hash   scram.HashGeneratorFcn
	// Username and Password are those of its only user.
	Username, Password string
	// Early sends the broker's signature in an AUTH of its own, not in CONNACK.
	Early bool
	// Forge sends a signature that is not the broker's; Silent sends none.
	Forge, Silent bool

	server *scram.Server
	stop   func()

	mu         sync.Mutex // guards what follows
	signatures map[string]string
	logins     int
	sent       []string // user names and passwords in CONNECT
}

// Listen starts the broker on a free port of 127.0.0.1 and returns its address, host:port. The caller must Close it.
func (s *ScramServer) Listen(t Test) (address string) {
	user, err := s.Hash.NewClient(s.Username, s.Password, "")
	check(t, err)
	stored, err := user.GetStoredCredentialsWithError(scram.KeyFactors{Salt: "salt", Iters: 4096})
	check(t, err)
	s.server, err = s.Hash.NewServer(func(name string) (scram.StoredCredentials, error) {
		if name != s.Username {
			return scram.StoredCredentials{}, errors.New("no such user")
		}
		return stored, nil
	})
	check(t, err)
	s.signatures = make(map[string]string)
	server := mochi.New(&mochi.Options{Logger: slog.New(slog.DiscardHandler)})
	check(t, server.AddHook(s, nil))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	s.stop = Serve(t, server, listener)
	return listener.Addr().String()
}

// Close ends the broker and its connections.
func (s *ScramServer) Close() { s.stop() }

// Logins is how many clients have proved that they know the password.
func (s *ScramServer) Logins() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.logins
}

// Sent are the user names and passwords that CONNECT packets had.
func (s *ScramServer) Sent() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sent
}

// ID implements mochi's Hook.
func (*ScramServer) ID() string { return "scram" }

// Provides implements mochi's Hook.
func (*ScramServer) Provides(event byte) bool {
	switch event {
	case mochi.OnConnect, mochi.OnConnectAuthenticate, mochi.OnACLCheck, mochi.OnSessionEstablish, mochi.OnSessionEstablished, mochi.OnPacketEncode:
		return true
	}
	return false
}

// OnConnect does the whole exchange, on the goroutine that would read the client's next packet.
func (s *ScramServer) OnConnect(cl *mochi.Client, pk packets.Packet) error {
	s.mu.Lock()
	if pk.Connect.UsernameFlag || pk.Connect.PasswordFlag {
		s.sent = append(s.sent, string(pk.Connect.Username)+":"+string(pk.Connect.Password))
	}
	s.mu.Unlock()
	if pk.Properties.AuthenticationMethod != s.Method {
		return s.refuse(cl, packets.ErrBadAuthenticationMethod)
	}
	conversation := s.server.NewConversation()
	challenge, err := conversation.Step(string(pk.Properties.AuthenticationData))
	if err != nil {
		return s.refuse(cl, packets.ErrNotAuthorized)
	}
	proof, err := s.ask(cl, challenge)
	if err != nil {
		return err
	}
	signature, err := conversation.Step(proof)
	if err != nil {
		return s.refuse(cl, packets.ErrNotAuthorized)
	}
	return s.sign(cl, signature)
}

// sign notes a login and the signature that CONNACK is to have, or sends it.
func (s *ScramServer) sign(cl *mochi.Client, signature string) error {
	if s.Forge {
		signature = "v=" + base64.StdEncoding.EncodeToString([]byte("forged"))
	}
	if s.Early {
		if _, err := s.ask(cl, signature); err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.logins++
	if !s.Early && !s.Silent {
		s.signatures[cl.ID] = signature
	}
	return nil
}

func (s *ScramServer) refuse(cl *mochi.Client, code packets.Code) error {
	refusal := packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Connack}, ReasonCode: code.Code}
	return errors.Join(code, cl.WritePacket(refusal))
}

// ask sends an AUTH and waits for the client's.
func (s *ScramServer) ask(cl *mochi.Client, data string) (answer string, err error) {
	auth := packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Auth}, ReasonCode: packets.CodeContinueAuthentication.Code}
	auth.Properties.AuthenticationMethod, auth.Properties.AuthenticationData = s.Method, []byte(data)
	if err := cl.WritePacket(auth); err != nil {
		return "", err
	}
	var header packets.FixedHeader
	if err := cl.ReadFixedHeader(&header); err != nil {
		return "", err
	}
	if header.Type != packets.Auth {
		return "", io.ErrUnexpectedEOF
	}
	pk, err := cl.ReadPacket(&header)
	return string(pk.Properties.AuthenticationData), err
}

// OnPacketEncode puts the broker's signature into CONNACK.
func (s *ScramServer) OnPacketEncode(cl *mochi.Client, pk packets.Packet) packets.Packet {
	s.mu.Lock()
	defer s.mu.Unlock()
	signature, ok := s.signatures[cl.ID]
	if pk.FixedHeader.Type == packets.Connack && pk.ReasonCode == 0 && ok {
		pk.Properties.AuthenticationMethod, pk.Properties.AuthenticationData = s.Method, []byte(signature)
		delete(s.signatures, cl.ID)
	}
	return pk
}

// OnConnectAuthenticate lets in whoever OnConnect has.
func (*ScramServer) OnConnectAuthenticate(*mochi.Client, packets.Packet) bool { return true }

// OnACLCheck lets everybody use every topic.
func (*ScramServer) OnACLCheck(*mochi.Client, string, bool) bool { return true }

// OnSessionEstablish keeps mochi from where it deadlocks: see package broker.
func (*ScramServer) OnSessionEstablish(cl *mochi.Client, _ packets.Packet) {
	cl.State.Inflight.ResetSendQuota(0)
	cl.Properties.Props.ReceiveMaximum = 0
}

// OnSessionEstablished does the same for a client that took over an older session.
func (*ScramServer) OnSessionEstablished(cl *mochi.Client, _ packets.Packet) {
	cl.State.Inflight.ResetSendQuota(0)
}
