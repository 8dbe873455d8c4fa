package doctor

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mqttrace/load"
	"mqttrace/load/broker"
	"mqttrace/scenarios"
)

// Ports are those of one address: more addresses, or a loopback that has them of itself, are room for more clients.
func TestEphemeralPortsAreEnough(t *testing.T) {
	const clients = "duration: 1s\nsenders: [{name: a, count: 50000, idle: true, topic: t}, {name: b, rate: 1/s, topic: t}]\n"
	for name, c := range map[string]struct {
		yaml     string
		examined load.Examined
		want     Status
	}{
		"one address":       {clients, load.Examined{}, Problem},
		"one that is named": {clients + "source_addresses: [192.0.2.1]", load.Examined{}, Problem},
		"two":               {clients + "source_addresses: [192.0.2.1, 192.0.2.2]", load.Examined{}, OK},
		"Linux's loopback":  {clients, load.Examined{Spread: true}, OK},
		"one of Linux's":    {clients + "source_addresses: [127.0.0.1]", load.Examined{Spread: true}, Problem},
	} {
		t.Run(name, func(t *testing.T) {
			sc, err := scenarios.Decode("test.yaml", []byte(c.yaml))
			require.NoError(t, err)
			for _, f := range Needs(sc, Facts{Ports: 28232}, &c.examined) {
				if f.Name == "ephemeral ports" {
					assert.Equal(t, c.want, f.Status)
				}
			}
		})
	}
}

// What a broker does not grant is said of each scenario that asks for it, the largest packet of a sweep included.
func TestNeedsOfABrokerWithLimits(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	b, err := broker.MosquittoConfig{Extra: []string{"max_packet_size 2000", "retain_available false"}}.Start(ctx)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, b.Stop(context.Background())) })
	decode := func(sender, more string) *scenarios.Scenario {
		sc, err := scenarios.Decode("test.yaml", fmt.Appendf(nil, `
broker: %s
duration: 1s
senders: [{name: a, rate: 100/s, topic: "t/{sender}", qos: 1, %s}]
receivers: [{name: r, filter: t/#, subscription_identifier: 1}]
%s`, b.URL(), sender, more))
		require.NoError(t, err)
		return sc
	}
	examined, err := load.Examine(ctx, decode("count: 2", ""), load.Options{})
	require.NoError(t, err)
	for name, c := range map[string]struct {
		sender, more string
		want         map[string]Status
	}{
		"small":         {"", "", map[string]Status{"QoS": OK, "packet size": OK, "wildcards": OK, "subscription identifiers": OK}},
		"large payload": {"payload: {size: 1990}", "", map[string]Status{"packet size": Problem}},
		"large sweep":   {"", "sweep: {over: 'senders[0].payload.size', values: [10, 5KiB]}", map[string]Status{"packet size": Problem}},
		"large arm":     {"", "tracing: {compare: [off, {arm: context, baggage: 4000}]}", map[string]Status{"packet size": Problem}},
		"retained will": {"will: {topic: w, retain: true}", "", map[string]Status{"retained messages": Problem, "packet size": OK}},
	} {
		t.Run(name, func(t *testing.T) {
			got := map[string]Status{}
			for _, f := range Needs(decode(c.sender, c.more), Facts{}, examined) {
				if _, asked := c.want[f.Name]; asked {
					got[f.Name] = f.Status
				}
			}
			assert.Equal(t, c.want, got)
		})
	}
}
