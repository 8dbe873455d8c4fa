package scenarios

import "fmt"

// minTurns is how often each arm of a compare has to run at least: one slice has no spread.
const minTurns = 2

// turns checks that the arms of a compare run often enough, and that something is sent whenever one does.
func (d *decoder) turns(tracing, duration *node, plan Plan) {
	t := plan.Scenario.Tracing
	if !tracing.sound() || len(t.Compare) == 0 || !duration.sound() {
		return
	}
	longest := plan.Scenario.Duration / Duration(minTurns*len(t.Compare))
	if t.Slice > longest {
		d.report(tracing.get("slice"), fmt.Sprintf("%s arms take turns less than twice each in %s", thousands(float64(len(t.Compare))), plan.Scenario.Duration),
			fmt.Sprintf("at most %s, or a longer duration", longest))
		return
	}
	slice, at := longest, tracing.get("compare")
	if t.Slice > 0 {
		slice, at = t.Slice, tracing.get("slice")
	}
	if messages := plan.InPerSecond * slice.Std().Seconds(); !plan.Unbounded && messages < 1 {
		d.report(at, fmt.Sprintf("all senders together send %s messages in a slice of %s", thousands(messages), slice),
			"longer slices, fewer arms, or a higher rate")
	}
}

// payloadSizes finds sizes of payloads for senders that have none given by its size.
func (d *decoder) payloadSizes(tracing *node, senders []Sender) {
	for _, s := range senders {
		if s.Payload.sized() {
			return
		}
	}
	for _, n := range payloadNodes(tracing) {
		d.report(n, "no sender has a payload that is given by its size", "a sender with payload: {size: 128}")
	}
}

// payloadNodes are the places of tracing that set the size of payloads.
func payloadNodes(tracing *node) []*node {
	if !tracing.sound() {
		return nil
	}
	var places []*node
	add := func(n *node) {
		if n != nil {
			places = append(places, n)
		}
	}
	add(tracing.get("payload"))
	if compare := tracing.get("compare"); compare != nil {
		for _, entry := range compare.items {
			add(entry.get("payload"))
			if sweep := entry.get("sweep"); sweep != nil && sweep.get("key").text == "payload" {
				add(sweep.get("key"))
			}
		}
	}
	return places
}

// turnsOf is how many slices each arm has at least in a measured phase; 0 when the engine chooses.
func (t Tracing) turnsOf(duration Duration) int {
	if t.Slice == 0 || len(t.Compare) == 0 {
		return 0
	}
	return int(duration/t.Slice) / len(t.Compare)
}
