package observe

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metricspb "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	metrics "go.opentelemetry.io/proto/otlp/metrics/v1"
	respb "go.opentelemetry.io/proto/otlp/resource/v1"

	"mqttrace/load/result"
)

// faultsIn lists faults as "rule subject".
func faultsIn(r *result.Result) (all []string) {
	for _, f := range r.Observed.Faults {
		all = append(all, f.Rule+" "+f.Subject)
	}
	return all
}

func TestFaults(t *testing.T) {
	without := func(key string) func(*made) { return func(m *made) { delete(m.attributes, key) } }
	named := func(name string) func(*made) { return func(m *made) { m.name = name } }
	for name, tc := range map[string]struct {
		span made
		want []string
	}{
		"none":                       {publish(1, 1), nil},
		"none at the receiver":       {process(1, 1), nil},
		"named by a template":        {publish(1, 1, attr("messaging.destination.template", "a/{x}"), named("publish a/{x}")), nil},
		"no system":                  {publish(1, 1, without("messaging.system")), []string{"missing messaging.system"}},
		"a loud system":              {publish(1, 1, attr("messaging.system", "MQTT")), []string{"value messaging.system"}},
		"no operation":               {publish(1, 1, without("messaging.operation.name"), without("messaging.operation.type")), []string{"missing messaging.operation.name", "missing messaging.operation.type"}},
		"no topic":                   {publish(1, 1, without("messaging.destination.name")), []string{"missing messaging.destination.name"}},
		"an operation of old":        {publish(1, 1, attr("messaging.operation", "publish")), []string{"deprecated messaging.operation"}},
		"a type that is a name":      {publish(1, 1, attr("messaging.operation.type", "publish")), []string{"value messaging.operation.type"}},
		"an unheard of type":         {publish(1, 1, attr("messaging.operation.type", "throw")), []string{"value messaging.operation.type"}},
		"CloudEvents by its own":     {publish(1, 1, attr("cloudevents.id", "7")), []string{"deprecated cloudevents.id"}},
		"an attribute of nobody's":   {publish(1, 1, attr("cloudevents.time", "now")), []string{"deprecated cloudevents.time"}},
		"sent by a span of its own":  {publish(1, 1, kind(kindInternal)), []string{"kind INTERNAL for send"}},
		"sent by a client":           {publish(1, 1, kind(kindClient)), []string{"kind CLIENT for send"}},
		"sent by one for another":    {publish(1, 1, kind(kindClient), linkTo(2, 2)), nil},
		"processed by a server":      {process(1, 1, kind(kindInternal)), []string{"kind INTERNAL for process"}},
		"asked for":                  {process(1, 1, kind(kindClient), attr("messaging.operation.type", "receive")), []string{"kind CLIENT for receive"}},
		"asked for, of Kafka":        {process(1, 1, kind(kindClient), attr("messaging.operation.type", "receive"), attr("messaging.system", "kafka")), nil},
		"failed, and does not say":   {func() made { m := publish(1, 1); m.isFailed = true; return m }(), []string{"missing error.type"}},
		"failed, and says":           {func() made { m := publish(1, 1, attr("error.type", "timeout")); m.isFailed = true; return m }(), nil},
		"a name of its own":          {publish(1, 1, named("send it")), []string{"name span name"}},
		"no service":                 {publish(1, 1, from("", "h1")), []string{"resource service.name"}},
		"a service that is not told": {publish(1, 1, from("unknown_service:go", "h1")), []string{"resource service.name"}},
		"of no message":              {inner(1, 1), nil},
		"of no known operation":      {publish(1, 1, kind(kindInternal), attr("messaging.operation.type", "think"), without("messaging.operation.name"), named("x")), []string{"kind INTERNAL for no operation", "missing messaging.operation.name", "value messaging.operation.type"}},
	} {
		t.Run(name, func(t *testing.T) {
			got := recorded(t, tc.span)
			assert.Equal(t, tc.want, faultsIn(got))
			for _, f := range got.Observed.Faults {
				assert.NotEmpty(t, f.Advice)
				assert.Len(t, f.Examples, 1)
				assert.Len(t, f.Services, 1)
			}
		})
	}
}

func TestFaultsAreCounted(t *testing.T) {
	old := attr("messaging.operation", "publish")
	got := recorded(t, publish(1, 1, old), publish(2, 2, old), publish(3, 3, old, from("other", "h")), publish(4, 4, old), publish(5, 5, attr("messaging.url", "x")))
	require.Len(t, got.Observed.Faults, 2)
	f := got.Observed.Faults[0]
	assert.Equal(t, uint64(4), f.Count)
	assert.Equal(t, "use messaging.operation.name and messaging.operation.type", f.Advice)
	assert.Equal(t, []string{"other", "sender"}, f.Services)
	assert.Len(t, f.Examples, mostExamples)
}

