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
	discarded          atomic.Uint64
}

func (g *guard) ID() string { return "mqttrace-guard" }

func (g *guard) Provides(event byte) bool {
	switch event {
	case mqtt.OnConnectAuthenticate, mqtt.OnACLCheck, mqtt.OnSessionEstablish, mqtt.OnSessionEstablished, mqtt.OnQosDropped:
		return true
	}
	return false
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

// OnSessionEstablish turns off what is broken in mochi's flow control towards this client, before anybody can send to it.
//
// mochi v2.7.9 keeps a quota of messages that it may have under way to a client. While some of it is left
// (Server.processPacket), each packet that the client sends, each acknowledgement too, makes mochi look for held back
// messages: Inflight.NextImmediate takes the read lock of the client's in-flight map and calls GetAll, which takes it again.
// sync.RWMutex refuses a second read lock once a writer waits, and every message to that client is a writer, so that both
// wait for each other for good: 10 senders with 64 messages under way to one QoS 1 receiver hang within seconds. A quota of
// 0 with a maximum of 0 means "no quota" in every place that reads it: nothing is held back, nothing is looked for.
//
// ReceiveMaximum is what mochi sets the quota to again when the client takes over an older session. What is lost is that
// mochi no longer keeps to a client's Receive Maximum, which it may not do by MQTT 5 section 3.3.4: a receiver with a small
// one is sent more at a time, as far as the socket and QueueLimit take it. paho does not mind.
//
// TopicAliasMaximum keeps mochi from using topic aliases towards the client. It hands out an alias and queues the message
// that introduces it in two steps, so another sender's message can overtake it and arrive with an alias unheard of; and if
// the introduction is dropped, all later messages on that topic are unreadable.
func (g *guard) OnSessionEstablish(cl *mqtt.Client, _ packets.Packet) {
	cl.Properties.Props.ReceiveMaximum = 0
	cl.Properties.Props.TopicAliasMaximum = 0
	cl.State.Inflight.ResetSendQuota(0)
}

// OnSessionEstablished does it again for a client that took over an older session: mochi has replaced its in-flight map by
// then.
func (g *guard) OnSessionEstablished(cl *mqtt.Client, _ packets.Packet) {
	cl.State.Inflight.ResetSendQuota(0)
}

// OnQosDropped is also called for acknowledgements, and a second time without a type when a message has expired.
func (g *guard) OnQosDropped(_ *mqtt.Client, pk packets.Packet) {
	if pk.FixedHeader.Type == packets.Publish {
		g.discarded.Add(1)
	}
}

// disconnectClients tells every client that the broker is going. mochi's own way asks Clients.GetByListener, which takes a
// read lock twice and so can wait forever for a client that leaves at the same moment.
func (s *Server) disconnectClients() {
	for _, cl := range s.mochi.Clients.GetAll() {
		if !cl.Closed() {
			_ = s.mochi.DisconnectClient(cl, packets.ErrServerShuttingDown) // it is leaving either way
		}
	}
}
