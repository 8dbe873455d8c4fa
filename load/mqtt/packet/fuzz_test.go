package packet

import (
	"bytes"
	"slices"
	"testing"

	"github.com/eclipse/paho.golang/packets"
	"github.com/stretchr/testify/require"
)

// pahoReads is what paho.golang makes of the same packet. The length is checked first: paho allocates whatever it says.
func pahoReads(b []byte) (*packets.ControlPacket, error) {
	return packets.ReadPacket(bytes.NewReader(b))
}

// Whatever is accepted is what paho.golang reads out of the same bytes. What it accepts and this package does not is one of the
// errors that package documentation names.
func FuzzPublish(f *testing.F) {
	for _, p := range publications() {
		if encoded, err := AppendPublish(nil, p, 0x1234); err == nil && len(encoded) < 1<<12 {
			f.Add(encoded)
		}
	}
	stricter := map[error]bool{errQoS: true, errDuplicate: true, errID: true, errRepeated: true, errFormat: true, errAlias: true,
		errSubscriber: true, errNoTopic: true, errShort: true, errVarint: true}
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 0 {
			b[0] = Publish<<4 | b[0]&0x0f
		}
		frame, size, err := Next(b)
		if err != nil || size == 0 || size > len(b) {
			return
		}
		var m Message
		if err := m.Decode(frame); err != nil {
			if _, pahoErr := pahoReads(b[:size]); pahoErr == nil {
				require.True(t, stricter[err], "paho.golang takes it: %v", err)
			}
			return
		}
		requireSame(t, b[:size], &m)
	})
}

func fuzzAck(f *testing.F, kind byte) {
	f.Add([]byte{0, 1})
	f.Add([]byte{0, 1, 0x10})
	f.Add([]byte{0, 1, 0x97, 13, 31, 0, 3, 'w', 'h', 'y', 38, 0, 1, 'k', 0, 1, 'v'})
	stricter := map[error]bool{errID: true, errRepeated: true, errTrailing: true, errShort: true, errVarint: true}
	f.Fuzz(func(t *testing.T, body []byte) {
		b := append(appendUvarint([]byte{kind<<4 | flagsOf(kind)}, len(body)), body...)
		frame, size, err := Next(b)
		require.NoError(t, err)
		require.Equal(t, len(b), size)
		var a Acknowledgement
		read, pahoErr := pahoReads(b)
		if err := a.Decode(frame); err != nil {
			require.True(t, pahoErr != nil || stricter[err], "paho.golang takes it: %v", err)
			return
		}
		require.NoError(t, pahoErr)
		require.Equal(t, read.PacketID(), a.ID)
		code, properties := contentOf(read)
		require.Equal(t, code, a.ReasonCode)
		require.Equal(t, properties.ReasonString, string(a.ReasonString))
	})
}

func contentOf(p *packets.ControlPacket) (byte, *packets.Properties) {
	switch c := p.Content.(type) {
	case *packets.Puback:
		return c.ReasonCode, c.Properties
	case *packets.Pubrec:
		return c.ReasonCode, c.Properties
	case *packets.Pubrel:
		return c.ReasonCode, c.Properties
	default:
		return c.(*packets.Pubcomp).ReasonCode, c.(*packets.Pubcomp).Properties
	}
}

func FuzzPuback(f *testing.F)  { fuzzAck(f, Puback) }
func FuzzPubrec(f *testing.F)  { fuzzAck(f, Pubrec) }
func FuzzPubrel(f *testing.F)  { fuzzAck(f, Pubrel) }
func FuzzPubcomp(f *testing.F) { fuzzAck(f, Pubcomp) }

// A stream cut anywhere is cut into the same packets.
func FuzzNext(f *testing.F) {
	f.Add([]byte{0x30, 2, 0, 0, 0x40, 2, 0, 1}, byte(1))
	f.Fuzz(func(t *testing.T, stream []byte, step byte) {
		var whole, pieces []int
		for rest := stream; ; {
			_, size, err := Next(rest)
			if err != nil || size == 0 || size > len(rest) {
				break
			}
			whole, rest = append(whole, size), rest[size:]
		}
		begin := 0
		for end := 0; end <= len(stream); end += int(step%8) + 1 {
			for {
				_, size, err := Next(stream[begin:end])
				if err != nil || size == 0 || size > end-begin {
					break
				}
				pieces, begin = append(pieces, size), begin+size
			}
		}
		require.LessOrEqual(t, len(pieces), len(whole))
		require.True(t, slices.Equal(whole[:len(pieces)], pieces), "%v and %v", whole, pieces)
	})
}
