package record

import (
	"cmp"
	"slices"
	"time"

	"go.opentelemetry.io/otel/trace"

	"mqttrace/load/result"
)

// MostSlowest is how many of the slowest messages a result has.
const MostSlowest = 10

// Exemplar is one message, to be looked up.
type Exemplar struct {
	Sender            string // client identifier
	Seq               uint32
	Received          time.Duration // from the start of the measured phase
	Response, Transit time.Duration
	Trace             trace.TraceID // zero if the message carried none
}

// slowest are the messages with the longest response times, the longest first. The zero value is empty.
type slowest struct{ kept []Exemplar }

func (s *slowest) wants(response time.Duration) bool {
	return len(s.kept) < MostSlowest || response > s.kept[len(s.kept)-1].Response
}

func (s *slowest) add(e Exemplar) {
	if !s.wants(e.Response) {
		return
	}
	at, _ := slices.BinarySearchFunc(s.kept, e, func(a, b Exemplar) int { return cmp.Compare(b.Response, a.Response) })
	s.kept = slices.Insert(s.kept, at, e)
	s.kept = s.kept[:min(len(s.kept), MostSlowest)]
}

// Slowest are the messages with the longest response times over all stripes, the longest first.
func (r *Recorder) Slowest() []result.Exemplar {
	var all slowest
	for _, s := range r.stripes {
		s.mu.Lock()
		for _, e := range s.slowest.kept {
			all.add(e)
		}
		s.mu.Unlock()
	}
	rendered := []result.Exemplar{}
	for _, e := range all.kept {
		x := result.Exemplar{Sender: e.Sender, Seq: e.Seq, AtNS: int64(e.Received), ResponseNS: int64(e.Response), TransitNS: int64(e.Transit)}
		if e.Trace.IsValid() {
			x.TraceID = e.Trace.String()
		}
		rendered = append(rendered, x)
	}
	return rendered
}
