package broker

import (
	"context"
	"crypto/tls"
	"net"
	"testing"

	"github.com/eclipse/paho.golang/packets"
	"github.com/eclipse/paho.golang/paho"
	"github.com/stretchr/testify/require"
)

// testClient is an MQTT client to be connected; the zero value is an anonymous one that receives nothing.
type testClient struct {
	id                 string
	username, password string
	keepSession        bool
	receiveMaximum     uint16
	tls                *tls.Config
	receive            func(*paho.Publish)
}

// dial connects and returns the client, or CONNACK's reason as an error.
func (c testClient) dial(ctx context.Context, addr string) (*paho.Client, error) {
	conn, err := c.open(ctx, addr)
	if err != nil {
		return nil, err
	}
	client := paho.NewClient(paho.ClientConfig{
		Conn: packets.NewThreadSafeConn(conn),
		OnPublishReceived: []func(paho.PublishReceived) (bool, error){func(p paho.PublishReceived) (bool, error) {
			if c.receive != nil {
				c.receive(p.Packet)
			}
			return true, nil
		}},
	})
	_, err = client.Connect(ctx, c.packet())
	return client, err
}

func (c testClient) open(ctx context.Context, addr string) (net.Conn, error) {
	if c.tls != nil {
		return (&tls.Dialer{Config: c.tls}).DialContext(ctx, "tcp", addr)
	}
	return new(net.Dialer).DialContext(ctx, "tcp", addr)
}

func (c testClient) packet() *paho.Connect {
	cp := &paho.Connect{
		ClientID:     c.id,
		KeepAlive:    60,
		CleanStart:   !c.keepSession,
		UsernameFlag: c.username != "",
		Username:     c.username,
		PasswordFlag: c.password != "",
		Password:     []byte(c.password),
		Properties:   &paho.ConnectProperties{ReceiveMaximum: paho.Uint16(max(c.receiveMaximum, 100))},
	}
	if c.receiveMaximum != 0 {
		cp.Properties.ReceiveMaximum = paho.Uint16(c.receiveMaximum)
	}
	if c.keepSession {
		cp.Properties.SessionExpiryInterval = paho.Uint32(3600)
	}
	return cp
}

// connected dials, and disconnects at the end of the test.
func (c testClient) connected(t *testing.T, addr string) *paho.Client {
	t.Helper()
	client, err := c.dial(limited(t), addr)
	require.NoError(t, err)
	t.Cleanup(func() { _ = client.Disconnect(&paho.Disconnect{}) }) // the broker may have gone first
	return client
}

func subscribe(t *testing.T, client *paho.Client, filter string, qos byte) {
	t.Helper()
	_, err := client.Subscribe(limited(t), &paho.Subscribe{
		Subscriptions: []paho.SubscribeOptions{{Topic: filter, QoS: qos}},
	})
	require.NoError(t, err)
}

func publish(t *testing.T, client *paho.Client, p *paho.Publish) {
	t.Helper()
	_, err := client.Publish(limited(t), p)
	require.NoError(t, err)
}

// deafSubscriber subscribes to filter at qos and then reads no more.
func deafSubscriber(t *testing.T, addr, filter string, qos byte) {
	t.Helper()
	conn, err := new(net.Dialer).DialContext(limited(t), "tcp", addr)
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close() })
	send(t, conn, &packets.Connect{ProtocolName: "MQTT", ProtocolVersion: 5, ClientID: "deaf", CleanStart: true})
	send(t, conn, &packets.Subscribe{
		PacketID: 1, Properties: &packets.Properties{}, Subscriptions: []packets.SubOptions{{Topic: filter, QoS: qos}},
	})
}

// send writes a packet and reads the answer.
func send(t *testing.T, conn net.Conn, p packets.Packet) {
	t.Helper()
	_, err := p.WriteTo(conn)
	require.NoError(t, err)
	_, err = packets.ReadPacket(conn)
	require.NoError(t, err)
}
