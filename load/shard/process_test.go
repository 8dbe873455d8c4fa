package shard

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mqttrace/load/internal/child"
	"mqttrace/load/mqtt"
)

// shardEnv makes this binary one shard of a run; its value is a job.
const shardEnv = "MQTTRACE_TEST_SHARD"

// job is what a process of its own is to do.
type job struct {
	Address string
	Index   int
	Of      int
	Run     string
	Wait    time.Duration
	// Hold says that the load lasts until the run is given up.
	Hold bool
}

// runIfShard plays the role of a shard and exits, saying on its standard output how far it has come.
func runIfShard() {
	text := os.Getenv(shardEnv)
	if text == "" {
		return
	}
	var j job
	if err := json.Unmarshal([]byte(text), &j); err != nil {
		panic(err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := j.run(ctx); err != nil {
		fmt.Println("error:", err)
		os.Exit(1)
	}
	fmt.Println("done")
	os.Exit(0)
}

func (j job) run(ctx context.Context) error {
	m, err := Join(ctx, mqtt.Settings{Address: j.Address}, Spec{
		Index: j.Index, Of: j.Of, Run: j.Run, Wait: j.Wait, pace: quick,
		Progress: func(text string) { fmt.Println("progress:", text) },
	})
	if err != nil {
		return err
	}
	defer m.Close(context.Background())
	fmt.Println("joined")
	if err := j.load(ctx, m); err != nil {
		m.GiveUp(err.Error(), ctx.Err() != nil)
	}
	if err := j.deliver(m); err != nil {
		fmt.Println("delivery:", err)
	}
	return m.Why()
}

func (j job) load(ctx context.Context, m *Member) error {
	for _, step := range []string{"connected", "ready"} {
		if err := m.Reach(ctx, step); err != nil {
			return err
		}
	}
	if _, err := m.Start(ctx); err != nil {
		return err
	}
	fmt.Println("started")
	if j.Hold {
		select {
		case <-m.GaveUp():
			return m.Why()
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return m.Reach(ctx, "ended")
}

func (j job) deliver(m *Member) error {
	ctx, cancel := context.WithTimeout(context.Background(), testLimit)
	defer cancel()
	if j.Index > 0 {
		return m.Send(ctx, resultOf(j.Index))
	}
	results, err := m.Collect(ctx)
	var from []int
	for i, r := range results {
		if string(r) == string(resultOf(i)) {
			from = append(from, i)
		}
	}
	fmt.Println("results of", from)
	return err
}

// begin starts a shard in a process of its own.
func begin(t *testing.T, j job) *child.Process {
	t.Helper()
	text, err := json.Marshal(j)
	require.NoError(t, err)
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), shardEnv+"="+string(text))
	log := &child.Log{}
	lines := &child.LineWriter{Each: log.Add}
	cmd.Stdout, cmd.Stderr = lines, lines
	p, err := child.Start(fmt.Sprintf("shard %d", j.Index), cmd, log, lines.Flush)
	require.NoError(t, err)
	t.Cleanup(p.Destroy)
	return p
}

// beginAll starts all shards of a run.
func beginAll(t *testing.T, j job) []*child.Process {
	t.Helper()
	all := make([]*child.Process, j.Of)
	for i := range all {
		j.Index = i
		all[i] = begin(t, j)
	}
	return all
}

// says waits until a process has said something.
func says(t *testing.T, p *child.Process, text string) {
	t.Helper()
	require.Eventually(t, func() bool { return p.Log().Contains(text) }, testLimit, 10*time.Millisecond, "%v: want %q", p, text)
}

// ends waits for the end of a process and returns what it said last.
func ends(t *testing.T, p *child.Process) string {
	t.Helper()
	select {
	case <-p.Done():
	case <-limited(t).Done():
		require.FailNow(t, "it did not end", "%v said: %v", p, p.Log())
	}
	last := p.Log().Last(1)
	require.NotEmpty(t, last, p)
	return last[0]
}

func TestProcesses(t *testing.T) {
	eachBroker(t, func(t *testing.T, settings mqtt.Settings) {
		all := beginAll(t, job{Address: settings.Address, Of: 8, Run: "r"})
		for _, p := range all {
			assert.Equal(t, "done", ends(t, p), p.Log())
		}
		says(t, all[0], "results of [1 2 3 4 5 6 7]")
		assert.Empty(t, retainedBelow(t, settings, DefaultPrefix))
	})
}

func TestKilledDuringLoad(t *testing.T) {
	eachBroker(t, func(t *testing.T, settings mqtt.Settings) {
		all := beginAll(t, job{Address: settings.Address, Of: 4, Run: "r", Hold: true})
		for _, p := range all {
			says(t, p, "started")
		}
		require.NoError(t, all[3].Kill())
		want := fmt.Sprintf("error: shard 3 (%s, pid %d) died: its connection ended, and it was not back within %v", hostname(t), all[3].PID(), quick.grace)
		for _, p := range all[:3] {
			assert.Equal(t, want, ends(t, p), p.Log())
		}
		says(t, all[0], "results of [1 2]")
		says(t, all[0], "delivery: no result came from shard 3 of 4")
	})
}

func TestFrozenDuringLoad(t *testing.T) {
	settings := mqtt.Settings{Address: mosquitto(t).Addr()}
	all := beginAll(t, job{Address: settings.Address, Of: 3, Run: "r", Hold: true})
	for _, p := range all {
		says(t, p, "started")
	}
	require.NoError(t, all[1].Pause())
	want := fmt.Sprintf("error: shard 1 (%s, pid %d) died: nothing was heard of it for %v", hostname(t), all[1].PID(), quick.silence)
	assert.Equal(t, want, ends(t, all[0]))
	assert.Equal(t, want, ends(t, all[2]))
	require.NoError(t, all[1].Resume())
	assert.Contains(t, ends(t, all[1]), "error: shard ", "its own death, or that of shard 0, which has left meanwhile")
}

// What a killed shard 0 leaves behind must not confuse the next run of the same name.
func TestLeadKilledDuringLoad(t *testing.T) {
	eachBroker(t, func(t *testing.T, settings mqtt.Settings) {
		all := beginAll(t, job{Address: settings.Address, Of: 4, Run: "r", Hold: true})
		for _, p := range all {
			says(t, p, "started")
		}
		require.NoError(t, all[0].Kill())
		want := fmt.Sprintf("error: shard 0 (%s, pid %d) died: its connection ended, and it was not back within %v", hostname(t), all[0].PID(), quick.grace)
		for _, p := range all[1:] {
			assert.Equal(t, want, ends(t, p), p.Log())
		}
		require.NotEmpty(t, retainedBelow(t, settings, DefaultPrefix))
		for _, p := range beginAll(t, job{Address: settings.Address, Of: 4, Run: "r"}) {
			assert.Equal(t, "done", ends(t, p), p.Log())
		}
		assert.Empty(t, retainedBelow(t, settings, DefaultPrefix))
	})
}

// Until all have arrived, a process that died may be replaced: shard 0 as any other.
func TestReplacedBeforeAllArrived(t *testing.T) {
	settings := mqtt.Settings{Address: mosquitto(t).Addr()}
	for _, index := range []int{0, 1} {
		t.Run(fmt.Sprintf("shard %d", index), func(t *testing.T) {
			j := job{Address: settings.Address, Of: 4, Run: "r"}
			var all []*child.Process
			for j.Index = range 3 {
				all = append(all, begin(t, j))
			}
			says(t, all[2], "3 of 4 shards have arrived; waiting for 3")
			require.NoError(t, all[index].Kill())
			<-all[index].Done()
			j.Index = index
			all[index] = begin(t, j)
			says(t, all[index], "3 of 4 shards have arrived; waiting for 3")
			j.Index = 3
			for _, p := range append(all, begin(t, j)) {
				assert.Equal(t, "done", ends(t, p), p.Log())
			}
		})
	}
}

func TestInterrupted(t *testing.T) {
	settings := mqtt.Settings{Address: mosquitto(t).Addr()}
	for _, index := range []int{0, 2} {
		t.Run(fmt.Sprintf("shard %d during the load", index), func(t *testing.T) {
			all := beginAll(t, job{Address: settings.Address, Of: 3, Run: "r", Hold: true})
			for _, p := range all {
				says(t, p, "started")
			}
			require.NoError(t, all[index].Terminate())
			want := fmt.Sprintf("error: shard %d (%s, pid %d) was interrupted: context canceled", index, hostname(t), all[index].PID())
			for _, p := range all {
				assert.Equal(t, want, ends(t, p), p.Log())
			}
		})
		t.Run(fmt.Sprintf("shard %d before all arrived", index), func(t *testing.T) {
			j := job{Address: settings.Address, Of: 4, Run: "r"}
			var all []*child.Process
			for j.Index = range 3 {
				all = append(all, begin(t, j))
			}
			says(t, all[index], "3 of 4 shards have arrived; waiting for 3")
			require.NoError(t, all[index].Terminate())
			for i, p := range all {
				if i != index {
					assert.Contains(t, ends(t, p), fmt.Sprintf("error: shard %d (%s, pid %d) was interrupted", index, hostname(t), all[index].PID()))
				}
			}
			assert.Equal(t, "error: terminated signal received", ends(t, all[index]))
		})
	}
}

func hostname(t *testing.T) string {
	t.Helper()
	host, err := os.Hostname()
	require.NoError(t, err)
	return strings.TrimSpace(host)
}
