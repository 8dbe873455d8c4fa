package shard

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/eclipse/paho.golang/paho"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mqttrace/load/broker"
	"mqttrace/load/clock"
	"mqttrace/load/mqtt"
)

// outcome is what a shard's Join returned.
type outcome struct {
	*Member
	err error
}

// joinAll joins several shards of a run in this process, all at once, and closes at the end those that succeed.
func joinAll(t *testing.T, settings mqtt.Settings, specs ...Spec) []outcome {
	t.Helper()
	outcomes := make([]outcome, len(specs))
	var all sync.WaitGroup
	for i, spec := range specs {
		all.Go(func() { outcomes[i] = join(t, settings, spec) })
	}
	all.Wait()
	return outcomes
}

func join(t *testing.T, settings mqtt.Settings, spec Spec) outcome {
	t.Helper()
	spec.pace = quick
	m, err := Join(limited(t), settings, spec)
	if err == nil {
		t.Cleanup(func() { assert.NoError(t, m.Close(limited(t))) })
	}
	return outcome{m, err}
}

// shardsOf are all shards of a run but those left out.
func shardsOf(of int, out ...int) (specs []Spec) {
	left := make(map[int]bool)
	for _, i := range out {
		left[i] = true
	}
	for i := range of {
		if !left[i] {
			specs = append(specs, Spec{Index: i, Of: of, Run: "r", Fingerprint: "f"})
		}
	}
	return specs
}

// failed asserts that an error is a Failure of that cause and text, in which %s stands for this host and process.
func failed(t *testing.T, err error, cause Cause, format string) {
	t.Helper()
	var f *Failure
	require.ErrorAs(t, err, &f)
	assert.Equal(t, cause, f.Cause)
	here := Shard{Host: hostname(t), PID: os.Getpid()}.where()
	var places []any
	for i := range len(format) - 1 {
		if format[i:i+2] == "%s" {
			places = append(places, here)
		}
	}
	assert.Equal(t, fmt.Sprintf(format, places...), f.Error())
}

func TestNeverArrives(t *testing.T) {
	eachBroker(t, func(t *testing.T, settings mqtt.Settings) {
		specs := shardsOf(8, 3, 5)
		for i := range specs {
			specs[i].Wait = 10 * time.Second
		}
		for _, o := range joinAll(t, settings, specs...) {
			failed(t, o.err, Missing, "shards 3 and 5 of 8 did not arrive within 10s")
		}
		assert.Empty(t, retainedBelow(t, settings, DefaultPrefix))
	})
}

func TestLeadNeverArrives(t *testing.T) {
	settings := mqtt.Settings{Address: mosquitto(t).Addr()}
	specs := shardsOf(3, 0)
	for i := range specs {
		specs[i].Wait = time.Second
	}
	for _, o := range joinAll(t, settings, specs...) {
		failed(t, o.err, Missing, "shard 0 of 3 did not arrive within 1s")
	}
}

func TestLeadArrivesLast(t *testing.T) {
	settings := mqtt.Settings{Address: mosquitto(t).Addr()}
	var all sync.WaitGroup
	waiting := make(chan struct{}, 2)
	for _, spec := range shardsOf(3, 0) {
		var once sync.Once
		spec.Progress = func(text string) {
			if text == "waiting for shard 0" {
				once.Do(func() { waiting <- struct{}{} })
			}
		}
		all.Go(func() { assert.NoError(t, join(t, settings, spec).err) })
	}
	<-waiting
	<-waiting
	assert.NoError(t, join(t, settings, shardsOf(3)[0]).err)
	all.Wait()
}

func TestDuplicateBeforeAllArrived(t *testing.T) {
	eachBroker(t, func(t *testing.T, settings mqtt.Settings) {
		for _, index := range []int{0, 2} {
			t.Run(fmt.Sprintf("shard %d", index), func(t *testing.T) {
				specs := shardsOf(4, 3)
				for _, o := range joinAll(t, settings, append(specs, specs[index])...) {
					failed(t, o.err, Duplicate, fmt.Sprintf("shard %d was started twice: on %%s, and on %%s", index))
				}
			})
		}
	})
}

// One that comes when the run has begun is refused, and does it no harm.
func TestDuplicateLater(t *testing.T) {
	eachBroker(t, func(t *testing.T, settings mqtt.Settings) {
		for _, index := range []int{0, 2} {
			t.Run(fmt.Sprintf("shard %d", index), func(t *testing.T) {
				specs := shardsOf(3)
				members := joinAll(t, settings, specs...)
				late := join(t, settings, specs[index])
				want := fmt.Sprintf("shard %d on %%s came too late: the run has begun with shard %d on %%s", index, index)
				if index == 0 && !strings.Contains(late.err.Error(), "too late") {
					want = "shard 0 was started twice: on %s, and on %s" // it leads itself, and may see that first
				}
				failed(t, late.err, Duplicate, want)
				reachAll(t, members, "ready")
			})
		}
	})
}

