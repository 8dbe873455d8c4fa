package mqtt

import (
	"bytes"
	"encoding/binary"
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mqttrace/load/clock"
	"mqttrace/load/mqtt/packet"
)

// cut is a stream in pieces of a size.
func cut(stream []byte, size int) *pipe {
	p := new(pipe)
	for rest := stream; len(rest) > 0; {
		n := min(size, len(rest))
		p.pieces, rest = append(p.pieces, rest[:n:n]), rest[n:]
	}
	return p
}

func TestInletCutsPacketsHoweverTheyCome(t *testing.T) {
	sent := [][]byte{encoded(t, 10), {packet.Pingresp << 4, 0}, encoded(t, 0), encoded(t, 300), encoded(t, 3*chunkSize), encoded(t, 5), encoded(t, 5)}
	stream := bytes.Join(sent, nil)
	for _, size := range []int{1, 2, 3, 7, 100, plainBuffer, chunkSize, len(stream)} {
		var in inlet
		in.init(cut(stream, size))
		before := clock.Now()
		for i, want := range sent {
			frame, err := in.next()
			require.NoError(t, err, "packet %d in pieces of %d", i, size)
			require.Equal(t, want, append(binary.AppendUvarint([]byte{frame.First}, uint64(len(frame.Body))), frame.Body...), "packet %d in pieces of %d", i, size)
			require.GreaterOrEqual(t, in.readAt, before)
		}
		_, err := in.next()
		assert.ErrorIs(t, err, io.EOF)
		in.release()
		assert.Nil(t, in.chunk)
	}
}

func TestInletTakesLargePackets(t *testing.T) {
	var in inlet
	sent := encoded(t, 3*trusted)
	in.init(cut(append(sent, sent...), chunkSize+1))
	for range 2 {
		frame, err := in.next()
		require.NoError(t, err)
		assert.True(t, bytes.HasSuffix(sent, frame.Body))
	}
}

func TestInletTakesMemoryForWhatHasCome(t *testing.T) {
	var in inlet
	in.init(cut([]byte{0x30, 0xff, 0xff, 0xff, 0x7f, 0, 1, 'a'}, 4))
	_, err := in.next()
	require.ErrorIs(t, err, io.EOF)
	assert.LessOrEqual(t, cap(in.chunk.b), trusted, "of the 256 MB that the packet says it has")
}

func TestInletEndsInThePacket(t *testing.T) {
	whole := encoded(t, 20)
	for n := range len(whole) {
		var in inlet
		in.init(cut(whole[:n], 3))
		_, err := in.next()
		assert.ErrorIs(t, err, io.EOF)
	}
}

func TestInletRefusesWhatIsTooLarge(t *testing.T) {
	var in inlet
	in.init(cut([]byte{0x30, 0xff, 0xff, 0xff, 0xff, 0x01}, 100))
	_, err := in.next()
	var malformed *packet.Error
	require.ErrorAs(t, err, &malformed)
	assert.Equal(t, byte(0x81), malformed.ReasonCode)

	in = inlet{limit: 20}
	in.init(cut(encoded(t, 20), 5))
	_, err = in.next()
	require.ErrorAs(t, err, &malformed)
	assert.Equal(t, byte(0x95), malformed.ReasonCode)
	assert.LessOrEqual(t, len(in.chunk.b), 10, "before all of it has been read")
}
