package scenarios

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"
)

// WriteTo writes the plan as a person reads it, in lines of at most 100 columns.
func (p Plan) WriteTo(w io.Writer) (int64, error) {
	n, err := io.WriteString(w, p.Text())
	return int64(n), err
}

// Text is the plan as a person reads it, in lines of at most 100 columns.
func (p Plan) Text() string {
	var b strings.Builder
	p.writeHead(&b)
	b.WriteString("\n" + p.senderTable().String())
	if len(p.Receivers) > 0 {
		b.WriteString("\n" + p.receiverTable().String())
	}
	return b.String()
}

// textWidth is how wide the plan's lines may be.
const textWidth = 100

func (p Plan) writeHead(b *strings.Builder) {
	s := p.Scenario
	b.WriteString(cut(s.Name, textWidth) + "\n")
	for _, line := range wrap(s.Description, textWidth-2) {
		b.WriteString("  " + line + "\n")
	}
	b.WriteString("\n")
	fact(b, "broker", s.Broker.words())
	fact(b, "clients", p.clients())
	fact(b, "time", fmt.Sprintf("%s warm-up, %s measured, at most %s of draining", s.Warmup, s.Duration, s.Drain)+s.Repeat.words())
	fact(b, "load", p.load()...)
	fact(b, "shape", p.shape()...)
	fact(b, "tracing", p.tracing()...)
	fact(b, "metrics", s.Metrics.words()...)
	fact(b, "sweep", s.Sweep.words()...)
	fact(b, "search", s.Search.words()...)
	var faults []string
	for _, f := range s.Faults {
		if text := f.words(); text != "" {
			faults = append(faults, text)
		}
	}
	fact(b, "faults", faults...)
	var conditions []string
	for _, t := range s.Thresholds {
		conditions = append(conditions, t.Text)
	}
	fact(b, "thresholds", conditions...)
	fact(b, "but", p.notes()...)
}

// fact writes a label with one line of text, or several below each other.
func fact(b *strings.Builder, label string, lines ...string) {
	for _, line := range lines {
		fmt.Fprintf(b, "%-12s%s\n", label, cut(line, textWidth-12))
		label = ""
	}
}

func (p Plan) clients() string {
	receivers := 0
	for _, rp := range p.Receivers {
		receivers += rp.Receiver.Count
	}
	line := fmt.Sprintf("%s: %s and %s", thousands(float64(p.Clients)), plural(p.Clients-receivers, "sender"), plural(receivers, "receiver"))
	if client := p.Scenario.Client; client != defaultClient {
		line += ", " + string(client)
	}
	return line
}

func (p Plan) load() []string {
	var lines []string
	if p.InPerSecond > 0 {
		lines = append(lines,
			fmt.Sprintf("%s msg/s into the broker, about %sB/s", thousands(p.InPerSecond), metric(p.InBytesPerSecond)),
			fmt.Sprintf("%s msg/s out of it, about %sB/s", thousands(p.OutPerSecond), metric(p.OutBytesPerSecond)))
	}
	if p.Unbounded {
		lines = append(lines, "as much as goes from each sender with rate max")
	}
	return lines
}

func (b Broker) words() string {
	switch b.Kind {
	case Embedded:
		return "embedded: started for this run, in a process of its own"
	case Mosquitto:
		if b.Persistence {
			return "mosquitto: started for this run, in a process of its own; keeps sessions on disk"
		}
		return "mosquitto: started for this run, in a process of its own"
	case AIO:
		return "aio: where the environment's AIO_* variables say, with the login that they name"
	}
	return b.URL
}

// String is the sampler's name, with its ratio where it has one.
func (s Sampler) String() string {
	if s.hasRatio() {
		return fmt.Sprintf("%s %g", s.Name, s.Ratio)
	}
	return s.Name
}

func (p Plan) senderTable() *table {
	t := &table{head: []string{"senders", "clients", "topic", "qos", "payload", "each", "msg/s", "warm-up", "measured"}, left: []int{0, 2}}
	for _, sp := range p.Senders {
		s := sp.Sender
		row := []string{s.Name, thousands(float64(s.Count)), s.Topic.String(), strconv.Itoa(int(s.QoS)), metric(float64(sp.PayloadBytes)) + "B"}
		if sp.Unbounded {
			row = append(row, "max", "-", "-", "-")
		} else {
			row = append(row, s.paced(), thousands(sp.PerSecond), thousands(sp.Warmup), thousands(sp.Measured))
		}
		t.rows = append(t.rows, row)
	}
	return t
}

// short is the rate with at most two decimals.
func (r Rate) short() string {
	number, unit, _ := strings.Cut(r.String(), "/")
	if whole, fraction, found := strings.Cut(number, "."); found && len(fraction) > 2 {
		number = whole + "." + fraction[:2]
	}
	return number + "/" + unit
}

func (p Plan) receiverTable() *table {
	t := &table{head: []string{"receivers", "clients", "filter", "qos", "from", "msg/s", "measured"}, left: []int{0, 2, 4}}
	for _, rp := range p.Receivers {
		r := rp.Receiver
		from := strings.Join(rp.From, " ")
		if from == "" {
			from = "wills of " + strings.Join(p.Scenario.willsTo(r), " ")
		}
		row := []string{r.Name, thousands(float64(r.Count)), r.Filter.String(), strconv.Itoa(int(r.QoS)), from}
		if rp.Unbounded {
			row = append(row, "-", "-")
		} else {
			row = append(row, thousands(rp.PerSecond), thousands(rp.Measured))
		}
		t.rows = append(t.rows, row)
	}
	return t
}

// thousands writes v with commas: whole from 10 on, below with up to two decimals, and from 100 million on in three digits.
func thousands(v float64) string {
	switch {
	case v >= 1e8:
		return metric(v)
	case v < 10:
		return strconv.FormatFloat(float64(int(v*100+0.5))/100, 'f', -1, 64)
	}
	digits := strconv.FormatFloat(v, 'f', 0, 64)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// metric writes v in three digits and a power of 1000, with a blank before the unit that follows.
func metric(v float64) string {
	for _, prefix := range []string{"", "k", "M", "G", "T"} {
		if v < 999.5 || prefix == "T" {
			return strconv.FormatFloat(v, 'g', max(3, len(strconv.Itoa(int(v)))), 64) + " " + prefix
		}
		v /= 1000
	}
	return ""
}

func plural(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return thousands(float64(n)) + " " + noun
}

// cut shortens s to at most width characters.
func cut(s string, width int) string {
	if utf8.RuneCountInString(s) <= width {
		return s
	}
	return string([]rune(s)[:width-1]) + "…"
}

// wrap breaks text into lines of at most width characters, between words where it can.
func wrap(text string, width int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		switch {
		case line == "":
			line = cut(word, width)
		case utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) <= width:
			line += " " + word
		default:
			lines, line = append(lines, line), cut(word, width)
		}
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}
