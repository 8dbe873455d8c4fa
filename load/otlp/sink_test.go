package otlp

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"mqttrace/load/internal/child"
)

func startSink(t *testing.T) *Sink {
	t.Helper()
	s, err := StartSink(limited(t))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Stop(limited(t))) })
	return s
}

// export sends a span, a log record or data points to a sink over gRPC.
func export(t *testing.T, addr string, s signal) error {
	t.Helper()
	c, err := grpc.NewClient(addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	defer c.Close()
	return s.export(limited(t), c, s.request())
}

func TestSinkCounts(t *testing.T) {
	s := startSink(t)
	require.NoError(t, export(t, s.GRPCAddr(), signals["traces"]))
	require.NoError(t, export(t, s.GRPCAddr(), signals["logs"]))
	got := post(t, "http://"+s.HTTPAddr()+"/v1/metrics", marshal(t, someMetrics()), "Content-Type", contentProtobuf)
	assert.Equal(t, 200, got.code)

	counts := s.Counts()
	assert.Equal(t, uint64(3), counts.Requests)
	assert.Equal(t, Items{Spans: 1, Metrics: 5, Logs: 3}, counts.Items)
	assert.Equal(t, map[string]Items{"backend": {Spans: 1, Metrics: 5, Logs: 2}, "(unnamed)": {Logs: 1}}, counts.Services)
	assert.Positive(t, counts.Bytes)

	usage, err := s.Usage()
	require.NoError(t, err)
	assert.Positive(t, usage.PeakRSS)
	require.NoError(t, s.Stop(limited(t)))
	assert.Equal(t, counts, s.Counts(), "final")
	require.NoError(t, s.Err())
	require.ErrorContains(t, s.Behave(Behavior{}), "it has ended")
}

func TestSinkBehaves(t *testing.T) {
	s := startSink(t)
	require.NoError(t, s.Behave(Behavior{Refuse: codes.Unavailable}))
	assert.Equal(t, codes.Unavailable, status.Code(export(t, s.GRPCAddr(), signals["traces"])))
	require.NoError(t, s.Behave(Behavior{}))
	require.NoError(t, export(t, s.GRPCAddr(), signals["traces"]))
	counts := s.Counts()
	assert.Equal(t, uint64(1), counts.Refused)
	assert.Equal(t, uint64(1), counts.Spans)

	require.NoError(t, s.Behave(Behavior{Stall: true}))
	require.NoError(t, s.Stop(limited(t)), "a sink that holds requests can be stopped")
}

func TestSinkPaused(t *testing.T) {
	s := startSink(t)
	require.NoError(t, s.Pause())
	require.ErrorContains(t, s.Behave(Behavior{}), "it is paused")
	assert.Zero(t, s.Counts().Requests)
	require.NoError(t, s.Resume())
	require.NoError(t, export(t, s.GRPCAddr(), signals["traces"]))
}

func TestSinkIsReplaced(t *testing.T) {
	dead := startSink(t)
	require.NoError(t, dead.Kill())
	await(t, dead.Done(), "the end of the process")
	require.ErrorContains(t, dead.Err(), "killed")
	assert.Equal(t, codes.Unavailable, status.Code(export(t, dead.GRPCAddr(), signals["traces"])))

	again, err := Config{GRPC: dead.GRPCAddr(), HTTP: dead.HTTPAddr()}.StartSink(limited(t))
	require.NoError(t, err)
	defer func() { require.NoError(t, again.Stop(limited(t))) }()
	assert.NotEqual(t, dead.PID(), again.PID())
	require.NoError(t, export(t, dead.GRPCAddr(), signals["traces"]))
}

func TestSinkOnATakenPort(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	_, err = Config{GRPC: taken.Addr().String()}.StartSink(limited(t))
	require.ErrorContains(t, err, "start the OTLP sink: listen for OTLP over gRPC")
}

// TestSinkMustNotStartSinks: a binary that forgot RunIfChild would start itself over and over.
func TestSinkMustNotStartSinks(t *testing.T) {
	t.Setenv(child.Env, childSink)
	_, err := StartSink(t.Context())
	require.ErrorContains(t, err, "has not called otlp.RunIfChild")
}

func TestChildWithoutConfiguration(t *testing.T) {
	for name, c := range map[string]struct{ input, says string }{
		"nothing":    {"", "read the sink's configuration from the parent"},
		"no JSON":    {"listen here\n", `read the sink's configuration \"listen here\"`},
		"no address": {"{}\n", "no address"},
	} {
		t.Run(name, func(t *testing.T) {
			var answer bytes.Buffer
			runChild(bytes.NewBufferString(c.input), &answer)
			assert.Contains(t, answer.String(), c.says)
		})
	}
}

func TestChildAnswersUntilItsInputEnds(t *testing.T) {
	in, out := io.Pipe()
	answers, answer := io.Pipe()
	ended := make(chan struct{})
	go func() { defer close(ended); runChild(in, answer) }()
	reports := json.NewDecoder(answers)
	var r report
	_, _ = io.WriteString(out, `{"grpc": "127.0.0.1:0"}`+"\n")
	require.NoError(t, reports.Decode(&r))
	assert.NotEmpty(t, r.GRPC)
	_, _ = io.WriteString(out, "what?\n")
	require.NoError(t, reports.Decode(&r))
	assert.Equal(t, uint64(1), r.Answers)
	require.NoError(t, out.Close())
	require.NoError(t, reports.Decode(&r))
	assert.Equal(t, uint64(1), r.Answers, "the last report")
	await(t, ended, "the end")
}

func TestSinkDiesWithAKilledParent(t *testing.T) {
	self, err := os.Executable()
	require.NoError(t, err)
	parent := exec.Command(self)
	parent.Env = append(os.Environ(), doomedParent+"=1")
	_, err = parent.StdinPipe()
	require.NoError(t, err)
	stdout, err := parent.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, parent.Start())
	t.Cleanup(func() { _ = parent.Process.Kill() })
	var addr string
	require.NoError(t, json.NewDecoder(stdout).Decode(&addr))
	require.NoError(t, export(t, addr, signals["traces"]))

	require.NoError(t, parent.Process.Kill())
	require.Error(t, parent.Wait())
	require.Eventually(t, func() bool {
		conn, err := net.Dial("tcp", addr)
		if err == nil {
			_ = conn.Close()
		}
		return err != nil
	}, testLimit, 5*time.Millisecond)
}

// doomedParent is the environment variable that makes this test binary start a sink, say where on stdout, and wait to be killed.
const doomedParent = "MQTTRACE_TEST_DOOMED_PARENT"

func runIfDoomedParent() {
	if os.Getenv(doomedParent) == "" || os.Getenv(child.Env) != "" {
		return
	}
	s, err := StartSink(context.Background())
	if err != nil {
		os.Exit(1)
	}
	_ = json.NewEncoder(os.Stdout).Encode(s.GRPCAddr())
	_, _ = bufio.NewReader(os.Stdin).ReadByte() // until killed, or orphaned itself
	os.Exit(0)
}
