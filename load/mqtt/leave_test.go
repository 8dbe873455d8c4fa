package mqtt_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/eclipse/paho.golang/packets"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mqttrace/load/mqtt"
)

func TestLeaveConnectsAgainWithTheSubscriptions(t *testing.T) {
	errWhim := errors.New("a whim")
	cases := []struct {
		name  string
		how   mqtt.Leaving
		cause error
	}{
		{"in order", mqtt.Leaving{}, mqtt.ErrLeft},
		{"after a pause", mqtt.Leaving{Pause: 20 * time.Millisecond}, mqtt.ErrLeft},
		{"abruptly", mqtt.Leaving{Abrupt: true, Cause: errWhim}, errWhim},
	}
	for name, start := range brokers {
		b := start(t)
		for _, c := range cases {
			t.Run(name+"/"+c.name, func(t *testing.T) {
				ctx := deadline(t)
				arrived, down, took, up := make(chan mqtt.Delivery, 1), make(chan error, 1), make(chan time.Duration, 1), make(chan bool, 1)
				client := connect(t, mqtt.Settings{Address: b.Addr(), ClientID: "leaver"}, mqtt.Handlers{
					Message:   func(d mqtt.Delivery) { arrived <- d },
					Down:      func(err error) { down <- err },
					Connected: func(d time.Duration) { took <- d },
					Up:        func() { up <- true },
				})
				_, err := client.Subscribe(ctx, "leaving/"+c.name, 1)
				require.NoError(t, err)

				how := c.how
				if name == "embedded" {
					// It may take the subscriptions of a client that is back at once for those of the one that left.
					how.Pause = max(how.Pause, 20*time.Millisecond)
				}
				require.True(t, client.Leave(how))
				assert.ErrorIs(t, receive(t, down), c.cause)
				assert.Positive(t, receive(t, took))
				receive(t, up)
				outcomes := make(chan mqtt.Outcome, 1)
				require.NoError(t, client.Publish(ctx, 1, numbered{topic: "leaving/" + c.name, qos: 1, outcomes: outcomes}, false))
				assert.NoError(t, receive(t, outcomes).Err)
				receive(t, arrived)
			})
		}
	}
}

func TestLeaveInOrderLosesNoOutcome(t *testing.T) {
	const messages = 200
	for name, start := range brokers {
		t.Run(name, func(t *testing.T) {
			ctx, b := deadline(t), start(t)
			client := connect(t, mqtt.Settings{Address: b.Addr(), ClientID: "leaver"}, mqtt.Handlers{})
			outcomes := make(chan mqtt.Outcome, messages)
			for i := range messages {
				require.NoError(t, client.Publish(ctx, 1, numbered{topic: "a", qos: 1, number: uint32(i), outcomes: outcomes}, true))
				if i%50 == 49 {
					require.True(t, client.LeaveInOrder(ctx, mqtt.Leaving{}))
				}
			}
			for range messages {
				require.NoError(t, receive(t, outcomes).Err)
			}
		})
	}
}

func TestWithdrawEndsTheSubscriptionsOfOneConnection(t *testing.T) {
	for name, start := range brokers {
		t.Run(name, func(t *testing.T) {
			ctx, b := deadline(t), start(t)
			arrived, up := make(chan mqtt.Delivery, 10), make(chan bool, 1)
			client := connect(t, mqtt.Settings{Address: b.Addr(), ClientID: "member"}, mqtt.Handlers{
				Message: func(d mqtt.Delivery) { arrived <- d },
				Up:      func() { up <- true },
			})
			for _, filter := range []string{"$share/members/a", "b"} {
				_, err := client.Subscribe(ctx, filter, 1)
				require.NoError(t, err)
			}
			publish := func(topic string) {
				outcomes := make(chan mqtt.Outcome, 1)
				require.NoError(t, client.Publish(ctx, 1, numbered{topic: topic, qos: 1, outcomes: outcomes}, false))
				require.NoError(t, receive(t, outcomes).Err)
			}
			publish("a")
			assert.Equal(t, "a", receive(t, arrived).Topic)
			require.NoError(t, client.Withdraw(ctx))
			publish("a")
			publish("b")
			require.NoError(t, client.Withdraw(ctx), "there is nothing more to end")
			assert.Empty(t, arrived, "the broker would have sent them before it answered")
			assert.Eventually(t, func() bool { return client.Unanswered() == 0 }, timeout, time.Millisecond)

			require.True(t, client.Leave(mqtt.Leaving{Pause: 20 * time.Millisecond}))
			receive(t, up)
			publish("a")
			assert.Equal(t, "a", receive(t, arrived).Topic)
		})
	}
}

func TestUnsubscribeRefused(t *testing.T) {
	client, broker := newStage(t).enter(mqtt.Settings{}, mqtt.Handlers{}, &packets.Connack{})
	done := make(chan error, 2)
	go func() {
		_, err := client.Subscribe(deadline(t), "a", 1)
		done <- err
		done <- client.Withdraw(deadline(t))
	}()
	broker.write(&packets.Suback{PacketID: broker.read(packets.SUBSCRIBE).PacketID(), Reasons: []byte{1}, Properties: &packets.Properties{}})
	require.NoError(t, receive(t, done))
	broker.write(&packets.Unsuback{PacketID: broker.read(packets.UNSUBSCRIBE).PacketID(), Reasons: []byte{0x87}, Properties: &packets.Properties{}})
	var refused *mqtt.RefusedError
	require.ErrorAs(t, receive(t, done), &refused)
	assert.Equal(t, "UNSUBACK", refused.Packet)
	assert.ErrorContains(t, refused, "unsubscribing from a refused by the broker: 0x87 not authorized")
}

func TestUnansweredMessagesAreCounted(t *testing.T) {
	handling, handle := make(chan struct{}), make(chan struct{})
	client, broker := newStage(t).enter(mqtt.Settings{}, mqtt.Handlers{Message: func(mqtt.Delivery) {
		handling <- struct{}{}
		<-handle
	}}, &packets.Connack{})
	for qos, answer := range []byte{1: packets.PUBACK, 2: packets.PUBREC} {
		broker.write(&packets.Publish{Topic: "a", QoS: byte(qos), PacketID: uint16(qos), Properties: &packets.Properties{}})
		receive(t, handling)
		assert.Equal(t, min(qos, 1), client.Unanswered())
		handle <- struct{}{}
		if qos > 0 {
			broker.read(answer)
		}
		assert.Eventually(t, func() bool { return client.Unanswered() == 0 }, timeout, time.Millisecond)
	}
}

func TestLeaveWithoutAConnection(t *testing.T) {
	b := embedded(t)
	client := connect(t, mqtt.Settings{Address: b.Addr(), ClientID: "leaver"}, mqtt.Handlers{})
	require.True(t, client.Leave(mqtt.Leaving{Pause: time.Hour}))
	assert.Eventually(t, func() bool { return !client.Leave(mqtt.Leaving{}) }, timeout, time.Millisecond)
	require.NoError(t, client.Close(context.Background()))
	assert.False(t, client.Leave(mqtt.Leaving{}))
}
