package load

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mqttrace/load/result"
)

func metricOf(t *testing.T, res *result.Result, name string) result.Metric {
	t.Helper()
	for _, m := range res.BrokerMetrics {
		if m.Name == name {
			return m
		}
	}
	require.Failf(t, "no metric", "%s; there are %v", name, res.BrokerMetrics)
	return result.Metric{}
}

func TestBrokersOwnCountAgrees(t *testing.T) {
	t.Parallel()
	for _, b := range []string{"embedded", "mosquitto"} {
		t.Run(b, func(t *testing.T) {
			t.Parallel()
			res := runScenario(t, `
broker: `+b+`
warmup: 500ms
duration: 5s
senders: [{name: sensors, count: 3, rate: 20/s, topic: "bench/{sender}", qos: 1}]
receivers: [{name: backend, filter: bench/#, qos: 1}]
`)
			require.Len(t, res.Reconciled, 1)
			c := res.Reconciled[0]
			assert.Equal(t, c.Ours, c.Brokers, c.Explanation)
			assert.Greater(t, c.Ours, uint64(300), "the warm-up's and the probes too")
			assert.Empty(t, c.Explanation)
			clients := metricOf(t, res, "$SYS/broker/clients/connected").Points
			assert.GreaterOrEqual(t, clients[len(clients)-1].Value, 4.0)
			received := metricOf(t, res, "$SYS/broker/messages/received").Points
			assert.Positive(t, received[len(received)-1].AtNS, "Mosquitto tells only what has changed")
		})
	}
}

func TestBrokersPrometheusEndpointIsScraped(t *testing.T) {
	t.Parallel()
	var scrapes atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		n := scrapes.Add(1)
		fmt.Fprintf(w, "# TYPE queue gauge\nqueue{client=\"a\"} %d\nqueue{client=\"b\"} 7\n# TYPE other counter\nother 1\n", n)
	}))
	defer server.Close()
	res := runScenario(t, `
warmup: 0s
duration: 3s
senders: [{name: sensors, rate: 20/s, topic: bench}]
receivers: [{name: backend, filter: bench}]
metrics: {url: `+server.URL+`, select: [queue], every: 200ms}
`)
	a, b := metricOf(t, res, `queue{client="a"}`), metricOf(t, res, `queue{client="b"}`)
	assert.EqualValues(t, 1, a.Points[0].Value)
	assert.GreaterOrEqual(t, len(a.Points), 3)
	assert.Less(t, a.Points[0].AtNS, a.Points[1].AtNS)
	assert.EqualValues(t, 7, b.Points[1].Value)
	for _, m := range res.BrokerMetrics {
		assert.False(t, strings.HasPrefix(m.Name, "other"), "not selected")
	}
}

func TestMetricsThatAreNotThereAreAWarning(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	res := runScenario(t, `
warmup: 0s
duration: 300ms
senders: [{name: sensors, rate: 20/s, topic: bench}]
receivers: [{name: backend, filter: bench}]
metrics: {url: `+server.URL+`, select: [queue]}
`)
	assert.Equal(t, result.Pass, res.Verdict, res.Reason)
	assert.True(t, warned(res, "the broker's metrics are not complete: GET "+server.URL+": 404 Not Found"), res.Warnings)
}
