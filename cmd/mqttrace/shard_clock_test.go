package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mqttrace/cmd/internal/exitcode"
	"mqttrace/load/broker"
	"mqttrace/load/clock"
	"mqttrace/load/network"
	"mqttrace/load/result"
)

// The way of each shard to the broker: 5 ± 2 ms either way.
var pathDelay = network.Condition{Latency: 5 * time.Millisecond, Jitter: 2 * time.Millisecond}

// distantEnv tells the command distant what it needs to know; its value is a distantShard.
const distantEnv = "MQTTRACE_TEST_DISTANT"

type distantShard struct {
	Broker string // host:port
	Truth  string // the file for what its clock reads
}

// distant is mqttrace at the end of a slow way to the broker. It writes down what nobody else can know: what its clock reads, with the
// error that was planted.
func distant() {
	network.RunIfChild()
	var d distantShard
	err := json.Unmarshal([]byte(os.Getenv(distantEnv)), &d)
	if err == nil {
		err = d.prepare()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "distant:", err)
		os.Exit(exitcode.CannotRun)
	}
	main()
}

func (d distantShard) prepare() error {
	if err := os.WriteFile(d.Truth, fmt.Append(nil, beginning()), 0o600); err != nil {
		return err
	}
	way, err := network.Start(context.Background(), d.Broker, "broker") // ends with this process
	if err != nil {
		return err
	}
	os.Args = append(os.Args, "--broker", "mqtt://"+way.Addr("broker"))
	return way.Set("broker", pathDelay)
}

// beginning is the wall clock of the host, in nanoseconds, where this process's clock reads 0. Of several looks the one counts in which
// the least time passed between reading the one and the other.
func beginning() (ns int64) {
	quickest := time.Hour
	for range 16 {
		before := clock.Now()
		wall := time.Now().UnixNano()
		if took := clock.Now().Sub(before); took < quickest {
			quickest, ns = took, wall-int64(before)-int64(took/2)
		}
	}
	return ns
}

// plantedErrors are of the clocks of as many shards.
var plantedErrors = []string{"30ms", "-30ms", "20ms", "-10ms"}

// Senders are in shards 0 and 1, receivers in 2 and 3.
const distantScenario = `
name: distant
warmup: 500ms
duration: 3s
senders: [{name: sensors, count: 2, rate: 150/s, topic: "a/{sender}", qos: 1}]
receivers: [{name: backend, count: 2, filter: a/#, qos: 1}]
thresholds: [delivery.lost == 0]
`

const distantMessages = 2 * 150 * 3

// The processes of a run whose clocks are wrong and whose ways to the broker are long find out how wrong they are.
func TestShardsWithWrongClocks(t *testing.T) {
	mosquitto, err := broker.StartMosquitto(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, mosquitto.Stop(context.Background())) })
	places := make([]place, len(plantedErrors))
	for i := range places {
		places[i].broker = mosquitto.Addr()
	}
	runDistantShards(t, places)
}

// The same where shards have nothing in common with each other and with the broker but the network between them.
func TestShardsInNetworkNamespaces(t *testing.T) {
	places, gateways := namespaces(t, len(plantedErrors))
	port := freePortOn(t, gateways[0])
	var listeners []string
	for i, gateway := range gateways {
		listeners = append(listeners, fmt.Sprintf("listener %s %s", port, gateway))
		places[i].broker = net.JoinHostPort(gateway, port)
	}
	mosquitto, err := broker.MosquittoConfig{Extra: listeners}.Start(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, mosquitto.Stop(context.Background())) })
	runDistantShards(t, places)
}

// place is where a shard runs.
type place struct {
	enter  []string // a command that runs another one there; empty for here
	broker string   // what the broker's address is there
}

