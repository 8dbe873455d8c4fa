package turns

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

// actAs is the variable that makes this binary a command to run in turns; its value says what it does.
const actAs = "MQTTRACE_TURNS_TEST"

func TestMain(m *testing.M) {
	if code, err := strconv.Atoi(os.Getenv(actAs)); err == nil {
		fmt.Fprintln(os.Stderr, "first words\nlast words")
		os.Exit(code)
	}
	goleak.VerifyTestMain(m)
}

func TestOrderIsBalanced(t *testing.T) {
	for runs := range 12 {
		for seed := range uint64(20) {
			order, lead := Order(runs, seed), 0
			require.Len(t, order, 2*runs)
			for i, side := range order {
				lead += 1 - 2*int(side)
				assert.LessOrEqual(t, lead*lead, 1, "neither side is ahead by more than one")
				if i%2 == 1 {
					assert.Zero(t, lead)
				}
			}
			assert.Equal(t, order, Order(runs, seed), "the same every time")
		}
	}
	assert.NotEqual(t, Order(20, 1), Order(20, 2))
}

// command is this binary again, which exits with a code.
func command(t *testing.T, code int) func(Side) []string {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	t.Setenv(actAs, strconv.Itoa(code))
	return func(Side) []string { return []string{self} }
}

func TestRunTakesEveryTurn(t *testing.T) {
	var began []int
	done := Run(t.Context(), Plan{
		Command: command(t, 3), Order: Order(2, 1),
		Began: func(turn Turn) { began = append(began, turn.Number) },
		Ended: func(turn Turn) bool { return turn.Code == 3 },
	})
	assert.Equal(t, []int{1, 2, 3, 4}, began)
	require.Len(t, done, 4)
	for i, turn := range done {
		assert.Equal(t, Order(2, 1)[i], turn.Side)
		assert.Equal(t, 3, turn.Code)
		assert.NoError(t, turn.Err)
		assert.Equal(t, []string{"first words", "last words"}, turn.Log)
		assert.Positive(t, turn.Took)
	}
}

func TestRunEndsWhereItIsToldTo(t *testing.T) {
	done := Run(t.Context(), Plan{Command: command(t, 1), Order: Order(5, 1), Ended: func(turn Turn) bool { return turn.Number < 2 }})
	assert.Len(t, done, 2)
}

func TestATurnUnderWayIsWaitedFor(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	done := Run(ctx, Plan{Command: command(t, 0), Order: Order(5, 1), Pause: 24 * time.Hour, Began: func(Turn) { cancel() }})
	require.Len(t, done, 1)
	assert.Zero(t, done[0].Code)
	assert.NoError(t, done[0].Err)
	assert.Empty(t, Run(ctx, Plan{Command: command(t, 0), Order: Order(1, 1)}))
}

func TestATurnThatCannotStart(t *testing.T) {
	done := Run(t.Context(), Plan{Command: func(Side) []string { return []string{"/no/such/program"} }, Order: Order(1, 1), Ended: func(Turn) bool { return false }})
	require.Len(t, done, 1)
	assert.Equal(t, -1, done[0].Code)
	assert.ErrorContains(t, done[0].Err, "no such file")
}

func TestVersion(t *testing.T) {
	_, err := Version(t.Context(), "no-such-program")
	assert.ErrorIs(t, err, exec.ErrNotFound)
	self, err := os.Executable()
	require.NoError(t, err)
	t.Setenv(actAs, "2")
	_, err = Version(t.Context(), self)
	assert.ErrorContains(t, err, "version: exit status 2")
	t.Setenv(actAs, "0")
	_, err = Version(t.Context(), self)
	assert.NoError(t, err)
}
