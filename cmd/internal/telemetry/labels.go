package telemetry

import (
	"slices"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
)

// Labels are the attributes of measurements that differ by error.type alone. Safe for concurrent use.
type Labels struct {
	all []attribute.KeyValue
	ok  metric.MeasurementOption
}

// NewLabels returns the labels with some attributes.
func NewLabels(all ...attribute.KeyValue) Labels {
	return Labels{all: all, ok: withSet(all)}
}

// With returns them with an error type, or without one if it is empty.
func (l Labels) With(errorType string) metric.MeasurementOption {
	if errorType == "" {
		return l.ok
	}
	return withSet(append(slices.Clone(l.all), semconv.ErrorTypeKey.String(errorType)))
}

// withSet makes a set of a copy: NewSet sorts what it is given.
func withSet(all []attribute.KeyValue) metric.MeasurementOption {
	return metric.WithAttributeSet(attribute.NewSet(slices.Clone(all)...))
}