// reachAll has all come to a step.
func reachAll(t *testing.T, members []outcome, step string) {
	t.Helper()
	var all sync.WaitGroup
	for _, m := range members {
		if assert.NoError(t, m.err) {
			all.Go(func() { assert.NoError(t, m.Reach(limited(t), step)) })
		}
	}
	all.Wait()
}

func TestUnlike(t *testing.T) {
	settings := mqtt.Settings{Address: mosquitto(t).Addr()}
	for name, test := range map[string]struct {
		change func(*Spec)
		want   string
	}{
		"scenario": {func(s *Spec) { s.Fingerprint = "g" }, "shard 2 (%s) has another scenario or version than shard 0 (%s)"},
		"number":   {func(s *Spec) { s.Of = 5 }, "shard 2 (%s) is one of 5 shards, shard 0 (%s) one of 3"},
		"collecting": {func(s *Spec) { s.Collect = OverBroker },
			"shard 2 (%s) and shard 0 (%s) disagree how shard 0 collects the results of all: --collect broker and --collect no"},
		"number too far": {func(s *Spec) { s.Index, s.Of = 4, 5 }, "shard 4 (%s) is one of 5 shards, shard 0 (%s) one of 3"},
	} {
		t.Run(name, func(t *testing.T) {
			specs := shardsOf(3)
			test.change(&specs[2])
			for _, o := range joinAll(t, settings, specs...) {
				failed(t, o.err, Unlike, test.want)
			}
		})
	}
}

// One that comes when it is over already is told the same.
func TestUnlikeBeforeAllArrived(t *testing.T) {
	settings := mqtt.Settings{Address: mosquitto(t).Addr()}
	specs := shardsOf(3)
	specs[2].Fingerprint = "g"
	const want = "shard 2 (%s) has another scenario or version than shard 0 (%s)"
	over := make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() { failed(t, join(t, settings, specs[0]).err, Unlike, want) })
	all.Go(func() {
		defer close(over)
		failed(t, join(t, settings, specs[2]).err, Unlike, want)
	})
	<-over
	failed(t, join(t, settings, specs[1]).err, Unlike, want)
	all.Wait()
}

func TestGiveUp(t *testing.T) {
	settings := mqtt.Settings{Address: mosquitto(t).Addr()}
	for name, test := range map[string]struct {
		index       int
		interrupted bool
		cause       Cause
		want        string
	}{
		"shard 0":     {0, false, Stopped, "shard 0 (%s) gave up: no room"},
		"another":     {1, false, Stopped, "shard 1 (%s) gave up: no room"},
		"interrupted": {1, true, Interrupted, "shard 1 (%s) was interrupted: no room"},
	} {
		t.Run(name, func(t *testing.T) {
			members := joinAll(t, settings, shardsOf(3)...)
			members[test.index].GiveUp("no room", test.interrupted)
			for _, m := range members {
				require.NoError(t, m.err)
				failed(t, m.Reach(limited(t), "ready"), test.cause, test.want)
				<-m.GaveUp()
				failed(t, m.Why(), test.cause, test.want)
			}
		})
	}
}

func TestStepNotReached(t *testing.T) {
	settings := mqtt.Settings{Address: mosquitto(t).Addr()}
	specs := shardsOf(3)
	for i := range specs {
		specs[i].Wait = 5 * time.Second
	}
	members := joinAll(t, settings, specs...)
	var all sync.WaitGroup
	for _, m := range members[:2] {
		all.Go(func() {
			failed(t, m.Reach(limited(t), "ready"), Missing, "shard 2 did not report ready within 5s of the first that did")
		})
	}
	all.Wait()
	<-members[2].GaveUp()
}

func TestLeftBeforeStep(t *testing.T) {
	settings := mqtt.Settings{Address: mosquitto(t).Addr()}
	members := joinAll(t, settings, shardsOf(3)...)
	for _, m := range members {
		require.NoError(t, m.err)
	}
	require.NoError(t, members[2].Close(limited(t)))
	for _, m := range members[:2] {
		failed(t, m.Reach(limited(t), "ready"), Stopped, "shard 2 (%s) left before it reported ready")
	}
}

