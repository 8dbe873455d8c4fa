package packet

import (
	"encoding/binary"
	"math"

	"github.com/eclipse/paho.golang/paho"
)

// DuplicateFlag is the DUP flag in the first byte of a PUBLISH.
const DuplicateFlag = 8

// AppendPublish appends a PUBLISH, byte for byte as paho.golang writes it; id is left out at QoS 0. It keeps nothing of p, and the
// DUP flag is not set. The error is an *Error, and dst is then returned as it was.
func AppendPublish(dst []byte, p *paho.Publish, id uint16) ([]byte, error) {
	remaining, properties, ok := sizes(p)
	if !ok || len(p.Topic) > math.MaxUint16 || remaining > MaxRemaining {
		return dst, errTooLong
	}
	if p.QoS > 2 {
		return dst, errOutgoingQoS
	}
	first := byte(Publish<<4) | p.QoS<<1
	if p.Retain {
		first |= 1
	}
	dst = appendUvarint(append(dst, first), remaining)
	dst = appendString(dst, p.Topic)
	if p.QoS > 0 {
		dst = binary.BigEndian.AppendUint16(dst, id)
	}
	dst = appendUvarint(dst, properties)
	if p.Properties != nil {
		dst = appendProperties(dst, p.Properties)
	}
	return append(dst, p.Payload...), nil
}

// PublishSize is how many bytes AppendPublish appends, if p can be sent at all.
func PublishSize(p *paho.Publish) int {
	remaining, _, _ := sizes(p)
	return 1 + uvarintSize(remaining) + remaining
}

// sizes are the packet's Remaining Length and the length of its properties; ok is false if one of them is too long.
func sizes(p *paho.Publish) (remaining, properties int, ok bool) {
	properties, ok = propertiesSize(p.Properties)
	remaining = 2 + len(p.Topic) + uvarintSize(properties) + properties + len(p.Payload)
	if p.QoS > 0 {
		remaining += 2
	}
	return remaining, properties, ok
}

// propertiesSize is how many bytes the properties take, their length left out; ok is false if one is too long.
func propertiesSize(p *paho.PublishProperties) (size int, ok bool) {
	if p == nil {
		return 0, true
	}
	longest := max(len(p.ContentType), len(p.ResponseTopic), len(p.CorrelationData))
	if p.PayloadFormat != nil {
		size += 1 + 1
	}
	if p.MessageExpiry != nil {
		size += 1 + 4
	}
	size += textSize(len(p.ContentType)) + textSize(len(p.ResponseTopic)) + textSize(len(p.CorrelationData))
	if p.TopicAlias != nil {
		size += 1 + 2
	}
	if p.SubscriptionIdentifier != nil {
		size += 1 + uvarintSize(*p.SubscriptionIdentifier)
	}
	for i := range p.User {
		key, value := len(p.User[i].Key), len(p.User[i].Value)
		size += 1 + 2 + key + 2 + value
		longest = max(longest, key, value)
	}
	return size, longest <= math.MaxUint16
}

// textSize is what a property takes whose value is a string or binary data; an empty one is left out.
func textSize(n int) int {
	if n == 0 {
		return 0
	}
	return 1 + 2 + n
}

// appendProperties writes them in paho.golang's order.
func appendProperties(dst []byte, p *paho.PublishProperties) []byte {
	if p.PayloadFormat != nil {
		dst = append(dst, PayloadFormat, *p.PayloadFormat)
	}
	if p.MessageExpiry != nil {
		dst = binary.BigEndian.AppendUint32(append(dst, MessageExpiry), *p.MessageExpiry)
	}
	if p.ContentType != "" {
		dst = appendString(append(dst, ContentType), p.ContentType)
	}
	if p.ResponseTopic != "" {
		dst = appendString(append(dst, ResponseTopic), p.ResponseTopic)
	}
	if len(p.CorrelationData) > 0 {
		dst = binary.BigEndian.AppendUint16(append(dst, CorrelationData), uint16(len(p.CorrelationData)))
		dst = append(dst, p.CorrelationData...)
	}
	if p.TopicAlias != nil {
		dst = binary.BigEndian.AppendUint16(append(dst, TopicAlias), *p.TopicAlias)
	}
	if p.SubscriptionIdentifier != nil {
		dst = appendUvarint(append(dst, SubscriptionIdentifier), *p.SubscriptionIdentifier)
	}
	for i := range p.User {
		dst = appendString(append(dst, User), p.User[i].Key)
		dst = appendString(dst, p.User[i].Value)
	}
	return dst
}

func appendString(dst []byte, s string) []byte {
	return append(binary.BigEndian.AppendUint16(dst, uint16(len(s))), s...)
}
