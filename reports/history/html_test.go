package history_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mqttrace/load/result"
	"mqttrace/reports/history"
	"mqttrace/reports/internal/browser"
)

// page writes the page of a folder into it and returns its path.
func page(t *testing.T, dir string) string {
	t.Helper()
	path := filepath.Join(dir, "history.html")
	var b bytes.Buffer
	require.NoError(t, history.HTML(&b, read(t, dir, history.Options{}), history.LinksFrom(path, dir)))
	require.NoError(t, os.WriteFile(path, b.Bytes(), 0o666))
	return path
}

// front writes the front page of a folder into it and returns its path.
func front(t *testing.T, dir, to string) string {
	t.Helper()
	path := filepath.Join(dir, "index.html")
	var b bytes.Buffer
	require.NoError(t, history.Front(&b, read(t, dir, history.Options{}), history.LinksFrom(path, dir), to))
	require.NoError(t, os.WriteFile(path, b.Bytes(), 0o666))
	return path
}

func TestPagesInABrowser(t *testing.T) {
	b := browser.Start(t)
	dir := folder(t, course()...)
	write(t, dir, "telemetry-1k-007.html", "<!doctype html><title>A report</title>")
	write(t, dir, "cut.json", "{")
	path := page(t, dir)

	t.Run("a plot of each figure, and nothing asked for", func(t *testing.T) {
		tab := b.Open(t, path, browser.View{})
		titles := tab.Texts(t, "figure h4")
		assert.Equal(t, []string{
			"response p50", "response p99", "response p99.9", "transit p99", "rate sent", "messages lost", "CPU/msg", "allocs/msg", "broker CPU/msg",
		}, titles)
		for i := range titles {
			assert.Greater(t, tab.Painted(t, `[data-plot="series-1-`+string(rune('1'+i))+`"] canvas`), 3, titles[i])
		}
		assert.Empty(t, tab.Problems())
		assert.Len(t, tab.Requests(), 1, "the page itself")
	})
	t.Run("the version of a run at the crosshair", func(t *testing.T) {
		tab := b.Open(t, path, browser.View{})
		hoverRun(t, tab, 7)
		assert.Equal(t, []string{"2026-11-09 09:00 UTC · pass · v0.2.0"}, tab.Texts(t, `[data-plot="series-1-1"] .readout:not([hidden]) .at`))
		hoverRun(t, tab, 1)
		assert.Equal(t, []string{"2026-11-03 09:00 UTC · fail · v0.1.0"}, tab.Texts(t, `[data-plot="series-1-1"] .readout:not([hidden]) .at`))
		assert.Equal(t, []string{"run301 µs", "failed301 µs"}, tab.Texts(t, `[data-plot="series-1-1"] .readout:not([hidden]) .line`))
		hoverRun(t, tab, 3)
		assert.Equal(t, []string{"invalid or interrupted9.00 ms"}, tab.Texts(t, `[data-plot="series-1-1"] .readout:not([hidden]) .line`),
			"an invalid run is shown and not on the line")
	})
	t.Run("marks where something changed", func(t *testing.T) {
		tab := b.Open(t, path, browser.View{})
		var labels []string
		tab.Eval(t, `JSON.parse(document.getElementById("data").textContent).plots["series-1-1"].marks.map((m) => m.label)`, &labels)
		assert.Equal(t, []string{"v0.2.0", "mosquitto 2.0.22", "machine", "scenario"}, labels)
	})
	t.Run("the runs, the newest first, with their reports", func(t *testing.T) {
		tab := b.Open(t, path, browser.View{})
		assert.Equal(t, "2026-11-09 09:00", tab.Texts(t, "#series-1-runs tbody th")[0])
		assert.Len(t, tab.Texts(t, "#series-1-runs tbody tr:not(.notes)"), 8)
		var links []string
		tab.Eval(t, `[...document.querySelectorAll("#series-1-runs a")].filter((a) => a.textContent === "report").map((a) => a.getAttribute("href"))`, &links)
		assert.Equal(t, []string{"telemetry-1k-007.html"}, links)
		tab.Click(t, `#series-1-runs a[href$=".html"]`)
		assert.Eventually(t, func() bool { return tab.True(t, `document.title === "A report"`) }, patience, poll)
	})
	t.Run("what was left out", func(t *testing.T) {
		tab := b.Open(t, path, browser.View{})
		assert.Equal(t, []string{"cut.json"}, tab.Texts(t, "#files tbody th"))
	})
	t.Run("on a phone", func(t *testing.T) {
		for _, p := range []string{path, front(t, dir, "history.html")} {
			tab := b.Open(t, p, browser.Phone)
			assert.Zero(t, tab.Number(t, "document.documentElement.scrollWidth - document.documentElement.clientWidth"), "sideways")
		}
	})
	t.Run("in the dark", func(t *testing.T) {
		tab := b.Open(t, path, browser.View{Dark: true})
		assert.True(t, tab.True(t, `getComputedStyle(document.body).backgroundColor === "rgb(14, 18, 23)"`))
		assert.Greater(t, tab.Painted(t, "canvas"), 3)
	})
	t.Run("for those who do not see it", func(t *testing.T) {
		tab := b.Open(t, path, browser.View{})
		for _, role := range []string{"banner", "main", "contentinfo", "navigation"} {
			assert.Len(t, tab.Names(t, role), 1, role)
		}
		assert.Empty(t, skips(t, tab), "levels of headings that are left out")
		assert.Contains(t, tab.Texts(t, "figcaption p")[0], "390 µs, median before 303 µs")
		for _, name := range tab.Names(t, "table") {
			assert.NotEmpty(t, name)
		}
	})
	t.Run("on paper", func(t *testing.T) {
		assert.Greater(t, len(b.Open(t, path, browser.View{}).Print(t)), 10_000)
	})
}

