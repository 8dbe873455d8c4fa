package network

import (
	"context"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// echo answers every connection with what it reads.
func echo(t *testing.T) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var all sync.WaitGroup
	all.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() { defer conn.Close(); _, _ = io.Copy(conn, conn) })
		}
	})
	t.Cleanup(func() { _ = l.Close(); all.Wait() })
	return l.Addr().String()
}

func started(t *testing.T, names ...string) *Network {
	t.Helper()
	n, err := Start(t.Context(), echo(t), names...)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, n.Stop(context.Background())) })
	return n
}

func dial(t *testing.T, addr string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, conn.SetDeadline(time.Now().Add(time.Minute)))
	return conn
}

// roundTrip is how long a byte takes there and back.
func roundTrip(t *testing.T, conn net.Conn) time.Duration {
	t.Helper()
	began := time.Now()
	_, err := conn.Write([]byte{1})
	require.NoError(t, err)
	_, err = io.ReadFull(conn, make([]byte, 1))
	require.NoError(t, err)
	return time.Since(began)
}

func TestConditions(t *testing.T) {
	n := started(t, "a", "b")
	a, b := dial(t, n.Addr("a")), dial(t, n.Addr("b"))
	roundTrip(t, a)

	require.NoError(t, n.Set("a", Condition{Latency: 30 * time.Millisecond}))
	assert.GreaterOrEqual(t, roundTrip(t, a), 60*time.Millisecond, "both ways")
	roundTrip(t, b)

	require.NoError(t, n.Set("a", Condition{Stalled: true}))
	_, err := a.Write([]byte{7})
	require.NoError(t, err)
	require.NoError(t, a.SetReadDeadline(time.Now().Add(100*time.Millisecond)))
	_, err = a.Read(make([]byte, 1))
	require.Error(t, err, "nothing passes")
	require.NoError(t, n.Set("a", Condition{}))
	require.NoError(t, a.SetReadDeadline(time.Now().Add(time.Minute)))
	got := make([]byte, 1)
	_, err = io.ReadFull(a, got)
	require.NoError(t, err)
	assert.Equal(t, []byte{7}, got, "what was kept back has come")

	require.NoError(t, n.Set("a", Condition{Cut: true}))
	_, err = a.Read(got)
	assert.Error(t, err, "the connection has ended")
	_, err = net.Dial("tcp", n.Addr("a"))
	assert.Error(t, err, "and there are no new ones")
	roundTrip(t, b)
	require.NoError(t, n.Set("a", Condition{}))
	roundTrip(t, dial(t, n.Addr("a")))

	require.NoError(t, n.Set("b", Condition{KilobytesPerSecond: 100}))
	began := time.Now()
	go func() { _, _ = b.Write(make([]byte, 20_000)) }()
	_, err = io.ReadFull(b, make([]byte, 20_000))
	require.NoError(t, err)
	assert.GreaterOrEqual(t, time.Since(began), 150*time.Millisecond, "20 kB at 100 kB/s")

	assert.ErrorContains(t, n.Set("c", Condition{}), `there is no proxy for "c"`)
}
