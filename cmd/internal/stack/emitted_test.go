package stack

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	metricspb "go.opentelemetry.io/proto/otlp/metrics/v1"
)

func TestEmittedTable(t *testing.T) {
	decoder := json.NewDecoder(bytes.NewReader(emitted))
	decoder.DisallowUnknownFields()
	var table struct {
		About   string
		Metrics []Metric
	}
	require.NoError(t, decoder.Decode(&table))
	seen := map[string]bool{}
	for _, m := range Emitted() {
		assert.False(t, seen[m.From+" "+m.Name], "%s of %s is there twice", m.Name, m.From)
		seen[m.From+" "+m.Name] = true
		assert.Contains(t, []Kind{Counter, Gauge, Histogram}, m.Kind, m.Name)
		assert.Contains(t, []string{"sender", "receiver", "mqttrace", "otel-collector", "span_metrics", "service_graph"}, m.From, m.Name)
		for attribute := range m.Values {
			assert.True(t, slices.Contains(m.Attributes, attribute) || slices.Contains(m.Sometimes, attribute), "%s %s", m.Name, attribute)
		}
		assert.True(t, slices.ContainsFunc(Emitted(), func(o Metric) bool { return o.Name == m.Name && o.Kind == m.Kind && o.Unit == m.Unit }))
	}
}

func TestMissing(t *testing.T) {
	all := Missing("service_graph", nil)
	assert.Len(t, all, 3)
	assert.Contains(t, all[0], "traces_service_graph_request_total: not exported by service_graph")

	edge := []string{"client", "server", "connection_type", "failed"}
	exported := []Metric{
		{Name: "traces_service_graph_request_total", Kind: Counter, Attributes: edge, Values: map[string][]string{"connection_type": {"messaging_system"}}},
		{Name: "traces_service_graph_request_server", Unit: "s", Kind: Histogram, Attributes: edge},
		{Name: "traces_service_graph_request_client", Unit: "s", Kind: Histogram, Attributes: edge},
		{Name: "and_one_more", Kind: Gauge},
	}
	assert.Empty(t, Missing("service_graph", exported))

	exported[0].Values["connection_type"] = []string{"database"}
	exported[1].Unit = "ms"
	exported[2].Kind, exported[2].Attributes = Gauge, edge[:3]
	assert.ElementsMatch(t, Missing("service_graph", exported), []string{
		`traces_service_graph_request_total: connection_type is database, promised is messaging_system`,
		`traces_service_graph_request_server: unit is "ms", promised is "s"`,
		`traces_service_graph_request_client: kind is gauge, promised is histogram`,
		`traces_service_graph_request_client: attributes is client, server, connection_type, promised is failed`,
	})
}

func TestExported(t *testing.T) {
	attribute := func(name, value string) *commonpb.KeyValue {
		return &commonpb.KeyValue{Key: name, Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_StringValue{StringValue: value}}}
	}
	sum := func(monotonic bool, points ...[]*commonpb.KeyValue) *metricspb.Metric_Sum {
		s := &metricspb.Sum{IsMonotonic: monotonic}
		for _, point := range points {
			s.DataPoints = append(s.DataPoints, &metricspb.NumberDataPoint{Attributes: point})
		}
		return &metricspb.Metric_Sum{Sum: s}
	}
	got := Exported([]*metricspb.ResourceMetrics{{ScopeMetrics: []*metricspb.ScopeMetrics{{Metrics: []*metricspb.Metric{
		{Name: "sent", Unit: "{message}", Data: sum(true,
			[]*commonpb.KeyValue{attribute("topic", "a")},
			[]*commonpb.KeyValue{attribute("topic", "b"), attribute("error.type", "timeout")})},
		{Name: "queued", Data: sum(false, nil)},
		{Name: "no points", Data: sum(false)},
		{Name: "latency", Unit: "s", Data: &metricspb.Metric_Histogram{Histogram: &metricspb.Histogram{DataPoints: []*metricspb.HistogramDataPoint{{}}}}},
	}}}}})
	require.Len(t, got, 3)
	assert.Equal(t, Metric{Name: "sent", Unit: "{message}", Kind: Counter, Attributes: []string{"topic"},
		Values: map[string][]string{"topic": {"a", "b"}, "error.type": {"timeout"}}}, got[0])
	assert.Equal(t, Gauge, got[1].Kind)
	assert.Equal(t, Histogram, got[2].Kind)
}
