package scenarios

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// shipped lists the scenario files beside this package.
func shipped(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob("*.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	return files
}

func TestShippedScenarios(t *testing.T) {
	names := []string{
		"broker-restart", "capacity", "bursts", "closed-loop", "comings-and-goings", "exporter-stress", "fan-in", "fan-out", "large-payload", "many-connections", "mosquitto-qos1", "payload-sizes", "quickstart", "reconnect-storm", "shared-subscription", "slow-network",
		"tracing-cost", "tracing-cost-quick",
	}
	for _, name := range names {
		assert.FileExists(t, name+".yaml")
	}
	for _, file := range shipped(t) {
		t.Run(file, func(t *testing.T) {
			s, err := Load(file)
			require.NoError(t, err)
			assert.Equal(t, strings.TrimSuffix(file, ".yaml"), s.Name)
			assert.NotEmpty(t, s.Description)
			assert.NotEmpty(t, s.Thresholds)
			assert.LessOrEqual(t, s.Warmup.Std()+s.Duration.Std(), longest(s))

			text, err := os.ReadFile(file)
			require.NoError(t, err)
			assert.True(t, strings.HasPrefix(string(text), "# yaml-language-server: $schema=scenario.schema.json\n#\n# "))
			assert.Contains(t, string(text), "\n#   mqttrace run scenarios/"+file+"\n")
		})
	}
}

// longest is how long a scenario may take before people give up on it; a comparison needs its time.
func longest(s *Scenario) time.Duration {
	if len(s.Tracing.Compare) > 0 {
		return 65 * time.Second
	}
	return 30 * time.Second
}

func TestPlansOfShippedScenarios(t *testing.T) {
	for _, file := range shipped(t) {
		t.Run(file, func(t *testing.T) {
			s, err := Load(file)
			require.NoError(t, err)
			golden(t, filepath.Join("testdata", "plan", s.Name+".txt"), s.Plan().Text())
		})
	}
}

// TestSetsInComments tries the --set arguments that the comments of the shipped scenarios suggest.
func TestSetsInComments(t *testing.T) {
	suggestion := regexp.MustCompile(`--set (\S+[^\s.,])`)
	for _, file := range shipped(t) {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, match := range suggestion.FindAllStringSubmatch(string(text), -1) {
			t.Run(file+" "+match[1], func(t *testing.T) {
				set, err := ParseSet(match[1])
				require.NoError(t, err)
				_, err = Load(file, set)
				assert.NoError(t, err)
			})
		}
	}
}
