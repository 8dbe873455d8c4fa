package load

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"mqttrace/load/clock"
	"mqttrace/load/internal/child"
	"mqttrace/load/mqtt"
	"mqttrace/load/result"
	"mqttrace/load/stamp"
	"mqttrace/scenarios"
)

// Run runs one scenario and returns what was measured. When ctx ends, senders stop, messages under way are drained and the
// result is marked interrupted. An error means that the run could not start and nothing was measured; whatever goes wrong
// later is in the result. Run returns after every goroutine and child process it started has ended.
func Run(ctx context.Context, sc *scenarios.Scenario, opts Options) (*result.Result, error) {
	switch {
	case opts.Messages != nil && (sc.Sweep != nil || sc.Search != nil):
		return nil, errors.New("messages can be written of a single run, not of a sweep or a search")
	case sc.Sweep != nil:
		return sweep(ctx, sc, opts)
	case sc.Search != nil:
		return search(ctx, sc, opts)
	}
	return newRun(ctx, sc, opts).execute(ctx)
}

func (r *run) execute(ctx context.Context) (*result.Result, error) {
	if err := r.allow(); err != nil {
		return nil, err
	}
	pacer, err := newPacer()
	if err != nil {
		return nil, err
	}
	defer pacer.close()
	r.pacer = pacer

	r.report(Starting, "starting the broker")
	r.target, err = reach(ctx, r.scenario.Broker, r.opts.AIO)
	if err != nil {
		return nil, err
	}
	r.started(r.target)
	if r.share != nil {
		err = r.meet(ctx)
	}
	if err == nil {
		err = r.build(ctx)
	}
	if err == nil {
		err = r.equip(ctx)
	}
	if err == nil {
		r.startMessages()
		err = r.measure(ctx)
		r.endMessages()
	}
	if err == nil {
		r.tellSidesApart(ctx)
	}
	r.unequip()
	if roadsErr := r.roads.close(); roadsErr != nil && err == nil {
		r.warn("run", "the proxies of the network did not stop as they should: %v", roadsErr)
	}
	if stopErr := r.target.close(); stopErr != nil && err == nil {
		r.warn("run", "the broker did not stop as it should: %v", stopErr)
	}
	if err != nil {
		return nil, err
	}
	return r.judge()
}

// run is the state of one run.
type run struct {
	ctx      context.Context
	scenario *scenarios.Scenario
	opts     Options
	label    string // of this run, in its clients' identifiers
	id       uint16 // of this run, in its stamps

	target        *target
	roads         *roads
	pacer         *pacer
	senderCount   int
	senders       []*sender
	receivers     []*receiver
	mine          crew        // those of them that this process runs
	share         *share      // nil unless several processes do the run
	messages      *messageLog // nil unless they are to be written
	subscriptions []*subscription
	failure       atomic.Pointer[error] // why the run cannot go on
	arms          []*arm
	sink          *sink // nil unless an arm exports to it
	// processors of every arm's spans besides its own, and what is to be changed in each arm: for tests.
	processors []sdktrace.SpanProcessor
	plant      func(*arm)
	// started is called when the broker takes connections, loading when the load begins, cleared when all clients are gone: for tests.
	started          func(*target)
	loading, cleared func()
	health           health
	episodes         *episodes
	probes           chan struct{}     // holds a token when a probe has arrived
	probing          map[string]*probe // what each filter is probed with
	router           *router

	timeline *timeline
	begun    atomic.Int64 // start of the load, a clock.Instant; 0 until it is known
	ending   atomic.Int64 // end of the load, in its own time
	sent     atomic.Int64 // when the last sender was done
	closed   atomic.Bool  // what arrives now is late

	// In the second measurement of a comparison the receivers are in another process; in that process the senders are.
	again        bool
	far          *child.Self[farReport] // nil unless again
	receivesOnly bool

	over chan struct{} // closed when handlers need not work any more

	limits  mqtt.Limits   // of the first sender's connection: a broker grants all alike
	wills   atomic.Uint64 // received
	reasons reasons
	// sessionsResumed and sessionsLost count the receivers that came back, by whether the broker had their sessions.
	sessionsResumed, sessionsLost atomic.Uint64
	measured                      measured
	usageFailed                   bool
	// generatorLate says that the generator did not keep up, which is known when the run has been judged.
	generatorLate bool

	aside aside // what showing the run has cost it

	// What the broker told of itself, known when its view has concluded.
	brokerMetrics []result.Metric
	reconciled    []result.Reconciliation

	mu       sync.Mutex // guards what follows, and calls of opts.Progress
	warnings []result.Warning
}

func newRun(ctx context.Context, sc *scenarios.Scenario, opts Options) *run {
	if opts.Progress == nil {
		opts.Progress = func(Progress) {}
	}
	if opts.Partial == nil {
		opts.Partial = func(func() (*result.Result, error)) {}
	}
	if opts.Version == "" {
		opts.Version = "dev"
	}
	r := &run{
		ctx: ctx, scenario: sc, opts: opts, id: uint16(rand.N(stamp.MaxRun + 1)), label: fmt.Sprintf("%08x", rand.Uint32()),
		probes: make(chan struct{}, 1), over: make(chan struct{}), plant: func(*arm) {}, started: func(*target) {}, loading: func() {}, cleared: func() {},
		timeline: newTimeline(sc.Warmup.Std(), sc.Duration.Std(), sc.Tracing.Slice.Std(), len(sc.Tracing.Arms()), sc.Seed),
	}
	r.ending.Store(int64(r.timeline.end()))
	r.episodes = episodesOf(sc)
	r.health.episodes, r.health.reasons = r.episodes, &r.reasons
	for _, s := range sc.Senders {
		r.senderCount += s.Count
	}
	return r
}

