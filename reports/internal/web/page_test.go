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