// hoverRun points at a run of the first plot.
func hoverRun(t *testing.T, tab *browser.Tab, run int) {
	t.Helper()
	tab.Eval(t, `document.querySelector('[data-plot="series-1-1"]').scrollIntoView({behavior: "instant", block: "center"}), 0`, new(int))
	var at struct{ X, Y, Width float64 }
	tab.Eval(t, `(({x, y, width}) => ({x, y, width}))(document.querySelector('[data-plot="series-1-1"] .u-over').getBoundingClientRect())`, &at)
	tab.Hover(t, at.X+1+(at.Width-2)*float64(run)/7, at.Y+40)
}

// skips are the headings that are more than a level below the one before.
func skips(t *testing.T, tab *browser.Tab) (all []string) {
	t.Helper()
	tab.Eval(t, `[...document.querySelectorAll("h1, h2, h3, h4, h5")].filter((h, i, all) =>
		Number(h.tagName[1]) > (i === 0 ? 1 : Number(all[i - 1].tagName[1]) + 1)).map((h) => h.textContent)`, &all)
	return all
}

func TestFrontPageLeadsToTheNewestRuns(t *testing.T) {
	dir := folder(t, append(course(), several()...)...)
	write(t, dir, "telemetry-1k-007.html", "<!doctype html>")
	tab := browser.Start(t).Open(t, front(t, dir, "history.html"), browser.View{})
	assert.Equal(t, []string{"cost on mosquitto", "telemetry-1k on embedded", "telemetry-1k on mosquitto"}, tab.Texts(t, "h2"))
	assert.Equal(t, []string{"tracing off", "tracing export"}, tab.Texts(t, "#place-1-newest tbody th"))
	assert.Equal(t, []string{"390 µs (▲ +28.7 %)"}, tab.Texts(t, "#place-3-newest td:nth-of-type(1)"))
	var links []string
	tab.Eval(t, `[...document.querySelectorAll("#place-3 a")].map((a) => a.getAttribute("href"))`, &links)
	assert.Equal(t, []string{"telemetry-1k-007.html", "history.html#place-3", "telemetry-1k-007.json"}, links)
	assert.Empty(t, skips(t, tab))
	assert.Empty(t, tab.Problems())

	tab = browser.Start(t).Open(t, front(t, dir, ""), browser.View{})
	assert.NotContains(t, tab.Texts(t, "a"), "History")
}

func TestPagesOfNothing(t *testing.T) {
	dir := folder(t)
	b := browser.Start(t)
	for _, path := range []string{page(t, dir), front(t, dir, "")} {
		tab := b.Open(t, path, browser.View{})
		assert.Contains(t, strings.Join(tab.Texts(t, "main .note"), " "), "There is no run to show.")
		assert.Empty(t, tab.Problems())
	}
}

