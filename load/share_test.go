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
	"mqttrace/load/mqtt"
	"mqttrace/load/result"
	"mqttrace/load/shard"
	"mqttrace/load/stamp"
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
				Index: i, Of: n, Run: strings.ReplaceAll(t.Name(), "/", "-"), Collect: shard.OverBroker,
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

// A published message as anybody sees it: whose it is, which, where and what.
type published struct {
	sender, seq    uint32
	topic, payload string
}

// Shards publish the very messages that one process does.
func TestSharesPublishWhatOneProcessDoes(t *testing.T) {
	b, err := broker.StartMosquitto(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, b.Stop(context.Background())) })
	yaml := fmt.Sprintf(`
broker: %s
warmup: 300ms
duration: 2s
seed: 7
senders:
  - {name: even, count: 3, rate: 20/s, topic: "bench/{sender}", qos: 1, payload: {size: 40}}
  - {name: chance, count: 2, rate: 30/s, arrival: poisson, topic: {space: "bench/{sender}/{n}", topics: 5, choose: uniform}, qos: 1, payload: {json: {n: "{seq}", v: "{random 0 100}"}}}
receivers: [{name: r, count: 2, filter: bench/#, qos: 1}]
`, b.URL())
	alone := heardFrom(t, b, func() {
		_, err := Run(t.Context(), scenario(t, yaml), Options{})
		require.NoError(t, err)
	})
	require.NotEmpty(t, alone)
	together := heardFrom(t, b, func() { runShares(t, yaml, 3) })
	assert.Equal(t, alone, together)
}

// heardFrom is how often each message that counts came while load ran.
func heardFrom(t *testing.T, b *broker.Broker, run func()) map[published]int {
	t.Helper()
	var mu sync.Mutex
	heard := make(map[published]int)
	client, err := mqtt.Connect(t.Context(), mqtt.Settings{Address: b.Addr(), ClientID: "listener", ReceiveMaximum: 1000}, mqtt.Handlers{
		Message: func(d mqtt.Delivery) {
			if s, ok := stamp.Decode(d.Properties.CorrelationData, d.Received); ok && s.Kind == stamp.Measured {
				mu.Lock()
				defer mu.Unlock()
				heard[published{s.Sender, s.Seq, strings.Clone(d.Topic), string(d.Payload)}]++
			}
		},
	})
	require.NoError(t, err)
	defer func() { assert.NoError(t, client.Close(context.Background())) }()
	_, err = client.Subscribe(t.Context(), "bench/#", 1)
	require.NoError(t, err)
	run()
	mu.Lock()
	defer mu.Unlock()
	return heard
}
