package load

import (
	"io"
	"time"

	"mqttrace/load/floor"
	"mqttrace/load/result"
)

// Options are what a run needs besides its scenario. The zero value runs without reporting progress.
type Options struct {
	// Version is the tool's version as the result shows it. Default: "dev".
	Version string
	// TraceURL is where traces can be looked at, with {trace_id} in the place of the id; the result repeats it. Default: nowhere.
	TraceURL string
	// AIO is how the broker is reached that the environment describes, for scenarios whose broker is aio; nil is an error in those.
	AIO *AIO
	// Floor, if not nil, is what a machine does at best: a result is read beside it. Default: not known.
	Floor *floor.Floor
	// Messages, if not nil, gets a line of CSV for each message received that counts, and a line of headings first: when it was due, sent
	// and received, in nanoseconds from the start of the measured phase, who sent and received it, and what it was. A goroutine of the
	// run writes them, and has ended when Run returns. What it cannot write fast enough is left out, counted, and a warning of the
	// result. It is an error in a sweep or a search, whose steps would be mixed up. Default: nothing is kept of a message by itself.
	Messages io.Writer
	// Progress, if not nil, is called about four times a second and at the start of each phase, one call at a time; it
	// must not block.
	Progress func(Progress)
	// Partial, if not nil, is called once a second while load runs, from where the run is watched: it must not block. soFar works
	// out what the run has measured up to now, in a few milliseconds that the run pays for, so it is for when somebody looks; it
	// must not be called later. Such a result has no verdict, no delivery ledger, no differences and no thresholds yet, and its
	// histograms are sparse: see result.Sparse.
	Partial func(soFar func() (*result.Result, error))
}

// Phase is a step of a run, in the order of the constants.
type Phase string

const (
	Starting   Phase = "starting"   // the broker, the connections, the subscriptions, the probes
	WarmingUp  Phase = "warming up" // load runs and is not counted
	Measuring  Phase = "measuring"  // load runs and is counted
	Draining   Phase = "draining"   // nothing more is due; messages under way are waited for
	Collecting Phase = "collecting" // shard 0 takes in the results of the others
	Splitting  Phase = "splitting"  // a comparison is measured again, to tell the cost of sending from that of receiving
)

// Progress is how far a run has come.
type Progress struct {
	Phase Phase
	// Step says which run of a sweep or a search this is, such as "3 of 7: 1000/s"; empty in a single run.
	Step string
	// Detail says what a Starting run is waiting for, such as "42 of 100 clients connected".
	Detail string
	// Elapsed and Total are of warm-up and measured time together; Total includes no drain.
	Elapsed, Total time.Duration
	// Sent and Received count messages since the phase began.
	Sent, Received uint64
	// SentPerSecond, ReceivedPerSecond and P99 (of the response time) are of the last full second; P99 is 0 without messages.
	SentPerSecond, ReceivedPerSecond float64
	P99                              time.Duration
	// Arms is what each arm has counted so far, and GeneratorCPU and BrokerCPU how many cores were busy in the last full second.
	Arms                    []ArmProgress
	GeneratorCPU, BrokerCPU float64
}

// ArmProgress is how far one arm has come, warm-up and settling left out.
type ArmProgress struct {
	Name                             string
	Scheduled, Sent, Acked, Received uint64
	// Response and Transit are of the arm's last full second with messages; zero before there was one.
	Response, Transit Quantiles
}

// Quantiles of a latency.
type Quantiles struct{ P50, P90, P99, Max time.Duration }
