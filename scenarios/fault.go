package scenarios

import "fmt"

// Fault is something that goes wrong on purpose for a while. Exporter says what.
type Fault struct {
	// At is when it begins, from the start of the measured phase. Required.
	At Duration `json:"at" jsonschema:"required"`
	// For is how long it lasts; when it is over all is as before. Default: to the end of the measured phase.
	For Duration `json:"for,omitempty"`
	// Exporter is what the embedded sink does to the exporters that send to it. Required.
	Exporter ExporterFault `json:"exporter,omitempty" jsonschema:"required"`
	// Delay is how long a slow sink waits before each answer. Required with exporter slow, and for it alone.
	Delay Duration `json:"delay,omitempty"`
}

// ExporterFault is a way in which the embedded sink fails.
type ExporterFault string

const (
	// ExporterSlow answers each export after Fault.Delay.
	ExporterSlow ExporterFault = "slow"
	// ExporterStall takes exports and does not answer.
	ExporterStall ExporterFault = "stall"
	// ExporterRefuse answers each export with an error.
	ExporterRefuse ExporterFault = "refuse"
	// ExporterKill ends the sink's process; it is started anew when the fault is over.
	ExporterKill ExporterFault = "kill"
)

func (d *decoder) fault(n *node) Fault {
	var f Fault
	d.mapping(n,
		required("at", "when it begins, from the start of the measured phase, such as 5s", d.duration(&f.At, mayBeZero)),
		optional("for", d.duration(&f.For, aboveZero)),
		required("exporter", "slow, stall, refuse or kill", oneOf(d, &f.Exporter, ExporterSlow, ExporterStall, ExporterRefuse, ExporterKill)),
		optional("delay", d.duration(&f.Delay, aboveZero)),
	)
	switch delay := n.get("delay"); {
	case f.Exporter == "":
	case f.Exporter == ExporterSlow && n.lacks("delay"):
		d.report(n, "delay is missing", "how long a slow sink waits before each answer, such as 200ms")
	case f.Exporter != ExporterSlow && delay.sound():
		d.report(delay, "exporter "+string(f.Exporter)+" answers nothing that could be delayed", "delay with exporter: slow only")
	}
	return f
}

// end is when the fault is over.
func (f Fault) end() Duration { return f.At + f.For }

// faults checks when faults are, one after the other within the measured phase, and that there is something to disturb.
func (d *decoder) faults(n *node, s *Scenario) {
	faults := n.get("faults")
	if faults == nil || faults.bad {
		return
	}
	d.disturbable(faults, n.get("tracing"), s.Tracing)
	if !n.get("duration").sound() {
		return
	}
	for i := range s.Faults {
		if at := faults.items[i]; at.sound() {
			d.within(at, &s.Faults[i], s.Duration)
		}
	}
	for i := range s.Faults {
		if at := faults.items[i]; at.sound() {
			d.alone(at, faults.items, s.Faults, i)
		}
	}
}

// within makes sure that f begins and ends in the measured phase, and gives it an end where it has none.
func (d *decoder) within(n *node, f *Fault, duration Duration) {
	switch {
	case f.At >= duration:
		d.report(n.get("at"), "the measured phase is over after "+duration.String(), "an earlier instant")
	case f.For == 0:
		f.For = duration - f.At
	case f.end() > duration:
		d.report(n.get("for"), fmt.Sprintf("it ends at %s, and the measured phase at %s", f.end(), duration),
			fmt.Sprintf("at most %s", duration-f.At))
	}
}

// alone makes sure that the fault at index i begins when none before it in the list lasts, and the other way round.
func (d *decoder) alone(n *node, nodes []*node, faults []Fault, i int) {
	f := faults[i]
	for j, other := range faults[:i] {
		if nodes[j].sound() && f.At < other.end() && other.At < f.end() {
			d.report(n.get("at"), fmt.Sprintf("%s lasts from %s to %s", nodes[j].path, other.At, other.end()), "one fault at a time")
			return
		}
	}
}

// disturbable makes sure that some arm exports to the sink that the harness starts.
func (d *decoder) disturbable(n, tracing *node, t Tracing) {
	if tracing != nil && !tracing.sound() || len(n.items) == 0 {
		return
	}
	var endpoint string
	for _, arm := range t.Arms() {
		switch {
		case arm.Arm != ArmExport:
		case arm.Exporter.Endpoint == "":
			return
		default:
			endpoint = arm.Exporter.Endpoint
		}
	}
	if endpoint != "" {
		d.report(n, "only the embedded sink can fail on purpose, and spans go to "+quote(endpoint), "exporter: embedded")
		return
	}
	d.report(n, "no spans are exported", "tracing with arm: export")
}

// words is the fault as a person reads it.
func (f Fault) words() string {
	what := map[ExporterFault]string{
		ExporterSlow:   "each export is answered after " + f.Delay.String(),
		ExporterStall:  "exports are taken and not answered",
		ExporterRefuse: "exports are refused",
		ExporterKill:   "the sink is dead",
	}
	return fmt.Sprintf("from %s to %s %s", f.At, f.end(), what[f.Exporter])
}
