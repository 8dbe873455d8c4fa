package scenarios

import (
	"encoding/json"
	"maps"
	"os"
	"slices"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// elsewhere are the keys that no shipped scenario can show, because they are of a broker or an endpoint of one's own, by what shows them.
var elsewhere = map[string]string{
	"tls": "tls.txtar", "ca": "tls.txtar", "cert": "tls.txtar", "key": "tls.txtar", "server_name": "tls.txtar", "alpn": "tls.txtar",
	"username": "credentials.txtar", "password_file": "credentials.txtar", "auth": "the README, on brokers",
	"url": "the README, on metrics", "select": "the README, on metrics",
}

func TestEveryKeyHasAnExample(t *testing.T) {
	text, err := JSONSchema()
	require.NoError(t, err)
	var root schemaNode
	require.NoError(t, json.Unmarshal(text, &root))
	known, shown := make(map[string]bool), make(map[string]bool)
	addKeys(known, root)
	for _, d := range root.Definitions {
		addKeys(known, d)
	}
	for _, file := range shipped(t) {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		var content any
		require.NoError(t, yaml.Unmarshal(text, &content))
		addUsed(shown, content)
	}
	for _, key := range slices.Sorted(maps.Keys(known)) {
		assert.True(t, shown[key] || elsewhere[key] != "", "no shipped scenario has the key %s", key)
		assert.False(t, shown[key] && elsewhere[key] != "", "there is an example of %s", key)
	}
}

// addKeys adds the names of all keys below a node.
func addKeys(to map[string]bool, n schemaNode) {
	for _, one := range n.alternatives() {
		for _, p := range one.Properties {
			to[p.name] = true
			addKeys(to, p.node)
		}
	}
}

func addUsed(to map[string]bool, content any) {
	switch v := content.(type) {
	case map[string]any:
		for key, value := range v {
			to[key] = true
			addUsed(to, value)
		}
	case []any:
		for _, value := range v {
			addUsed(to, value)
		}
	}
}