// clientID is the identifier of a client: s or r for the side, and its index among all of that side.
func (r *run) clientID(side string, index uint32) string {
	return fmt.Sprintf("mqttrace-%s-%s%d", r.label, side, index)
}

// receiveMaximum shares out the memory that unacknowledged messages to the receivers may take.
func (r *run) receiveMaximum() uint16 {
	const inAll = 1 << 18
	return uint16(min(max(inAll/max(len(r.mine.receivers), 1), 64), 1<<13))
}

// warn notes a doubt about a figure.
func (r *run) warn(about, format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.warnings = append(r.warnings, result.Warning{About: about, Text: fmt.Sprintf(format, args...)})
}

func (r *run) report(phase Phase, detail string) {
	if r.again {
		phase = Splitting
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.opts.Progress(Progress{Phase: phase, Detail: detail, Total: r.total()})
}

// total is how long the load takes on the clock.
func (r *run) total() time.Duration { return r.timeline.sliceEnd(len(r.timeline.slices) - 1) }

// start is when the load begins; 0 until that is known.
func (r *run) start() clock.Instant { return clock.Instant(r.begun.Load()) }

// loadEnd is the end of the load, in its own time.
func (r *run) loadEnd() time.Duration { return time.Duration(r.ending.Load()) }

// otherFiles is what a run opens besides a socket per client: its standard streams, its alarm, its broker's pipes, files.
const otherFiles = 64

// allow checks what the system must allow before anything is started.
func (r *run) allow() error {
	clients := r.senderCount
	for _, v := range r.scenario.Receivers {
		clients += v.Count
	}
	if r.senderCount > stamp.MaxSenders {
		return fmt.Errorf("%d senders: a run can tell %d apart", r.senderCount, stamp.MaxSenders)
	}
	return allowFiles(clients + otherFiles)
}

// measure connects the clients, runs the load and disconnects them again. An error means that the load did not start.
func (r *run) measure(ctx context.Context) error {
	defer r.cleared()
	defer r.disconnect()
	defer close(r.over)
	view := r.view(ctx)
	defer view.conclude(ctx)
	if err := r.getReady(ctx); err != nil {
		return r.blame(err)
	}
	defer r.keepTokens(ctx)()
	if err := r.begin(ctx); err != nil {
		return err
	}
	r.load(ctx)
	return nil
}

// begin sets the instant at which the load begins, a little ahead: shards agree on it.
func (r *run) begin(ctx context.Context) error {
	forgetConnecting()
	at := clock.Now().Add(headStart)
	if r.share != nil {
		var err error
		if at, err = r.share.member.Start(ctx); err != nil {
			return err
		}
	}
	r.begun.Store(int64(at))
	return nil
}

func (r *run) getReady(ctx context.Context) error {
	if err := r.recruit(); err != nil {
		return err
	}
	if r.share != nil {
		var cancel context.CancelFunc
		ctx, cancel = r.share.whileTogether(ctx)
		defer cancel()
	}
	if err := r.connect(ctx); err != nil {
		return err
	}
	r.limits = r.mine.limits()
	if r.share != nil {
		return r.probeTogether(ctx)
	}
	return r.probe(ctx)
}

// blame prefers the broker's death to its consequences.
func (r *run) blame(err error) error {
	select {
	case <-r.target.ended():
		return fmt.Errorf("the broker ended before the load began: %w", errors.Join(r.target.process.death(), err))
	default:
		return err
	}
}

// headStart is the time between the decision to start and the start: all senders are waiting by then.
const headStart = 20 * time.Millisecond

// load runs the senders through warm-up and measured phase, then drains.
func (r *run) load(ctx context.Context) {
	sending, stop := context.WithCancel(ctx)
	defer stop()
	var senders sync.WaitGroup
	for _, s := range r.mine.senders {
		senders.Add(1)
		s.drive(sending, senders.Done)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		senders.Wait()
		r.sent.Store(int64(clock.Now()))
		r.awaitEnd(sending)
	}()
	if r.share != nil {
		go func() {
			<-done
			r.gather(ctx)
		}()
	}
	r.loading()
	var others sync.WaitGroup
	others.Go(func() {
		<-sending.Done()
		for _, s := range r.mine.senders {
			s.interrupt()
		}
	})
	others.Go(func() { r.fault(sending) })
	others.Go(func() { r.churn(sending) })
	others.Go(func() { r.attend(sending) })

	m := newMonitor(r)
	m.watch(ctx, done)
	stop()
	<-done
	others.Wait()
	m.finish()
}

// awaitEnd waits for the end of the load, which senders that have nothing more to send do not.
func (r *run) awaitEnd(ctx context.Context) {
	_ = r.pacer.wait(ctx, newWaiter(), r.start().Add(r.timeline.real(r.loadEnd()))) // an interruption is an end too
}

// measured is what the load left behind besides what the senders, the receivers and the arms know.
type measured struct {
	started     time.Time     // wall clock at the start of the measured phase
	until       time.Duration // no message was due from then on, in the load's own time
	sentUntil   clock.Instant // when the last sender was done
	interrupted bool
	broken      error // why the run was given up
	began       snapshot
	ended       snapshot
	held        time.Duration // all senders together
	connections int           // lost
	away        int           // of them, and not made again
	lossCause   error
	senderErr   error
	drained     bool
	// flushesMissed counts slices whose spans could not be exported before the next began.
	flushesMissed int
	disturbed     int // slices whose figures were taken too late to be of one arm
}
