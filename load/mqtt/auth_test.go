package mqtt_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"testing"

	"github.com/eclipse/paho.golang/packets"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mqttrace/load/broker"
	"mqttrace/load/mqtt"
)

// tokens is what a client presents and what a broker takes for right. Safe for concurrent use.
type tokens struct {
	mu             sync.Mutex
	client, broker string
	err            error // of reading the client's
	judged         []string
}

func (k *tokens) set(client, broker string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.client, k.broker = client, broker
}

func (k *tokens) data() ([]byte, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return []byte(k.client), k.err
}

func (k *tokens) judge(method string, data []byte) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.judged = append(k.judged, method+" "+string(data))
	if method != "K8S-SAT" || string(data) != k.broker {
		return errors.New("token unknown")
	}
	return nil
}

func (k *tokens) judgements() []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.judged
}

func (k *tokens) auth() *mqtt.EnhancedAuth {
	return &mqtt.EnhancedAuth{Method: "K8S-SAT", Data: k.data}
}

func judging(t *testing.T, k *tokens) *broker.Server {
	t.Helper()
	s, err := broker.Listen(broker.EmbeddedConfig{Authenticate: k.judge})
	require.NoError(t, err)
	t.Cleanup(s.Close)
	return s
}

func TestEnhancedAuthentication(t *testing.T) {
	k := &tokens{client: "first", broker: "first"}
	b := judging(t, k)
	lost := make(chan error, 10)
	c := connect(t, mqtt.Settings{Address: b.Addr(), ClientID: "client", Auth: k.auth()},
		mqtt.Handlers{Down: func(err error) { lost <- err }})

	k.set("second", "second")
	require.NoError(t, c.Reauthenticate(deadline(t)))
	assert.Equal(t, []string{"K8S-SAT first", "K8S-SAT second"}, k.judgements())
	assert.Empty(t, lost, "on the connection there was")

	k.set("third", "fourth")
	err := c.Reauthenticate(deadline(t))
	var refusal *mqtt.DisconnectedError
	require.ErrorAs(t, err, &refusal)
	assert.Equal(t, byte(0x87), refusal.ReasonCode)
	assert.EqualError(t, err, "K8S-SAT re-authentication of client client: disconnected by the broker: 0x87 not authorized (token unknown)")
	require.ErrorAs(t, receive(t, lost), &refusal)
}

func TestEnhancedAuthenticationAfterARefusedToken(t *testing.T) {
	k := &tokens{client: "right", broker: "right"}
	b := judging(t, k)
	down, up := make(chan error, 1000), make(chan struct{}, 1)
	c := connect(t, mqtt.Settings{Address: b.Addr(), ClientID: "client", Auth: k.auth()},
		mqtt.Handlers{Down: func(err error) { down <- err }, Up: func() { up <- struct{}{} }})
	k.set("wrong", "right")
	require.Error(t, c.Reauthenticate(deadline(t)))
	receive(t, down)
	var refused *mqtt.RefusedError
	require.ErrorAs(t, receive(t, down), &refused, "of the attempt to connect again")
	k.set("right", "right")
	receive(t, up)
	require.NoError(t, c.Reauthenticate(deadline(t)))
}

func TestEnhancedAuthenticationErrors(t *testing.T) {
	k := &tokens{client: "wrong", broker: "right"}
	b := judging(t, k)
	_, err := dial(deadline(t), mqtt.Settings{Address: b.Addr(), ClientID: "client", Auth: k.auth()}, mqtt.Handlers{})
	assert.EqualError(t, err, fmt.Sprintf("connection of client client to %s refused by the broker: 0x87 not authorized (token unknown)", b.Addr()))

	k.err = errors.New("no such token")
	_, err = dial(deadline(t), mqtt.Settings{Address: b.Addr(), ClientID: "client", Auth: k.auth()}, mqtt.Handlers{})
	assert.EqualError(t, err, "K8S-SAT authentication of client client: no such token")

	open := embedded(t)
	c := connect(t, mqtt.Settings{Address: open.Addr(), ClientID: "client"}, mqtt.Handlers{})
	assert.EqualError(t, c.Reauthenticate(deadline(t)), "client client has no enhanced authentication")
}

func TestReauthenticateEndsWithTheConnection(t *testing.T) {
	k := &tokens{client: "token"}
	asked := make(chan struct{})
	address := scripted(t, func(conn net.Conn, received packets.Packet) error {
		switch received.(type) {
		case *packets.Connect:
			_, err := (&packets.Connack{Properties: &packets.Properties{}}).WriteTo(conn)
			return err
		case *packets.Auth:
			close(asked)
			return errors.New("no answer")
		}
		return nil
	})
	c := connect(t, mqtt.Settings{Address: address, ClientID: "client", Auth: k.auth()}, mqtt.Handlers{})
	err := c.Reauthenticate(deadline(t))
	receive(t, asked)
	assert.ErrorContains(t, err, "K8S-SAT re-authentication of client client: ")
}