func TestInvalidSpec(t *testing.T) {
	_, err := Join(limited(t), mqtt.Settings{}, Spec{Index: 8, Of: 8, Run: "a/b", Prefix: "x/#"})
	require.EqualError(t, err, "shard 8 of 8: want 0 to 7\n"+
		`run "a/b": want one level of a topic, without /, + and #`+"\n"+
		`prefix "x/#": want a topic, without + and # and not beginning with $`)
}

// A barrier goes on after the broker has been away.
func TestBrokerRestartAtBarrier(t *testing.T) {
	b := mosquitto(t)
	members := joinAll(t, mqtt.Settings{Address: b.Addr()}, shardsOf(8)...)
	var all sync.WaitGroup
	for _, m := range members[1:] {
		all.Go(func() { assert.NoError(t, m.Reach(limited(t), "ready")) })
	}
	b = restart(t, b)
	assert.NoError(t, members[0].Reach(limited(t), "ready"))
	all.Wait()
	restart(t, b)
	reachAll(t, members, "ended")
	for _, m := range members {
		assert.NoError(t, m.Why())
	}
}

// restart kills a broker and starts it again on the same address.
func restart(t *testing.T, b *broker.Broker) *broker.Broker {
	t.Helper()
	release := stop(t, b)
	again, err := b.Revive(limited(t))
	release()
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, again.Stop(limited(t))) })
	return again
}

func stop(t *testing.T, b *broker.Broker) (release func()) {
	t.Helper()
	require.NoError(t, b.Kill())
	<-b.Done()
	release, err := b.HoldPort()
	require.NoError(t, err)
	return release
}

func TestBrokerGone(t *testing.T) {
	b := mosquitto(t)
	members := joinAll(t, mqtt.Settings{Address: b.Addr()}, shardsOf(3)...)
	release := stop(t, b)
	defer release()
	for i, m := range members {
		require.NoError(t, m.err)
		err := m.Reach(limited(t), "ready")
		var f *Failure
		require.ErrorAs(t, err, &f)
		assert.Equal(t, Unreachable, f.Cause)
		assert.Equal(t, i, f.Index)
		assert.Contains(t, err.Error(), fmt.Sprintf("lost the broker, and did not reach it again within %v: ", quick.reconnect))
	}
}

func TestDrainLimit(t *testing.T) {
	settings := mqtt.Settings{Address: mosquitto(t).Addr()}
	var all sync.WaitGroup
	for _, m := range joinAll(t, settings, shardsOf(3)...) {
		require.NoError(t, m.err)
		all.Go(func() {
			drained, err := m.Drain(limited(t), 10, func() uint64 { return 9 }, time.Second)
			assert.NoError(t, err)
			assert.False(t, drained)
		})
	}
	all.Wait()
}

// What is under way when somebody interrupts the run still counts, in all shards, and no longer than all of them are there.
func TestDrainAfterAnInterruption(t *testing.T) {
	settings := mqtt.Settings{Address: mosquitto(t).Addr()}
	members := joinAll(t, settings, shardsOf(3)...)
	for _, m := range members {
		require.NoError(t, m.err)
	}
	members[1].GiveUp("Ctrl-C", true)
	for _, m := range members {
		<-m.GaveUp()
	}
	var all sync.WaitGroup
	for i, m := range members {
		all.Go(func() {
			got := uint64(0) // one message to each of the others arrives only now
			drained, err := m.Drain(limited(t), 2, func() uint64 { got = min(got+1, 2); return got }, testLimit)
			assert.NoError(t, err, i)
			assert.True(t, drained, i)
		})
	}
	all.Wait()
}

func TestNoDrainWithoutAShardThatIsGone(t *testing.T) {
	settings := mqtt.Settings{Address: mosquitto(t).Addr()}
	members := joinAll(t, settings, shardsOf(2)...)
	for _, m := range members {
		require.NoError(t, m.err)
	}
	members[0].GiveUp("Ctrl-C", true)
	<-members[1].GaveUp()
	require.NoError(t, members[1].Close(limited(t)))
	drained, err := members[0].Drain(limited(t), 2, func() uint64 { return 1 }, testLimit)
	require.NoError(t, err)
	assert.False(t, drained)
}

func TestCancelled(t *testing.T) {
	settings := mqtt.Settings{Address: mosquitto(t).Addr()}
	ctx, cancel := context.WithCancel(t.Context())
	spec := shardsOf(3)[0]
	spec.Progress = func(string) { cancel() }
	spec.pace = quick
	_, err := Join(ctx, settings, spec)
	require.ErrorIs(t, err, context.Canceled)
}

