package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"mqttrace/cmd/internal/telemetry"
	"mqttrace/load"
	"mqttrace/load/result"
)

// meters export the run's own metrics over OTLP while it goes on, if the environment says where to
// (OTEL_EXPORTER_OTLP_ENDPOINT), and serve them to Prometheus, if a flag says where. They read the last progress that the engine reported, and at the end the result.
type meters struct {
	shutdown func(context.Context) error

	mu     sync.Mutex // guards what follows
	labels []attribute.KeyValue
	arms   []armFigures
	cpu    [2]float64 // of the generator and the broker, in cores
}

// armFigures are what is exported of one arm.
type armFigures struct {
	labels                           attribute.Set
	scheduled, sent, acked, received int64
	lost                             int64
	latency                          map[attribute.Set]float64 // seconds
}

// metersShutdown bounds the last export.
const metersShutdown = 5 * time.Second

// startMeters starts exporting for one run of a scenario, and serving at the address listen, if it is not empty; nil if nobody
// asked for either.
func startMeters(ctx context.Context, scenario, version, listen string, getenv func(string) string) (*meters, error) {
	where := telemetry.MeterSettings{
		Export: getenv("OTEL_EXPORTER_OTLP_ENDPOINT") != "" || getenv("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT") != "",
		Listen: listen,
	}
	if where == (telemetry.MeterSettings{}) {
		return nil, nil
	}
	provider, err := telemetry.NewMeterProvider(ctx, "mqttrace", version, where)
	if err != nil {
		return nil, fmt.Errorf("export the run's metrics: %w", err)
	}
	run := fmt.Sprintf("%s-%s-%d", scenario, time.Now().UTC().Format("20060102T150405Z"), os.Getpid())
	m := &meters{
		shutdown: provider.Shutdown,
		labels:   []attribute.KeyValue{runLabel.String(run), attribute.String("mqttrace.scenario", scenario)},
	}
	return m, m.register(provider.Meter("mqttrace"))
}

// ofShard says that all metrics from here on are of one shard of a run, whose name they then have in common with those of the
// others. It is called before the run begins; s is nil where one process does all of it.
func (m *meters) ofShard(s *result.Shard) {
	if m == nil || s == nil {
		return
	}
	for i, l := range m.labels {
		if l.Key == runLabel {
			m.labels[i] = runLabel.String(s.Run)
		}
	}
	m.labels = append(m.labels, attribute.String("mqttrace.shard", strconv.Itoa(s.Index)))
}

// runLabel names the run that a metric is of.
const runLabel = attribute.Key("mqttrace.run")

// register makes the instruments, all of which are read when an export is due.
func (m *meters) register(meter metric.Meter) error {
	var errs []error
	counter := func(name, description string) metric.Int64Observable {
		i, err := meter.Int64ObservableCounter(name, metric.WithUnit("{message}"), metric.WithDescription(description))
		errs = append(errs, err)
		return i
	}
	gauge := func(name, unit, description string) metric.Float64Observable {
		i, err := meter.Float64ObservableGauge(name, metric.WithUnit(unit), metric.WithDescription(description))
		errs = append(errs, err)
		return i
	}
	scheduled := counter("mqttrace.messages.scheduled", "Messages that were due.")
	sent := counter("mqttrace.messages.sent", "Messages handed to a connection.")
	received := counter("mqttrace.messages.received", "Messages that reached a receiver.")
	acked := counter("mqttrace.messages.acked", "Messages that the broker acknowledged.")
	lost, err := meter.Int64ObservableGauge("mqttrace.delivery.lost", metric.WithUnit("{message}"), metric.WithDescription("Messages lost, known when the run has ended."))
	errs = append(errs, err)
	latency := gauge("mqttrace.latency", "s", "Quantiles of the last second with messages; of the whole run when it has ended.")
	generator := gauge("mqttrace.generator.cpu", "{cpu}", "Cores that the generator kept busy.")
	broker := gauge("mqttrace.broker.cpu", "{cpu}", "Cores that the broker kept busy.")
	_, err = meter.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		m.mu.Lock()
		defer m.mu.Unlock()
		for _, a := range m.arms {
			labels := metric.WithAttributeSet(a.labels)
			o.ObserveInt64(scheduled, a.scheduled, labels)
			o.ObserveInt64(sent, a.sent, labels)
			o.ObserveInt64(received, a.received, labels)
			o.ObserveInt64(acked, a.acked, labels)
			o.ObserveInt64(lost, a.lost, labels)
			o.ObserveFloat64(generator, m.cpu[0], labels)
			o.ObserveFloat64(broker, m.cpu[1], labels)
			for labels, seconds := range a.latency {
				o.ObserveFloat64(latency, seconds, metric.WithAttributeSet(labels))
			}
		}
		return nil
	}, scheduled, sent, received, acked, lost, latency, generator, broker)
	return errors.Join(append(errs, err)...)
}

