package packet

import (
	"bytes"
	"testing"

	"github.com/eclipse/paho.golang/packets"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestNextWaitsForTheWholePacket(t *testing.T) {
	packet, err := AppendPublish(nil, publications()["everything"], 1)
	require.NoError(t, err)
	for n := range len(packet) {
		frame, size, err := Next(packet[:n])
		require.NoError(t, err)
		assert.Zero(t, frame)
		if n < 3 {
			assert.Zero(t, size, "the length is not there yet")
		} else {
			assert.Equal(t, len(packet), size)
		}
	}
}

func TestNextRefusesAFifthByteOfLength(t *testing.T) {
	_, _, err := Next([]byte{0x30, 0xff, 0xff, 0xff, 0xff, 0x01})
	assert.Equal(t, errVarint, err)
	_, size, err := Next([]byte{0x30, 0xff, 0xff, 0xff, 0x7f})
	require.NoError(t, err)
	assert.Equal(t, 1+4+MaxRemaining, size)
}

func TestAcknowledgements(t *testing.T) {
	for _, kind := range []byte{Puback, Pubrec, Pubrel, Pubcomp} {
		for _, reason := range []byte{0, 0x10, 0x92} {
			encoded := AppendAck(nil, kind, 0xabcd, reason)
			read, err := packets.ReadPacket(bytes.NewReader(encoded))
			require.NoError(t, err)
			assert.Equal(t, kind, read.Type)
			assert.EqualValues(t, 0xabcd, read.PacketID())
			frame, size, err := Next(encoded)
			require.NoError(t, err)
			require.Equal(t, len(encoded), size)
			var a Acknowledgement
			require.NoError(t, a.Decode(frame))
			assert.Equal(t, Acknowledgement{ID: 0xabcd, ReasonCode: reason}, a)
		}
	}
	var b bytes.Buffer
	_, err := (&packets.Pubrel{PacketID: 7, ReasonCode: 0x92}).WriteTo(&b)
	require.NoError(t, err)
	assert.Equal(t, b.Bytes(), AppendAck(nil, Pubrel, 7, 0x92), "byte for byte where paho leaves properties out, too")
}

func TestAcknowledgementsWithProperties(t *testing.T) {
	var b bytes.Buffer
	_, err := (&packets.Puback{PacketID: 7, ReasonCode: 0x97, Properties: &packets.Properties{
		ReasonString: "too much", User: []packets.User{{Key: "k", Value: "v"}}}}).WriteTo(&b)
	require.NoError(t, err)
	frame, _, err := Next(b.Bytes())
	require.NoError(t, err)
	var a Acknowledgement
	require.NoError(t, a.Decode(frame))
	assert.Equal(t, Acknowledgement{ID: 7, ReasonCode: 0x97, ReasonString: []byte("too much")}, a)
}

func TestMalformedAcknowledgements(t *testing.T) {
	cases := []struct {
		name   string
		packet []byte
		want   *Error
	}{
		{"empty", []byte{0x40, 0}, errShort},
		{"half an identifier", []byte{0x40, 1, 0}, errShort},
		{"identifier 0", []byte{0x40, 2, 0, 0}, errID},
		{"flags", []byte{0x41, 2, 0, 1}, errFlags},
		{"PUBREL without its flags", []byte{0x60, 2, 0, 1}, errFlags},
		{"bytes left over", []byte{0x40, 5, 0, 1, 0, 0, 0}, errTrailing},
		{"properties cut", []byte{0x40, 5, 0, 1, 0, 4, 31}, errShort},
		{"property of PUBLISH", []byte{0x40, 6, 0, 1, 0, 2, 1, 1}, errProperty},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			frame, _, err := Next(c.packet)
			require.NoError(t, err)
			assert.Equal(t, c.want, new(Acknowledgement).Decode(frame))
		})
	}
}
