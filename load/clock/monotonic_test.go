package clock_test

import (
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mqttrace/load/clock"
)

const readingEnv = "MQTTRACE_TEST_READING"

// TestMain makes this binary the other process of TestMonotonicAcrossProcesses.
func TestMain(m *testing.M) {
	if os.Getenv(readingEnv) != "" {
		boot, offset, _ := clock.Monotonic()
		os.Stdout.WriteString(boot + "\n" + strconv.FormatInt(int64(clock.Now())+int64(offset), 10))
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// A reading of another process lies between two of this one.
func TestMonotonicAcrossProcesses(t *testing.T) {
	here, offset, ok := clock.Monotonic()
	if runtime.GOOS != "linux" {
		require.False(t, ok)
		return
	}
	require.True(t, ok)
	other := exec.Command(os.Args[0])
	other.Env = append(os.Environ(), readingEnv+"=1")
	before := clock.Now().Add(offset)
	out, err := other.Output()
	after := clock.Now().Add(offset)
	require.NoError(t, err)
	there, text, _ := strings.Cut(string(out), "\n")
	assert.Equal(t, here, there)
	reading, err := strconv.ParseInt(text, 10, 64)
	require.NoError(t, err)
	assert.Greater(t, reading, int64(before))
	assert.Less(t, reading, int64(after))
	again, offset2, _ := clock.Monotonic()
	assert.Equal(t, here, again)
	assert.InDelta(t, int64(offset), int64(offset2), float64(time.Millisecond))
}
