package scenarios

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSweepSetsOneValueAtATime(t *testing.T) {
	s, err := Load("testdata/good/sweep.yaml", Set{Origin: "--duration", Path: "duration", Value: "1s"})
	require.NoError(t, err)
	require.Equal(t, []string{"0", "128", "4KiB"}, s.Sweep.Values)
	for i, want := range []int{0, 128, 4096} {
		step, err := s.Sweep.At(s.Sweep.Settings()[i])
		require.NoError(t, err)
		assert.Equal(t, want, step.Senders[0].Payload.Size)
		assert.Equal(t, seconds(1), step.Duration, "what was set for all stays set")
		assert.Nil(t, step.Sweep)
	}
}

func TestSweepOverARange(t *testing.T) {
	cases := []struct {
		over, given string
		want        []string
	}{
		{"senders[0].rate", "from: 10/s, to: 100/s, steps: 3", []string{"10/s", "32/s", "100/s"}},
		{"senders[0].rate", "from: 10/s, to: 100/s, steps: 3, scale: linear", []string{"10/s", "55/s", "100/s"}},
		{"senders[0].rate", "from: 0.5/s, to: 5/s, steps: 3", []string{"0.5/s", "1.581/s", "5/s"}},
		{"senders[0].count", "from: 1, to: 4, steps: 7", []string{"1", "2", "3", "4"}},
		{"senders[0].payload.size", "from: 1KiB, to: 100KiB, steps: 3", []string{"1KiB", "10KiB", "100KiB"}},
		{"warmup", "from: 100ms, to: 400ms, steps: 2", []string{"100ms", "400ms"}},
	}
	for _, c := range cases {
		s, err := Decode("x.yaml", []byte("sweep: {over: '"+c.over+"', "+c.given+"}"+minimal))
		require.NoError(t, err, c.given)
		assert.Equal(t, c.want, s.Sweep.Values)
	}
}

func TestSweepOverCombinations(t *testing.T) {
	s, err := Decode("x.yaml", []byte(`
sweep:
  over: senders[0].rate
  from: 10/s
  to: 100/s
  steps: 2
  with:
    - {over: "senders[0].qos", values: [0, 1]}
    - {over: "senders[0].payload.size", values: [64B, 1KiB]}
`+minimal))
	require.NoError(t, err)
	var all []string
	for _, setting := range s.Sweep.Settings() {
		all = append(all, setting.String())
		step, err := s.Sweep.At(setting)
		require.NoError(t, err)
		assert.Equal(t, setting.With[0] == "1", step.Senders[0].QoS == 1)
		assert.Equal(t, setting.With[1] == "1KiB", step.Senders[0].Payload.Size == 1024)
		assert.Nil(t, step.Sweep)
	}
	assert.Equal(t, []string{"10/s, 0, 64B", "100/s, 0, 64B", "10/s, 0, 1KiB", "100/s, 0, 1KiB", "10/s, 1, 64B", "100/s, 1, 64B", "10/s, 1, 1KiB", "100/s, 1, 1KiB"}, all)
}

func TestSearchBetweenItsEnds(t *testing.T) {
	s, err := Load("testdata/good/search.yaml")
	require.NoError(t, err)
	from, to := s.Search.Range()
	assert.Equal(t, []float64{1000, 100_000}, []float64{from, to})
	assert.Equal(t, "1414/s", s.Search.Between(1414.2136))
	assert.Equal(t, "45240/s", s.Search.Between(45237.1), "four digits are precise enough to read")
	step, err := s.Search.At("45240/s")
	require.NoError(t, err)
	assert.EqualValues(t, 4524, step.Senders[0].Rate.Messages, "the group's rate is shared by ten")
	assert.Nil(t, step.Search)
}

func TestQuantity(t *testing.T) {
	cases := []struct {
		value  string
		number float64
		unit   string
		ok     bool
	}{
		{"100/s", 100, "msg/s", true}, {"90/min", 1.5, "msg/s", true}, {"64KiB", 65536, "B", true}, {"20ms", 0.02, "s", true},
		{"5", 5, "", true}, {"0", 0, "", true}, {"export", 0, "", false}, {"max", 0, "", false}, {"", 0, "", false}, {"1 parsec", 0, "", false},
	}
	for _, c := range cases {
		number, unit, ok := Quantity(c.value)
		assert.Equal(t, c.ok, ok, c.value)
		assert.InDelta(t, c.number, number, 1e-12, c.value)
		assert.Equal(t, c.unit, unit, c.value)
	}
}

func TestPlansOfSeveralRuns(t *testing.T) {
	for _, name := range []string{"sweep", "search"} {
		s, err := Load("testdata/good/" + name + ".yaml")
		require.NoError(t, err)
		golden(t, "testdata/good/"+name+".plan.txt", s.Plan().Text())
	}
}
