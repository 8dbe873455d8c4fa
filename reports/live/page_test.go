package live_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mqttrace/reports/live"
)

func TestPageOfAChild(t *testing.T) {
	p, err := live.Open("127.0.0.1:0")
	require.NoError(t, err)
	assert.True(t, strings.HasPrefix(p.URL(), "http://127.0.0.1:"), p.URL())
	assert.False(t, p.Watched())
	look, err := p.Encode(soFar(100))
	require.NoError(t, err)
	require.NoError(t, p.Show(look))
	status, body := get(t, p.URL())
	assert.Equal(t, 200, status)
	assert.Contains(t, body, "watched")
	assert.Eventually(t, p.Watched, 30*time.Second, 10*time.Millisecond, "somebody asked")
	require.NoError(t, p.Close())
	assert.Error(t, p.Show(look), "it is gone")
}

func TestPageThatCannotBeServed(t *testing.T) {
	s := start(t)
	_, err := live.Open(strings.TrimSuffix(strings.TrimPrefix(s.URL(), "http://"), "/"))
	assert.ErrorContains(t, err, "serving the page: listen tcp "+strings.TrimSuffix(strings.TrimPrefix(s.URL(), "http://"), "/"))
	_, err = live.Open("0.0.0.0:80")
	assert.ErrorContains(t, err, "is not this machine alone")
}