// Names come from scenarios, brokers and file names. Nothing of them may run, and no link may lead anywhere but to a file.
func TestPagesOfHostileNames(t *testing.T) {
	const evil = `</script><script>alert(1)</script>"><img src=x onerror=alert(2)>` + "\u2028'`${alert(3)}"
	r, before := run(1), run(0)
	for _, r := range []*result.Result{r, before} {
		name, err := json.Marshal(map[string]string{"name": evil, "description": evil})
		require.NoError(t, err)
		r.Scenario = name
		r.Verdict, r.Reason, r.Environment.OS, r.Environment.CPU = result.Fail, evil, evil, evil
		r.Environment.Broker = result.Broker{Name: evil, Version: evil}
		r.Arms[0].Name = evil
	}
	r.Environment.Tool, before.Environment.Tool = evil, evil+"0"
	dir := folder(t, before, r)
	for from, to := range map[string]string{"telemetry-1k-000": "javascript:alert(4)", "telemetry-1k-001": `" onclick=alert(5) x="`} {
		require.NoError(t, os.Rename(filepath.Join(dir, from+".json"), filepath.Join(dir, to+".json")))
		write(t, dir, to+".html", "<!doctype html>")
	}
	write(t, dir, "<img src=x onerror=alert(6)>.json", "{")
	b := browser.Start(t)
	for name, path := range map[string]string{"history": page(t, dir), "front": front(t, dir, "history.html")} {
		t.Run(name, func(t *testing.T) {
			tab := b.Open(t, path, browser.View{})
			assert.Empty(t, tab.Problems(), "no dialog, nothing that the policy refused")
			assert.Len(t, tab.Requests(), 1)
			assert.Zero(t, tab.Number(t, `document.querySelectorAll("img, main script").length`))
			assert.Zero(t, tab.Number(t, `[...document.links].filter((a) => a.protocol !== "file:").length`))
			assert.Zero(t, tab.Number(t, `[...document.querySelectorAll("*")].filter((e) => e.getAttributeNames().some((n) => n.startsWith("on"))).length`))
			assert.Contains(t, tab.Texts(t, "h2")[0], "</script><script>alert(1)</script>")
		})
	}
}

// Where continuous integration builds every run anew, each is of another version: only releases are worth a mark.
func TestOnlyReleasesAreMarkedWhereEveryRunIsOfAnotherVersion(t *testing.T) {
	var all []*result.Result
	for i := range 40 {
		r := run(i)
		r.Environment.Tool = fmt.Sprintf("v0.%d.0-%d-g1234567", 1+i/20, i%20)
		all = append(all, r)
	}
	all[30].Environment.Tool += "-dirty"
	assert.Equal(t, []string{"v0.2.0"}, marks(t, folder(t, all...)))
	for i, r := range all {
		r.Environment.Tool = fmt.Sprintf("%07x", 0xabc0000+i) // no release yet
	}
	assert.Empty(t, marks(t, folder(t, all...)))
	all = all[:4]
	assert.Equal(t, []string{"abc0001", "abc0002", "abc0003"}, marks(t, folder(t, all...)))
}

var pageData = regexp.MustCompile(`(?s)id="data">(.*?)</script>`)

// marks are the labels of the marks in the first plot of a folder's page.
func marks(t *testing.T, dir string) (labels []string) {
	t.Helper()
	text, err := os.ReadFile(page(t, dir))
	require.NoError(t, err)
	var data struct {
		Plots map[string]struct {
			Marks []struct{ Label string }
		}
	}
	require.NoError(t, json.Unmarshal(pageData.FindSubmatch(text)[1], &data))
	for _, m := range data.Plots["series-1-1"].Marks {
		labels = append(labels, m.Label)
	}
	return labels
}

func TestPageStaysSmall(t *testing.T) {
	var all []*result.Result
	for i := range 3 * history.DefaultNewest {
		all = append(all, run(i))
	}
	info, err := os.Stat(page(t, folder(t, all...)))
	require.NoError(t, err)
	assert.Less(t, info.Size(), int64(300_000), "the shell and one series of many runs")
}
