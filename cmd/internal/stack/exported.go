package stack

import (
	"slices"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	metricspb "go.opentelemetry.io/proto/otlp/metrics/v1"
)

// Exported is what was received over OTLP as metrics for [Missing]: those of one program, by names in the order of their
// arrival. Attributes are the ones that all data points of a metric have, Values those of any; From is empty.
func Exported(resources []*metricspb.ResourceMetrics) []Metric {
	var metrics []Metric
	for _, resource := range resources {
		for _, scope := range resource.ScopeMetrics {
			for _, metric := range scope.Metrics {
				metrics = add(metrics, metric)
			}
		}
	}
	return metrics
}

func add(metrics []Metric, received *metricspb.Metric) []Metric {
	kind, points := points(received)
	if len(points) == 0 {
		return metrics
	}
	i := slices.IndexFunc(metrics, func(m Metric) bool { return m.Name == received.Name })
	if i < 0 {
		i = len(metrics)
		metrics = append(metrics, Metric{Name: received.Name, Unit: received.Unit, Kind: kind, Attributes: names(points[0]), Values: map[string][]string{}})
	}
	m := &metrics[i]
	for _, point := range points {
		has := names(point)
		m.Attributes = slices.DeleteFunc(m.Attributes, func(name string) bool { return !slices.Contains(has, name) })
		for _, attribute := range point {
			if value, ok := attribute.Value.Value.(*commonpb.AnyValue_StringValue); ok && !slices.Contains(m.Values[attribute.Key], value.StringValue) {
				m.Values[attribute.Key] = append(m.Values[attribute.Key], value.StringValue)
			}
		}
	}
	return metrics
}

// points is the attributes of each data point of a metric.
func points(m *metricspb.Metric) (Kind, [][]*commonpb.KeyValue) {
	switch data := m.Data.(type) {
	case *metricspb.Metric_Sum:
		if data.Sum.IsMonotonic {
			return Counter, attributes(data.Sum.DataPoints)
		}
		return Gauge, attributes(data.Sum.DataPoints)
	case *metricspb.Metric_Gauge:
		return Gauge, attributes(data.Gauge.DataPoints)
	case *metricspb.Metric_Histogram:
		return Histogram, attributes(data.Histogram.DataPoints)
	case *metricspb.Metric_ExponentialHistogram:
		return Histogram, attributes(data.ExponentialHistogram.DataPoints)
	}
	return "", nil
}

func attributes[P interface{ GetAttributes() []*commonpb.KeyValue }](points []P) [][]*commonpb.KeyValue {
	var all [][]*commonpb.KeyValue
	for _, point := range points {
		all = append(all, point.GetAttributes())
	}
	return all
}

func names(attributes []*commonpb.KeyValue) []string {
	var names []string
	for _, attribute := range attributes {
		names = append(names, attribute.Key)
	}
	return names
}
