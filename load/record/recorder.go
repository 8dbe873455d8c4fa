package record

import (
	"sync"
	"time"

	"mqttrace/load/result"
)

// Latency is one of the latencies of package result's names, as an index.
type Latency int

const (
	Response Latency = iota
	Transit
	Trace
	Send
	Process
	ScheduleLag
	Connect
	Subscribe
	// OwnLag is the part of ScheduleLag that the broker did not cause: see Recorder.Sent. It judges the generator and is not
	// in results.
	OwnLag
	latencies
)

var latencyNames = [...]string{
	Response: result.Response, Transit: result.Transit, Trace: result.Trace, Send: result.Send, Process: result.ProcessTime,
	ScheduleLag: result.ScheduleLag, Connect: result.Connect, Subscribe: result.Subscribe,
}

// Recorder collects the latencies and counts of one arm. Each worker writes to a Stripe; the rest reads what all of them hold.
type Recorder struct {
	stripes []*Stripe
}

// Stripe is the part of a Recorder that one worker writes to, or a few that hardly ever meet: its lock is all but free when it
// is not contended, and unlike a histogram of its own for each of 10,000 clients it does not take gigabytes. Safe for
// concurrent use.
type Stripe struct {
	mu      sync.Mutex
	total   [latencies]Histogram
	latest  Interval
	slowest slowest
	// What has been counted so far.
	sent, acked, refused, received, sentBytes uint64
}

// Interval is what happened between two calls of Take.
type Interval struct {
	Sent, Received    uint64
	SentBytes         uint64 // of the PUBLISH packets of Sent
	Response, Transit Histogram
	ScheduleLag       Histogram
	// Sizes counts Response by the bins of package result.
	Sizes [result.MaxBins]uint64
}

// Merge adds what happened in other.
func (i *Interval) Merge(other *Interval) {
	i.Sent += other.Sent
	i.Received += other.Received
	i.SentBytes += other.SentBytes
	i.Response.Merge(&other.Response)
	i.Transit.Merge(&other.Transit)
	i.ScheduleLag.Merge(&other.ScheduleLag)
	for bin, n := range other.Sizes {
		i.Sizes[bin] += n
	}
}

// Reset forgets what happened and keeps the memory.
func (i *Interval) Reset() {
	i.Sent, i.Received, i.SentBytes = 0, 0, 0
	i.Response.Reset()
	i.Transit.Reset()
	i.ScheduleLag.Reset()
	i.Sizes = [result.MaxBins]uint64{}
}

// NewRecorder makes a recorder of n stripes, at least one. About twice the number of cores is enough.
func NewRecorder(n int) *Recorder {
	r := &Recorder{stripes: make([]*Stripe, max(n, 1))}
	for i := range r.stripes {
		r.stripes[i] = new(Stripe)
	}
	return r
}

// Stripe returns the stripe that worker i writes to.
func (r *Recorder) Stripe(i int) *Stripe { return r.stripes[i%len(r.stripes)] }

// Sent counts a message handed to the socket, as so many bytes, lag after it was due. held is how much of that the broker is to
// blame for, because it kept the sender waiting; the rest is the generator's own lateness.
func (s *Stripe) Sent(lag, held time.Duration, bytes uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sentLate(lag, bytes)
	s.total[OwnLag].Record(max(lag-held, 0))
}

// SentInBurst is Sent for a message that was due together with the one that the same worker sent before it: that it had to wait for
// that one is nobody's lateness.
func (s *Stripe) SentInBurst(lag time.Duration, bytes uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sentLate(lag, bytes)
}

func (s *Stripe) sentLate(lag time.Duration, bytes uint64) {
	s.sent++
	s.sentBytes += bytes
	s.latest.Sent++
	s.latest.SentBytes += bytes
	s.latest.ScheduleLag.Record(lag)
	s.total[ScheduleLag].Record(lag)
}

// Acked counts an acknowledgement that took send; refused says that the broker did not take the message.
func (s *Stripe) Acked(send time.Duration, refused bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.acked++
	if refused {
		s.refused++
	}
	s.total[Send].Record(send)
}

// Received counts a message that arrived. It reports whether the message is one of the slowest so far, which the caller should
// then describe to Slow.
func (s *Stripe) Received(response, transit time.Duration) (slow bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.received++
	s.latest.Received++
	s.latest.Response.Record(response)
	s.latest.Sizes[result.BinOf(int64(response))]++
	s.latest.Transit.Record(transit)
	s.total[Response].Record(response)
	s.total[Transit].Record(transit)
	return s.slowest.wants(response)
}

// Slow keeps a message if it is one of the slowest.
func (s *Stripe) Slow(e Exemplar) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.slowest.add(e)
}

// Record adds one value of any other latency.
func (s *Stripe) Record(l Latency, d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.total[l].Record(d)
}

// Counts are sums over all stripes.
type Counts struct {
	Sent, Acked, Refused, Received uint64
	SentBytes                      uint64 // of the PUBLISH packets of Sent
}

// Counts returns what has been counted so far.
func (r *Recorder) Counts() Counts {
	var c Counts
	for _, s := range r.stripes {
		s.mu.Lock()
		c.Sent += s.sent
		c.SentBytes += s.sentBytes
		c.Acked += s.acked
		c.Refused += s.refused
		c.Received += s.received
		s.mu.Unlock()
	}
	return c
}

// Take adds to into what happened since the last call.
func (r *Recorder) Take(into *Interval) {
	for _, s := range r.stripes {
		s.mu.Lock()
		into.Merge(&s.latest)
		s.latest.Reset()
		s.mu.Unlock()
	}
}

// Histogram merges one latency over all stripes.
func (r *Recorder) Histogram(l Latency) *Histogram {
	merged := new(Histogram)
	for _, s := range r.stripes {
		s.mu.Lock()
		merged.Merge(&s.total[l])
		s.mu.Unlock()
	}
	return merged
}

// Latencies renders every latency that has values, by the names of result files.
func (r *Recorder) Latencies() (map[string]result.Latency, error) {
	all := make(map[string]result.Latency)
	for l, name := range latencyNames {
		h := r.Histogram(Latency(l))
		if h.Count() == 0 {
			continue
		}
		rendered, err := h.Latency()
		if err != nil {
			return nil, err
		}
		all[name] = rendered
	}
	return all, nil
}
