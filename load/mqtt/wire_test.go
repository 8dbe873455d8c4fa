package mqtt

import (
	"bytes"
	"io"
	"net"
	"testing"

	"github.com/eclipse/paho.golang/packets"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mqttrace/load/clock"
)

// pipe is a net.Conn that reads what it is given in pieces and counts the writes.
type pipe struct {
	net.Conn
	pieces [][]byte
	writes [][]byte
}

func (p *pipe) Read(b []byte) (int, error) {
	if len(p.pieces) == 0 {
		return 0, io.EOF
	}
	n := copy(b, p.pieces[0])
	if p.pieces[0] = p.pieces[0][n:]; len(p.pieces[0]) == 0 {
		p.pieces = p.pieces[1:]
	}
	return n, nil
}

func (p *pipe) Write(b []byte) (int, error) {
	p.writes = append(p.writes, bytes.Clone(b))
	return len(b), nil
}

func (p *pipe) Close() error { return nil }

func encoded(t *testing.T, payload int) []byte {
	t.Helper()
	var b bytes.Buffer
	publish := packets.Publish{Topic: "a", Properties: &packets.Properties{}, Payload: make([]byte, payload)}
	_, err := publish.WriteTo(&b)
	require.NoError(t, err)
	return b.Bytes()
}

func TestWireNotesWhenEachPublishWasRead(t *testing.T) {
	var pingresp bytes.Buffer
	_, err := packets.NewControlPacket(packets.PINGRESP).WriteTo(&pingresp)
	require.NoError(t, err)
	stream := bytes.Join([][]byte{encoded(t, 10), pingresp.Bytes(), encoded(t, 0), encoded(t, 300), encoded(t, 20_000)}, nil)
	for _, size := range []int{1, 7, 100, len(stream)} {
		p := new(pipe)
		for rest := stream; len(rest) > 0; {
			n := min(size, len(rest))
			p.pieces, rest = append(p.pieces, rest[:n:n]), rest[n:]
		}
		w := newWire(p, 10, new(counters))
		before := clock.Now()
		for i := range 5 {
			got, err := packets.ReadPacket(w)
			require.NoError(t, err, "packet %d in pieces of %d", i, size)
			if got.Type != packets.PUBLISH {
				assert.Empty(t, w.arrivals)
				continue
			}
			require.Len(t, w.arrivals, 1)
			at, more := w.nextArrival()
			assert.False(t, more)
			assert.GreaterOrEqual(t, at, before)
			assert.LessOrEqual(t, at, clock.Now())
			before = at
		}
		_, err := packets.ReadPacket(w)
		assert.ErrorIs(t, err, io.EOF)
	}
}

func TestWireRefusesAFifthByteOfLength(t *testing.T) {
	w := newWire(&pipe{pieces: [][]byte{{0x30, 0xff, 0xff, 0xff, 0xff, 0x01}}}, 1, new(counters))
	_, err := packets.ReadPacket(w)
	assert.ErrorIs(t, err, errPacketTooLarge)
}

func TestWireWritesEachPacketAtOnceAndABurstTogether(t *testing.T) {
	p, c := new(pipe), new(counters)
	w := newWire(p, 1, c)
	publish := func(more bool) {
		w.morePublishes.Store(more)
		_, err := (&packets.Publish{Topic: "a", Properties: &packets.Properties{}, Payload: make([]byte, 100)}).WriteTo(w)
		require.NoError(t, err)
	}
	one := encoded(t, 100)
	publish(false)
	assert.Equal(t, [][]byte{one}, p.writes, "a lone packet in one write")
	publish(true)
	publish(true)
	assert.Len(t, p.writes, 1, "kept back: more follows")
	publish(false)
	assert.Equal(t, bytes.Repeat(one, 3), p.writes[1])
	for range flushAt/len(one) + 1 {
		publish(true)
	}
	assert.Len(t, p.writes, 3, "a full buffer does not wait")
	require.NoError(t, w.flushNow())
	assert.EqualValues(t, 4+flushAt/len(one)+1, c.publishes.Load())
	assert.EqualValues(t, c.publishes.Load()*uint64(len(one)), c.publishBytes.Load())
}

func FuzzFrameScanner(f *testing.F) {
	f.Add([]byte{0x30, 0x02, 0, 0}, byte(1))
	f.Fuzz(func(t *testing.T, stream []byte, size byte) {
		var whole, pieces frameScanner
		var ends, piecewise int
		for rest := stream; len(rest) > 0 && !whole.tooLarge; {
			n, ended := whole.scan(rest)
			if ended {
				ends++
			}
			rest = rest[n:]
		}
		for rest := stream; len(rest) > 0 && !pieces.tooLarge; {
			n, ended := pieces.scan(rest[:min(int(size%16)+1, len(rest))])
			if ended {
				piecewise++
			}
			rest = rest[n:]
		}
		require.Equal(t, ends, piecewise, "however the bytes come")
		require.Equal(t, whole, pieces)
	})
}
