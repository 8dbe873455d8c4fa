package packet

import (
	"bytes"
	"strings"
	"testing"

	"github.com/eclipse/paho.golang/packets"
	"github.com/eclipse/paho.golang/paho"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func pointer[T any](v T) *T { return &v }

// publications are PUBLISH packets that have everything, nothing, and each thing at the edges of its length.
func publications() map[string]*paho.Publish {
	user := paho.UserProperties{{Key: "traceparent", Value: strings.Repeat("0", 55)}, {Key: "", Value: ""}, {Key: "k", Value: "v"}, {Key: "k", Value: "w"}}
	return map[string]*paho.Publish{
		"bare":             {Topic: "a"},
		"no properties":    {Topic: "a", Payload: []byte("x")},
		"empty properties": {Topic: "a", Properties: &paho.PublishProperties{}},
		"QoS 1":            {Topic: "a/b", QoS: 1, Payload: []byte("x")},
		"QoS 2, retained":  {Topic: "a/b", QoS: 2, Retain: true},
		"alias alone":      {QoS: 1, Properties: &paho.PublishProperties{TopicAlias: pointer(uint16(7))}},
		"everything": {Topic: "bench/1/telemetry", QoS: 1, Retain: true, Payload: make([]byte, 128), Properties: &paho.PublishProperties{
			CorrelationData: make([]byte, 16), ContentType: "application/json", ResponseTopic: "answers", PayloadFormat: pointer(byte(1)),
			MessageExpiry: pointer(uint32(3600)), SubscriptionIdentifier: pointer(200), TopicAlias: pointer(uint16(65535)), User: user,
		}},
		"two bytes of property length":  {Topic: "a", Properties: &paho.PublishProperties{ContentType: strings.Repeat("c", 125)}},
		"two bytes of remaining length": {Topic: "a", Payload: make([]byte, 124)},
		"longest strings": {Topic: strings.Repeat("t", 65535), Properties: &paho.PublishProperties{
			User: paho.UserProperties{{Key: strings.Repeat("k", 65535), Value: strings.Repeat("v", 65535)}}}},
		"four bytes of remaining length": {Topic: "a", Payload: make([]byte, 3<<20)},
	}
}

// written is what paho.golang makes of a packet.
func written(t testing.TB, p interface {
	WriteTo(w *bytes.Buffer) error
}) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, p.WriteTo(&b))
	return b.Bytes()
}

type pahoPublish struct{ *packets.Publish }

func (p pahoPublish) WriteTo(w *bytes.Buffer) error { _, err := p.Publish.WriteTo(w); return err }

func TestPublishIsWrittenAsPahoWritesIt(t *testing.T) {
	for name, p := range publications() {
		t.Run(name, func(t *testing.T) {
			want := p.Packet()
			want.PacketID = 0x1234
			got, err := AppendPublish([]byte("before"), p, 0x1234)
			require.NoError(t, err)
			assert.Equal(t, append([]byte("before"), written(t, pahoPublish{want})...), got)
			assert.Equal(t, len(got)-len("before"), PublishSize(p))
		})
	}
}

func TestPublishIsReadAsItWasWritten(t *testing.T) {
	for name, p := range publications() {
		t.Run(name, func(t *testing.T) {
			encoded, err := AppendPublish(nil, p, 0x1234)
			require.NoError(t, err)
			frame, size, err := Next(append(encoded, "next"...))
			require.NoError(t, err)
			require.Equal(t, len(encoded), size)
			require.EqualValues(t, Publish, frame.Type())
			m := Message{ID: 99, Properties: Properties{present: ^uint64(0), raw: []byte("left over")}}
			require.NoError(t, m.Decode(frame))
			requireSame(t, encoded, &m)
		})
	}
}

// requireSame compares a message with what paho.golang reads out of the same bytes.
func requireSame(t testing.TB, encoded []byte, m *Message) {
	t.Helper()
	control, err := packets.ReadPacket(bytes.NewReader(encoded))
	require.NoError(t, err)
	want := control.Content.(*packets.Publish)
	require.Equal(t, want.Topic, string(m.Topic))
	require.Equal(t, want.PacketID, m.ID)
	require.Equal(t, []any{want.QoS, want.Duplicate, want.Retain}, []any{m.QoS, m.Duplicate, m.Retain})
	require.True(t, bytes.Equal(want.Payload, m.Payload), "payload")
	p := &m.Properties
	require.Equal(t, want.Properties.PayloadFormat, given(p, PayloadFormat, p.PayloadFormat))
	require.Equal(t, want.Properties.MessageExpiry, given(p, MessageExpiry, p.MessageExpiry))
	require.Equal(t, want.Properties.TopicAlias, given(p, TopicAlias, p.TopicAlias))
	require.Equal(t, want.Properties.SubscriptionIdentifier, given(p, SubscriptionIdentifier, p.SubscriptionIdentifier))
	require.Equal(t, want.Properties.ContentType, string(p.ContentType))
	require.Equal(t, want.Properties.ResponseTopic, string(p.ResponseTopic))
	require.Equal(t, string(want.Properties.CorrelationData), string(p.CorrelationData))
	var users []packets.User
	for key, value := range p.Users() {
		users = append(users, packets.User{Key: string(key), Value: string(value)})
	}
	require.Equal(t, want.Properties.User, users)
}