// runDistantShards runs a shard in each place and compares what they found out with what is known.
func runDistantShards(t *testing.T, places []place) {
	t.Helper()
	dir := t.TempDir()
	scenario := filepath.Join(dir, "distant.yaml")
	require.NoError(t, os.WriteFile(scenario, []byte(distantScenario), 0o600))
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	shards := make([]*pod, len(places))
	truths := make([]string, len(places))
	for i, at := range places {
		truths[i] = filepath.Join(dir, fmt.Sprint("truth", i))
		told, err := json.Marshal(distantShard{Broker: at.broker, Truth: truths[i]})
		require.NoError(t, err)
		command := append(append([]string{}, at.enter...), "mqttrace-distant", "run", scenario,
			"--shard", fmt.Sprintf("%d/%d", i, len(places)), "--run-id", "distant", "--out", filepath.Join(dir, "results"))
		p := &pod{cmd: exec.CommandContext(ctx, command[0], command[1:]...)}
		p.cmd.Stdout, p.cmd.Stderr = &p.stdout, &p.stderr
		p.cmd.Env = append(os.Environ(), "GORACE="+raceOptions, clock.ErrorEnv+"="+plantedErrors[i], distantEnv+"="+string(told))
		require.NoError(t, p.cmd.Start())
		shards[i] = p
	}
	for i, p := range shards {
		_ = p.cmd.Wait()
		// A machine that is busy with other tests may make a share late, which is invalid and no failure.
		require.Contains(t, []int{exitcode.Pass, exitcode.Invalid}, p.cmd.ProcessState.ExitCode(), "shard %d: %s%s", i, &p.stdout, &p.stderr)
	}
	files, err := filepath.Glob(filepath.Join(dir, "results", "distant-2*Z.json"))
	require.NoError(t, err)
	require.Len(t, files, 1, "the result of all")
	whole, err := result.Read(files[0])
	require.NoError(t, err)
	assert.Regexp(t, "^$|did not keep up", whole.Reason)
	checkOffsets(t, whole.Shards, truths)
	checkTransit(t, whole)
	checkSaysItsLimits(t, whole, shards[0].stdout.String())
}

// checkOffsets holds the offset of every shard to the truth.
func checkOffsets(t *testing.T, shards []result.Shard, truths []string) {
	t.Helper()
	require.Len(t, shards, len(truths))
	var lead int64
	for i, s := range shards {
		text, err := os.ReadFile(truths[i])
		require.NoError(t, err)
		var zero int64
		require.NoError(t, json.Unmarshal(text, &zero))
		if i == 0 {
			lead = zero
			continue
		}
		c := s.Clock
		truth := zero - lead
		t.Logf("shard %d: offset %v, truth %v, ± %v, half round trip %v", i, time.Duration(c.OffsetNS), time.Duration(truth), time.Duration(c.BoundNS), time.Duration(c.HalfRoundTripNS))
		require.False(t, c.Same, "shard %d", i)
		require.Positive(t, c.Exchanges)
		assert.InDelta(t, truth, c.OffsetNS, float64(c.BoundNS), "shard %d", i)
		assert.InDelta(t, float64(planted(t, i)-planted(t, 0)), c.AheadNS, float64(c.BoundNS+sameWallClock), "shard %d", i)
		least := 2 * (pathDelay.Latency - pathDelay.Jitter) // there, over two ways
		assert.GreaterOrEqual(t, c.HalfRoundTripNS, int64(least))
		assert.GreaterOrEqual(t, c.BoundNS, int64(least), "less nobody can know")
	}
}

// planted is the error of a shard's clock.
func planted(t *testing.T, shard int) time.Duration {
	t.Helper()
	d, err := time.ParseDuration(plantedErrors[shard])
	require.NoError(t, err)
	return d
}

// sameWallClock is how far the wall clock that all read may be corrected between the starts of two.
const sameWallClock = int64(time.Millisecond)

// checkTransit holds what was measured between shards to what is known of their ways: 5 ms to the broker and 5 ms from there, and more on
// a busy machine. As long takes the way of a sender's message and its acknowledgement, which one clock tells.
func checkTransit(t *testing.T, whole *result.Result) {
	t.Helper()
	a := whole.Arms[0]
	assert.EqualValues(t, distantMessages, a.Sent)
	assert.EqualValues(t, 2*distantMessages, a.Delivery.Expected)
	assert.EqualValues(t, 2*distantMessages, a.Delivery.Received)
	assert.Zero(t, a.Delivery.Lost+a.Delivery.Duplicated+a.Delivery.Foreign)
	for i, s := range whole.Shards {
		assert.Equal(t, []int{1 - i/2, i / 2}, []int{s.Senders, s.Receivers}, "shard %d", i)
	}
	transit, send := a.Latency[result.Transit], a.Latency[result.Send]
	require.NotNil(t, transit.P50NS)
	require.NotNil(t, send.P50NS)
	assert.GreaterOrEqual(t, *send.P50NS, int64(2*(pathDelay.Latency-pathDelay.Jitter)))
	t.Logf("send: p50 %v; transit: p50 %v ± %v, min %v, %d below zero", time.Duration(*send.P50NS), time.Duration(*transit.P50NS), time.Duration(transit.BoundNS), time.Duration(transit.MinNS), transit.Negative)
	assert.EqualValues(t, 2*distantMessages, transit.Count)
	if whole.Verdict == result.Invalid {
		t.Log("the median is not judged, as the harness does not vouch for it: " + whole.Reason)
		return
	}
	assert.InDelta(t, *send.P50NS, *transit.P50NS, float64(transit.BoundNS))
}

