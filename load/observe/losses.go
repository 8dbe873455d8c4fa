package observe

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	common "go.opentelemetry.io/proto/otlp/common/v1"
	metrics "go.opentelemetry.io/proto/otlp/metrics/v1"
	respb "go.opentelemetry.io/proto/otlp/resource/v1"

	"mqttrace/load/otlp"
	"mqttrace/load/result"
)

// gap is the signal of a loss that nobody reported: a span is referred to and has never arrived.
const gap = "gap"

// mostSeries bounds the series that are followed.
const mostSeries = 10_000

// signal says which points of a metric count lost spans.
type signal func(attributes []*common.KeyValue) bool

// signals are the metrics by which SDKs and collectors tell that they lost spans. What a receiver refuses may be sent again and
// is not among them.
var signals = map[string]signal{
	// OpenTelemetry's conventions for SDKs: what was dropped or not exported has an error.type, queue_full say.
	"otel.sdk.processor.span.processed": func(as []*common.KeyValue) bool { return value(as, "error.type") != "" },
	"otel.sdk.exporter.span.exported":   func(as []*common.KeyValue) bool { return value(as, "error.type") != "" },
	// Java's SDK before them.
	"processedSpans": func(as []*common.KeyValue) bool { return value(as, "dropped") == "true" },
	"otlp.exporter.exported": func(as []*common.KeyValue) bool {
		return value(as, "success") == "false" && value(as, "type") == "span"
	},
	// The collector about itself.
	"otelcol_exporter_send_failed_spans":    every,
	"otelcol_exporter_enqueue_failed_spans": every,
	"otelcol_receiver_failed_spans":         every,
	"otelcol_processor_dropped_spans":       every,
}

func every([]*common.KeyValue) bool { return true }

// value is an attribute as text.
func value(all []*common.KeyValue, key string) string {
	for _, a := range all {
		if a.GetKey() != key {
			continue
		}
		switch v := a.GetValue().GetValue().(type) {
		case *common.AnyValue_StringValue:
			return v.StringValue
		case *common.AnyValue_BoolValue:
			return fmt.Sprint(v.BoolValue)
		}
	}
	return ""
}

// losses adds up lost spans.
type losses struct {
	bySignal map[lossKey]*result.Loss
	series   map[string]*series
}

type lossKey struct{ service, signal string }

// series is a counter of one process as it was last seen.
type series struct {
	started uint64
	value   float64
}

func newLosses() losses {
	return losses{bySignal: map[lossKey]*result.Loss{}, series: map[string]*series{}}
}

// gap counts a span of service's message that never arrived.
func (l *losses) gap(service string) { l.add(lossKey{service, gap}, 1) }

func (l *losses) add(k lossKey, spans uint64) {
	if l.bySignal[k] == nil && len(l.bySignal) >= mostServices {
		k = lossKey{others, others}
	}
	if l.bySignal[k] == nil {
		l.bySignal[k] = &result.Loss{Service: k.service, Signal: k.signal}
	}
	l.bySignal[k].Spans += spans
}

// read takes over what a metric says was lost since an instant.
func (l *losses) read(r *respb.Resource, m *metrics.Metric, since int64) {
	isLoss := signals[plainName(m.GetName())]
	sum := m.GetSum()
	if isLoss == nil || sum == nil {
		return
	}
	service := cut(otlp.ServiceName(r))
	for _, p := range sum.GetDataPoints() {
		if p == nil || !isLoss(p.GetAttributes()) {
			continue
		}
		lost := number(p)
		if sum.GetAggregationTemporality() != metrics.AggregationTemporality_AGGREGATION_TEMPORALITY_DELTA {
			lost = l.increase(seriesKey(r, m, p), p, lost, since)
		}
		if lost >= 1 {
			l.add(lossKey{service, describe(m, p)}, uint64(lost))
		}
	}
}

// plainName is the name of a metric without what exporters for Prometheus add.
func plainName(name string) string {
	for _, suffix := range []string{"_total", "__spans_", "__spans"} {
		name = strings.TrimSuffix(name, suffix)
	}
	return name
}

// describe is a metric with what tells its points apart.
func describe(m *metrics.Metric, p *metrics.NumberDataPoint) string {
	name := plainName(m.GetName())
	for _, key := range []string{"error.type", "exporter"} {
		if v := value(p.GetAttributes(), key); v != "" {
			name += " " + key + "=" + cut(v)
		}
	}
	return name
}

func number(p *metrics.NumberDataPoint) float64 {
	v := float64(p.GetAsInt())
	if d, isDouble := p.GetValue().(*metrics.NumberDataPoint_AsDouble); isDouble {
		v = d.AsDouble
	}
	if !(v > 0) || v > math.MaxInt64/2 { // not a count
		return 0
	}
	return v
}

// seriesKey tells the counters of all processes apart.
func seriesKey(r *respb.Resource, m *metrics.Metric, p *metrics.NumberDataPoint) string {
	var b strings.Builder
	for _, all := range [][]*common.KeyValue{r.GetAttributes(), p.GetAttributes()} {
		for _, a := range all {
			fmt.Fprintf(&b, "%q=%q,", a.GetKey(), a.GetValue().GetStringValue())
		}
		b.WriteByte('|')
	}
	return b.String() + m.GetName()
}

// increase is how much a cumulative counter has grown since it was last seen, or since an instant. What it counted before that
// is nobody's loss of today.
func (l *losses) increase(key string, p *metrics.NumberDataPoint, now float64, since int64) float64 {
	s := l.series[key]
	switch {
	case s == nil && len(l.series) >= mostSeries:
		return 0
	case s == nil:
		l.series[key] = &series{p.GetStartTimeUnixNano(), now}
		if p.GetStartTimeUnixNano() < uint64(since) {
			return 0
		}
		return now
	}
	before := s.value
	if p.GetStartTimeUnixNano() != s.started || now < before {
		before = 0 // the process started anew
	}
	s.started, s.value = p.GetStartTimeUnixNano(), now
	return now - before
}

func (l *losses) results() []result.Loss {
	list := values(l.bySignal)
	slices.SortFunc(list, func(a, b result.Loss) int {
		return cmp.Or(cmp.Compare(b.Spans, a.Spans), cmp.Compare(a.Service, b.Service), cmp.Compare(a.Signal, b.Signal))
	})
	return list
}
