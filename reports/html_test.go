package reports_test

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
	"mqttrace/reports"
	"mqttrace/reports/internal/browser"
)

// savePage writes the page of results to a file and returns its path and size.
func savePage(t *testing.T, opts reports.HTMLOptions, all ...*result.Result) (path string, size int) {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, reports.HTML(&b, inFiles(all...), opts))
	path = filepath.Join(t.TempDir(), "report.html")
	require.NoError(t, os.WriteFile(path, b.Bytes(), 0o600))
	return path, b.Len()
}

func inFiles(all ...*result.Result) (saved []reports.Saved) {
	for i, r := range all {
		saved = append(saved, reports.Saved{Result: r, Path: fmt.Sprintf("results/%d.json", i)})
	}
	return saved
}

// pages are results of every kind, by name.
func pages() map[string][]*result.Result {
	all := map[string][]*result.Result{
		"eventful": {eventful()}, "comparison": {comparison("off", "context", "record", "export")}, "running": {running(9)},
		"several": {eventful(), comparison("off", "record"), failed(), nothing()}, "no result": nil,
		"one second": {running(-1)},
	}
	for name, r := range everything() {
		all[name] = []*result.Result{r}
	}
	return all
}

func TestHTMLInABrowser(t *testing.T) {
	t.Parallel()
	b := browser.Start(t)
	for name, all := range pages() {
		t.Run(name, func(t *testing.T) {
			path, _ := savePage(t, reports.HTMLOptions{}, all...)
			tab := b.Open(t, path, browser.View{})
			assert.Empty(t, tab.Problems())
			assert.Len(t, tab.Requests(), 1, "a page asks for nothing but itself")
			assertDrawn(t, tab)
			assertInOrder(t, tab)
			assert.Len(t, tab.Texts(t, ".verdict strong"), len(all))

			tab.Look(t, browser.Phone)
			require.Eventually(t, func() bool { return tab.Number(t, "document.documentElement.scrollWidth") <= 360 },
				browser.Patience, browser.Patience/1000, "columns of pixels on a phone, once the plots have been drawn anew")
			assert.True(t, tab.True(t, `[...document.querySelectorAll("[id$=thresholds] td:nth-child(2), [id$=overhead] .card:first-of-type td:nth-child(2)")].every((e) =>
				e.getBoundingClientRect().right <= e.closest(".scroll").getBoundingClientRect().right)`), "what a threshold and a difference come to is seen without scrolling")
			assert.Empty(t, tab.Problems())
		})
	}
}

// assertDrawn checks that every plot has been drawn, with every series that it has in its legend.
func assertDrawn(t *testing.T, tab *browser.Tab) {
	t.Helper()
	var data struct {
		Plots map[string]struct {
			Label  string
			Series []struct{ Label string }
			Heat   any
			Small  bool
		}
	}
	tab.Eval(t, `JSON.parse(document.getElementById("data").textContent)`, &data)
	var figures []struct {
		Name, Title, Caption string
		Legend               []string
	}
	tab.Eval(t, `[...document.querySelectorAll("[data-plot]")].map((e) => ({
		name: e.dataset.plot, title: e.querySelector("h4").textContent, caption: e.querySelector("figcaption p").textContent,
		legend: [...e.querySelectorAll(".legend button")].map((b) => b.textContent),
	}))`, &figures)
	require.Len(t, figures, len(data.Plots))
	spoken, painted := tab.Names(t, "group"), tab.AllPainted(t, "[data-plot] canvas")
	require.Len(t, painted, len(figures))
	for i, f := range figures {
		plot := data.Plots[f.Name]
		assert.Greater(t, painted[i], 3, "colors of %s", f.Name)
		assert.NotEmpty(t, f.Title, f.Name)
		assert.NotEmpty(t, f.Caption, f.Name)
		assert.Contains(t, spoken, plot.Label+". Arrow keys read values, Escape ends.")
		if plot.Heat == nil && !plot.Small {
			assert.Len(t, f.Legend, len(plot.Series), f.Name)
		}
	}
}

