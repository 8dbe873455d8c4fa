package broker

import (
	"context"
	"encoding/binary"
	"fmt"
	"sync"
	"testing"

	"github.com/eclipse/paho.golang/paho"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestPipelinedQoS1IsNotStuck is the load that mochi deadlocks under without the guard.
func TestPipelinedQoS1IsNotStuck(t *testing.T) {
	t.Run("in process", func(t *testing.T) {
		s := listening(t, EmbeddedConfig{})
		pipeline(t, s.Addr())
		assert.Zero(t, s.Drops().Dropped)
	})
	eachBroker(t, func(t *testing.T, b *Broker) {
		pipeline(t, b.Addr())
		usage, err := b.Usage()
		require.NoError(t, err)
		assert.Zero(t, usage.Dropped)
	})
}

const (
	pipelineSenders = 10
	pipelineWindow  = 64   // messages that each sender has under way
	pipelineEach    = 2000 // messages of each sender
)

// pipeline sends 20,000 QoS 1 messages to one QoS 1 receiver and requires each to arrive.
func pipeline(t *testing.T, addr string) {
	arrivals := newArrivals(pipelineSenders * pipelineEach)
	subscribe(t, testClient{receive: arrivals.add}.connected(t, addr), "pipeline/+", 1)
	ctx, failures := limited(t), make(chan error, pipelineSenders*pipelineWindow)
	var senders sync.WaitGroup
	for s := range pipelineSenders {
		client := testClient{}.connected(t, addr)
		for w := range pipelineWindow {
			senders.Go(func() { failures <- sendEvery(ctx, client, s, w) })
		}
	}
	senders.Wait()
	for range cap(failures) {
		require.NoError(t, <-failures)
	}
	await(t, arrivals.all, "all messages")
}

// sendEvery sends the messages w, w+pipelineWindow, … of sender s, each after the one before is acknowledged.
func sendEvery(ctx context.Context, client *paho.Client, s, w int) error {
	for i := w; i < pipelineEach; i += pipelineWindow {
		payload := binary.BigEndian.AppendUint32(nil, uint32(s*pipelineEach+i))
		_, err := client.Publish(ctx, &paho.Publish{Topic: fmt.Sprintf("pipeline/%d", s), QoS: 1, Payload: payload})
		if err != nil {
			return fmt.Errorf("publish message %d of sender %d: %w", i, s, err)
		}
	}
	return nil
}

// arrivals collects distinct numbered messages until it has all of them.
type arrivals struct {
	mu      sync.Mutex
	missing map[uint32]struct{}
	all     chan struct{}
}

func newArrivals(n int) *arrivals {
	a := &arrivals{missing: make(map[uint32]struct{}, n), all: make(chan struct{})}
	for i := range n {
		a.missing[uint32(i)] = struct{}{}
	}
	return a
}

func (a *arrivals) add(p *paho.Publish) {
	a.mu.Lock()
	defer a.mu.Unlock()
	number := binary.BigEndian.Uint32(p.Payload)
	if _, expected := a.missing[number]; !expected {
		return
	}
	delete(a.missing, number)
	if len(a.missing) == 0 {
		close(a.all)
	}
}
