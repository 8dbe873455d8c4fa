package web_test

import (
	"bytes"
	"encoding/json"
	"html/template"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mqttrace/reports/internal/browser"
	"mqttrace/reports/internal/web"
)

// example is a page with everything that the shell offers.
func example(t *testing.T) web.Page {
	t.Helper()
	return web.Page{
		Title:  "Example",
		Nav:    []web.Link{{ID: "one", Text: "One", Sub: []web.Link{{ID: "lines", Text: "Lines"}, {ID: "table", Text: "Table"}}}},
		Header: "<h1>Example</h1>",
		Main: `<article id="one"><h2>One</h2><section id="lines"><h3>Lines</h3><div class="plots">` +
			part(t, "figure", web.Figure{Plot: "lines", Title: "Lines", Caption: "p99 is 3 ms"}) +
			part(t, "figure", web.Figure{Plot: "heat", Title: "Heat"}) +
			`</div></section><section id="table"><h3>Table</h3><div class="card" data-fragment="table">` + part(t, "table", exampleTable()) + `</div></section></article>`,
		Plots: map[string]web.Plot{"lines": lines(1e6, 2e6, math.NaN(), 3e6), "heat": heat()},
	}
}

func part(t *testing.T, name string, data any) template.HTML {
	t.Helper()
	var b strings.Builder
	require.NoError(t, web.Templates().ExecuteTemplate(&b, name, data))
	return template.HTML(b.String())
}

func exampleTable() web.Table {
	return web.Table{
		ID: "figures", Caption: "Figures", Columns: []string{"figure", "difference"},
		Rows: []web.Row{
			{Group: "CPU", Label: "on − off", Cells: []web.Cell{{Text: "+1 µs", Bar: &web.Bar{Zero: 50, FloorLow: 45, FloorHigh: 55, Low: 60, Middle: 70, End: 80, Tone: "found"}}}},
			{Label: "all − off", Cells: []web.Cell{{Text: "none", Tone: web.Quiet}}, Notes: []web.Note{{Text: "noisy", Tone: web.Doubt}}},
		},
		Foot: []web.Note{{Text: "[ ]: 95 % interval", Tone: web.Quiet}},
	}
}

func lines(values ...float64) web.Plot {
	at := make([]float64, len(values))
	for i := range at {
		at[i] = float64(i)
	}
	return web.Plot{
		Label: "Latency over time", X: web.Axis{Label: "time", Unit: web.Seconds}, Y: web.Axis{Label: "latency", Unit: web.Nanoseconds, Log: true},
		At: at, Series: []web.Series{{Label: "p99", Values: values}, {Label: "p50", Color: 1, Dash: 1, Marker: 2, Values: values}},
		Bands: []web.Band{{From: 1, Until: 2, Label: "a fault"}}, Marks: []web.Mark{{Axis: "y", At: 2.5e6, Label: "limit"}},
	}
}

func heat() web.Plot {
	return web.Plot{
		Label: "Latency map", X: web.Axis{Label: "time", Unit: web.Seconds}, Y: web.Axis{Label: "latency", Unit: web.Nanoseconds, Log: true},
		At: []float64{0, 1}, Heat: &web.Heat{Width: 1, Edges: web.Values{1e3, 1e4, 1e5, 1e6}, Columns: []web.Column{{First: 1, Counts: []uint64{7, 1}}, {First: 0, Counts: []uint64{2}}}},
	}
}

func save(t *testing.T, p web.Page) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, p.Write(&b))
	path := filepath.Join(t.TempDir(), "page.html")
	require.NoError(t, os.WriteFile(path, b.Bytes(), 0o600))
	return path
}

func TestPageInABrowser(t *testing.T) {
	b := browser.Start(t)
	path := save(t, example(t))

	t.Run("draws and asks for nothing", func(t *testing.T) {
		tab := b.Open(t, path, browser.View{})
		assert.Empty(t, tab.Problems())
		assert.Len(t, tab.Requests(), 1, "the page itself")
		assert.Equal(t, 2.0, tab.Number(t, `document.querySelectorAll(".plot canvas").length`))
		for _, colors := range tab.AllPainted(t, ".plot canvas") {
			assert.Greater(t, colors, 3)
		}
		assert.Equal(t, []string{"p99", "p50"}, tab.Texts(t, `[data-plot="lines"] .legend button`))
	})
	t.Run("goes on to newer data", func(t *testing.T) {
		tab := b.Open(t, path, browser.View{})
		tab.Eval(t, `window.before = document.querySelector('[data-plot="lines"] canvas'), 0`, new(int))
		newer := web.Update{Plots: map[string]web.Plot{"lines": lines(1, 2, 3, 4, 5, 6)}, Fragments: map[string]template.HTML{"table": "<p>newer</p>"}}
		tab.Eval(t, "mqttrace.render("+encoded(t, newer)+"), 0", new(int))
		assert.True(t, tab.True(t, `window.before === document.querySelector('[data-plot="lines"] canvas')`), "the same canvas: nothing flickers")
		assert.Equal(t, []string{"newer"}, tab.Texts(t, `[data-fragment="table"]`))
		assert.Empty(t, tab.Problems())
	})
}