// assertInOrder checks what a screen reader goes by.
func assertInOrder(t *testing.T, tab *browser.Tab) {
	t.Helper()
	for _, landmark := range []string{"banner", "main", "contentinfo"} {
		assert.Len(t, tab.Names(t, landmark), 1, landmark)
	}
	var levels []int
	tab.Eval(t, `[...document.querySelectorAll("h1, h2, h3, h4")].map((h) => Number(h.tagName[1]))`, &levels)
	require.NotEmpty(t, levels)
	assert.Equal(t, 1, levels[0])
	for i := 1; i < len(levels); i++ {
		assert.LessOrEqual(t, levels[i], levels[i-1]+1, "heading %d skips a level: %v", i, levels)
	}
	assert.Zero(t, tab.Number(t, `(() => { const ids = [...document.querySelectorAll("[id]")].map((e) => e.id); return ids.length - new Set(ids).size; })()`), "ids are unique")
	assert.Zero(t, tab.Number(t, `[...document.querySelectorAll("a[href^='#']")].filter((a) => !document.getElementById(a.hash.slice(1))).length`), "links within the page lead somewhere")
	assert.Zero(t, tab.Number(t, `[...document.querySelectorAll("table")].filter((e) => !e.caption || !e.caption.textContent).length`), "tables have captions")
	assert.Zero(t, tab.Number(t, `[...document.querySelectorAll("th:not([scope])")].length`), "headings of tables say of what")
	assert.NotContains(t, tab.Names(t, "button"), "")
	assert.NotContains(t, tab.Names(t, "region"), "")
}

func TestHTMLShowsWhatTextShows(t *testing.T) {
	t.Parallel()
	b := browser.Start(t)
	r := eventful()
	path, _ := savePage(t, reports.HTMLOptions{}, r)
	tab := b.Open(t, path, browser.View{})
	var text bytes.Buffer
	require.NoError(t, reports.Text(&text, inFiles(r), reports.TextOptions{}))
	shown := " " + strings.Join(strings.Fields(text.String()), " ") + " "
	for _, table := range []string{"latency", "delivery", "rate", "cost", "fault", "stage", "reason-code"} {
		var rows []string
		tab.Eval(t, `[...document.querySelectorAll("#r1-`+table+`-table tbody tr:not(.notes)")].map((r) => [...r.cells].map((c) => c.textContent).join(" "))`, &rows)
		require.NotEmpty(t, rows, table)
		for _, row := range rows {
			assert.True(t, strings.Contains(shown, " "+strings.Join(strings.Fields(row), " ")+" "), "the text has the row %q of %s", row, table)
		}
	}
	assert.Contains(t, tab.Texts(t, ".verdict strong"), "PASS")
	assert.Contains(t, strings.Join(tab.Texts(t, "#r1-spans .note"), " "), "17340 of 44000 spans did not get out", "a doubt stands beside what it is about")
	assert.Contains(t, tab.Texts(t, "#r1-setup pre")[0], "name: telemetry-1k")
	assert.Contains(t, tab.Texts(t, "#r1-setup dl")[1], "Receive Maximum20")
}

func TestHTMLCannotBeInjected(t *testing.T) {
	t.Parallel()
	b := browser.Start(t)
	all := map[string]*result.Result{"comparison": attacked(t), "observation": attackedObservation(t)}
	for name, r := range everything() {
		all["every string of "+name] = everyString(t, r, attack)
	}
	for name, r := range all {
		t.Run(name, func(t *testing.T) {
			path, _ := savePage(t, reports.HTMLOptions{}, r, r)
			tab := b.Open(t, path, browser.View{})
			tab.Eval(t, `document.querySelectorAll("details").forEach((d) => { d.open = true }), 0`, new(int))
			tab.Eval(t, `new Promise((done) => setTimeout(() => done(0), 50))`, new(int)) // their tables are made
			assert.True(t, tab.True(t, `typeof hacked === "undefined"`), "nothing ran")
			assert.Empty(t, tab.Problems(), "nothing even tried")
			assert.Len(t, tab.Requests(), 1)
			assert.Equal(t, 3.0, tab.Number(t, `document.scripts.length`), "data, uPlot, and the page's own")
			assert.Zero(t, tab.Number(t, `document.querySelectorAll("img, iframe, object, embed, base, form").length`))
			assert.Zero(t, tab.Number(t, `[...document.querySelectorAll("*")].filter((e) => [...e.attributes].some((a) => a.name.startsWith("on"))).length`))
			assert.Zero(t, tab.Number(t, `[...document.links].filter((a) => !/^(https?:|file:)/.test(a.protocol)).length`))
			assert.Positive(t, tab.Number(t, `document.body.textContent.split("<script>hacked").length - 1`), "the attack is there to read")
		})
	}
}

