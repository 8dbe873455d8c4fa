package observe

import (
	"context"
	"sync"
	"time"

	metricspb "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	collectorpb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	respb "go.opentelemetry.io/proto/otlp/resource/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"mqttrace/load/otlp"
	"mqttrace/load/result"
)

const (
	// DefaultWindow is how long a span waits for the others of its message unless a Config says otherwise: the longest batching
	// delays in use, of SDK and collector together, are some 20 s.
	DefaultWindow = time.Minute
	// DefaultMaxSpans is how many spans wait at once; with names and topics of usual lengths they take some 100 MB.
	DefaultMaxSpans = 200_000
	// settling is how long the other spans of a message may be on their way at the end of an observation without anybody
	// finding fault: twice the delay of the SDKs' batch processors.
	settling = 10 * time.Second
	// stepsPerWindow bounds how fast the spans' own time goes: a tenth of the window for each request.
	stepsPerWindow = 10
)

// Config is how an Observer observes.
type Config struct {
	// Window is how long a span waits for the others of its message; 0 stands for DefaultWindow.
	Window time.Duration
	// MaxSpans is how many do so at once; 0 stands for DefaultMaxSpans.
	MaxSpans int
	// Recorded says that the spans come from files: time is then the spans' own, and all is judged to the end unless About says
	// that it breaks off. CutOff says that what was recorded before is missing: files that have been removed, say.
	Recorded bool
	CutOff   bool
	// Now is the clock of what is not recorded; nil stands for time.Now.
	Now func() time.Time
}

// Observer pairs the spans of messages and counts what is wrong with them. Its methods are safe for concurrent use; Traces and
// Metrics are handlers for otlp.Receiver.
type Observer struct {
	cfg     Config
	started time.Time

	mu       sync.Mutex
	held     map[spanKey]*span
	queue    queue                 // all of held, in order of arrival
	awaiting map[spanKey][]*span   // consumers by the span that may lead to their producer
	traces   map[[16]byte]*message // the producers and unpaired consumers that are held
	judged   memory                // producers that are no longer held
	missed   memory                // spans that consumers which are no longer held have waited for in vain

	time, begun int64 // of recorded spans, now and at first, ns since 1970; 0 before there is one
	first, last int64 // start of the first and the last message span, ns since 1970
	isFinished  bool

	counts   result.SpanCounts
	total    pairs
	services services
	faults   faults
	broken   brokenTraces
	skews    skews
	losses   losses
	lately   lately
}

// message is what is held of one trace.
type message struct {
	producers []*span
	waiting   int // consumers that are not paired
}

// New starts an observation.
func New(cfg Config) *Observer {
	if cfg.Window <= 0 {
		cfg.Window = DefaultWindow
	}
	if cfg.MaxSpans <= 0 {
		cfg.MaxSpans = DefaultMaxSpans
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Observer{
		cfg: cfg, started: cfg.Now(),
		held: map[spanKey]*span{}, awaiting: map[spanKey][]*span{}, traces: map[[16]byte]*message{},
		judged: newMemory(cfg.MaxSpans), missed: newMemory(cfg.MaxSpans),
		total: newPairs(), services: services{}, faults: faults{}, broken: brokenTraces{}, skews: skews{}, losses: newLosses(),
	}
}

// Traces takes spans. The error is always nil.
func (o *Observer) Traces(_ context.Context, q *collectorpb.ExportTraceServiceRequest) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.isFinished {
		return nil
	}
	now := o.clock(q)
	for _, r := range q.GetResourceSpans() {
		svc, host := o.services.of(r.GetResource())
		for _, scope := range r.GetScopeSpans() {
			for _, p := range scope.GetSpans() {
				o.take(p, r.GetResource(), svc, host, now)
			}
		}
	}
	o.expire(now)
	return nil
}

// Metrics takes what SDKs and collectors say about spans that they lost. The error is always nil.
func (o *Observer) Metrics(_ context.Context, q *metricspb.ExportMetricsServiceRequest) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.isFinished {
		return nil
	}
	since := o.started.UnixNano()
	if o.cfg.Recorded {
		since = 0
	}
	for _, r := range q.GetResourceMetrics() {
		for _, scope := range r.GetScopeMetrics() {
			for _, m := range scope.GetMetrics() {
				o.losses.read(r.GetResource(), m, since)
			}
		}
	}
	return nil
}

