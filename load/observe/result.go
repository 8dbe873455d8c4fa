package observe

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"slices"
	"time"

	"mqttrace/load/record"
	"mqttrace/load/result"
)

// Arm is the name of the one arm of an observation's result, and of its scenario.
const Arm = "observe"

// Live is how an observation stands.
type Live struct {
	Elapsed  time.Duration
	Spans    uint64
	Messages uint64 // paired
	Broken   uint64
	Late     uint64
	Negative uint64
	Held     int
	// P50 and P99 are of the messages paired since the last call, Recent how many these are. Here and in pairs, P99 is 0 if there
	// are fewer than a hundred.
	Recent   uint64
	P50, P99 time.Duration
	// Pairs are those with the most messages, of the whole observation; BrokenAs is how many traces are broken in which way.
	Pairs    []LivePair
	BrokenAs map[string]uint64
}

// LivePair is how a pair stands.
type LivePair struct {
	Producer, Consumer, Topic string
	Messages                  uint64
	P50, P99                  time.Duration
}

// livePairs is how many pairs are shown while an observation goes on.
const livePairs = 5

// Live judges what has waited long enough and says how things stand.
func (o *Observer) Live() Live {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.cfg.Recorded && !o.isFinished {
		o.expire(o.cfg.Now().UnixNano())
	}
	l := Live{
		Elapsed: o.cfg.Now().Sub(o.started), Spans: o.counts.Received, Messages: o.total.all.Count(), Broken: o.broken.total(),
		Late: o.counts.Late, Held: len(o.held),
		Recent: o.lately.latency.Count(), P50: o.lately.latency.Quantile(0.5), P99: p99(&o.lately.latency),
	}
	for _, s := range o.skews {
		l.Negative += s.Negative
	}
	o.lately.latency.Reset()
	l.Pairs, l.BrokenAs = o.total.live(livePairs), map[string]uint64{}
	for k, b := range o.broken {
		l.BrokenAs[k.what] += b.Count
	}
	return l
}

// p99 is 0 where there are too few values for it to mean anything.
func p99(h *record.Histogram) time.Duration {
	if h.Count() < 100 {
		return 0
	}
	return h.Quantile(0.99)
}

// About is what a result says besides what was observed.
type About struct {
	Version     string   // of mqttrace
	Sources     []string // addresses or files
	ForwardedTo string
	TraceURL    string
	Notes       []string
	Interrupted bool // somebody ended it before it was meant to end
	BreaksOff   bool // of what was recorded: the end is missing
}

// Finish judges all spans that still wait, ends the observation, and says what it came to. Spans that arrive afterwards are
// ignored.
func (o *Observer) Finish(about About) (*result.Result, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	now := o.cfg.Now()
	if o.cfg.Recorded {
		o.finish(o.time, about.BreaksOff)
	} else {
		o.finish(now.UnixNano(), true)
	}
	seen, err := o.observed(about)
	if err != nil {
		return nil, err
	}
	arm, err := o.arm(now)
	if err != nil {
		return nil, err
	}
	r := &result.Result{
		Schema: result.Schema, Verdict: result.Pass, Started: o.began(), Scenario: scenario(), Environment: environment(about), TraceURL: about.TraceURL,
		Arms: []result.Arm{arm}, Overhead: []result.Difference{}, Thresholds: []result.Threshold{}, Warnings: o.warnings(), Observed: seen,
	}
	r.Verdict, r.Reason = o.verdict(about)
	return r, nil
}

// verdict judges the traces: an observation has no thresholds, and delivery is not seen by it.
func (o *Observer) verdict(about About) (v result.Verdict, reason string) {
	l := o.ledger()
	switch {
	case about.Interrupted:
		return result.Interrupted, "ended before its time"
	case o.counts.Received == 0:
		return result.Invalid, "no spans were received"
	case o.counts.Producers+o.counts.Consumers == 0:
		return result.Invalid, fmt.Sprintf("no span received is of a message: none of %d is a PRODUCER or CONSUMER or says what it does with one", o.counts.Received)
	case l.Messages+o.total.messages.Retained == 0:
		return result.Invalid, fmt.Sprintf("no message could be judged: the other halves of %d may have come before or after this was observed", o.total.messages.Unjudged)
	case tooManyBroken(l):
		return result.Fail, fmt.Sprintf("%d of %d messages have broken traces", l.Messages-l.Whole, l.Messages)
	}
	return result.Pass, ""
}

// tooManyBroken reports whether so many traces are broken that the latencies of the rest are doubtful.
func tooManyBroken(l *result.Spans) bool {
	return float64(l.Messages-l.Whole) > mostBrokenShare*float64(l.Messages)
}

// began is the start of the observation or, of what was recorded, of the first message.
func (o *Observer) began() time.Time {
	if o.cfg.Recorded && o.first != 0 {
		return time.Unix(0, o.first).UTC()
	}
	return o.started
}

