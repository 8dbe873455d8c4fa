package scenarios

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// FuzzDecode looks for input that Decode panics or hangs on, and for scenarios that it takes and does not write as it read
// them.
func FuzzDecode(f *testing.F) {
	for _, pattern := range []string{"*.yaml", "testdata/good/*.yaml", "testdata/bad/*.yaml"} {
		files, err := filepath.Glob(pattern)
		require.NoError(f, err)
		for _, file := range files {
			data, err := os.ReadFile(file)
			require.NoError(f, err)
			f.Add(data, "senders[0].rate", "50/s")
		}
	}
	f.Add([]byte(minimal), "senders.a.payload.json", "{a: {$counter: {}}}")
	f.Fuzz(func(t *testing.T, data []byte, path, value string) {
		s, err := Decode("fuzz.yaml", data)
		check(t, s, err)
		s, err = Decode("fuzz.yaml", data, Set{Origin: "--set", Path: path, Value: value})
		check(t, s, err)
	})
}

// check makes sure that a scenario is complete, or that the problems say something.
func check(t *testing.T, s *Scenario, err error) {
	t.Helper()
	if err != nil {
		var problems Problems
		require.ErrorAs(t, err, &problems)
		assert.NotEmpty(t, problems)
		assert.NotEmpty(t, err.Error())
		return
	}
	_ = s.Plan().Text()
	text, err := json.Marshal(s)
	require.NoError(t, err)
	again, err := Decode("again.yaml", text)
	require.NoError(t, err, "%s", text)
	assert.Equal(t, rootless(s), rootless(again))
}

func FuzzMatch(f *testing.F) {
	f.Add("a/+/#", "a/b/c")
	f.Add("$share/g/+", "$SYS")
	f.Fuzz(func(t *testing.T, filter, topic string) {
		assert.Equal(t, Match(filter, topic), Match("$share/group/"+trimShare(filter), topic))
	})
}

func trimShare(filter string) string {
	_, inner, _ := splitShare(filter)
	return inner
}

func FuzzParseThreshold(f *testing.F) {
	for _, text := range []string{"response.p99 < 20ms", "delivery.lost==0", "rate_per_s >= 1e3/s", "cost.cpu_per_message != 1us"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		threshold, err := ParseThreshold(text)
		if err != nil {
			assert.NotEmpty(t, err.Error())
			return
		}
		again, err := ParseThreshold(threshold.Text)
		require.NoError(t, err)
		assert.Equal(t, threshold, again)
	})
}
