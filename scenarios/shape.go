package scenarios

import (
	"encoding/json"
	"fmt"
	"time"
)

// Stage is a stretch of a sender's time in which its rate is held or moves in a straight line.
type Stage struct {
	// Name is what reports call the stage. Default: its rates.
	Name string `json:"name,omitempty" jsonschema:"maxLength=64"`
	// Rate is each sender's at the beginning of the stage. Default: where the stage before it ended, 0/s for the first.
	Rate Rate `json:"rate"`
	// To is the rate at the end of the stage, which is reached in a straight line. Default: rate, which is then held.
	To Rate `json:"to"`
	// For is how long the stage lasts; more than 0. Required.
	For Duration `json:"for" jsonschema:"required"`
}

// messages is how many messages become due in the first part of the stage.
func (s Stage) messages(part Duration) float64 {
	seconds := min(part, s.For).Std().Seconds()
	begin, end := s.Rate.PerSecond(), s.To.PerSecond()
	return begin*seconds + (end-begin)*seconds*seconds/(2*s.For.Std().Seconds())
}

// Title is the stage's name, or else its rates of count clients together: "100/s", "from 100/s to 1000/s".
func (s Stage) Title(count int) string {
	switch begin, end := s.Rate.times(count), s.To.times(count); {
	case s.Name != "":
		return s.Name
	case begin == end:
		return begin.short()
	default:
		return "from " + begin.short() + " to " + end.short()
	}
}

// Burst is a number of messages that are due together, again and again.
type Burst struct {
	// Every is the time from one burst to the next; more than 0. Required.
	Every Duration `json:"every" jsonschema:"required"`
	// Messages is how many each sender sends at a time, 1 or more. Required.
	Messages int `json:"messages" jsonschema:"required,minimum=1,maximum=1000000"`
}

// rate is the burst's mean.
func (b Burst) rate() Rate { return Rate{Messages: float64(b.Messages), Per: b.Every.Std()} }

// MarshalJSON writes s as a scenario file has it: with the one key that says when it sends, and without those that this one does
// not take.
func (s Sender) MarshalJSON() ([]byte, error) {
	type fields Sender
	file := struct {
		fields
		Rate        *Rate   `json:"rate,omitempty"`
		Arrival     Arrival `json:"arrival,omitempty"`
		StartJitter *bool   `json:"start_jitter,omitempty"`
	}{fields: fields(s)}
	switch {
	case s.Rate.Max:
		file.Rate = &s.Rate
	case s.Idle:
	case s.Burst != nil:
		file.StartJitter = &s.StartJitter
	case len(s.Stages) > 0:
		file.Arrival, file.StartJitter = s.Arrival, &s.StartJitter
	case s.Interval > 0:
		file.StartJitter = &s.StartJitter
	default:
		file.Rate, file.Arrival, file.StartJitter = &s.Rate, s.Arrival, &s.StartJitter
	}
	return json.Marshal(file)
}

// span is when a group sends: from its start to its stop, in the measured phase.
func (s Sender) span(duration Duration) (from, until Duration) {
	until = duration
	if s.Stop > 0 {
		until = min(until, s.Stop)
	}
	return min(s.Start, until), until
}

// expected is how many messages of each client become due in the warm-up and in the measured phase.
func (s Sender) expected(warmup, duration Duration) (warm, measured float64) {
	from, until := s.span(duration)
	switch {
	case s.Burst != nil && !s.StartJitter:
		bursts := (until - from + s.Burst.Every - 1) / s.Burst.Every // the first at the beginning
		measured = float64(bursts) * float64(s.Burst.Messages)
		warm = float64(warmup/s.Burst.Every) * float64(s.Burst.Messages)
	case len(s.Stages) > 0:
		measured = s.inStages(until - from)
		warm = s.Stages[0].Rate.PerSecond() * warmup.Std().Seconds()
	default:
		measured = s.Rate.PerSecond() * (until - from).Std().Seconds()
		warm = s.Rate.PerSecond() * warmup.Std().Seconds()
	}
	if s.Start > 0 {
		warm = 0
	}
	return warm, measured
}

// inStages is how many messages become due in the first part of the stages.
func (s Sender) inStages(part Duration) (n float64) {
	for i := 0; i < len(s.Stages) && part > 0; i++ {
		n += s.Stages[i].messages(part)
		part -= s.Stages[i].For
	}
	return n
}

// paced is how often each client sends, in a few characters.
func (s Sender) paced() string {
	switch {
	case s.Rate.Max:
		return "max"
	case s.Idle:
		return "idle"
	case s.Burst != nil:
		return fmt.Sprintf("%d/%s", s.Burst.Messages, s.Burst.Every)
	case s.Interval > 0:
		return "1/" + s.Interval.String()
	case len(s.Stages) > 0:
		return "stages"
	}
	return s.Rate.short()
}

// stagesFor is how long all stages take together.
func (s Sender) stagesFor() (sum Duration) {
	for _, stage := range s.Stages {
		sum += stage.For
	}
	return sum
}

// everyMillisecond is the shortest time between bursts.
const everyMillisecond = Duration(time.Millisecond)