func TestHTMLHasAStrictPolicy(t *testing.T) {
	path, _ := savePage(t, reports.HTMLOptions{}, eventful())
	page, err := os.ReadFile(path)
	require.NoError(t, err)
	policy := regexp.MustCompile(`http-equiv="Content-Security-Policy" content="([^"]*)"`).FindSubmatch(page)
	require.NotNil(t, policy)
	for _, part := range []string{"default-src &#39;none&#39;", "base-uri &#39;none&#39;", "form-action &#39;none&#39;", "img-src data:;", "script-src &#39;sha256-"} {
		assert.Contains(t, string(policy[1]), part)
	}
	assert.NotContains(t, string(policy[1]), "unsafe")
	assert.NotContains(t, string(policy[1]), "connect-src")
}

func TestHTMLOfLongRunsIsSmall(t *testing.T) {
	t.Parallel()
	b := browser.Start(t)
	for name, r := range map[string]*result.Result{
		"an hour of four arms": hour(3600, "off", "context", "record", "export"),
		"10,000 seconds":       hour(10_000, "record"),
	} {
		t.Run(name, func(t *testing.T) {
			path, size := savePage(t, reports.HTMLOptions{}, r)
			assert.Less(t, size, 1_000_000)
			tab := b.Open(t, path, browser.View{})
			assert.Empty(t, tab.Problems())
			assertDrawn(t, tab)
			assert.Contains(t, strings.Join(tab.Texts(t, "figcaption p"), " "), "Each point is the highest of", "the page says that it leaves something out")
			assert.LessOrEqual(t, tab.Number(t, `Math.max(...Object.values(JSON.parse(document.getElementById("data").textContent).plots).filter((p) => p.heat).map((p) => p.at.length))`), 300.0)
		})
	}
}

func TestHTMLInTheDarkAndOnPaper(t *testing.T) {
	t.Parallel()
	b := browser.Start(t)
	path, _ := savePage(t, reports.HTMLOptions{}, eventful())
	const paper = `getComputedStyle(document.body).backgroundColor`
	colors := func(tab *browser.Tab) (background string, line string) {
		tab.Eval(t, paper, &background)
		tab.Eval(t, `document.querySelector(".legend path").getAttribute("stroke")`, &line)
		return background, line
	}
	tab := b.Open(t, path, browser.View{})
	light, lightLine := colors(tab)
	tab.Theme(t, true)
	require.Eventually(t, func() bool { _, line := colors(tab); return line != lightLine }, browser.Patience, browser.Patience/1000, "plots follow the theme")
	dark, darkLine := colors(tab)
	assert.Equal(t, "rgb(246, 247, 249)", light)
	assert.Equal(t, "rgb(14, 18, 23)", dark)

	pdf := tab.Print(t)
	assert.True(t, bytes.HasPrefix(pdf, []byte("%PDF-")))
	_, afterwards := colors(tab)
	assert.Equal(t, darkLine, afterwards, "and are dark again after printing")
	assert.Zero(t, tab.Number(t, `document.querySelectorAll("details[open]").length`), "what printing opened is closed again")
	tab.Eval(t, `window.dispatchEvent(new Event("beforeprint")), 0`, new(int))
	_, onPaper := colors(tab)
	assert.Equal(t, lightLine, onPaper, "paper is light")
	assert.Zero(t, tab.Number(t, `document.querySelectorAll("details:not([open], .numbers)").length`), "all is open on paper")
	assert.LessOrEqual(t, tab.Number(t, `Math.max(...[...document.querySelectorAll(".uplot canvas")].map((c) => c.getBoundingClientRect().width))`), 680.0, "and fits on it")
	assert.Empty(t, tab.Problems())
}

