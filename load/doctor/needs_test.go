package doctor

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mqttrace/load"
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
