package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mqttrace/load"
	"mqttrace/load/result"
	"mqttrace/scenarios"
)

func TestRunRepeats(t *testing.T) {
	for name, tc := range map[string]struct {
		args []string
		want int
	}{
		"as the scenario says":   {[]string{"--set", "repeat={runs: 3, pause: 0s}"}, 3},
		"as the flag says":       {[]string{"--set", "repeat={runs: 3, pause: 0s}", "--repeat", "2"}, 2},
		"once, as the flag says": {[]string{"--set", "repeat={runs: 3, pause: 0s}", "--repeat", "1"}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShell(t, measured(result.Pass), tc.args...)
			require.Equal(t, 0, run(s.world), s.stderr.String())
			require.Len(t, s.results(t), tc.want)
			var places []int
			for _, path := range s.results(t) {
				kept, err := result.Read(path)
				require.NoError(t, err)
				if tc.want == 1 {
					assert.Nil(t, kept.Repetition)
					return
				}
				assert.Equal(t, tc.want, kept.Repetition.Of)
				assert.WithinDuration(t, time.Now(), kept.Repetition.Began, time.Hour)
				places = append(places, kept.Repetition.Run)
			}
			assert.ElementsMatch(t, []int{1, 2, 3}[:tc.want], places)
			assert.Contains(t, s.stdout.String(), fmt.Sprintf("run 1 of %d  PASS", tc.want))
			assert.Contains(t, s.stdout.String(), fmt.Sprintf("\n\n%d runs: %[1]d pass\n", tc.want))
		})
	}
}

func TestRepeatOutOfRangeIsBadUsage(t *testing.T) {
	for _, n := range []string{"0", "-1", "1001"} {
		s := newShell(t, never(t), "--repeat", n)
		assert.Equal(t, 2, run(s.world))
		assert.Contains(t, s.stderr.String(), "--repeat "+n+": want 1 to 1000 runs")
		assert.Empty(t, s.results(t))
	}
}

func TestRepeatPausesBetweenRunsAndExitsWithTheWorst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		verdicts := []result.Verdict{result.Pass, result.Fail, result.Pass}
		began := time.Now()
		s := newShell(t, func(ctx context.Context, sc *scenarios.Scenario, opts load.Options) (*result.Result, error) {
			v := verdicts[0]
			verdicts = verdicts[1:]
			return measured(v)(ctx, sc, opts)
		}, "--set", "repeat={runs: 3, pause: 7s}", "--quiet")
		assert.Equal(t, 3, run(s.world), s.stderr.String())
		assert.Equal(t, 14*time.Second, time.Since(began), "none before the first and none after the last")
		assert.Len(t, s.results(t), 3)
		assert.Contains(t, s.stdout.String(), "3 runs: 2 pass, 1 fail")
	})
}

func TestASignalEndsRepeatedRunsAndKeepsWhatRan(t *testing.T) {
	for name, tc := range map[string]struct {
		during int // the run in which there is a signal
		pause  string
		want   int // results
	}{
		"in the second run":            {2, "0s", 2},
		"in the pause after the first": {1, "24h", 1},
	} {
		t.Run(name, func(t *testing.T) {
			var s *shell
			ran := 0
			s = newShell(t, func(ctx context.Context, sc *scenarios.Scenario, opts load.Options) (*result.Result, error) {
				v := result.Pass
				if ran++; ran == tc.during {
					s.signal <- os.Interrupt
					if tc.pause == "0s" {
						<-ctx.Done()
						v = result.Interrupted
					}
				}
				return measured(v)(ctx, sc, opts)
			}, "--set", "repeat={runs: 5, pause: "+tc.pause+"}")
			assert.Equal(t, 130, run(s.world))
			assert.Len(t, s.results(t), tc.want)
		})
	}
}

func TestARunThatCannotStartIsTheLast(t *testing.T) {
	ran := 0
	s := newShell(t, func(ctx context.Context, sc *scenarios.Scenario, opts load.Options) (*result.Result, error) {
		if ran++; ran == 3 {
			return nil, errors.New("dial mqtt://10.0.0.1:1883: refused")
		}
		return measured(result.Pass)(ctx, sc, opts)
	}, "--set", "repeat={runs: 5, pause: 0s}")
	assert.Equal(t, 1, run(s.world))
	assert.Equal(t, 3, ran)
	assert.Contains(t, s.stdout.String(), "2 of 5 runs: 2 pass")
}
