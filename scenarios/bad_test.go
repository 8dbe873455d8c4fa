package scenarios

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestBadScenarios holds each file of testdata/bad against its golden error. It runs in their folder, so that the texts
// hold bare file names.
func TestBadScenarios(t *testing.T) {
	t.Chdir(filepath.Join("testdata", "bad"))
	files, err := filepath.Glob("*.yaml")
	require.NoError(t, err)
	assert.GreaterOrEqual(t, len(files), 24)
	for _, file := range files {
		t.Run(file, func(t *testing.T) {
			s, err := Load(file)
			require.Error(t, err)
			assert.Nil(t, s)
			var problems Problems
			require.ErrorAs(t, err, &problems)
			inFileOrder(t, problems)
			golden(t, strings.TrimSuffix(file, ".yaml")+".txt", err.Error()+"\n")
		})
	}
}

func inFileOrder(t *testing.T, problems Problems) {
	t.Helper()
	for i := 1; i < len(problems); i++ {
		a, b := problems[i-1], problems[i]
		assert.True(t, a.Line < b.Line || a.Line == b.Line && a.Column <= b.Column, "%v before %v", a, b)
	}
}
