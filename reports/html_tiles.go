package reports

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"mqttrace/load/result"
	"mqttrace/reports/internal/web"
)

// htmlTile is a figure that people look for first.
type htmlTile struct {
	Label string
	Value string
	Tone  web.Tone
	About string
	Each  []htmlTerm // of several arms, what the value is for each
}

// IsRange says whether the value is one of several.
func (t htmlTile) IsRange() bool { return strings.Contains(t.Value, rangeMark) }

// tiles are the key figures of a result; none if nothing was measured.
func tiles(p *page) []htmlTile {
	r := p.saved.Result
	switch {
	case len(r.Arms) == 0:
		return nil
	case r.Observed != nil:
		return observedTiles(p, r)
	}
	return []htmlTile{
		latencyTile(p, "Response p50", "half of the messages were faster", func(l result.Latency) *int64 { return l.P50NS }),
		latencyTile(p, "Response p99", "one in a hundred was slower", func(l result.Latency) *int64 { return l.P99NS }),
		rateTile(r.Arms), lossTile(r.Arms, r.Verdict == "" || r.Shard != nil), costTile(p, r.Arms),
	}
}

// ofArm is a figure of one arm.
type ofArm struct {
	arm   string
	value float64 // NaN if it has none
}

// newTile shows one figure, or the range of those of several arms with each below.
func newTile(label, about string, write func(float64) string, all []ofArm) htmlTile {
	t := htmlTile{Label: label, Value: none, About: about}
	var known []float64
	for _, a := range all {
		if !math.IsNaN(a.value) {
			known = append(known, a.value)
			t.Each = append(t.Each, htmlTerm{clean(a.arm), write(a.value)})
		}
	}
	if len(known) == 0 {
		t.Tone, t.About = web.Quiet, "not known"
		return t
	}
	t.Value = between(write(slices.Min(known)), write(slices.Max(known)))
	if len(t.Each) < 2 || len(t.Each) > someArms || !t.IsRange() {
		t.Each = nil
	}
	return t
}

// doubted marks a tile if a row about its figure has a doubt beside it.
func (p *page) doubted(t htmlTile, figure string) htmlTile {
	if t.Tone == web.Normal && p.isDoubted(figure) {
		t.Tone, t.About = web.Doubt, t.About+"; in doubt, see below"
	}
	return t
}

// rangeMark stands between the ends of a range.
const rangeMark = "\u2009–\u2009"

// between is a range, with its unit once where both ends have the same.
func between(low, high string) string {
	if low == high {
		return low
	}
	if number, unit, ok := strings.Cut(low, " "); ok && strings.HasSuffix(high, " "+unit) {
		low = number
	}
	return low + rangeMark + high
}

// isDoubted says whether a row about a figure has a doubt beside it.
func (p *page) isDoubted(figure string) bool {
	for _, t := range p.tables {
		for _, r := range t.rows {
			if r.about == figure && slices.ContainsFunc(r.notes, func(n note) bool { return n.tone == doubt }) {
				return true
			}
		}
	}
	return false
}

func latencyTile(p *page, label, about string, of func(result.Latency) *int64) htmlTile {
	var all []ofArm
	var bound int64
	for _, a := range p.saved.Arms {
		value := math.NaN()
		if l := a.Latency[result.Response]; of(l) != nil && l.Withheld == "" {
			value, bound = float64(*of(l)), max(bound, l.BoundNS)
		}
		all = append(all, ofArm{a.Name, value})
	}
	if bound > 0 {
		about += ", " + together("± "+Duration(time.Duration(bound)))
	}
	return p.doubted(newTile(label, about, nanosecondsText, all), result.Response)
}

func rateTile(arms []result.Arm) htmlTile {
	var all []ofArm
	var asked float64
	var unsent, refused uint64
	for _, a := range arms {
		all = append(all, ofArm{a.Name, a.RatePerS})
		asked = max(asked, a.ScheduledRatePerS)
		unsent, refused = unsent+a.Unsent, refused+a.Refused
	}
	t := newTile("Sent", "of "+Rate(asked)+" asked for", Rate, all)
	for _, missed := range []struct {
		n    uint64
		what string
	}{{unsent, "were not sent"}, {refused, "were refused"}} {
		if missed.n > 0 {
			t.Tone, t.About = web.Doubt, t.About+"; "+Count(missed.n)+" "+missed.what
		}
	}
	return t
}

// lossTile is of all arms together: any loss is one too many. What was lost of a run that goes on, or of a shard, is open.
func lossTile(arms []result.Arm, isOpen bool) htmlTile {
	var lost, expected uint64
	var broken bool
	for _, a := range arms {
		lost, expected = lost+a.Delivery.Lost, expected+a.Delivery.Expected
		broken = broken || len(a.Delivery.Violations) > 0
	}
	t := htmlTile{Label: "Lost", Value: Count(lost), About: "of " + Count(expected) + " messages owed"}
	switch {
	case expected == 0 && isOpen:
		t.Value, t.Tone, t.About = none, web.Quiet, "not known yet"
	case expected == 0:
		t.Value, t.Tone, t.About = none, web.Quiet, "no message was owed to anybody"
	case broken:
		t.Tone, t.About = web.Bad, t.About+"; a delivery promise was broken"
	case lost > 0:
		t.Tone = web.Doubt
	}
	return t
}

func costTile(p *page, arms []result.Arm) htmlTile {
	var all []ofArm
	for _, a := range arms {
		all = append(all, ofArm{a.Name, cmp.Or(a.Cost.CPUNSPerMessage, math.NaN())})
	}
	about := "CPU time of the generator"
	if len(arms) == 1 && arms[0].Cost.AllocsPerMessage > 0 {
		about += fmt.Sprintf(" and %s allocations", number(arms[0].Cost.AllocsPerMessage))
	}
	return p.doubted(newTile("CPU per message", about, nanosecondsText, all), "process.generator")
}

// observedTiles are those of an observation, which has neither load nor cost.
func observedTiles(p *page, r *result.Result) []htmlTile {
	a := r.Arms[0]
	l := a.Latency[result.Trace]
	whole := htmlTile{Label: "Whole traces", Value: none, Tone: web.Quiet, About: "no message could be judged"}
	if s := a.Spans; s != nil && s.Messages > 0 {
		c := traces(s)[1]
		whole = htmlTile{Label: "Whole traces", Value: c.text, Tone: webTones[c.tone], About: Count(s.Whole) + " of " + Count(s.Messages) + " messages"}
	}
	percent := func(label string, ns *int64) htmlTile {
		c := percentile(l, ns)
		return htmlTile{Label: label, Value: c.text, Tone: webTones[c.tone], About: "producer span's start to consumer span's"}
	}
	return []htmlTile{
		whole, percent("Latency p50", l.P50NS), percent("Latency p99", l.P99NS),
		{Label: "Spans", Value: Count(r.Observed.Spans.Received), About: several(uint64(len(r.Observed.Services)), "service")},
		{Label: "Observed for", Value: Duration(time.Duration(a.ElapsedNS)), About: several(uint64(len(r.Observed.Pairs)), "pair") + " of services and topic"},
	}
}
