package envelope

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestStamp(t *testing.T) {
	for _, at := range []time.Time{time.Unix(0, 0), time.Unix(1_800_000_000, 123_456_788), time.Date(2116, 1, 1, 0, 0, 0, 4, time.UTC)} {
		data := stamp(at)
		id, err := uuid.FromBytes(data)
		require.NoError(t, err)
		assert.Equal(t, uuid.Version(8), id.Version())
		assert.Equal(t, uuid.RFC4122, id.Variant())
		got, ok := sentAt(data)
		require.True(t, ok)
		assert.True(t, got.Equal(at), "%v, want %v", got, at)
	}
}

func TestOtherCorrelationDataAreNoStamp(t *testing.T) {
	random, err := uuid.NewRandom()
	require.NoError(t, err)
	ordered, err := uuid.NewV7()
	require.NoError(t, err)
	wrongVersion := stamp(time.Now())
	wrongVersion[6] = wrongVersion[6]&0x0f | 0x40
	for _, data := range [][]byte{nil, {}, []byte("short"), random[:], ordered[:], make([]byte, 16), wrongVersion, append(stamp(time.Now()), 0)} {
		_, ok := sentAt(data)
		assert.False(t, ok, "%x", data)
	}
}

func FuzzStamp(f *testing.F) {
	f.Add(int64(1_800_000_000_123_456_789))
	f.Fuzz(func(t *testing.T, ns int64) {
		ns &= 1<<62 - 1 // to 2116
		got, ok := sentAt(stamp(time.Unix(0, ns)))
		require.True(t, ok)
		require.Equal(t, ns/unit*unit, got.UnixNano())
	})
}