func TestAuthenticationDataIsPresentedWhenAsked(t *testing.T) {
	k := &tokens{client: "first"}
	cases := []struct {
		name string
		auth *mqtt.EnhancedAuth
		want string
	}{
		{"with a method", k.auth(), "K8S-SAT first"},
		{"without", nil, "ASKED "},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			presented := make(chan string, 10)
			address := scripted(t, func(conn net.Conn, received packets.Packet) error {
				var err error
				switch p := received.(type) {
				case *packets.Connect:
					_, err = (&packets.Auth{ReasonCode: packets.AuthContinueAuthentication,
						Properties: &packets.Properties{AuthMethod: "ASKED"}}).WriteTo(conn)
				case *packets.Auth:
					presented <- p.Properties.AuthMethod + " " + string(p.Properties.AuthData)
					_, err = (&packets.Connack{Properties: &packets.Properties{AuthMethod: "ASKED"}}).WriteTo(conn)
				}
				return err
			})
			client, err := dial(deadline(t), mqtt.Settings{Address: address, ClientID: "client", Auth: c.auth}, mqtt.Handlers{})
			require.NoError(t, err)
			assert.Equal(t, c.want, receive(t, presented))
			require.NoError(t, client.Close(context.Background()))
		})
	}
}

// scripted is the address of a server that lets one client in and answers each of its packets as told, until told an error.
func scripted(t *testing.T, answer func(net.Conn, packets.Packet) error) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	done := make(chan struct{})
	t.Cleanup(func() { l.Close(); <-done })
	go func() {
		defer close(done)
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		for {
			received, err := packets.ReadPacket(conn)
			if err != nil || answer(conn, received.Content) != nil {
				return
			}
		}
	}()
	return l.Addr().String()
}

// conversation answers each challenge with its number, and takes one proof.
type conversation struct{ steps int }

func (c *conversation) Step(challenge []byte) ([]byte, error) {
	if string(challenge) == "nonsense" {
		return nil, errors.New("nonsense")
	}
	c.steps++
	return fmt.Appendf(nil, "%d%s", c.steps, challenge), nil
}

func (*conversation) Finish(data []byte) error {
	if string(data) != "proof" {
		return fmt.Errorf("proof %q", data)
	}
	return nil
}

// conversing is a server that challenges with a, then b, and gives a proof.
func conversing(t *testing.T, heard chan<- string, a, b, proof string) (address string) {
	t.Helper()
	auth := func(reason byte, data string) packets.Packet {
		return &packets.Auth{ReasonCode: reason, Properties: &packets.Properties{AuthMethod: "STEPS", AuthData: []byte(data)}}
	}
	reauthenticates := false
	return scripted(t, func(conn net.Conn, received packets.Packet) error {
		var answer packets.Packet
		switch p := received.(type) {
		case *packets.Connect:
			heard <- string(p.Properties.AuthData)
			answer = auth(packets.AuthContinueAuthentication, a)
		case *packets.Auth:
			heard <- string(p.Properties.AuthData)
			switch data := string(p.Properties.AuthData); {
			case p.ReasonCode == packets.AuthReauthenticate:
				reauthenticates = true
				answer = auth(packets.AuthContinueAuthentication, a)
			case data == "2"+a:
				answer = auth(packets.AuthContinueAuthentication, b)
			case reauthenticates:
				answer = auth(packets.AuthSuccess, proof)
			default:
				answer = &packets.Connack{Properties: &packets.Properties{AuthMethod: "STEPS", AuthData: []byte(proof)}}
			}
		default:
			return nil
		}
		_, err := answer.WriteTo(conn)
		return err
	})
}

func steps() *mqtt.EnhancedAuth {
	return &mqtt.EnhancedAuth{Method: "STEPS", Begin: func() (mqtt.Exchange, error) { return new(conversation), nil }}
}

func TestAuthenticationInSteps(t *testing.T) {
	heard := make(chan string, 20)
	lost := make(chan error, 100)
	c := connect(t, mqtt.Settings{Address: conversing(t, heard, "a", "b", "proof"), ClientID: "client", Auth: steps(), KeepAlive: mqtt.KeepAliveOff},
		mqtt.Handlers{Down: func(err error) { lost <- err }})
	for _, want := range []string{"1", "2a", "3b"} {
		assert.Equal(t, want, receive(t, heard))
	}
	err := c.Reauthenticate(deadline(t))
	for _, want := range []string{"1", "2a", "3b"} {
		assert.Equal(t, want, receive(t, heard), "anew")
	}
	if implementation == mqtt.Lean {
		require.NoError(t, err)
		assert.Empty(t, lost)
		return
	}
	assert.ErrorContains(t, err, `STEPS authentication: proof ""`, "paho.golang does not say what came with success")
	assert.ErrorContains(t, receive(t, lost), `STEPS authentication: proof ""`)
}

func TestAuthenticationInStepsThatFails(t *testing.T) {
	for want, say := range map[string][3]string{
		"STEPS authentication: nonsense":       {"a", "nonsense", "proof"},
		`STEPS authentication: proof "forged"`: {"a", "b", "forged"},
	} {
		t.Run(want, func(t *testing.T) {
			address := conversing(t, make(chan string, 20), say[0], say[1], say[2])
			_, err := dial(deadline(t), mqtt.Settings{Address: address, ClientID: "client", Auth: steps()}, mqtt.Handlers{})
			assert.EqualError(t, err, "connection of client client to "+address+": "+want)
		})
	}
}
