package record

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// all is what an inbox knows, to compare two.
func (b *Inbox) known(flows int) (all []any) {
	for flow := range flows {
		a := AccountOf(flow, []*Inbox{b})
		runs := [][2]uint64{}
		a.seen.runs(func(first, end uint64) bool { runs = append(runs, [2]uint64{first, end}); return true })
		all = append(all, runs, a.Distinct, a.Duplicated, a.Reordered, a.gaps)
	}
	return append(all, TotalsOf([]*Inbox{b}), b.Distinct(), b.Copies(), b.Duplicates(), b.Reorders())
}

// plenty is memory for any test.
func plenty() *int64 { return new(int64(64 << 20)) }

func sentAll(int) uint32 { return math.MaxUint32 }

func TestInboxesSurviveBeingWrittenDown(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 8))
	for _, flows := range []int{1, 3, 200} {
		b := NewInbox(flows)
		for range 50_000 {
			flow := random.IntN(flows)
			switch random.IntN(1000) {
			case 0:
				b.SessionEnded()
			case 1:
				b.AddForeign()
			case 2:
				b.AddLate()
			default:
				b.Add(flow, random.IntN(3), uint32(random.IntN(40_000)), random.IntN(2) == 0)
			}
		}
		data := b.AppendTo(nil)
		d := NewDecoder(data, plenty())
		again := d.Inbox(flows, sentAll)
		d.End()
		require.NoError(t, d.Err())
		assert.Equal(t, b.known(flows), again.known(flows))
		assert.Equal(t, data, again.AppendTo(nil))
	}
}

func TestWhatArrivedInOrderTakesLittle(t *testing.T) {
	b := NewInbox(100)
	for flow := range 100 {
		for seq := range uint32(2400) {
			b.Add(flow, 0, seq, false)
		}
	}
	assert.Less(t, len(b.AppendTo(nil)), 1000, "bytes of 240,000 messages")
}

func TestMessagesThatNobodySentAreForeign(t *testing.T) {
	b := NewInbox(2)
	for seq := range uint32(10) {
		b.Add(0, 0, seq, false)
	}
	d := NewDecoder(b.AppendTo(nil), plenty())
	again := d.Inbox(2, func(int) uint32 { return 7 })
	require.NoError(t, d.Err())
	assert.EqualValues(t, 7, again.Distinct())
	assert.EqualValues(t, 3, TotalsOf([]*Inbox{again}).Foreign)
}

func TestNumbersSurviveBeingWrittenDown(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var n, again Numbers
	for range 1000 {
		n.Add(uint32(random.IntN(20_000)))
	}
	for seq := range uint32(pageBits) {
		n.Add(seq + 5*pageBits)
	}
	d := NewDecoder(n.AppendTo(nil), plenty())
	d.Numbers(&again, 100_000, "refused")
	require.NoError(t, d.Err())
	assert.Equal(t, n.set, again.set)
	d = NewDecoder(n.AppendTo(nil), plenty())
	d.Numbers(new(Numbers), 100, "refused")
	assert.ErrorContains(t, d.Err(), "refused: ")
}

func TestDecoderTakesNoMoreMemoryThanItMay(t *testing.T) {
	d := NewDecoder(AppendUints(nil, 1, 0, math.MaxUint32+1), new(int64(1<<20)))
	var n Numbers
	d.Numbers(&n, math.MaxUint32, "refused")
	assert.ErrorContains(t, d.Err(), "more memory")
	assert.Empty(t, n.set.pages)
}

// FuzzDecoder looks for data that Inbox panics on, takes too much memory for, or reads otherwise than it writes.
func FuzzDecoder(f *testing.F) {
	b := NewInbox(3)
	for _, seq := range []uint32{0, 1, 2, 4, 4, 3, 5000, 4999} {
		b.Add(1, 0, seq, true)
	}
	b.SessionEnded()
	b.Add(2, 1, 70, false)
	f.Add(b.AppendTo(nil))
	f.Add(slices.Repeat([]byte{0xff}, 40))
	f.Fuzz(func(t *testing.T, data []byte) {
		d := NewDecoder(data, plenty())
		read := d.Inbox(70, sentAll)
		d.End()
		if d.Err() != nil {
			return
		}
		d = NewDecoder(read.AppendTo(nil), plenty())
		again := d.Inbox(70, sentAll)
		require.NoError(t, d.Err())
		assert.Equal(t, read.known(70), again.known(70))
	})
}
