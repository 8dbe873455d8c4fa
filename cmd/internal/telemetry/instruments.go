package telemetry

import (
	"errors"

	"go.opentelemetry.io/otel/metric"
)

// Instruments makes instruments of one meter and collects what goes wrong with that.
type Instruments struct {
	meter metric.Meter
	errs  []error
}

// NewInstruments makes instruments of m.
func NewInstruments(m metric.Meter) *Instruments { return &Instruments{meter: m} }

// Err is what went wrong.
func (i *Instruments) Err() error { return errors.Join(i.errs...) }

// Seconds is a histogram of times, with buckets from 50 µs.
func (i *Instruments) Seconds(name, description string) metric.Float64Histogram {
	h, err := i.meter.Float64Histogram(name, metric.WithUnit("s"), metric.WithDescription(description),
		metric.WithExplicitBucketBoundaries(buckets...))
	i.errs = append(i.errs, err)
	return h
}

// Count is a counter of things, such as "{message}".
func (i *Instruments) Count(name, unit, description string) metric.Int64Counter {
	c, err := i.meter.Int64Counter(name, metric.WithUnit(unit), metric.WithDescription(description))
	i.errs = append(i.errs, err)
	return c
}

// Level is a gauge that is read when metrics are collected.
func (i *Instruments) Level(name, unit, description string) metric.Int64ObservableGauge {
	g, err := i.meter.Int64ObservableGauge(name, metric.WithUnit(unit), metric.WithDescription(description))
	i.errs = append(i.errs, err)
	return g
}

// SecondsGauge is a gauge of a time that was measured last.
func (i *Instruments) SecondsGauge(name, description string) metric.Float64Gauge {
	g, err := i.meter.Float64Gauge(name, metric.WithUnit("s"), metric.WithDescription(description))
	i.errs = append(i.errs, err)
	return g
}
