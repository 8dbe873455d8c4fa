package load

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/eclipse/paho.golang/packets"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mqttrace/load/broker"
	"mqttrace/load/mqtt"
	"mqttrace/load/result"
)

// TestReasonsOfRefusedMessages counts the acknowledgements of a broker that does not let a sender publish.
func TestReasonsOfRefusedMessages(t *testing.T) {
	t.Parallel()
	acl := filepath.Join(t.TempDir(), "acl")
	require.NoError(t, os.WriteFile(acl, []byte("topic read #\ntopic write allowed\n"), 0o644))
	b, err := broker.MosquittoConfig{ACLFile: acl}.Start(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, b.Stop(context.Background())) })
	for qos, packet := range map[string]string{"1": "PUBACK", "2": "PUBREC"} {
		t.Run(packet, func(t *testing.T) {
			t.Parallel()
			res := runScenario(t, `
broker: `+b.URL()+`
warmup: 0s
duration: 500ms
senders: [{name: sensors, rate: 50/s, topic: forbidden, qos: `+qos+`}]
`)
			assert.Equal(t, []result.Reason{{Packet: packet, Code: 0x87, Name: "Not authorized (0x87)", Count: 25}}, res.Reasons)
			assert.True(t, warned(res, packet, "Not authorized (0x87), 25 times"), res.Warnings)
		})
	}
}

func TestReasonsOfConnections(t *testing.T) {
	var r reasons
	r.addCause(&mqtt.DisconnectedError{ReasonCode: 0x97, Reason: "too much"})
	r.addCause(&mqtt.DisconnectedError{ReasonCode: 0x97})
	r.addCause(&mqtt.RefusedError{Packet: "CONNACK", ReasonCode: 0x9c, ServerReference: "other:1883"})
	r.addCause(errors.New("connection reset"))
	assert.Equal(t, []result.Reason{
		{Packet: "CONNACK", Code: 0x9c, Name: "Use another server (0x9C)", Count: 1, ServerReference: "other:1883"},
		{Packet: "DISCONNECT", Code: 0x97, Name: "Quota exceeded (0x97)", Count: 2, Text: "too much"},
	}, r.all())
}

// TestServerReference connects to a broker that refers to another.
func TestServerReference(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	done := make(chan struct{})
	t.Cleanup(func() { l.Close(); <-done })
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			if _, err := packets.ReadPacket(conn); err == nil {
				_, err = (&packets.Connack{ReasonCode: 0x9c, Properties: &packets.Properties{ServerReference: "other:1883"}}).WriteTo(conn)
				assert.NoError(t, err)
			}
			conn.Close()
		}
	}()
	for _, client := range []string{"lean", "paho"} {
		_, err = Run(t.Context(), scenario(t, "broker: mqtt://"+l.Addr().String()+"\nclient: "+client+"\nduration: 1s\nsenders: [{name: s, rate: 1/s, topic: t}]"), Options{})
		assert.ErrorContains(t, err, "refused by the broker: 0x9c use another server; it refers to other:1883")
	}
}
