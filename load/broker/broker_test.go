package broker

import (
	"context"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/eclipse/paho.golang/paho"
	gops "github.com/shirou/gopsutil/v4/process"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestBrokerCarriesMessagesUntilStopped(t *testing.T) {
	eachBroker(t, func(t *testing.T, b *Broker) {
		got := make(chan string, 1)
		receiver := testClient{receive: func(p *paho.Publish) { got <- string(p.Payload) }}.connected(t, b.Addr())
		subscribe(t, receiver, "greeting", 1)
		publish(t, testClient{}.connected(t, b.Addr()), &paho.Publish{Topic: "greeting", QoS: 1, Payload: []byte("hello")})
		select {
		case payload := <-got:
			assert.Equal(t, "hello", payload)
		case <-limited(t).Done():
			require.FailNow(t, "the message did not arrive")
		}

		require.NoError(t, b.Err(), "running")
		require.NoError(t, b.Stop(limited(t)))
		await(t, b.Done(), "the end of the process")
		require.NoError(t, b.Err(), "stopped")
		assert.True(t, gone(b.PID()))
		require.NoError(t, b.Stop(limited(t)), "again")
	})
}

func TestBrokerSaysWhatItIs(t *testing.T) {
	versions := map[string]string{"embedded": `^2\.7\.9$`, "mosquitto": `^2\.\d+\.\d+`}
	eachBroker(t, func(t *testing.T, b *Broker) {
		host, _, err := net.SplitHostPort(b.Addr())
		require.NoError(t, err)
		assert.Equal(t, "127.0.0.1", host)
		assert.Equal(t, "mqtt://"+b.Addr(), b.URL())
		assert.Regexp(t, versions[b.Name()], b.Version())
		assert.NotEqual(t, os.Getpid(), b.PID())
	})
}

func TestBrokerPublishesItsCounters(t *testing.T) {
	eachBroker(t, func(t *testing.T, b *Broker) {
		got := make(chan string, 1)
		receiver := testClient{receive: func(p *paho.Publish) {
			select {
			case got <- string(p.Payload):
			default:
			}
		}}.connected(t, b.Addr())
		subscribe(t, receiver, "$SYS/broker/messages/received", 0)
		select {
		case count := <-got:
			assert.Regexp(t, `^\d+$`, count)
		case <-limited(t).Done():
			require.FailNow(t, "no $SYS message")
		}
	})
}

func TestUsageGrowsAndOutlivesTheProcess(t *testing.T) {
	eachBroker(t, func(t *testing.T, b *Broker) {
		before, err := b.Usage()
		require.NoError(t, err)
		assert.Positive(t, before.PeakRSS)

		sender := testClient{}.connected(t, b.Addr())
		after := before
		for ctx := limited(t); after.CPU < before.CPU+20*time.Millisecond; {
			require.NoError(t, ctx.Err(), "CPU time stays at %v", after.CPU)
			for range 100 {
				publish(t, sender, &paho.Publish{Topic: "load", QoS: 1, Payload: []byte("x")})
			}
			after, err = b.Usage()
			require.NoError(t, err)
		}

		require.NoError(t, b.Stop(limited(t)))
		final, err := b.Usage()
		require.NoError(t, err)
		assert.GreaterOrEqual(t, final.PeakRSS, after.PeakRSS)
		assert.GreaterOrEqual(t, final.CPU, after.CPU-10*time.Millisecond, "the live figure is rounded to a tick")
	})
}

func TestErrTellsADeathThatNobodyAskedFor(t *testing.T) {
	eachBroker(t, func(t *testing.T, b *Broker) {
		require.NoError(t, b.Kill())
		await(t, b.Done(), "the end of the process")
		assert.Regexp(t, fmt.Sprintf(`^%s.* \(pid %d\) was killed by signal 9 \(killed\); .*log`, b.Name(), b.PID()), b.Err())
		require.NoError(t, b.Stop(limited(t)))
		require.Error(t, b.Err(), "stopping what is dead changes nothing")

		require.Error(t, b.Kill())
		_, err := b.Usage()
		require.NoError(t, err)
	})
}

func TestPauseAndResume(t *testing.T) {
	eachBroker(t, func(t *testing.T, b *Broker) {
		sender := testClient{}.connected(t, b.Addr())
		require.NoError(t, b.Pause())
		require.Eventually(t, func() bool { return is(b.PID(), gops.Stop) }, testLimit, time.Millisecond)
		_, err := b.Usage()
		require.NoError(t, err)

		ctx, acked := limited(t), make(chan error, 1)
		go func() {
			_, err := sender.Publish(ctx, &paho.Publish{Topic: "patience", QoS: 1})
			acked <- err
		}()
		require.NoError(t, b.Resume())
		require.NoError(t, <-acked)

		require.NoError(t, b.Pause())
		require.NoError(t, b.Stop(limited(t)), "a paused broker hears Stop")
		require.ErrorIs(t, b.Pause(), os.ErrProcessDone)
		require.ErrorIs(t, b.Resume(), os.ErrProcessDone)
	})
}

func TestStopKillsWhatDoesNotListen(t *testing.T) {
	eachBroker(t, func(t *testing.T, b *Broker) {
		require.NoError(t, suspend(b.PID())) // behind the broker's back, so that Stop does not wake it
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		err := b.Stop(ctx)
		require.ErrorIs(t, err, context.Canceled)
		assert.Regexp(t, `^stop \S.* \(pid \d+\): killed it: `, err.Error())
		await(t, b.Done(), "the end of the process")
		require.NoError(t, b.Err(), "a Stop is asked for, however it ends")
	})
}

func TestConcurrentUse(t *testing.T) {
	eachBroker(t, func(t *testing.T, b *Broker) {
		ctx := limited(t)
		var users sync.WaitGroup
		for range 8 {
			users.Go(func() {
				_, err := b.Usage()
				assert.NoError(t, err)
				_, _, _ = b.Log(), b.Err(), b.Addr()
				assert.NoError(t, b.Stop(ctx))
				_, err = b.Usage()
				assert.NoError(t, err)
			})
		}
		users.Wait()
	})
}

func TestStartGivesUpWithItsContext(t *testing.T) {
	for name, start := range map[string]func(context.Context) (*Broker, error){"embedded": StartEmbedded, "mosquitto": StartMosquitto} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			b, err := start(ctx)
			require.ErrorIs(t, err, context.Canceled)
			require.Nil(t, b)
			assert.Contains(t, err.Error(), name)
		})
	}
}

func suspend(pid int) error {
	p, err := gops.NewProcess(int32(pid))
	if err != nil {
		return err
	}
	return p.Suspend()
}

// gone reports whether a process has ended: one that its new parent has not taken notice of yet has, too.
func gone(pid int) bool {
	exists, err := gops.PidExists(int32(pid))
	return err == nil && !exists || is(pid, gops.Zombie)
}

func is(pid int, status string) bool {
	p, err := gops.NewProcess(int32(pid))
	if err != nil {
		return false
	}
	all, err := p.Status()
	return err == nil && strings.Contains(strings.Join(all, " "), status)
}
