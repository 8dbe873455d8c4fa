package load

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mqttrace/load/result"
)

var kept [][]byte // so that what is made is not optimised away

// Telling people about a run is not what a message costs, however dear it is.
func TestShowingARunCostsItsMessagesNothing(t *testing.T) {
	const made = 200_000
	var seen []*result.Result
	opts := Options{Partial: func(soFar func() (*result.Result, error)) {
		res, err := soFar()
		assert.NoError(t, err)
		seen = append(seen, res)
		kept = make([][]byte, made)
		for i := range kept {
			kept[i] = make([]byte, 1)
		}
	}}
	res, err := Run(t.Context(), scenario(t, `
warmup: 0s
duration: 3500ms
senders: [{name: sensors, rate: 40/s, topic: bench}]
receivers: [{name: backend, filter: bench}]
`), opts)
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(seen), 2)
	a := seen[1].Arms[0]
	assert.Empty(t, seen[1].Verdict)
	assert.Positive(t, a.Received)
	assert.Len(t, a.Series, 2)
	assert.Positive(t, a.RatePerS)
	require.NotNil(t, a.Latency[result.Response].P50NS)
	assert.Less(t, res.Arms[0].Cost.AllocsPerMessage, float64(made)/140/2, "with them it would be thousands")
}