// lost is a metric as an SDK or a collector sends it, cumulative since an instant in ns.
func lost(name string, n int64, more ...func(*metrics.Sum)) *metricspb.ExportMetricsServiceRequest {
	sum := &metrics.Sum{
		AggregationTemporality: metrics.AggregationTemporality_AGGREGATION_TEMPORALITY_CUMULATIVE,
		DataPoints: []*metrics.NumberDataPoint{{
			StartTimeUnixNano: uint64(began.UnixNano()) + 1,
			Value:             &metrics.NumberDataPoint_AsInt{AsInt: n},
		}},
	}
	for _, f := range more {
		f(sum)
	}
	return &metricspb.ExportMetricsServiceRequest{ResourceMetrics: []*metrics.ResourceMetrics{{
		Resource:     &respb.Resource{Attributes: keyValues(map[string]any{"service.name": "sender"})},
		ScopeMetrics: []*metrics.ScopeMetrics{{Metrics: []*metrics.Metric{{Name: name, Data: &metrics.Metric_Sum{Sum: sum}}}}},
	}}}
}

func tagged(key string, value any) func(*metrics.Sum) {
	return func(s *metrics.Sum) {
		s.DataPoints[0].Attributes = append(s.DataPoints[0].Attributes, keyValues(map[string]any{key: value})...)
	}
}

func since(ns uint64) func(*metrics.Sum) {
	return func(s *metrics.Sum) { s.DataPoints[0].StartTimeUnixNano = ns }
}

func delta(s *metrics.Sum) {
	s.AggregationTemporality = metrics.AggregationTemporality_AGGREGATION_TEMPORALITY_DELTA
}

func TestLosses(t *testing.T) {
	const processed, failed = "otel.sdk.processor.span.processed", "otelcol_exporter_send_failed_spans"
	full := tagged("error.type", "queue_full")
	for name, tc := range map[string]struct {
		points []*metricspb.ExportMetricsServiceRequest
		want   map[string]uint64
	}{
		"processed":                {[]*metricspb.ExportMetricsServiceRequest{lost(processed, 5)}, map[string]uint64{}},
		"dropped":                  {[]*metricspb.ExportMetricsServiceRequest{lost(processed, 5, full)}, map[string]uint64{processed + " error.type=queue_full": 5}},
		"dropped more and more":    {[]*metricspb.ExportMetricsServiceRequest{lost(processed, 5, full), lost(processed, 9, full)}, map[string]uint64{processed + " error.type=queue_full": 9}},
		"dropped before we looked": {[]*metricspb.ExportMetricsServiceRequest{lost(failed, 5, since(1)), lost(failed, 9, since(1))}, map[string]uint64{failed: 4}},
		"started anew":             {[]*metricspb.ExportMetricsServiceRequest{lost(failed, 5), lost(failed, 3)}, map[string]uint64{failed: 8}},
		"deltas":                   {[]*metricspb.ExportMetricsServiceRequest{lost(failed, 5, delta), lost(failed, 3, delta)}, map[string]uint64{failed: 8}},
		"by a name of Prometheus":  {[]*metricspb.ExportMetricsServiceRequest{lost(failed+"__spans__total", 5)}, map[string]uint64{failed: 5}},
		"of two exporters": {[]*metricspb.ExportMetricsServiceRequest{lost(failed, 5, tagged("exporter", "a")), lost(failed, 3, tagged("exporter", "b"))},
			map[string]uint64{failed + " exporter=a": 5, failed + " exporter=b": 3}},
		"Java's":          {[]*metricspb.ExportMetricsServiceRequest{lost("processedSpans", 5, tagged("dropped", true)), lost("processedSpans", 7, tagged("dropped", false))}, map[string]uint64{"processedSpans": 5}},
		"something else":  {[]*metricspb.ExportMetricsServiceRequest{lost("http.requests", 5)}, map[string]uint64{}},
		"nonsense":        {[]*metricspb.ExportMetricsServiceRequest{lost(failed, -5)}, map[string]uint64{}},
		"nothing is lost": {[]*metricspb.ExportMetricsServiceRequest{lost(failed, 0), lost(failed, 0)}, map[string]uint64{}},
	} {
		t.Run(name, func(t *testing.T) {
			o, _ := watching(Config{})
			for _, q := range tc.points {
				require.NoError(t, o.Metrics(t.Context(), q))
			}
			got := map[string]uint64{}
			for _, l := range finish(t, o).Observed.Losses {
				assert.Equal(t, "sender", l.Service)
				got[l.Signal] = l.Spans
			}
			assert.Equal(t, tc.want, got)
		})
	}
}

// TestGaps: a span that others refer to and that never arrives was lost, once, by however many it is missed.
func TestGaps(t *testing.T) {
	got := recorded(t, process(1, 2, childOf(1)), process(1, 3, childOf(1)), process(2, 4, childOf(9)), inner(5, 5), process(5, 6, childOf(5)))
	assert.Equal(t, []result.Loss{{Service: "receiver", Signal: "gap", Spans: 2}}, got.Observed.Losses)
}