func TestSmallPlotsOfRuns(t *testing.T) {
	p := lines(1e6, 2e6, math.NaN(), 3e6)
	p.X, p.Small, p.About = web.Axis{Label: "run", Unit: web.Date}, true, []string{"v1", "v2", "v2", "v3"}
	p.Series[0].Area, p.Series[0].Low, p.Series[0].High = true, web.Values{5e5, 1e6, math.NaN(), 2e6}, web.Values{2e6, 3e6, math.NaN(), 4e6}
	p.Series[1].Scattered = true
	p.Marks = []web.Mark{{Axis: "x", At: 1, Label: "a long name of a version"}, {Axis: "x", At: 1.01, Label: "another long one"}}
	page := web.Page{Title: "Small", Main: `<div class="plots small">` + part(t, "figure", web.Figure{Plot: "lines", Title: "Lines"}) + `</div>`, Plots: map[string]web.Plot{"lines": p}}
	tab := browser.Start(t).Open(t, save(t, page), browser.View{})
	assert.Greater(t, tab.Painted(t, "canvas"), 3)
	assert.Empty(t, tab.Texts(t, ".legend button"), "one key serves them all")
	x := tab.Number(t, `document.querySelector(".u-over").getBoundingClientRect().right - 2`)
	y := tab.Number(t, `document.querySelector(".u-over").getBoundingClientRect().top + 20`)
	tab.Hover(t, x, y)
	assert.Equal(t, []string{"1970-01-01 00:00 UTC · v3"}, tab.Texts(t, ".readout .at"))
	tab.Eval(t, `new Promise((done) => {
		const numbers = document.querySelector(".numbers");
		numbers.addEventListener("toggle", () => done(0));
		numbers.open = true;
	})`, new(int))
	assert.Equal(t, []string{"run", "p99", "p50", "about"}, tab.Texts(t, ".numbers thead th"))
	assert.Empty(t, tab.Problems())
}

func encoded(t *testing.T, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	require.NoError(t, err)
	return string(data)
}

// The script writes figures as the tables do, which are made elsewhere.
func TestFiguresAreWrittenAsInTables(t *testing.T) {
	cases := []struct {
		unit web.Unit
		want map[float64]string
	}{
		{web.Nanoseconds, map[float64]string{412: "412 ns", 1203: "1.20 µs", 999_600: "1.00 ms", 1_203_456: "1.20 ms", 8_103_000: "8.10 ms", 1e9: "1.00 s", 90e9: "90.0 s", 1e12: "16.7 min"}},
		{web.Bytes, map[float64]string{0: "0 B", 182: "182 B", 48_120_000: "48.1 MB", 2.5e9: "2.5 GB"}},
		{web.PerSecond, map[float64]string{0.5: "0.5/s", 1000: "1,000/s", 12346: "12,350/s"}},
		{web.Number, map[float64]string{0: "0", 0.125: "0.125", 1234: "1,234", -3: "-3"}},
		{web.Cores, map[float64]string{0.25: "0.25", 1: "1.00"}},
	}
	b := browser.Start(t)
	for _, tc := range cases {
		t.Run(string(tc.unit), func(t *testing.T) {
			var values web.Values
			var want []string
			for v, text := range tc.want {
				values, want = append(values, v), append(want, strings.ReplaceAll(text, " ", "\u00a0"))
			}
			p := example(t)
			plot := lines(values...)
			plot.Y = web.Axis{Label: "figure", Unit: tc.unit}
			plot.Series = plot.Series[:1]
			p.Plots["lines"] = plot
			tab := b.Open(t, save(t, p), browser.View{})
			tab.Click(t, `[data-plot="lines"] summary`)
			const cells = `[...document.querySelectorAll('[data-plot="lines"] td')].map((c) => c.textContent)`
			var got []string
			require.Eventually(t, func() bool { tab.Eval(t, cells, &got); return len(got) > 0 }, browser.Patience, browser.Patience/1000)
			assert.Equal(t, want, got)
		})
	}
}
