package broker

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// TestChildrenDoNotHearTheTerminal: Ctrl-C goes to the process group in front.
func TestChildrenDoNotHearTheTerminal(t *testing.T) {
	eachBroker(t, func(t *testing.T, b *Broker) {
		group, err := unix.Getpgid(b.PID())
		require.NoError(t, err)
		assert.Equal(t, b.PID(), group)
	})
}

// TestMosquittoMayOpenManyFiles: with a soft limit of 1,024, the usual one, it would be full at 1,000 clients.
func TestMosquittoMayOpenManyFiles(t *testing.T) {
	b, err := StartMosquitto(limited(t))
	running(t, b, err)
	var limit unix.Rlimit
	require.NoError(t, unix.Prlimit(b.PID(), unix.RLIMIT_NOFILE, nil, &limit))
	assert.GreaterOrEqual(t, limit.Cur, min(limit.Max, fileLimit))
}
