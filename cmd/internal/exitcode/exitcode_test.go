package exitcode_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mqttrace/cmd/internal/exitcode"
	"mqttrace/load/result"
)

func TestOf(t *testing.T) {
	cause := errors.New("no broker there")
	for name, tc := range map[string]struct {
		err  error
		want int
	}{
		"no error":           {nil, 0},
		"the flag parser's":  {errors.New("unknown flag"), 2},
		"with a code":        {exitcode.With(exitcode.CannotRun, cause), 1},
		"wrapped":            {fmt.Errorf("quickstart: %w", exitcode.With(exitcode.Invalid, cause)), 4},
		"nothing to say":     {exitcode.Silent(exitcode.Missed), 3},
		"nothing went wrong": {exitcode.Silent(exitcode.Pass), 0},
		"a code for nothing": {exitcode.With(exitcode.CannotRun, nil), 0},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, tc.want, exitcode.Of(tc.err))
		})
	}
	require.ErrorIs(t, exitcode.With(exitcode.CannotRun, cause), cause)
	assert.Empty(t, exitcode.Silent(exitcode.Missed).Error())
}

func TestOfVerdict(t *testing.T) {
	for v, want := range map[result.Verdict]int{result.Pass: 0, result.Fail: 3, result.Invalid: 4, result.Interrupted: 130, "": 4} {
		assert.Equal(t, want, exitcode.OfVerdict(v), "%q", v)
	}
}

func TestWorst(t *testing.T) {
	for _, tc := range []struct{ a, b, want int }{{0, 0, 0}, {0, 3, 3}, {3, 4, 4}, {4, 1, 1}, {1, 3, 1}, {130, 1, 130}, {0, 130, 130}} {
		assert.Equal(t, tc.want, exitcode.Worst(tc.a, tc.b), "%d %d", tc.a, tc.b)
		assert.Equal(t, tc.want, exitcode.Worst(tc.b, tc.a), "%d %d", tc.b, tc.a)
	}
}
