package main

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	metricspb "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	metrics "go.opentelemetry.io/proto/otlp/metrics/v1"

	"mqttrace/cmd/internal/stack"
	"mqttrace/load"
	"mqttrace/load/otlp"
	"mqttrace/load/result"
	"mqttrace/scenarios"
)

// What the dashboards ask of the harness is what a run exports.
func TestRunExportsWhatTheDashboardsShow(t *testing.T) {
	var mu sync.Mutex
	var got []*metrics.ResourceMetrics
	receiver, err := otlp.Listen(otlp.Config{HTTP: "127.0.0.1:0", Handler: otlp.Handler{
		Metrics: func(_ context.Context, q *metricspb.ExportMetricsServiceRequest) error {
			mu.Lock()
			defer mu.Unlock()
			got = append(got, q.ResourceMetrics...)
			return nil
		},
	}})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, receiver.Close()) })
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://"+receiver.HTTPAddr())
	t.Setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")

	sc, err := scenarios.Decode("test.yaml", []byte(`
warmup: 0s
duration: 1500ms
senders: [{name: s, count: 5, rate: 40/s, topic: "bench/{sender}", qos: 1}]
receivers: [{name: r, count: 100, filter: bench/#, qos: 1}]
tracing: {arm: record}
`))
	require.NoError(t, err)
	m, err := startMeters(t.Context(), sc.Name, "test", "", func(string) string { return "yes" })
	require.NoError(t, err)
	res, err := load.Run(t.Context(), sc, load.Options{Progress: m.show})
	require.NoError(t, err)
	require.NoError(t, m.end(res))

	mu.Lock()
	defer mu.Unlock()
	assert.Empty(t, stack.Missing("mqttrace", stack.Exported(got)))
}

// Shards of a run have its name in common, and each its number.
func TestMetricsOfAShardSayWhichItIs(t *testing.T) {
	m := &meters{labels: []attribute.KeyValue{runLabel.String("fan-in-1"), attribute.String("mqttrace.scenario", "fan-in")}}
	m.ofShard(nil)
	labels := m.labelsOf("off")
	assert.False(t, labels.HasValue("mqttrace.shard"))
	m.ofShard(&result.Shard{Index: 3, Of: 8, Run: "job-7"})
	labels = m.labelsOf("off")
	run, _ := labels.Value("mqttrace.run")
	shard, _ := labels.Value("mqttrace.shard")
	assert.Equal(t, "job-7", run.AsString())
	assert.Equal(t, "3", shard.AsString())
	(*meters)(nil).ofShard(&result.Shard{})
}

func TestRunExportsNothingUnasked(t *testing.T) {
	m, err := startMeters(t.Context(), "s", "test", "", func(string) string { return "" })
	require.NoError(t, err)
	m.show(load.Progress{})
	assert.NoError(t, m.end(nil))
}

func TestRunServesItsMetrics(t *testing.T) {
	free, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := free.Addr().String()
	nowhere := func(string) string { return "" }
	_, err = startMeters(t.Context(), "s", "test", address, nowhere)
	require.ErrorContains(t, err, address, "somebody else has it")
	require.NoError(t, free.Close())

	m, err := startMeters(t.Context(), "s", "test", address, nowhere)
	require.NoError(t, err)
	m.show(load.Progress{Phase: load.Measuring, Arms: []load.ArmProgress{{Name: "off", Scheduled: 9, Sent: 7}}})
	response, err := http.Get("http://" + address + "/metrics")
	require.NoError(t, err)
	text, err := io.ReadAll(response.Body)
	require.NoError(t, errors.Join(err, response.Body.Close()))
	assert.Regexp(t, `(?m)^mqttrace_messages_sent_total\{.*mqttrace_arm="off".*mqttrace_scenario="s".*\} 7$`, string(text))
	assert.NoError(t, m.end(nil))
	http.DefaultClient.CloseIdleConnections()
}
