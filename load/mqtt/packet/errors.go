package packet

// Error is why bytes are no packet, or no packet that may be sent.
type Error struct {
	// ReasonCode is what a DISCONNECT says about it (MQTT 5 section 4.13).
	ReasonCode byte
	text       string
}

func (e *Error) Error() string { return e.text }

const (
	malformedPacket   = 0x81
	protocolError     = 0x82
	topicAliasInvalid = 0x94
	packetTooLarge    = 0x95
)

// ErrTooLarge is for a packet that is larger than the maximum packet size that the broker was told.
var ErrTooLarge = &Error{packetTooLarge, "packet larger than the maximum packet size"}

// ErrAlias is for a topic alias that nobody has introduced, or that is above the maximum.
var ErrAlias = &Error{topicAliasInvalid, "topic alias unknown or above the maximum"}

var (
	errVarint      = &Error{malformedPacket, "malformed packet: a variable byte integer of more than four bytes"}
	errShort       = &Error{malformedPacket, "malformed packet: it ends in the middle of a field"}
	errQoS         = &Error{malformedPacket, "malformed packet: a PUBLISH of QoS 3"}
	errDuplicate   = &Error{protocolError, "protocol error: a PUBLISH of QoS 0 with the DUP flag"}
	errFlags       = &Error{malformedPacket, "malformed packet: reserved flags are set"}
	errID          = &Error{protocolError, "protocol error: packet identifier 0"}
	errTrailing    = &Error{malformedPacket, "malformed packet: bytes after its end"}
	errProperty    = &Error{malformedPacket, "malformed packet: a property that it may not have"}
	errRepeated    = &Error{protocolError, "protocol error: a property more than once"}
	errFormat      = &Error{protocolError, "protocol error: a payload format indicator that is neither 0 nor 1"}
	errAlias       = &Error{topicAliasInvalid, "topic alias 0"}
	errSubscriber  = &Error{protocolError, "protocol error: subscription identifier 0"}
	errNoTopic     = &Error{protocolError, "protocol error: neither a topic nor a topic alias"}
	errTooLong     = &Error{malformedPacket, "a topic, a property or a whole PUBLISH longer than MQTT 5 has room for"}
	errOutgoingQoS = &Error{malformedPacket, "a PUBLISH of a QoS above 2"}
)
