package main

import (
	"context"
	"os"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"mqttrace/load"
	"mqttrace/load/result"
	"mqttrace/scenarios"
)

// brief is so slow that no machine is too busy for it, and so short that nobody waits for it.
const brief = `
name: brief
warmup: 0s
duration: 1s
senders: [{name: sensors, count: 2, rate: 20/s, topic: 'a/{sender}', qos: 1}]
receivers: [{name: backend, filter: a/#, qos: 1}]
tracing: {arm: record}
`

func TestResultOfARealRunIsPrintedWhole(t *testing.T) {
	t.Setenv("GORACE", raceOptions)
	s := newShell(t, load.Run, "--json", "--quiet")
	s.file(t, "a.yaml", brief)
	require.Equal(t, 0, run(s.world), s.stderr.String())
	assert.Empty(t, s.stderr.String())
	res, err := result.Decode(&s.stdout)
	require.NoError(t, err)
	assert.Equal(t, result.Pass, res.Verdict)
	assert.Equal(t, toolVersion(), res.Environment.Tool)
	require.Len(t, res.Arms, 1)
	arm := res.Arms[0]
	for name, got := range map[string]uint64{
		"scheduled": arm.Scheduled, "sent": arm.Sent, "acked": arm.Acked, "received": arm.Received,
		"expected": arm.Delivery.Expected, "distinct": arm.Delivery.Received,
		"response": arm.Latency[result.Response].Count, "whole traces": arm.Spans.Whole,
	} {
		assert.EqualValues(t, 40, got, name)
	}
}

// signalling is the real engine, during whose run somebody presses Ctrl-C when it comes to a phase.
func signalling(signals chan<- os.Signal, at load.Phase) engine {
	var once sync.Once
	return func(ctx context.Context, sc *scenarios.Scenario, opts load.Options) (*result.Result, error) {
		show := opts.Progress
		opts.Progress = func(p load.Progress) {
			show(p)
			if p.Phase == at {
				once.Do(func() { signals <- os.Interrupt })
			}
		}
		return load.Run(ctx, sc, opts)
	}
}

func TestNoGoroutineIsLeft(t *testing.T) {
	t.Setenv("GORACE", raceOptions)
	for name, tc := range map[string]struct {
		args     []string
		at       load.Phase // at which there is a signal; empty for none
		code     int
		verdicts []result.Verdict
	}{
		"when it passes":              {nil, "", 0, []result.Verdict{result.Pass}},
		"when a threshold is missed":  {[]string{"--set", "thresholds=[response.max < 1ns]"}, "", 3, []result.Verdict{result.Fail}},
		"when it is interrupted":      {[]string{"--duration", "5m"}, load.Measuring, 130, []result.Verdict{result.Interrupted}},
		"when it is not warm yet":     {[]string{"--set", "warmup=5m"}, load.WarmingUp, 130, []result.Verdict{result.Interrupted}},
		"when it has hardly begun":    {nil, load.Starting, 130, nil},
		"when it waits for slow work": {[]string{"--duration", "5m", "--set", "receivers[0].work=1h", "--set", "drain=0s"}, load.Measuring, 130, []result.Verdict{result.Interrupted}},
		"when nobody listens":         {[]string{"--broker", "mqtt://127.0.0.1:1"}, "", 1, nil},
	} {
		t.Run(name, func(t *testing.T) {
			defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
			s := newShell(t, load.Run, tc.args...)
			s.file(t, "a.yaml", brief)
			if tc.at != "" {
				s.engine = signalling(s.signal, tc.at)
			}
			assert.Equal(t, tc.code, run(s.world), s.stderr.String())
			var kept []result.Verdict
			for _, path := range s.results(t) {
				res, err := result.Read(path)
				require.NoError(t, err)
				kept = append(kept, res.Verdict)
			}
			assert.Equal(t, tc.verdicts, kept)
		})
	}
}
