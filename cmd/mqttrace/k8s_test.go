package main

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What resources has for a cluster is what the command line in it prints; -update writes it anew.
func TestLoadTestOfResourcesIsWhatTheVerbPrints(t *testing.T) {
	atRoot(t)
	const dir = "resources/kubernetes/load-test/base/"
	args := []string{"k8s", "manifest", dir + "scenario.yaml", "--shards", "4"}
	s := newShell(t, nil)
	s.args = args
	require.Zero(t, run(s.world), s.stderr.String())
	if *update {
		require.NoError(t, os.WriteFile(dir+"load-test.yaml", s.stdout.Bytes(), 0o644))
	}
	kept, err := os.ReadFile(dir + "load-test.yaml")
	require.NoError(t, err)
	assert.Equal(t, string(kept), s.stdout.String())
	command := "mqttrace " + strings.Join(args, " ")
	assert.Contains(t, s.stdout.String(), "#   "+command+"\n")
	scenario, err := os.ReadFile(dir + "scenario.yaml")
	require.NoError(t, err)
	assert.Contains(t, string(scenario), "#   "+command+" > "+dir+"load-test.yaml\n")
}