// elapsed is the time observed.
func (o *Observer) elapsed(now time.Time) time.Duration {
	if o.cfg.Recorded {
		return time.Duration(o.last - o.first)
	}
	return now.Sub(o.started)
}

func scenario() json.RawMessage {
	text, err := json.Marshal(map[string]string{"name": Arm, "description": "what the spans of other services say"})
	if err != nil {
		panic(err) // of two strings
	}
	return text
}

func environment(about About) result.Environment {
	e := result.Environment{
		Tool: about.Version, Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH, Cores: runtime.GOMAXPROCS(0),
		Clock: "timestamps of the spans, from the clocks of the observed services' hosts",
	}
	if name, err := os.Hostname(); err == nil {
		e.Host = name
	}
	return e
}

func (o *Observer) arm(now time.Time) (result.Arm, error) {
	latency, err := o.total.all.Latency()
	if err != nil {
		return result.Arm{}, err
	}
	elapsed := o.elapsed(now)
	arm := result.Arm{
		Name: Arm, ElapsedNS: int64(elapsed), Sent: o.counts.Producers, Received: o.counts.Consumers,
		Latency:  map[string]result.Latency{result.Trace: latency},
		Delivery: result.Delivery{Violations: []string{}, Flows: []result.Flow{}},
		Spans:    o.ledger(), Series: []result.Point{},
	}
	if s := elapsed.Seconds(); s > 0 {
		arm.RatePerS, arm.ReceivedRatePerS = float64(arm.Sent)/s, float64(arm.Received)/s
	}
	return arm, nil
}

// ledger is the span ledger. All spans that are seen were sampled and have ended; a message is what a consumer span or a lone
// producer span is of. Retained replays and what could not be judged are left out.
func (o *Observer) ledger() *result.Spans {
	m := o.total.messages
	l := &result.Spans{
		Started: o.counts.Received, Sampled: o.counts.Received, Ended: o.counts.Received,
		Whole:           m.Parent + m.Link + m.Ancestor,
		MissingProducer: o.broken.count(result.ConsumerAlone) + o.broken.count(result.NoParent),
		MissingConsumer: o.broken.count(result.ProducerAlone),
		WrongParent:     o.broken.count(result.WrongParent),
	}
	l.Messages = l.Whole + l.MissingProducer + l.MissingConsumer + l.WrongParent
	return l
}

func (o *Observer) observed(about About) (*result.Observed, error) {
	seen := &result.Observed{
		Sources: about.Sources, ForwardedTo: about.ForwardedTo, Notes: append([]string{}, about.Notes...),
		WindowNS: int64(o.cfg.Window), MaxSpans: o.cfg.MaxSpans,
		Spans: o.counts, Messages: o.total.messages, Services: o.services.results(),
		Broken: o.broken.results(), Skews: o.skews.results(), Losses: o.losses.results(), Faults: o.faults.results(),
	}
	var err error
	seen.Pairs, err = o.total.results()
	return seen, err
}

func (all services) results() []result.Service {
	list := []result.Service{}
	for _, s := range all {
		hosts := slices.Clone(s.hosts)
		slices.Sort(hosts)
		list = append(list, result.Service{Name: s.name, Hosts: hosts, Spans: s.spans, Producers: s.producers, Consumers: s.consumers})
	}
	slices.SortFunc(list, func(a, b result.Service) int { return cmp.Compare(a.Name, b.Name) })
	return list
}

// mostBrokenShare is the share of messages that may have broken traces: what runs withhold percentiles from.
const mostBrokenShare = 0.001

// warnings are the doubts about the latencies.
func (o *Observer) warnings() []result.Warning {
	all := []result.Warning{}
	warn := func(format string, args ...any) {
		all = append(all, result.Warning{About: result.Trace, Text: fmt.Sprintf(format, args...)})
	}
	l := o.ledger()
	if tooManyBroken(l) {
		warn("%d of %d messages have broken traces: these latencies know the others, and %d that are paired by nothing but a shared trace id",
			l.Messages-l.Whole, l.Messages, o.total.messages.Trace)
	}
	for _, s := range o.skews.results() {
		if s.Negative > 0 {
			warn("%s → %s: %d of %d messages seem to arrive before they are sent, by up to %v: their clocks disagree by that much at least; nothing was corrected",
				s.From, s.To, s.Negative, s.Messages, time.Duration(-s.MinNS))
		}
	}
	if n := o.total.messages.Unjudged; n > 0 {
		warn("%d messages were not judged: their other half may have come before or after this was observed, or after they had to make room (--max-spans)", n)
	}
	if n := o.counts.Late; n > 0 {
		warn("%d spans came after the other half of their message had been given up; a longer --window would wait for them", n)
	}
	return all
}