func TestHTMLIsReachedByKeyboard(t *testing.T) {
	t.Parallel()
	b := browser.Start(t)
	path, _ := savePage(t, reports.HTMLOptions{}, comparison("off", "record"))
	tab := b.Open(t, path, browser.View{})
	tab.Eval(t, `window.focused = new Set(), window.unseen = [], document.addEventListener("focusin", (e) => {
		focused.add(e.target);
		const style = getComputedStyle(e.target);
		if (style.outlineStyle === "none" || parseFloat(style.outlineWidth) < 1) unseen.push(e.target.outerHTML.slice(0, 80));
	}), 0`, new(int))
	const focusable = `[...document.querySelectorAll("a[href], button, summary, [tabindex='0']")].filter((e) => e.checkVisibility())`
	n := int(tab.Number(t, focusable+".length"))
	require.Greater(t, n, 30)
	for range n {
		tab.Press(t, browser.KeyTab)
	}
	var missed, unseen []string
	tab.Eval(t, focusable+`.filter((e) => !focused.has(e)).map((e) => e.outerHTML.slice(0, 80))`, &missed)
	tab.Eval(t, `unseen`, &unseen)
	assert.Empty(t, missed, "every control can be reached")
	assert.Empty(t, unseen, "and is seen to have been reached")

	t.Run("plots are read out", func(t *testing.T) {
		tab.Eval(t, `document.querySelector('[data-plot$="-percentiles"] .canvas').focus(), 0`, new(int))
		tab.Press(t, browser.KeyRight)
		tab.Press(t, browser.KeyRight)
		said := strings.Join(tab.Texts(t, `[data-plot$="-percentiles"] [aria-live]`), "")
		assert.Regexp(t, `^[\d.]+ %, off response [\d.]+ µs`, said)
	})
	t.Run("lines can be taken away", func(t *testing.T) {
		tab.Eval(t, `document.querySelector('[data-plot$="-percentiles"] .legend button').focus(), 0`, new(int))
		tab.Press(t, browser.KeyEnter)
		assert.Equal(t, "false", attribute(t, tab, `[data-plot$="-percentiles"] .legend button`, "aria-pressed"))
	})
	t.Run("numbers can be had", func(t *testing.T) {
		tab.Eval(t, `document.querySelector('[data-plot$="-percentiles"] summary').focus(), 0`, new(int))
		tab.Press(t, browser.KeyEnter)
		assert.Eventually(t, func() bool { return len(tab.Texts(t, `[data-plot$="-percentiles"] tbody tr`)) > 50 }, browser.Patience, browser.Patience/1000)
		assert.Equal(t, "percentile", tab.Texts(t, `[data-plot$="-percentiles"] thead th`)[0])
	})
}

func attribute(t *testing.T, tab *browser.Tab, selector, name string) (value string) {
	t.Helper()
	tab.Eval(t, fmt.Sprintf("document.querySelector(%q).getAttribute(%q)", selector, name), &value)
	return value
}

// contrasts are the pieces of text whose contrast with what is behind them is below 4.5 to 1 (WCAG 2.2, 1.4.3).
const contrasts = `(() => {
	const parse = (color) => { const p = color.match(/[\d.]+/g).map(Number); return p.length < 4 ? [...p, 1] : p; };
	const over = (top, bottom) => [0, 1, 2].map((i) => top[i] * top[3] + bottom[i] * (1 - top[3])).concat(1);
	const light = (c) => { const [r, g, b] = c.map((v) => v / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
	const behind = (e) => e ? over(parse(getComputedStyle(e).backgroundColor), behind(e.parentElement)) : [255, 255, 255, 1];
	document.querySelectorAll("details").forEach((d) => { d.open = true; });
	const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	const found = [];
	for (let node = walker.nextNode(); node; node = walker.nextNode()) {
		const e = node.parentElement;
		if (!node.textContent.trim() || !e.checkVisibility() || e.closest(".unseen, script, noscript, svg, [aria-pressed='false']")) continue;
		const back = behind(e);
		const [a, b] = [light(over(parse(getComputedStyle(e).color), back)), light(back)];
		const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
		if (ratio < 4.5) found.push(node.textContent.trim().slice(0, 40) + " " + ratio.toFixed(2));
	}
	return found;
})()`

func TestHTMLHasEnoughContrast(t *testing.T) {
	t.Parallel()
	b := browser.Start(t)
	for name, r := range map[string]*result.Result{"passed": eventful(), "failed": failed(), "invalid": invalid(), "comparison": comparison("off", "record"), "running": running(3)} {
		path, _ := savePage(t, reports.HTMLOptions{}, r)
		for theme, dark := range map[string]bool{"light": false, "dark": true} {
			t.Run(name+" "+theme, func(t *testing.T) {
				var low []string
				b.Open(t, path, browser.View{Dark: dark}).Eval(t, contrasts, &low)
				assert.Empty(t, low)
			})
		}
	}
}

func TestHTMLReportsAWriterThatFails(t *testing.T) {
	assert.ErrorIs(t, reports.HTML(fullDisk{}, inFiles(passed()), reports.HTMLOptions{}), errFull)
	assert.ErrorIs(t, reports.HTMLUpdate(fullDisk{}, inFiles(passed())), errFull)
}

func TestHTMLUpdateIsJSON(t *testing.T) {
	var b bytes.Buffer
	require.NoError(t, reports.HTMLUpdate(&b, inFiles(running(3))))
	assert.NotContains(t, b.String(), "\n", "an event of a stream is a line")
	var update struct{ Plots, Fragments map[string]any }
	require.NoError(t, json.Unmarshal(b.Bytes(), &update))
	assert.NotEmpty(t, update.Plots)
	assert.NotEmpty(t, update.Fragments)
}
