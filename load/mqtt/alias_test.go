package mqtt_test

import (
	"errors"
	"net"
	"testing"
	"time"

	"github.com/eclipse/paho.golang/packets"
	"github.com/eclipse/paho.golang/paho"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mqttrace/load/clock"
	"mqttrace/load/mqtt"
)

var implementations = []mqtt.Implementation{mqtt.Paho, mqtt.Lean}

// acceptor is the address of a server that answers each packet of one connection after the other as told, until told an error.
func acceptor(t *testing.T, answer func(connection int, conn net.Conn, received packets.Packet) error) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	done := make(chan struct{})
	t.Cleanup(func() { l.Close(); <-done })
	go func() {
		defer close(done)
		for n := 0; ; n++ {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			for err == nil {
				var received *packets.ControlPacket
				if received, err = packets.ReadPacket(conn); err == nil {
					err = answer(n, conn, received.Content)
				}
			}
			conn.Close()
		}
	}()
	return l.Addr().String()
}

func ptr[T any](v T) *T { return &v }

// TestAliasesEndWithTheirConnection loses a connection with an alias under way: the message is sent again with its topic.
func TestAliasesEndWithTheirConnection(t *testing.T) {
	for _, implementation := range implementations {
		t.Run(string(implementation), func(t *testing.T) {
			type sight struct {
				topic string
				alias uint16
			}
			seen := make(chan sight, 10)
			address := acceptor(t, func(connection int, conn net.Conn, received packets.Packet) (err error) {
				switch p := received.(type) {
				case *packets.Connect:
					_, err = (&packets.Connack{SessionPresent: connection > 0, Properties: &packets.Properties{TopicAliasMaximum: ptr(uint16(1))}}).WriteTo(conn)
				case *packets.Publish:
					s := sight{topic: p.Topic}
					if p.Properties.TopicAlias != nil {
						s.alias = *p.Properties.TopicAlias
					}
					seen <- s
					switch {
					case connection == 0 && s.topic == "":
						return errors.New("enough")
					case p.QoS == 1:
						_, err = (&packets.Puback{PacketID: p.PacketID, Properties: &packets.Properties{}}).WriteTo(conn)
					}
				}
				return err
			})
			c := connect(t, mqtt.Settings{Address: address, ClientID: "client", TopicAlias: true, SessionExpiry: time.Hour,
				Implementation: implementation, ReconnectMin: time.Millisecond}, mqtt.Handlers{})
			send := func(topic string) {
				outcome, err := c.Send(deadline(t), 1, func(clock.Instant) *paho.Publish {
					return &paho.Publish{Topic: topic, QoS: 1, Properties: &paho.PublishProperties{}}
				}, nil)
				require.NoError(t, err)
				require.NoError(t, outcome.Err)
			}
			send("a")
			send("b")
			send("a")
			assert.Equal(t, sight{"a", 1}, receive(t, seen))
			assert.Equal(t, sight{"b", 0}, receive(t, seen), "more topics than aliases")
			assert.Equal(t, sight{"", 1}, receive(t, seen))
			assert.Equal(t, sight{"a", 0}, receive(t, seen), "again, on the next connection")
			send("a")
			assert.Equal(t, sight{"a", 1}, receive(t, seen))
		})
	}
}

// TestAliasesOfTheBroker sends messages with aliases that stand for something, and one that does not.
func TestAliasesOfTheBroker(t *testing.T) {
	for _, implementation := range implementations {
		t.Run(string(implementation), func(t *testing.T) {
			offered := make(chan uint16, 10)
			address := acceptor(t, func(connection int, conn net.Conn, received packets.Packet) (err error) {
				connect, ok := received.(*packets.Connect)
				if !ok {
					return nil
				}
				offered <- *connect.Properties.TopicAliasMaximum
				_, err = (&packets.Connack{Properties: &packets.Properties{}}).WriteTo(conn)
				if connection > 0 {
					return err
				}
				for _, p := range []packets.Publish{{Topic: "a"}, {}, {Topic: "b"}, {}} {
					p.Properties = &packets.Properties{TopicAlias: ptr(uint16(2))}
					if _, err = p.WriteTo(conn); err != nil {
						return err
					}
				}
				_, err = (&packets.Publish{Properties: &packets.Properties{TopicAlias: ptr(uint16(1))}}).WriteTo(conn)
				return err
			})
			topics, down := make(chan string, 10), make(chan error, 10)
			connect(t, mqtt.Settings{Address: address, ClientID: "client", TopicAliasMaximum: 2, Implementation: implementation}, mqtt.Handlers{
				Message: func(d mqtt.Delivery) { topics <- d.Topic }, Down: func(err error) { down <- err },
			})
			assert.EqualValues(t, 2, receive(t, offered))
			for _, want := range []string{"a", "a", "b", "b"} {
				assert.Equal(t, want, receive(t, topics))
			}
			assert.ErrorContains(t, receive(t, down), "alias")
		})
	}
}