// clock is the time at which a request arrives.
func (o *Observer) clock(q *collectorpb.ExportTraceServiceRequest) int64 {
	if !o.cfg.Recorded {
		return o.cfg.Now().UnixNano()
	}
	earliest := firstEnd(q)
	if o.time == 0 {
		o.time, o.begun = earliest, earliest
	}
	if earliest > o.time {
		o.time += min(earliest-o.time, int64(o.cfg.Window)/stepsPerWindow)
	}
	return o.time
}

// firstEnd is the end of the span of a request that ended first, 0 if there is none.
func firstEnd(q *collectorpb.ExportTraceServiceRequest) (first int64) {
	for _, r := range q.GetResourceSpans() {
		for _, scope := range r.GetScopeSpans() {
			for _, p := range scope.GetSpans() {
				if end := int64(p.GetEndTimeUnixNano()); end > 0 && (first == 0 || end < first) {
					first = end
				}
			}
		}
	}
	return first
}

// take counts a span, looks for faults, and holds it until its message is complete.
func (o *Observer) take(p *tracepb.Span, r *respb.Resource, svc *service, host string, now int64) {
	o.counts.Received++
	svc.spans++
	s, ok := read(p)
	if !ok {
		o.counts.Malformed++
		return
	}
	if o.held[s.key] != nil {
		o.counts.Repeated++
		return
	}
	if p.GetDroppedAttributesCount()+p.GetDroppedEventsCount()+p.GetDroppedLinksCount() > 0 {
		o.counts.Truncated++
	}
	a := readAttributes(p.GetAttributes())
	s.service, s.host, s.arrived, s.role = svc, host, now, roleOf(p.GetKind(), &a)
	s.topic, s.exact, s.isRetained = a.destination(), cut(a.topic), a.isRetained
	if s.role != bystander || a.isMessaging {
		o.faults.check(s, p, &a, r)
	}
	o.hold(s)
}

// hold keeps a span and pairs whatever it completes.
func (o *Observer) hold(s *span) {
	o.held[s.key] = s
	o.queue.push(s)
	switch s.role {
	case producer:
		o.counts.Producers++
		s.service.producers++
		o.seen(s.start)
		o.addProducer(s)
	case consumer:
		o.counts.Consumers++
		s.service.consumers++
		o.seen(s.start)
		o.addConsumer(s)
	}
	o.arrive(s)
	if len(o.held) > o.cfg.MaxSpans {
		o.evict()
	}
}

// seen notes when messages were under way.
func (o *Observer) seen(start int64) {
	if o.first == 0 || start < o.first {
		o.first = start
	}
	o.last = max(o.last, start)
}

// inTrace is what is held of a trace.
func (o *Observer) inTrace(trace [16]byte) *message {
	m := o.traces[trace]
	if m == nil {
		m = &message{}
		o.traces[trace] = m
	}
	return m
}

func (o *Observer) forgetTrace(trace [16]byte) {
	if m := o.traces[trace]; m != nil && len(m.producers) == 0 && m.waiting == 0 {
		delete(o.traces, trace)
	}
}

// services are the services that spans came from, by name.
type services map[string]*service

type service struct {
	name                        string
	hosts                       []string
	spans, producers, consumers uint64
}

const (
	mostServices = 1000
	mostHosts    = 8 // of one service, by name
	others       = "(others)"
)

// of finds the service of a resource and the host that it ran on.
func (all services) of(r *respb.Resource) (*service, string) {
	name := cut(otlp.ServiceName(r))
	if all[name] == nil && len(all) >= mostServices {
		name = others
	}
	s := all[name]
	if s == nil {
		s = &service{name: name}
		all[name] = s
	}
	host := hostOf(r)
	s.hosts = few(s.hosts, host, mostHosts)
	return s, host
}

// few adds a string to those that are kept, unless it is there or there are enough.
func few(all []string, s string, most int) []string {
	for _, have := range all {
		if have == s {
			return all
		}
	}
	if len(all) >= most {
		return all
	}
	return append(all, s)
}
