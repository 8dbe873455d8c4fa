package conform

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/eclipse/paho.golang/packets"
)

// Options are how cases are run. The zero value is usable.
type Options struct {
	// TopicPrefix is what all topics begin with. Default: mqttrace/conform.
	TopicPrefix string
	// Timeout bounds one attempt at one case, and tidying up after it. Default: 5 s.
	Timeout time.Duration
	// Only are the names of the cases to run. Default: all.
	Only []string
	// Version is that of the tool, for the report.
	Version string
	// Progress, if it is not nil, is called before each case, by the caller's goroutine.
	Progress func(Progress)
}

// Progress is how far a run has come.
type Progress struct {
	Done, Total int
	Name        string // of the case that is next
}

const (
	defaultPrefix  = "mqttrace/conform"
	defaultTimeout = 5 * time.Second
	// maxPrefix leaves room for the rest of a topic.
	maxPrefix = 60000
)

// Check says what is wrong with the options, or returns nil.
func (o Options) Check() error {
	var problems []error
	switch p := o.TopicPrefix; {
	case strings.ContainsAny(p, "+#"):
		problems = append(problems, fmt.Errorf("topic prefix %q: want a topic without + and #", p))
	case strings.HasPrefix(p, "$"):
		problems = append(problems, fmt.Errorf("topic prefix %q: topics that begin with $ are the broker's own", p))
	case !utf8.ValidString(p) || strings.ContainsFunc(p, unicode.IsControl):
		problems = append(problems, fmt.Errorf("topic prefix %q: want UTF-8 without control characters", p))
	case len(p) > maxPrefix:
		problems = append(problems, fmt.Errorf("topic prefix of %d bytes: want %d at most", len(p), maxPrefix))
	}
	if o.Timeout < 0 {
		problems = append(problems, fmt.Errorf("timeout %v: want more than nothing", o.Timeout))
	}
	names := Names()
	for _, name := range o.Only {
		if !slices.Contains(names, name) {
			problems = append(problems, fmt.Errorf("there is no row %q", name))
		}
	}
	return errors.Join(problems...)
}

// Run tries every case on a broker. An error means that nothing was learned: the options are wrong, the broker cannot be
// reached, or even a plain message does not cross it. A case that fails does not keep the others from being tried. When ctx
// ends, the rows left are reported as not run.
func Run(ctx context.Context, target *Target, o Options) (*Report, error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	if o.TopicPrefix == "" {
		o.TopicPrefix = defaultPrefix
	}
	if o.Timeout == 0 {
		o.Timeout = defaultTimeout
	}
	r := &run{ctx: ctx, target: target, options: o, id: strings.ToLower(rand.Text()[:8])}
	r.report = &Report{
		Schema: Schema, Tool: o.Version, Started: time.Now().UTC(), Spans: NoneSeen, Counts: map[Status]int{},
		Broker: Broker{Name: target.Name, Version: target.Version, URL: target.URL},
	}
	if err := r.greet(); err != nil {
		return nil, err
	}
	r.all(selected(o.Only))
	r.report.Elapsed = time.Since(r.report.Started)
	r.judge()
	return r.report, nil
}

func selected(only []string) []Case {
	return slices.DeleteFunc(Cases(), func(c Case) bool { return len(only) > 0 && !slices.Contains(only, c.Name) })
}

// run is one run of all cases.
type run struct {
	ctx         context.Context
	target      *Target
	options     Options
	id          string // of this run, in topics and client identifiers
	product     string // what the broker is, for the table of deviations
	report      *Report
	unreachable int // cases in a row that could not connect
}

// greet learns what the broker is and what it grants.
func (r *run) greet() error {
	ctx, cancel := context.WithTimeout(r.ctx, r.options.Timeout)
	defer cancel()
	t := greeting(ctx, r.target, r.topic("hello"), r.clients(0))
	defer t.close()
	product, version, err := t.greet()
	if err != nil {
		return err
	}
	r.product = cmp.Or(products[r.target.Name], product)
	if r.target.Name == "" {
		r.report.Broker.Name, r.report.Broker.Version = product, version
	}
	r.report.Broker.Limits = t.limits
	return nil
}

