package live_test

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"mqttrace/load/result"
	"mqttrace/reports"
	"mqttrace/reports/internal/browser"
	"mqttrace/reports/live"
)

func TestMain(m *testing.M) {
	live.RunIfChild()
	goleak.VerifyTestMain(m)
}

// soFar is a run that has received n messages.
func soFar(n uint64) reports.Saved {
	p50 := int64(400_000)
	var series []result.Point
	for s := range 5 {
		series = append(series, result.Point{AtNS: int64(s) * 1e9, LengthNS: 1e9, Scheduled: n, Sent: n, Received: n, P50NS: p50, P99NS: 2 * p50, MaxNS: 3 * p50})
	}
	return reports.Saved{Result: &result.Result{
		Schema: result.Schema, Started: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC), Scenario: json.RawMessage(`{"name":"watched","duration":"20s"}`),
		Arms: []result.Arm{{
			Name: "off", ElapsedNS: 5e9, Sent: 5 * n, Received: 5 * n, RatePerS: float64(n), ReceivedRatePerS: float64(n),
			Latency: map[string]result.Latency{result.Response: {Count: 5 * n, P50NS: &p50}}, Series: series,
		}},
	}}
}

func start(t *testing.T) *live.Server {
	t.Helper()
	s, err := live.Start("127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.Close()) })
	return s
}

func get(t *testing.T, url string) (status int, body string) {
	t.Helper()
	answer, err := http.Get(url)
	require.NoError(t, err)
	defer answer.Body.Close()
	data, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return answer.StatusCode, string(data)
}

func TestPageIsThatOfTheLatestResult(t *testing.T) {
	s := start(t)
	assert.False(t, s.Watched())
	answered := make(chan int)
	go func() {
		status, _ := get(t, s.URL()) // nobody has shown anything; it waits a little and says so
		answered <- status
	}()
	assert.Eventually(t, s.Watched, 30*time.Second, time.Millisecond, "somebody asked")
	assert.Equal(t, http.StatusServiceUnavailable, <-answered)
	require.NoError(t, s.Show(soFar(100)))
	status, body := get(t, s.URL())
	assert.Equal(t, http.StatusOK, status)
	assert.Contains(t, body, "watched")
	assert.Contains(t, body, `data-stream="/events"`)
	status, _ = get(t, s.URL()+"other")
	assert.Equal(t, http.StatusNotFound, status)
}

// events reads what a viewer is sent until the run is over.
func events(t *testing.T, ctx context.Context, s *live.Server) <-chan string {
	t.Helper()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL()+"events", nil)
	require.NoError(t, err)
	answer, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	require.Equal(t, "text/event-stream", answer.Header.Get("Content-Type"))
	lines := make(chan string, 100)
	go func() {
		defer close(lines)
		defer answer.Body.Close()
		for in := bufio.NewReader(answer.Body); ; {
			line, err := in.ReadString('\n')
			if err != nil {
				return
			}
			if line = strings.TrimSpace(line); line != "" {
				lines <- line
			}
		}
	}()
	return lines
}

// isUpdatedTo waits for an update that has a text in it.
func isUpdatedTo(t *testing.T, viewer <-chan string, text string) {
	t.Helper()
	for line := range viewer {
		data, isData := strings.CutPrefix(line, "data: ")
		require.True(t, isData, line)
		var update struct {
			Fragments map[string]string `json:"fragments"`
		}
		require.NoError(t, json.Unmarshal([]byte(data), &update))
		require.NotEmpty(t, update.Fragments)
		for _, fragment := range update.Fragments {
			if strings.Contains(fragment, text) {
				return
			}
		}
	}
	require.FailNow(t, "the run is over", "want %s", text)
}

func TestSeveralViewersAreKeptUpToDate(t *testing.T) {
	s := start(t)
	require.NoError(t, s.Show(soFar(100)))
	ctx, leave := context.WithCancel(t.Context())
	one, two, gone := events(t, t.Context(), s), events(t, t.Context(), s), events(t, ctx, s)
	leave()
	for range gone {
	}
	require.NoError(t, s.Show(soFar(200)))
	late := events(t, t.Context(), s)
	for _, viewer := range []<-chan string{one, two, late} {
		isUpdatedTo(t, viewer, "1,000")
	}
	require.NoError(t, s.Close())
	for _, viewer := range []<-chan string{one, two, late} {
		assert.Equal(t, "event: end", <-viewer)
	}
	_, err := http.Get(s.URL())
	assert.Error(t, err, "it does not serve any more")
	s2 := start(t) // for the cleanup of the first, which is closed: closing twice is fine
	require.NoError(t, s2.Close())
}

func TestOthersAreRefused(t *testing.T) {
	for _, address := range []string{"0.0.0.0:0", "192.0.2.1:80", ":8080", "example.org:80", "127.0.0.1", "[::]:0"} {
		_, err := live.Start(address)
		assert.Error(t, err, address)
	}
	s := start(t)
	require.NoError(t, s.Show(soFar(100)))
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL(), nil)
	require.NoError(t, err)
	request.Host = "rebound.example:80"
	answer, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer answer.Body.Close()
	assert.Equal(t, http.StatusMisdirectedRequest, answer.StatusCode)
}

// shows waits until a page has a text in it.
func shows(t *testing.T, tab *browser.Tab, text string) {
	t.Helper()
	var seen bool
	tab.Eval(t, `new Promise((done) => {
		const look = setInterval(() => {
			if (document.body.innerText.includes("`+text+`")) { clearInterval(look); done(true); }
		}, 50);
	})`, &seen)
	assert.True(t, seen)
}

func TestPageInABrowserFollowsTheRun(t *testing.T) {
	s := start(t)
	require.NoError(t, s.Show(soFar(100)))
	b := browser.Start(t)
	first, second := b.Open(t, s.URL(), browser.View{}), b.Open(t, s.URL(), browser.Phone)
	require.NoError(t, s.Show(soFar(222)))
	for _, tab := range []*browser.Tab{first, second} {
		shows(t, tab, "1,110")
		assert.Empty(t, tab.Problems())
	}
	assert.True(t, first.True(t, `setTimeout(() => location.reload(), 0) > 0`))
	shows(t, first, "1,110")
	require.NoError(t, s.Show(soFar(333)))
	shows(t, first, "1,665")
	require.NoError(t, s.Close())
	shows(t, second, "1,665")
	assert.Empty(t, first.Problems())
}
