package packet

import (
	"encoding/binary"
	"iter"
)

// Property identifiers (MQTT 5 section 2.2.2.2) of PUBLISH and of the acknowledgements.
const (
	PayloadFormat          = 1
	MessageExpiry          = 2
	ContentType            = 3
	ResponseTopic          = 8
	CorrelationData        = 9
	SubscriptionIdentifier = 11
	ReasonString           = 31
	TopicAlias             = 35
	User                   = 38
)

// The properties that a packet may have, as bits by identifier.
const (
	publishProperties = 1<<PayloadFormat | 1<<MessageExpiry | 1<<ContentType | 1<<ResponseTopic | 1<<CorrelationData |
		1<<SubscriptionIdentifier | 1<<TopicAlias | 1<<User
	ackProperties = 1<<ReasonString | 1<<User
	repeatable    = 1<<SubscriptionIdentifier | 1<<User
)

// Properties are those of one packet. Fields of properties that it does not have are zero; Has tells.
type Properties struct {
	PayloadFormat                 byte
	TopicAlias                    uint16
	MessageExpiry                 uint32 // in seconds
	SubscriptionIdentifier        int    // the last, if there are several
	ContentType, ResponseTopic    []byte
	CorrelationData, ReasonString []byte

	raw     []byte // all of them as they came
	present uint64 // bits by identifier
}

// Has reports whether the packet has a property.
func (p *Properties) Has(identifier byte) bool { return p.present&(1<<identifier) != 0 }

// Others reports whether there are properties besides user properties and correlation data.
func (p *Properties) Others() bool { return p.present&^(1<<User|1<<CorrelationData) != 0 }

// Size is how many bytes all properties take.
func (p *Properties) Size() int { return len(p.raw) }

// Users yields the user properties in their order.
func (p *Properties) Users() iter.Seq2[[]byte, []byte] {
	return func(yield func(key, value []byte) bool) {
		if !p.Has(User) {
			return
		}
		for b := p.raw; len(b) > 0; {
			identifier, value := b[0], b[1:]
			n := propertySize(identifier, value)
			if identifier == User {
				key, rest, _ := field(value)
				text, _, _ := field(rest)
				if !yield(key, text) {
					return
				}
			}
			b = value[n:]
		}
	}
}

// decode reads the properties at the start of b, with their length, and returns what follows them.
func (p *Properties) decode(b []byte, allowed uint64) (rest []byte, err error) {
	*p = Properties{}
	length, n, err := uvarint(b)
	if err != nil {
		return nil, err
	}
	if n == 0 || length > len(b)-n {
		return nil, errShort
	}
	end := n + length
	p.raw = b[n:end:end]
	for left := p.raw; len(left) > 0; {
		taken, err := p.decodeOne(left[0], left[1:], allowed)
		if err != nil {
			return nil, err
		}
		left = left[1+taken:]
	}
	return b[end:], nil
}

// decodeOne reads the value of one property at the start of b and returns how many bytes it took.
func (p *Properties) decodeOne(identifier byte, b []byte, allowed uint64) (int, error) {
	bit := uint64(1) << (identifier & 63)
	if identifier > 63 || allowed&bit == 0 {
		return 0, errProperty
	}
	if p.present&bit&^repeatable != 0 {
		return 0, errRepeated
	}
	p.present |= bit
	n := propertySize(identifier, b)
	if n == 0 || n > len(b) {
		return 0, errShort
	}
	return n, p.set(identifier, b[:n:n])
}

// propertySize is how many bytes the value of a property at the start of b takes: 0, or more than there are, if b ends before it.
func propertySize(identifier byte, b []byte) int {
	switch identifier {
	case PayloadFormat:
		return 1
	case TopicAlias:
		return 2
	case MessageExpiry:
		return 4
	case SubscriptionIdentifier:
		_, n, _ := uvarint(b)
		return n
	case User:
		key := fieldSize(b)
		if key > len(b) {
			return key
		}
		return key + fieldSize(b[key:])
	default:
		return fieldSize(b)
	}
}

func fieldSize(b []byte) int {
	if len(b) < 2 {
		return 2
	}
	return 2 + int(uint16At(b))
}

// set keeps the value of a property that is not a user property.
func (p *Properties) set(identifier byte, value []byte) error {
	switch identifier {
	case PayloadFormat:
		if p.PayloadFormat = value[0]; value[0] > 1 {
			return errFormat
		}
	case TopicAlias:
		if p.TopicAlias = uint16At(value); p.TopicAlias == 0 {
			return errAlias
		}
	case MessageExpiry:
		p.MessageExpiry = binary.BigEndian.Uint32(value)
	case SubscriptionIdentifier:
		if p.SubscriptionIdentifier, _, _ = uvarint(value); p.SubscriptionIdentifier == 0 {
			return errSubscriber
		}
	case ContentType:
		p.ContentType = value[2:]
	case ResponseTopic:
		p.ResponseTopic = value[2:]
	case CorrelationData:
		p.CorrelationData = value[2:]
	case ReasonString:
		p.ReasonString = value[2:]
	}
	return nil
}
