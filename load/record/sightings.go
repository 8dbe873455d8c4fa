package record

import "mqttrace/load/result"

// Sighting is a message that an inbox got in a way worth telling.
type Sighting struct {
	Flow int
	Seq  uint32
}

// sightings keeps the first few.
type sightings []Sighting

func (s *sightings) add(flow int, seq uint32) {
	if len(*s) < result.MaxExamples {
		*s = append(*s, Sighting{flow, seq})
	}
}

// Duplicates are the first messages that arrived more than once, a message as often as it did so, result.MaxExamples at most.
func (b *Inbox) Duplicates() []Sighting { return b.duplicates }

// Reorders are the first messages that arrived after a later one, as many at most.
func (b *Inbox) Reorders() []Sighting { return b.reorders }