// products are what the brokers are that Open starts.
var products = map[string]string{"embedded": "mochi", "mosquitto": "mosquitto"}

func (r *run) topic(name string) string { return r.options.TopicPrefix + "/" + r.id + "/" + name }

// clients begins the client identifiers of the n-th case.
func (r *run) clients(n int) string { return fmt.Sprintf("mt%s%d", r.id, n) }

func (r *run) all(cases []Case) {
	for i, c := range cases {
		if r.options.Progress != nil {
			r.options.Progress(Progress{Done: i, Total: len(cases), Name: c.Name})
		}
		row := r.row(c, i+1)
		r.report.Rows = append(r.report.Rows, row)
		r.report.Counts[row.Status]++
	}
}

// patience is how many cases in a row may find nobody to connect to before the rest is given up: one timeout after the other
// would tell nothing new.
const patience = 3

// row runs one case, and once more if a connection ended without a word: that may have had nothing to do with the case.
func (r *run) row(c Case, n int) Row {
	row := Row{Name: c.Name, Group: c.Group, Sends: c.Sends, Requires: c.Requires, Wants: c.want}
	switch {
	case r.ctx.Err() != nil:
		row.Outcome, row.Status, row.Detail = NotRun, Broken, "interrupted"
		return row
	case r.unreachable >= patience:
		row.Outcome, row.Status, row.Detail = NotRun, Broken, "the broker could not be reached for the rows before"
		return row
	}
	t, err := r.attempt(c, n)
	if is[*lostError](err) {
		t, err = r.attempt(c, n)
	}
	if is[*unreachableError](err) {
		r.unreachable++
	} else {
		r.unreachable = 0
	}
	r.fill(&row, t, err)
	return row
}

// attempt makes one trip and tidies up after it.
func (r *run) attempt(c Case, n int) (*trip, error) {
	ctx, cancel := context.WithTimeout(r.ctx, r.options.Timeout)
	defer cancel()
	t := &trip{ctx: ctx, target: r.target, limits: r.report.Broker.Limits, topic: r.topic(c.Name), prefix: r.clients(n), user: c.user}
	err := c.travel(t)
	t.close()
	if is[*unreachableError](err) {
		return t, err // nor could anything be removed
	}
	late, done := context.WithTimeout(context.WithoutCancel(r.ctx), r.options.Timeout)
	defer done()
	if untidy := t.tidy(late); untidy != nil {
		r.report.Warnings = append(r.report.Warnings, c.Name+": "+untidy.Error())
	}
	return t, err
}

// fill says what a trip came to.
func (r *run) fill(row *Row, t *trip, err error) {
	f, of := t.worst()
	switch {
	case err == nil || f.outcome != Unchanged: // what arrived says more
	case r.ctx.Err() != nil:
		f = finding{outcome: NotRun, detail: "interrupted"}
	default:
		f = ofError(err)
	}
	if t.shuffled {
		row.Note = "messages came in another order than they were sent, against MQTT 5 §4.6; each had its own context"
	}
	row.Outcome, row.Detail = f.outcome, f.detail
	row.Sent, row.Received = evidence(of.sent), received(of.got)
	if of.got == nil {
		row.Sent = evidence(t.user())
	}
	row.Status = r.status(row)
	if f.span != "" && (r.report.Spans == NoneSeen || f.span == ReplacesParent) {
		r.report.Spans = f.span
	}
}

func received(m *packets.Publish) []Property {
	if m == nil {
		return nil
	}
	return evidence(m.Properties.User)
}

// worst is the first message of a trip that is not unchanged, or its first message.
func (t *trip) worst() (finding, pair) {
	for _, p := range t.pairs {
		if f := judge(p.sent, p.got); f.outcome != Unchanged {
			return f, p
		}
	}
	if len(t.pairs) > 0 {
		return finding{outcome: Unchanged}, t.pairs[0]
	}
	return finding{outcome: Unchanged}, pair{}
}

