package compare

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mqttrace/reports/internal/browser"
)

// pageOf writes a comparison as a page and returns where.
func pageOf(t *testing.T, c *Comparison) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, HTML(&b, c))
	path := filepath.Join(t.TempDir(), "comparison.html")
	require.NoError(t, os.WriteFile(path, b.Bytes(), 0o666))
	return path
}

func TestPagesInABrowser(t *testing.T) {
	t.Parallel()
	b := browser.Start(t)
	all := comparisons(t)

	t.Run("the verdict, the figures, and nothing asked for", func(t *testing.T) {
		tab := b.Open(t, pageOf(t, all["regressed"]), browser.View{})
		assert.Equal(t, []string{"REGRESSED"}, tab.Texts(t, ".verdict strong"))
		assert.True(t, tab.True(t, `document.querySelector(".verdict").classList.contains("bad")`))
		assert.Equal(t, []string{"response p50", "response p99", "rate received", "lost", "CPU/msg"}, tab.Texts(t, "#arm-1 > .card:first-of-type tbody th"))
		assert.EqualValues(t, len(all["regressed"].Arms[0].Figures), tab.Number(t, `document.querySelectorAll("#arm-1 tbody tr:not(.notes)").length`))
		assert.Empty(t, tab.Problems())
		assert.Len(t, tab.Requests(), 1, "the page itself")
	})
	t.Run("a dot for each run, and the difference with its interval", func(t *testing.T) {
		tab := b.Open(t, pageOf(t, all["regressed"]), browser.View{})
		const row = `[...document.querySelectorAll("#arm-1 tr")].find((r) => r.querySelector("th")?.textContent === "response p99")`
		assert.EqualValues(t, 20, tab.Number(t, row+`.querySelectorAll(".strip circle").length`))
		assert.EqualValues(t, 2, tab.Number(t, row+`.querySelectorAll(".strip line").length`))
		assert.True(t, tab.True(t, row+`.querySelector(".bar").classList.contains("bad")`))
		zero, low := row+`.querySelector(".bar .zero").getBoundingClientRect().x`, row+`.querySelector(".bar .range").getBoundingClientRect().x`
		assert.Greater(t, tab.Number(t, low), tab.Number(t, zero), "the interval leaves zero out")
		same := `[...document.querySelectorAll("#arm-1 tr")].find((r) => r.querySelector("th")?.textContent === "response p50")`
		assert.Less(t, tab.Number(t, same+`.querySelector(".bar .range").getBoundingClientRect().x`), tab.Number(t, same+`.querySelector(".bar .zero").getBoundingClientRect().x`))
	})
	t.Run("what decides is seen without scrolling", func(t *testing.T) {
		tab := b.Open(t, pageOf(t, all["brokers"]), browser.View{})
		assert.Equal(t, []string{"figure", "verdict", "change [95 %]", "base", "new", "p"}, tab.Texts(t, "#arm-1 .card:first-of-type th:nth-child(-n+6)[scope=col]"))
		assert.True(t, tab.True(t, `[...document.querySelectorAll("#arm-1 tr:not(.notes) > :nth-child(6)")].every((e) =>
			e.getBoundingClientRect().right <= e.closest(".scroll").getBoundingClientRect().right)`))
	})
	t.Run("what differs on purpose, and what was left out", func(t *testing.T) {
		tab := b.Open(t, pageOf(t, all["brokers"]), browser.View{})
		assert.Contains(t, tab.Texts(t, "#sides th[scope=row]"), "broker version")
		assert.Contains(t, tab.Texts(t, "#sides dd"), "mqttrace --broker mosquitto")
		assert.Contains(t, tab.Texts(t, ".note.doubt")[0], "left out of new: 130700.json: the run is invalid")
		assert.Contains(t, tab.Texts(t, ".note.bad")[0], "3 against a promise")
	})
	t.Run("an arm each, with its place in the contents", func(t *testing.T) {
		tab := b.Open(t, pageOf(t, all["two-arms"]), browser.View{})
		assert.Equal(t, []string{"Arm off", "Arm record", "What was compared", "How to read this"}, tab.Texts(t, "nav.contents a"))
		assert.Equal(t, "INCONCLUSIVE", tab.Texts(t, ".verdict strong")[0])
		assert.True(t, tab.True(t, `document.querySelector("#arm-1 details").open === false`), "of several arms the rest is folded in")
	})
	t.Run("nothing hostile runs", func(t *testing.T) {
		tab := b.Open(t, pageOf(t, all["hostile"]), browser.View{})
		assert.Empty(t, tab.Problems())
		assert.Len(t, tab.Requests(), 1)
		assert.Contains(t, tab.Texts(t, "h2")[0], "<script>alert(1)</script>")
	})
	t.Run("a phone, in the dark", func(t *testing.T) {
		for name, c := range all {
			view := browser.Phone
			view.Dark = true
			tab := b.Open(t, pageOf(t, c), view)
			assert.True(t, tab.True(t, `document.documentElement.scrollWidth <= document.documentElement.clientWidth`), name)
		}
	})
	t.Run("headings in their order, tables with captions", func(t *testing.T) {
		tab := b.Open(t, pageOf(t, all["two-arms"]), browser.View{})
		var levels []int
		tab.Eval(t, `[...document.querySelectorAll("h1,h2,h3,h4")].map((h) => Number(h.tagName[1]))`, &levels)
		for i := 1; i < len(levels); i++ {
			assert.LessOrEqual(t, levels[i], levels[i-1]+1, "%v", levels)
		}
		assert.True(t, tab.True(t, `[...document.querySelectorAll("table")].every((t) => t.caption && t.caption.textContent)`))
	})
	t.Run("it prints", func(t *testing.T) {
		assert.NotEmpty(t, b.Open(t, pageOf(t, all["regressed"]), browser.View{}).Print(t))
	})
}