func given[T any](p *Properties, identifier byte, v T) *T {
	if p.Has(identifier) {
		return &v
	}
	return nil
}

func TestPublishTooLong(t *testing.T) {
	long := strings.Repeat("x", 65536)
	cases := map[string]*paho.Publish{
		"topic":            {Topic: long},
		"content type":     {Topic: "a", Properties: &paho.PublishProperties{ContentType: long}},
		"response topic":   {Topic: "a", Properties: &paho.PublishProperties{ResponseTopic: long}},
		"correlation data": {Topic: "a", Properties: &paho.PublishProperties{CorrelationData: []byte(long)}},
		"user key":         {Topic: "a", Properties: &paho.PublishProperties{User: paho.UserProperties{{Key: long}}}},
		"user value":       {Topic: "a", Properties: &paho.PublishProperties{User: paho.UserProperties{{Value: long}}}},
		"packet":           {Topic: "a", Payload: make([]byte, MaxRemaining-3)},
		"QoS":              {Topic: "a", QoS: 3},
	}
	for name, p := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := AppendPublish([]byte("before"), p, 1)
			assert.Error(t, err)
			assert.Equal(t, "before", string(got))
		})
	}
}

func TestMalformedPublish(t *testing.T) {
	cases := []struct {
		name   string
		packet []byte
		want   *Error
	}{
		{"QoS 3", []byte{0x36, 4, 0, 0, 0, 0}, errQoS},
		{"DUP at QoS 0", []byte{0x38, 4, 0, 1, 'a', 0}, errDuplicate},
		{"empty", []byte{0x30, 0}, errShort},
		{"topic cut", []byte{0x30, 3, 0, 5, 'a'}, errShort},
		{"no identifier", []byte{0x32, 4, 0, 1, 'a', 0}, errShort},
		{"identifier 0", []byte{0x32, 6, 0, 1, 'a', 0, 0, 0}, errID},
		{"no properties", []byte{0x30, 3, 0, 1, 'a'}, errShort},
		{"properties cut", []byte{0x30, 5, 0, 1, 'a', 3, 1}, errShort},
		{"property length of five bytes", []byte{0x30, 8, 0, 1, 'a', 0xff, 0xff, 0xff, 0xff, 1}, errVarint},
		{"property of CONNECT", []byte{0x30, 9, 0, 1, 'a', 5, 17, 0, 0, 0, 1}, errProperty},
		{"property 64 and up", []byte{0x30, 6, 0, 1, 'a', 2, 65, 0}, errProperty},
		{"value cut", []byte{0x30, 6, 0, 1, 'a', 2, 2, 0}, errShort},
		{"string cut", []byte{0x30, 7, 0, 1, 'a', 3, 3, 0, 1}, errShort},
		{"user value cut", []byte{0x30, 9, 0, 1, 'a', 5, 38, 0, 1, 'k', 0}, errShort},
		{"user key cut", []byte{0x30, 7, 0, 1, 'a', 3, 38, 0, 1}, errShort},
		{"subscription identifier cut", []byte{0x30, 6, 0, 1, 'a', 2, 11, 0x80}, errShort},
		{"subscription identifier 0", []byte{0x30, 6, 0, 1, 'a', 2, 11, 0}, errSubscriber},
		{"alias twice", []byte{0x30, 10, 0, 1, 'a', 6, 35, 0, 1, 35, 0, 1}, errRepeated},
		{"alias 0", []byte{0x30, 7, 0, 1, 'a', 3, 35, 0, 0}, errAlias},
		{"format 2", []byte{0x30, 6, 0, 1, 'a', 2, 1, 2}, errFormat},
		{"neither topic nor alias", []byte{0x30, 3, 0, 0, 0}, errNoTopic},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			frame, size, err := Next(c.packet)
			require.NoError(t, err)
			require.Equal(t, len(c.packet), size)
			assert.Equal(t, c.want, new(Message).Decode(frame))
			assert.NotEmpty(t, c.want.Error())
			assert.GreaterOrEqual(t, c.want.ReasonCode, byte(0x80))
		})
	}
}

func TestNothingIsAllocated(t *testing.T) {
	p := publications()["everything"]
	buffer := make([]byte, 0, 1<<10)
	var m Message
	users := 0
	allocs := testing.AllocsPerRun(100, func() {
		encoded, err := AppendPublish(buffer, p, 7)
		require.NoError(t, err)
		frame, _, err := Next(encoded)
		require.NoError(t, err)
		require.NoError(t, m.Decode(frame))
		for range m.Properties.Users() {
			users++
		}
		var a Acknowledgement
		frame, _, _ = Next(AppendAck(buffer, Puback, m.ID, 0x10))
		require.NoError(t, a.Decode(frame))
	})
	assert.Zero(t, allocs)
	assert.Positive(t, users)
}
