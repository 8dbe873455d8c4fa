package stamp

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mqttrace/load/clock"
)

func TestRoundTrip(t *testing.T) {
	hour := clock.Instant(time.Hour)
	cases := []struct {
		name  string
		stamp Stamp
		age   time.Duration
	}{
		{"zero", Stamp{}, 0},
		{"largest fields", Stamp{Run: MaxRun, Arm: MaxArms - 1, Kind: Probe, Sender: MaxSenders - 1, Seq: 1<<32 - 1, Sent: 48 * hour, Intended: 48 * hour}, time.Second},
		{"old", Stamp{Run: 1, Sent: hour, Intended: hour}, MaxAge - time.Second},
		{"from the future", Stamp{Run: 1, Sent: hour, Intended: hour}, -time.Minute},
		{"late by a microsecond", Stamp{Sent: hour, Intended: hour - 1024}, time.Millisecond},
		{"late by a minute", Stamp{Sent: hour, Intended: hour - clock.Instant(time.Minute)}, time.Millisecond},
		{"late by a day", Stamp{Sent: 25 * hour, Intended: hour}, time.Millisecond},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var data [Size]byte
			c.stamp.Encode(&data)
			got, ok := Decode(data[:], c.stamp.Sent.Add(c.age))
			require.True(t, ok)
			assertClose(t, c.stamp, got)
		})
	}
}

// assertClose checks that got is want but for what the encoding is documented to lose.
func assertClose(t *testing.T, want, got Stamp) {
	t.Helper()
	assert.InDelta(t, int64(want.Sent), int64(got.Sent), float64(unit), "sent")
	lag, gotLag := want.Sent.Sub(want.Intended), got.Sent.Sub(got.Intended)
	assert.InDelta(t, int64(lag), int64(gotLag), float64(unit)+float64(lag)/500_000, "lag")
	got.Sent, got.Intended = want.Sent, want.Intended
	assert.Equal(t, want, got)
}

func TestDecodeRefuses(t *testing.T) {
	_, ok := Decode(nil, 0)
	assert.False(t, ok, "no data")
	_, ok = Decode(make([]byte, Size+1), 0)
	assert.False(t, ok, "a byte too many")
	unknownKind := make([]byte, Size)
	unknownKind[1] = 3
	_, ok = Decode(unknownKind, 0)
	assert.False(t, ok, "unknown kind")
}

func FuzzRoundTrip(f *testing.F) {
	f.Add(uint16(1), uint8(2), uint8(0), uint32(7), uint32(9), int64(time.Hour), int64(time.Millisecond), int64(time.Second))
	f.Fuzz(func(t *testing.T, run uint16, arm, kind uint8, sender, seq uint32, sent, lag, age int64) {
		if sent < 0 || lag < 0 || lag > sent || age < -int64(MaxAge)/2 || age > int64(MaxAge)/2 || sent > int64(1<<60) {
			t.Skip()
		}
		want := Stamp{Run: run & MaxRun, Arm: arm % MaxArms, Kind: Kind(kind % 3), Sender: sender % MaxSenders, Seq: seq,
			Sent: clock.Instant(sent), Intended: clock.Instant(sent - lag)}
		var data [Size]byte
		want.Encode(&data)
		got, ok := Decode(data[:], want.Sent.Add(time.Duration(age)))
		require.True(t, ok)
		assertClose(t, want, got)
	})
}

func FuzzDecode(f *testing.F) {
	f.Add(make([]byte, Size), int64(0))
	f.Fuzz(func(t *testing.T, data []byte, now int64) {
		s, ok := Decode(data, clock.Instant(now))
		if ok {
			require.LessOrEqual(t, s.Intended, s.Sent)
		}
	})
}

func BenchmarkEncode(b *testing.B) {
	var data [Size]byte
	s := Stamp{Run: 1, Sender: 2, Sent: clock.Now(), Intended: clock.Now()}
	b.ReportAllocs()
	for b.Loop() {
		s.Seq++
		s.Encode(&data)
	}
}

func BenchmarkDecode(b *testing.B) {
	var data [Size]byte
	now := clock.Now()
	Stamp{Run: 1, Sender: 2, Sent: now, Intended: now}.Encode(&data)
	b.ReportAllocs()
	for b.Loop() {
		Decode(data[:], now)
	}
}
