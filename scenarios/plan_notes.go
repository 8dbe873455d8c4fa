package scenarios

// notes are what the plan says of settings that the broker is known not to do: a run goes on without them.
func (p Plan) notes() (notes []string) {
	if p.Scenario.Broker.Kind != Embedded {
		return nil
	}
	for _, note := range embeddedCannot {
		if note.asked(p.Scenario) {
			notes = append(notes, "the embedded broker "+note.text)
		}
	}
	return notes
}

// embeddedCannot are the features of MQTT 5 that the embedded broker leaves out.
var embeddedCannot = []struct {
	asked func(*Scenario) bool
	text  string
}{
	{anySender(func(s Sender) bool { return s.TopicAlias }), "grants no topic aliases: topics are sent whole"},
}

func anySender(is func(Sender) bool) func(*Scenario) bool {
	return func(s *Scenario) bool {
		for _, sender := range s.Senders {
			if is(sender) {
				return true
			}
		}
		return false
	}
}
