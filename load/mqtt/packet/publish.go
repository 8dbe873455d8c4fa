package packet

// Message is a PUBLISH. Its slices are parts of the bytes it was decoded from.
type Message struct {
	Topic      []byte // empty if Properties.TopicAlias stands for it
	ID         uint16 // 0 at QoS 0
	QoS        byte
	Duplicate  bool
	Retain     bool
	Properties Properties
	Payload    []byte
}

// Decode reads a PUBLISH into m, whatever was in it before. m is of no use after an error, which is always an *Error.
func (m *Message) Decode(f Frame) error {
	m.QoS, m.Duplicate, m.Retain = f.First>>1&3, f.First&8 != 0, f.First&1 != 0
	if m.QoS == 3 {
		return errQoS
	}
	if m.QoS == 0 && m.Duplicate {
		return errDuplicate
	}
	topic, rest, ok := field(f.Body)
	if !ok {
		return errShort
	}
	m.Topic, m.ID = topic, 0
	if m.QoS > 0 {
		if len(rest) < 2 {
			return errShort
		}
		m.ID, rest = uint16At(rest), rest[2:]
		if m.ID == 0 {
			return errID
		}
	}
	rest, err := m.Properties.decode(rest, publishProperties)
	if err != nil {
		return err
	}
	if len(m.Topic) == 0 && !m.Properties.Has(TopicAlias) {
		return errNoTopic
	}
	m.Payload = rest
	return nil
}

// field cuts a string or binary data with its length of two bytes off b.
func field(b []byte) (value, rest []byte, ok bool) {
	if len(b) < 2 {
		return nil, nil, false
	}
	end := 2 + int(uint16At(b))
	if end > len(b) {
		return nil, nil, false
	}
	return b[2:end:end], b[end:], true
}

func uint16At(b []byte) uint16 { return uint16(b[0])<<8 | uint16(b[1]) }
