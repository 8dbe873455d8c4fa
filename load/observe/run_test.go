package observe_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mqttrace/load"
	"mqttrace/load/observe"
	"mqttrace/load/otlp"
	"mqttrace/load/result"
	"mqttrace/scenarios"
)

// scenarioOf a run that exports its spans to an endpoint. Without a warm-up, every message that has spans is counted.
const scenarioOf = `
name: observed
broker: embedded
warmup: 0s
duration: 2s
senders: [{name: sensors, count: 5, rate: 60/s, topic: "bench/{sender}/t", qos: 1, payload: {size: 32}}]
receivers: [{name: backend, filter: bench/+/t, qos: 1}]
tracing: {arm: export, exporter: %q}
`

// TestAgreesWithARun: what a run says about its traces, and what its exported spans say, is the same.
func TestAgreesWithARun(t *testing.T) {
	o := observe.New(observe.Config{})
	r, err := otlp.Listen(otlp.Config{GRPC: "127.0.0.1:0", HTTP: "127.0.0.1:0", Handler: o.Handler(nil)})
	require.NoError(t, err)
	defer func() { require.NoError(t, r.Close()) }()
	sc, err := scenarios.Decode("observed.yaml", fmt.Appendf(nil, scenarioOf, "http://"+r.GRPCAddr()))
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), time.Minute)
	defer cancel()
	ran, err := load.Run(ctx, sc, load.Options{})
	require.NoError(t, err)

	seen, err := o.Finish(observe.About{})
	require.NoError(t, err)
	want := ran.Arms[0]
	require.Equal(t, uint64(600), want.Latency[result.Trace].Count)
	want.Latency[result.Trace] = quotable(want.Latency[result.Trace])
	assert.Equal(t, want.Latency[result.Trace], seen.Arms[0].Latency[result.Trace])
	assert.Equal(t, want.Spans.Whole, seen.Arms[0].Spans.Whole)
	assert.Empty(t, seen.Observed.Broken)
	assert.Empty(t, seen.Observed.Faults)
}

// quotable is a latency whatever the run thinks of quoting it.
func quotable(l result.Latency) result.Latency {
	l.Withheld = ""
	return l
}