// show takes the progress of the run; it is called one at a time.
func (m *meters) show(p load.Progress) {
	if m == nil || p.Phase == load.Splitting || len(p.Arms) == 0 {
		return
	}
	arms := make([]armFigures, len(p.Arms))
	for i, a := range p.Arms {
		arms[i] = armFigures{
			labels:    m.labelsOf(a.Name),
			scheduled: int64(a.Scheduled), sent: int64(a.Sent), acked: int64(a.Acked), received: int64(a.Received),
			latency: make(map[attribute.Set]float64),
		}
		if a.Response.Max != 0 {
			m.quantiles(arms[i].latency, a.Name, result.Response, a.Response)
			m.quantiles(arms[i].latency, a.Name, result.Transit, a.Transit)
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.arms, m.cpu = arms, [2]float64{p.GeneratorCPU, p.BrokerCPU}
}

// end exports what the run came to and stops. res is nil if it could not run.
func (m *meters) end(res *result.Result) error {
	if m == nil {
		return nil
	}
	if res != nil {
		m.conclude(res)
	}
	ctx, cancel := context.WithTimeout(context.Background(), metersShutdown)
	defer cancel()
	if err := m.shutdown(ctx); err != nil {
		return fmt.Errorf("export the run's metrics: %w", err)
	}
	return nil
}

// conclude takes the figures of the result.
func (m *meters) conclude(res *result.Result) {
	var arms []armFigures
	for _, a := range res.Arms {
		f := armFigures{
			labels: m.labelsOf(a.Name), lost: int64(a.Delivery.Lost), latency: make(map[attribute.Set]float64),
			scheduled: int64(a.Scheduled), sent: int64(a.Sent), acked: int64(a.Acked), received: int64(a.Received),
		}
		for name, l := range a.Latency {
			q := load.Quantiles{P50: duration(l.P50NS), P90: duration(l.P90NS), P99: duration(l.P99NS), Max: time.Duration(l.MaxNS)}
			m.quantiles(f.latency, a.Name, name, q)
		}
		arms = append(arms, f)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.arms = arms
}

// duration is 0 for a percentile that there were too few values for.
func duration(ns *int64) time.Duration {
	if ns == nil {
		return 0
	}
	return time.Duration(*ns)
}

func (m *meters) labelsOf(arm string, more ...attribute.KeyValue) attribute.Set {
	return attribute.NewSet(append(append(more, m.labels...), attribute.String("mqttrace.arm", arm))...)
}

// quantiles enters those of a latency that are known.
func (m *meters) quantiles(into map[attribute.Set]float64, arm, latency string, q load.Quantiles) {
	for name, value := range map[string]time.Duration{"0.5": q.P50, "0.9": q.P90, "0.99": q.P99, "max": q.Max} {
		if value != 0 {
			into[m.labelsOf(arm, attribute.String("latency", latency), attribute.String("quantile", name))] = value.Seconds()
		}
	}
}
