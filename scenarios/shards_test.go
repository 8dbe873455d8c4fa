package scenarios

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestShardable(t *testing.T) {
	const load = `
duration: 1s
senders: [{name: s, count: 3, rate: 1/s, topic: a}]
`
	of := func(more string) *Scenario {
		sc, err := Decode("test.yaml", []byte("name: test\n"+load+more))
		require.NoError(t, err)
		return sc
	}
	const external = "broker: mqtt://localhost:1883\n"
	assert.NoError(t, of(external+"receivers: [{name: r, filter: a}]").Shardable(4))
	assert.NoError(t, of(external+"faults: [{at: 0s, for: 1s, network: cut}]").Shardable(1))

	err := of("broker: mosquitto\nrepeat: {runs: 2}\nfaults: [{at: 0s, broker: kill}]").Shardable(4)
	require.Error(t, err)
	for _, path := range []string{"broker: mosquitto would", "repeat: ", "faults[0]: ", "3 clients cannot be shared among 4"} {
		assert.Contains(t, err.Error(), path)
	}
	compared := of(external)
	compared.Tracing.Compare = []TracingArm{{Arm: ArmOff}, {Arm: ArmContext}}
	assert.ErrorContains(t, compared.Shardable(2), "tracing.compare: ")
	assert.ErrorContains(t, of(external+"receivers: [{name: r, filter: a, stop: 500ms}]").Shardable(2), "receivers[0]: ")
	assert.ErrorContains(t, of(external+"sweep: {over: senders.s.rate, values: [1/s, 2/s]}").Shardable(2), "sweep: ")
}
