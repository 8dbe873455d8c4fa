package load

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mqttrace/load/broker"
	"mqttrace/load/result"
)

// runShares runs a scenario as n shards, each in a goroutine, under a name of the test's own.
func runShares(t *testing.T, yaml string, n int) (own []*result.Result, whole *result.Result) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	own = make([]*result.Result, n)
	errs := make([]error, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			var merged *result.Result
			own[i], merged, errs[i] = RunShare(ctx, scenario(t, yaml), Options{}, Sharding{
				Index: i, Of: n, Run: strings.ReplaceAll(t.Name(), "/", "-"), Collect: true,
			})
			if i == 0 {
				whole = merged
			}
		})
	}
	all.Wait()
	for i, err := range errs {
		require.NoError(t, err, fmt.Sprintf("shard %d", i))
	}
	return own, whole
}

// runningBrokers starts one broker of each kind for the test.
func runningBrokers(t *testing.T) (urls map[string]string) {
	t.Helper()
	urls = make(map[string]string)
	for name, start := range map[string]func(context.Context) (*broker.Broker, error){"embedded": broker.StartEmbedded, "mosquitto": broker.StartMosquitto} {
		b, err := start(t.Context())
		require.NoError(t, err)
		t.Cleanup(func() { assert.NoError(t, b.Stop(context.Background())) })
		urls[name] = b.URL()
	}
	return urls
}

// Senders and receivers of one another are in different shards, and nothing is missing in the end.
func TestSharesAddUp(t *testing.T) {
	for name, url := range runningBrokers(t) {
		t.Run(name, func(t *testing.T) {
			own, whole := runShares(t, fmt.Sprintf(`
broker: %s
warmup: 500ms
duration: 2s
senders: [{name: s, count: 5, rate: 40/s, topic: "bench/{sender}", qos: 1}]
receivers:
  - {name: all, count: 2, filter: bench/#, qos: 1}
  - {name: some, count: 3, filter: $share/g/bench/+, qos: 1}
tracing: {arm: context}
thresholds: [delivery.lost == 0, sent == 400]
`, url), 4)
			var sent uint64
			for i, one := range own {
				require.NotNil(t, one.Shard)
				assert.Equal(t, i, one.Shard.Index)
				sent += one.Arms[0].Sent
			}
			assert.EqualValues(t, 400, sent)
			require.NotNil(t, whole)
			assert.NotEqual(t, result.Fail, whole.Verdict, whole.Reason) // it may be invalid where the machine is busy
			assert.EqualValues(t, 400, whole.Arms[0].Sent)
			assert.EqualValues(t, 1200, whole.Arms[0].Delivery.Received)
			assert.Zero(t, whole.Arms[0].Delivery.Lost)
		})
	}
}
