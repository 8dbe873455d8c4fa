package reports_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mqttrace/load/result"
	"mqttrace/reports"
	"mqttrace/reports/internal/browser"
)

// live serves a page of a run that goes on, and sends what arrives on updates to it.
func live(t *testing.T, first *result.Result, updates <-chan *result.Result) *httptest.Server {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		assert.NoError(t, reports.HTML(w, inFiles(first), reports.HTMLOptions{Stream: "/events"}))
	})
	mux.HandleFunc("GET /events", func(w http.ResponseWriter, request *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for {
			select {
			case <-request.Context().Done():
				return
			case r := <-updates:
				var b bytes.Buffer
				assert.NoError(t, reports.HTMLUpdate(&b, inFiles(r)))
				fmt.Fprintf(w, "data: %s\n\n", b.Bytes())
				w.(http.Flusher).Flush()
			}
		}
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server
}

func TestHTMLFollowsARun(t *testing.T) {
	t.Parallel()
	b := browser.Start(t)
	updates := make(chan *result.Result)
	tab := b.Open(t, live(t, running(3), updates).URL, browser.View{})
	require.Equal(t, []string{"RUNNING"}, tab.Texts(t, ".verdict strong"))
	tab.Eval(t, `window.before = document.querySelector('[data-plot="r1-course"] canvas'), document.querySelector("#r1-latency details.more").open = true, 0`, new(int))

	ended := running(9)
	ended.Verdict = result.Pass
	updates <- ended
	require.Eventually(t, func() bool { return strings.Join(tab.Texts(t, ".verdict strong"), "") == "PASS" }, browser.Patience, browser.Patience/1000)
	assert.True(t, tab.True(t, `window.before === document.querySelector('[data-plot="r1-course"] canvas')`), "the same canvas: nothing flickers")
	assert.True(t, tab.True(t, `document.querySelector("#r1-latency details.more").open`), "what was open stays open")
	assert.Empty(t, tab.Problems())

	t.Run("another page is loaded anew", func(t *testing.T) {
		tab.Eval(t, `window.before = 1, 0`, new(int))
		updates <- comparison("off", "record") // has other sections; what the server has by now is still the first
		require.Eventually(t, func() bool { return tab.True(t, `window.before === undefined && document.querySelector(".verdict")`) }, browser.Patience, browser.Patience/1000)
	})
}