// checkSaysItsLimits wants what the clocks cannot tell to be said beside the figures.
func checkSaysItsLimits(t *testing.T, whole *result.Result, text string) {
	t.Helper()
	var limited bool
	for _, name := range []string{result.Transit, result.Response} {
		l := whole.Arms[0].Latency[name]
		assert.Positive(t, l.BoundNS, name)
		assert.Equal(t, 10*l.BoundNS > *l.P50NS, l.ClockLimited, name)
		limited = limited || l.ClockLimited
		if whole.Verdict != result.Invalid { // latencies may be ten times the bound then
			assert.True(t, l.ClockLimited, name)
		}
	}
	said := strings.Join(strings.Fields(text), " ")
	assert.Equal(t, limited, strings.Contains(said, "clock-limited: "))
	assert.Contains(t, said, "half the round trip of a message between two of them took ")
	assert.Contains(t, whole.Environment.Clock, "corrected to the clock of shard 0, to ± ")
}

// namespaces makes network namespaces, each with a way to this one of its own, and returns the addresses of this one's ends. What is
// not there for the processes of this test is no failure, but it is said.
func namespaces(t *testing.T, n int) (places []place, gateways []string) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("not run: network namespaces are Linux's; TestShardsWithWrongClocks has the same without them")
	}
	for i := range n {
		name := fmt.Sprintf("mqttrace-%d-%d", os.Getpid(), i)
		near, far := fmt.Sprintf("mq%dn%d", os.Getpid(), i), fmt.Sprintf("mq%df%d", os.Getpid(), i)
		if out, err := exec.Command("ip", "netns", "add", name).CombinedOutput(); err != nil {
			t.Skipf("not run: network namespaces cannot be made here (ip netns add: %v: %s); TestShardsWithWrongClocks has the same without them", err, bytes.TrimSpace(out))
		}
		t.Cleanup(func() { ip(t, "netns del "+name) })
		subnet := (os.Getpid()*n + i) % (1 << 15) * 4 // of 198.18.0.0/15, which is for benchmarks (RFC 2544), four addresses each
		address := func(host int) string {
			a := 198<<24 + 18<<16 + subnet + host
			return net.IPv4(byte(a>>24), byte(a>>16), byte(a>>8), byte(a)).String()
		}
		ip(t, fmt.Sprintf("link add %s type veth peer name %s netns %s", near, far, name))
		ip(t, fmt.Sprintf("addr add %s/30 dev %s", address(1), near))
		ip(t, fmt.Sprintf("link set %s up", near))
		ip(t, fmt.Sprintf("-n %s addr add %s/30 dev %s", name, address(2), far))
		ip(t, fmt.Sprintf("-n %s link set %s up", name, far))
		ip(t, fmt.Sprintf("-n %s link set lo up", name))
		places = append(places, place{enter: []string{"ip", "netns", "exec", name}})
		gateways = append(gateways, address(1))
	}
	return places, gateways
}

// ip runs a command of iproute2.
func ip(t *testing.T, args string) {
	t.Helper()
	out, err := exec.Command("ip", strings.Fields(args)...).CombinedOutput()
	require.NoError(t, err, "ip %s: %s", args, out)
}

// freePortOn is a port of an address that nobody listened on a moment ago.
func freePortOn(t *testing.T, address string) string {
	t.Helper()
	l, err := net.Listen("tcp", net.JoinHostPort(address, "0"))
	require.NoError(t, err)
	defer func() { _ = l.Close() }()
	_, port, err := net.SplitHostPort(l.Addr().String())
	require.NoError(t, err)
	return port
}
