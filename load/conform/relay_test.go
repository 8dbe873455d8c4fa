package conform_test

import (
	"testing"

	"github.com/eclipse/paho.golang/packets"
	"github.com/stretchr/testify/require"

	"mqttrace/load/conform"
	"mqttrace/load/internal/relay"
)

type faults = relay.Faults

// startRelay starts a relay that ends with the test.
func startRelay(t *testing.T, upstream string, f faults) *relay.Relay {
	t.Helper()
	r, err := relay.Start(upstream, f)
	require.NoError(t, err)
	t.Cleanup(r.Close)
	return r
}

func targetOf(r *relay.Relay) *conform.Target {
	return &conform.Target{URL: "mqtt://" + r.Addr(), Address: r.Addr()}
}

// onDelivery makes a fault of what is done to messages on their way to receivers.
func onDelivery(change func(*packets.Publish)) faults {
	return faults{ToReceiver: func(p *packets.ControlPacket) bool {
		if m, ok := p.Content.(*packets.Publish); ok {
			change(m)
		}
		return true
	}}
}

// onProperties makes a fault of what is done to their user properties.
func onProperties(change func([]packets.User) []packets.User) faults {
	return onDelivery(func(m *packets.Publish) { m.Properties.User = change(m.Properties.User) })
}

// isTraced says whether a packet is a PUBLISH with a traceparent.
func isTraced(p *packets.ControlPacket) bool {
	m, ok := p.Content.(*packets.Publish)
	return ok && indexOf(m.Properties.User, "traceparent") >= 0
}

func indexOf(props []packets.User, name string) int {
	for i, p := range props {
		if p.Key == name {
			return i
		}
	}
	return -1
}
