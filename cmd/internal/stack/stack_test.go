package stack

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/distribution/reference"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"
)

// root is where the files are that this package looks at.
const root = "../../.."

// path is a path inside the repository.
func path(elem ...string) string { return filepath.Join(append([]string{root}, elem...)...) }

// read is a file of the repository.
func read(t *testing.T, elem ...string) []byte {
	t.Helper()
	text, err := os.ReadFile(path(elem...))
	require.NoError(t, err)
	return text
}

// decode reads a YAML or JSON file of the repository, with no key that the type does not have.
func decode[T any](t *testing.T, elem ...string) T {
	t.Helper()
	return decodeWith[T](t, []yaml.JSONOpt{yaml.DisallowUnknownFields}, elem...)
}

// decodeLoosely does without the keys that the type does not have.
func decodeLoosely[T any](t *testing.T, elem ...string) T {
	t.Helper()
	return decodeWith[T](t, nil, elem...)
}

func decodeWith[T any](t *testing.T, options []yaml.JSONOpt, elem ...string) T {
	t.Helper()
	var into T
	text, err := yaml.YAMLToJSONStrict(read(t, elem...)) // no key twice
	require.NoError(t, err, filepath.Join(elem...))
	require.NoError(t, yaml.Unmarshal(text, &into, options...), filepath.Join(elem...))
	return into
}

// assertPinned says that an image is named by a tag that does not move on its own, and by one digest at most: a reference
// with two does not parse.
func assertPinned(t *testing.T, image string) {
	t.Helper()
	named, err := reference.ParseNormalizedNamed(image)
	if !assert.NoError(t, err, image) {
		return
	}
	tagged, ok := named.(reference.Tagged)
	assert.True(t, ok, "%s has no tag", image)
	if ok {
		assert.NotContains(t, []string{"latest", "main", "edge"}, tagged.Tag(), image)
	}
}

func TestTwoDigestsAreNoReference(t *testing.T) {
	digest := "@sha256:" + "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	_, err := reference.ParseNormalizedNamed("eclipse-mosquitto:2.0.22" + digest)
	require.NoError(t, err)
	_, err = reference.ParseNormalizedNamed("eclipse-mosquitto:2.0.22" + digest + digest)
	require.Error(t, err)
}
