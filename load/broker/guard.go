package broker

import (
	"crypto/subtle"
	"sync/atomic"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"
)

// guard is the one hook of the embedded broker: it lets clients in, counts what mochi gives up, and keeps it from the code
// that deadlocks. One hook for all of it, because mochi asks each hook about each event of each message.
type guard struct {
	mqtt.HookBase
	username, password string
	authenticate       func(method string, data []byte) error // nil: no enhanced authentication
	discarded          atomic.Uint64
}

func (g *guard) ID() string { return "mqttrace-guard" }

func (g *guard) Provides(event byte) bool {
	switch event {
	case mqtt.OnConnectAuthenticate, mqtt.OnACLCheck, mqtt.OnSessionEstablish, mqtt.OnSessionEstablished, mqtt.OnQosDropped:
		return true
	case mqtt.OnConnect, mqtt.OnAuthPacket:
		return g.authenticate != nil
	}
	return false
}

// OnConnect judges the authentication data of a CONNECT, before OnConnectAuthenticate, whose refusals say "bad user name or
// password".
func (g *guard) OnConnect(cl *mqtt.Client, pk packets.Packet) error {
	if err := g.authenticate(pk.Properties.AuthenticationMethod, pk.Properties.AuthenticationData); err != nil {
		refusal := packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Connack}, ReasonCode: packets.ErrNotAuthorized.Code}
		refusal.Properties.ReasonString = err.Error()
		_ = cl.WritePacket(refusal) // a client that has gone needs no answer
		return packets.ErrNotAuthorized
	}
	return nil
}

// OnAuthPacket judges the data of a re-authentication (MQTT 5 section 4.12.1) and answers it. mochi disconnects the client with
// the error that is returned.
func (g *guard) OnAuthPacket(cl *mqtt.Client, pk packets.Packet) (packets.Packet, error) {
	if err := g.authenticate(pk.Properties.AuthenticationMethod, pk.Properties.AuthenticationData); err != nil {
		return pk, packets.Code{Code: packets.ErrNotAuthorized.Code, Reason: err.Error()}
	}
	success := packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Auth}, ReasonCode: packets.CodeSuccess.Code}
	success.Properties.AuthenticationMethod = pk.Properties.AuthenticationMethod
	return pk, cl.WritePacket(success)
}

// OnConnectAuthenticate compares name and password; without a name everybody may connect.
func (g *guard) OnConnectAuthenticate(_ *mqtt.Client, pk packets.Packet) bool {
	if g.username == "" {
		return true
	}
	name := subtle.ConstantTimeCompare(pk.Connect.Username, []byte(g.username))
	password := subtle.ConstantTimeCompare(pk.Connect.Password, []byte(g.password))
	return name&password == 1
}

// OnACLCheck lets whoever is connected use every topic.
func (g *guard) OnACLCheck(*mqtt.Client, string, bool) bool { return true }

// OnSessionEstablish turns off what is broken in mochi v2.7.9 towards this client, before anybody can send to it.
//
// The quota of messages under way. While some of it is left (Server.processPacket), each packet that the client sends, each
// acknowledgement too, makes mochi look for messages held back: Inflight.NextImmediate takes the read lock of the client's
// in-flight map and calls GetAll, which takes it again. sync.RWMutex refuses a second read lock once a writer waits, and
// every message to that client is a writer, so that both wait for each other for good: 10 senders with 64 messages under way
// to one QoS 1 receiver hang within seconds. A quota of 0 with a maximum of 0 means "no quota" in every place that reads it:
// nothing is held back, nothing is looked for. ReceiveMaximum is what mochi sets the quota to again when the client takes
// over an older session. The price: mochi no longer keeps to a client's Receive Maximum, as MQTT 5 section 3.3.4 wants; a
// receiver with a small one is sent more at a time. paho does not mind.
//
// Topic aliases. mochi hands one out and queues the message that introduces it in two steps, so that another sender's
// message can overtake it and arrive with an alias unheard of; and if the introduction is dropped, nothing later on that
// topic can be read.
//
// Request Problem Information. A client that sets it to 0, as paho does unless told otherwise, must still be sent the user
// properties of messages (section 3.1.2.11.7); mochi leaves them out, and with them every traceparent. The price: its
// acknowledgements may carry reason strings that nobody asked for.
func (g *guard) OnSessionEstablish(cl *mqtt.Client, _ packets.Packet) {
	cl.State.Inflight.ResetSendQuota(0)
	cl.Properties.Props.ReceiveMaximum = 0
	cl.Properties.Props.TopicAliasMaximum = 0
	cl.Properties.Props.RequestProblemInfoFlag = false
}

// OnSessionEstablished lifts the quota again for a client that took over an older session: mochi has replaced its in-flight
// map by then.
func (g *guard) OnSessionEstablished(cl *mqtt.Client, _ packets.Packet) {
	cl.State.Inflight.ResetSendQuota(0)
}

// OnQosDropped is also called for acknowledgements, and a second time without a type when a message has expired.
func (g *guard) OnQosDropped(_ *mqtt.Client, pk packets.Packet) {
	if pk.FixedHeader.Type == packets.Publish {
		g.discarded.Add(1)
	}
}
