package otlp

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// exporting sends one request over gRPC and returns where its outcome will be.
func exporting(t *testing.T, ctx context.Context, r *Receiver) <-chan error {
	t.Helper()
	conn, outcome := dial(t, r), make(chan error, 1)
	go func() { outcome <- signals["traces"].export(ctx, conn, someTraces()) }()
	return outcome
}

// arrived waits until the receiver has read n requests, which it may not have answered.
func arrived(t *testing.T, r *Receiver, n int) {
	t.Helper()
	size := len(marshal(t, someTraces()))
	require.Eventually(t, func() bool { return r.Counts().Unpacked == uint64(n*size) }, testLimit, time.Millisecond)
}

func TestBehave(t *testing.T) {
	t.Run("refuses", func(t *testing.T) {
		r := anywhere(t, Handler{})
		r.Behave(Behavior{Refuse: codes.InvalidArgument})
		assert.Equal(t, codes.InvalidArgument, status.Code(await(t, exporting(t, limited(t), r), "the answer")))
		assert.Equal(t, 400, post(t, "http://"+r.HTTPAddr()+"/v1/traces", nil, "Content-Type", contentProtobuf).code)
		r.Behave(Behavior{})
		require.NoError(t, await(t, exporting(t, limited(t), r), "the answer"))
		assert.Equal(t, uint64(2), r.Counts().Refused)
		assert.Equal(t, uint64(1), r.Counts().Spans)
	})
	t.Run("stalls until told otherwise", func(t *testing.T) {
		r := anywhere(t, Handler{})
		r.Behave(Behavior{Stall: true})
		outcome := exporting(t, limited(t), r)
		arrived(t, r, 1)
		assert.Empty(t, outcome)
		r.Behave(Behavior{})
		require.NoError(t, await(t, outcome, "the answer"))
	})
	t.Run("stalls until the exporter gives up", func(t *testing.T) {
		r := anywhere(t, Handler{})
		r.Behave(Behavior{Stall: true})
		ctx, cancel := context.WithCancel(limited(t))
		outcome := exporting(t, ctx, r)
		arrived(t, r, 1)
		cancel()
		assert.Equal(t, codes.Canceled, status.Code(await(t, outcome, "the answer")))
		require.Eventually(t, func() bool { return r.Counts().Refused == 1 }, testLimit, time.Millisecond)
	})
	t.Run("stalls until it closes", func(t *testing.T) {
		r := anywhere(t, Handler{})
		r.Behave(Behavior{Stall: true})
		outcome := exporting(t, limited(t), r)
		arrived(t, r, 1)
		require.NoError(t, r.Close())
		assert.Equal(t, codes.Unavailable, status.Code(await(t, outcome, "the answer")))
	})
	t.Run("answers late", func(t *testing.T) {
		r := anywhere(t, Handler{})
		r.Behave(Behavior{Delay: 20 * time.Millisecond})
		before := time.Now()
		require.NoError(t, await(t, exporting(t, limited(t), r), "the answer"))
		assert.GreaterOrEqual(t, time.Since(before), 20*time.Millisecond)
	})
	t.Run("a delay ends when told so", func(t *testing.T) {
		r := anywhere(t, Handler{})
		r.Behave(Behavior{Delay: time.Hour})
		outcome := exporting(t, limited(t), r)
		arrived(t, r, 1)
		r.Behave(Behavior{Refuse: codes.Unavailable})
		assert.Equal(t, codes.Unavailable, status.Code(await(t, outcome, "the answer")))
	})
}