// ofError is the outcome of a trip that ended early, with what it knows.
func ofError(err error) finding {
	refused := (*refusedError)(nil)
	outcome := NotRun
	switch {
	case is[*unsupportedError](err), errors.As(err, &refused) && unsupportedCodes[refused.code]:
		outcome = Unsupported
	case refused != nil && transientCodes[refused.code]:
	case refused != nil:
		outcome = Refused
	case is[*lostError](err):
		outcome = ofLost(err)
	case is[*lateError](err), errors.Is(err, errNoSession):
		outcome = NotDelivered
	}
	return finding{outcome: outcome, detail: err.Error()}
}

// ofLost is for a connection that ended twice at the same point. A sender's is ended over what it sent; a receiver's ends in
// the place of a delivery.
func ofLost(err error) Outcome {
	if lost := (*lostError)(nil); errors.As(err, &lost) && lost.role == sender {
		return Refused
	}
	return NotDelivered
}

// unsupportedCodes are reason codes by which a broker says that it does not have something (MQTT 5 section 2.4).
var unsupportedCodes = map[byte]bool{0x9a: true, 0x9b: true, 0x9e: true, 0xa1: true, 0xa2: true}

// transientCodes say that something else is wrong with the broker or the connection than what was sent.
var transientCodes = map[byte]bool{
	0x84: true, 0x85: true, 0x86: true, 0x88: true, 0x89: true, 0x8a: true, 0x8b: true, 0x8c: true, 0x8d: true, 0x8e: true,
	0x96: true, 0x98: true, 0x9c: true, 0x9d: true, 0x9f: true, 0xa0: true,
}

// status judges an outcome.
func (r *run) status(row *Row) Status {
	switch row.Outcome {
	case row.Wants:
		return Pass
	case Unsupported:
		return Skipped
	case NotRun:
		return Broken
	}
	if row.Outcome == Unchanged {
		row.Detail = "it was forwarded; a broker must refuse it"
	}
	if reason, ok := known(r.product, row.Name, row.Outcome); ok {
		row.Reason = reason
		return KnownDeviation
	}
	return Fail
}

// judge finds the verdict of all rows.
func (r *run) judge() {
	report := r.report
	counts := report.Counts
	switch {
	case r.ctx.Err() != nil && counts[Broken] > 0:
		report.Verdict = Interrupted
	case counts[Fail] > 0:
		report.Verdict = Suffers
	case counts[Broken] > 0:
		report.Verdict = Incomplete
	default:
		report.Verdict = Survives
	}
	report.Reason = reason(report)
}

func reason(r *Report) string {
	total := len(r.Rows)
	switch r.Verdict {
	case Interrupted:
		return fmt.Sprintf("interrupted after %d of %d rows", total-r.Counts[Broken], total)
	case Suffers:
		return fmt.Sprintf("trace context does not survive this broker: %s", outcomes(r))
	case Incomplete:
		return fmt.Sprintf("%s could not be tried; trace context survives the others", count(r.Counts[Broken], "row", "rows"))
	}
	if r.Counts[Pass]+r.Counts[KnownDeviation] == 0 {
		return "the broker supports none of the rows that were asked for"
	}
	text := fmt.Sprintf("trace context survives this broker: %s as specified", count(r.Counts[Pass], "row", "rows"))
	if n := r.Counts[KnownDeviation]; n > 0 {
		text += ", " + count(n, "known deviation", "known deviations")
	}
	if n := r.Counts[Skipped]; n > 0 {
		text += fmt.Sprintf(", %d unsupported", n)
	}
	return text
}

// outcomes counts the failed rows by outcome, in the order of their appearance.
func outcomes(r *Report) string {
	counts, order := map[Outcome]int{}, []Outcome{}
	for _, row := range r.Rows {
		if row.Status != Fail {
			continue
		}
		if counts[row.Outcome] == 0 {
			order = append(order, row.Outcome)
		}
		counts[row.Outcome]++
	}
	var words []string
	for _, outcome := range order {
		words = append(words, fmt.Sprintf("%s in %s", outcome, count(counts[outcome], "row", "rows")))
	}
	return strings.Join(words, ", ")
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
