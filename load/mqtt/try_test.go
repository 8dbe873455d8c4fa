package mqtt_test

import (
	"bytes"
	"testing"

	"github.com/eclipse/paho.golang/packets"
	"github.com/eclipse/paho.golang/paho"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mqttrace/load/clock"
	"mqttrace/load/mqtt"
)

// bulky is a message of QoS 0 with a large payload.
type bulky []byte

func (b bulky) Packet(clock.Instant) *paho.Publish { return &paho.Publish{Topic: "a", Payload: b} }
func (bulky) Acknowledged(mqtt.Outcome)            {}

// A broker that reads nothing holds up nobody who only tries; what the socket has not taken leaves with Flush, in order.
func TestTryPublishDoesNotWaitForTheSocket(t *testing.T) {
	client, broker := newStage(t).enter(mqtt.Settings{}, mqtt.Handlers{}, &packets.Connack{})
	var taken []bulky
	for all := true; all; {
		next := bulky(bytes.Repeat([]byte{byte(len(taken))}, 50_000))
		var took bool
		if took, all = client.TryPublish(0, next, false); !took {
			require.Equal(t, mqtt.Paho, implementation, "the lean client takes what it can keep")
			return
		}
		taken = append(taken, next)
	}
	took, _ := client.TryPublish(0, bulky("kept"), true)
	require.True(t, took)
	taken = append(taken, bulky("kept"))
	published, _ := client.Published()
	assert.EqualValues(t, len(taken), published)

	flushed := make(chan struct{})
	go func() {
		defer close(flushed)
		client.Flush()
	}()
	for _, want := range taken {
		got := broker.read(packets.PUBLISH).Content.(*packets.Publish)
		require.True(t, bytes.Equal(want, got.Payload))
	}
	receive(t, flushed)
}

func TestTryPublishDoesNotWaitForTheWindow(t *testing.T) {
	if implementation == mqtt.Paho {
		return // takes nothing, as the test above shows
	}
	client, broker := newStage(t).enter(mqtt.Settings{Window: 1}, mqtt.Handlers{}, &packets.Connack{})
	outcomes := make(chan mqtt.Outcome, 2)
	try := func() bool {
		taken, all := client.TryPublish(1, numbered{topic: "a", qos: 1, outcomes: outcomes}, false)
		assert.True(t, all)
		return taken
	}
	require.True(t, try())
	id := broker.read(packets.PUBLISH).PacketID()
	assert.False(t, try(), "the window is full")
	broker.write(puback(id, 0))
	receive(t, outcomes)
	require.True(t, try())
	broker.write(puback(broker.read(packets.PUBLISH).PacketID(), 0))
	receive(t, outcomes)
}

func TestTryPublishWithoutAConnection(t *testing.T) {
	client, broker := newStage(t).enter(mqtt.Settings{}, mqtt.Handlers{}, &packets.Connack{})
	require.NoError(t, broker.conn.Close())
	for {
		if taken, all := client.TryPublish(0, bulky("lost"), false); !taken {
			assert.True(t, all)
			return
		}
	}
}