// A small packet size makes many parts of a result, which goes on after the broker has been away.
func TestSendInSmallParts(t *testing.T) {
	b, err := broker.MosquittoConfig{Extra: []string{"max_packet_size 2000"}}.Start(limited(t))
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, b.Stop(limited(t))) })
	members := joinAll(t, mqtt.Settings{Address: b.Addr()}, shardsOf(3)...)
	var sent sync.WaitGroup
	for i, m := range members {
		require.NoError(t, m.err)
		sent.Go(func() { assert.NoError(t, m.Send(limited(t), resultOf(i))) })
	}
	var restarted sync.WaitGroup
	restarted.Go(func() {
		l := members[0].lead
		for parts := 0; parts < 20; time.Sleep(time.Millisecond) {
			l.mu.Lock()
			parts = l.seats[1].result.parts
			l.mu.Unlock()
		}
		restart(t, b)
	})
	results, err := members[0].Collect(limited(t))
	assert.NoError(t, err)
	restarted.Wait()
	sent.Wait()
	for i := 1; i < 3; i++ {
		assert.Equal(t, resultOf(i), results[i])
	}
}

var errDone = errors.New("done")

// retainedBelow returns the topics below a prefix that have retained messages.
func retainedBelow(t *testing.T, settings mqtt.Settings, prefix string) (topics []string) {
	t.Helper()
	settings.ClientID = "retained"
	found := make(chan string, 100)
	ctx, cancel := context.WithCancelCause(limited(t))
	c, err := mqtt.Connect(ctx, settings, mqtt.Handlers{Message: func(d mqtt.Delivery) {
		switch {
		case d.Topic == "retained/end":
			cancel(errDone)
		case d.Retain:
			found <- d.Topic
		}
	}})
	require.NoError(t, err)
	defer func() { assert.NoError(t, c.Close(limited(t))) }()
	for _, filter := range []string{"retained/end", prefix + "/#"} {
		_, err = c.Subscribe(ctx, filter, 1)
		require.NoError(t, err)
	}
	_, err = c.Send(ctx, 1, func(clock.Instant) *paho.Publish { return &paho.Publish{Topic: "retained/end", QoS: 1} }, nil)
	require.NoError(t, err)
	<-ctx.Done()
	require.ErrorIs(t, context.Cause(ctx), errDone)
	close(found)
	for topic := range found {
		topics = append(topics, topic)
	}
	return topics
}

// A broker that lets nobody write below the prefix says so at once.
func TestNotAuthorized(t *testing.T) {
	acl := filepath.Join(t.TempDir(), "acl")
	require.NoError(t, os.WriteFile(acl, []byte("topic read mqttrace/ctl/#\ntopic readwrite elsewhere/#\n"), 0o600))
	b, err := broker.MosquittoConfig{ACLFile: acl}.Start(limited(t))
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, b.Stop(limited(t))) })
	settings := mqtt.Settings{Address: b.Addr()}
	for index, topic := range []string{"mqttrace/ctl/r/state", "mqttrace/ctl/r/report"} {
		require.EqualError(t, join(t, settings, shardsOf(2)[index]).err, "publish to "+topic+": refused by the broker: Not authorized (0x87)")
	}
	specs := shardsOf(2)
	for i := range specs {
		specs[i].Prefix = "elsewhere"
	}
	for _, o := range joinAll(t, settings, specs...) {
		assert.NoError(t, o.err)
	}
}

func TestStartHeardTooLate(t *testing.T) {
	settings := mqtt.Settings{Address: mosquitto(t).Addr()}
	spec := Spec{Of: 1, Run: "r", pace: quick}
	spec.pace.ahead = -time.Minute
	m, err := Join(limited(t), settings, spec)
	require.NoError(t, err)
	_, err = m.Start(limited(t))
	assert.ErrorContains(t, err, "shard 0 heard of the start 1m0.")
	require.NoError(t, m.Close(limited(t)))
}

func TestShardsAreNamed(t *testing.T) {
	for _, c := range []struct {
		indexes []int
		want    string
	}{
		{[]int{3}, "shard 3"}, {[]int{3, 4}, "shards 3 and 4"}, {[]int{0, 1, 2}, "shards 0 to 2"}, {[]int{0, 1, 2, 3, 7}, "shards 0 to 3 and 7"}, {[]int{1, 4, 6}, "shards 1, 4 and 6"},
		{[]int{0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 19, 21}, "shards 0, 2, 4, 6, 8, 10, 12, 14, 16, 18 and 2 others"},
	} {
		assert.Equal(t, c.want, Named(c.indexes))
	}
}
