package browser

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"
)

// Tab is an open page and what happened in it.
type Tab struct {
	ctx context.Context

	mu       sync.Mutex
	requests []string
	problems []string
}

// note keeps what the page asked for and what went wrong.
func (tab *Tab) note(event any) {
	tab.mu.Lock()
	defer tab.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		if !strings.HasPrefix(e.Request.URL, "data:") {
			tab.requests = append(tab.requests, e.Request.URL)
		}
	case *runtime.EventExceptionThrown:
		tab.problems = append(tab.problems, "exception: "+thrown(e.ExceptionDetails))
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning {
			tab.problems = append(tab.problems, "console: "+arguments(e.Args))
		}
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError || e.Entry.Level == log.EntryLevelWarning {
			tab.problems = append(tab.problems, "log: "+e.Entry.Text)
		}
	}
}

func thrown(e *runtime.ExceptionDetails) string {
	if e.Exception != nil {
		return e.Text + " " + e.Exception.Description
	}
	return e.Text
}

func arguments(args []*runtime.RemoteObject) string {
	var texts []string
	for _, a := range args {
		texts = append(texts, string(a.Value)+a.Description)
	}
	return strings.Join(texts, " ")
}

// Problems are exceptions, errors and warnings on the console, what the policy refused, and dialogs, so far.
func (tab *Tab) Problems() []string {
	tab.mu.Lock()
	defer tab.mu.Unlock()
	return slices.Clone(tab.problems)
}

// Requests are the addresses that were asked for so far, the page's own first.
func (tab *Tab) Requests() []string {
	tab.mu.Lock()
	defer tab.mu.Unlock()
	return slices.Clone(tab.requests)
}

func call[P, R any](t testing.TB, ctx context.Context, command cdp.Command[P, R], params P) R {
	t.Helper()
	answer, err := chromedp.Call(ctx, command, params)
	require.NoError(t, err, command.Method)
	return answer
}

func (tab *Tab) do(t testing.TB, step chromedp.Action[chromedp.Void]) {
	t.Helper()
	require.NoError(t, chromedp.Do(tab.ctx, step))
}

// Eval evaluates an expression, waits for it if it is a promise, and puts its value into into.
func (tab *Tab) Eval(t testing.TB, expression string, into any) {
	t.Helper()
	value, err := chromedp.Run(tab.ctx, chromedp.Evaluate[[]byte](expression, chromedp.EvalAwaitPromise))
	require.NoError(t, err, expression)
	require.NoError(t, json.Unmarshal(value, into), expression)
}

// Number evaluates an expression that is a number.
func (tab *Tab) Number(t testing.TB, expression string) (n float64) {
	t.Helper()
	tab.Eval(t, expression, &n)
	return n
}

// Texts are those of the elements that a selector finds.
func (tab *Tab) Texts(t testing.TB, selector string) (texts []string) {
	t.Helper()
	tab.Eval(t, fmt.Sprintf("[...document.querySelectorAll(%q)].map((e) => e.textContent.trim().replace(/\\s+/g, ' '))", selector), &texts)
	return texts
}

// True evaluates a condition.
func (tab *Tab) True(t testing.TB, expression string) (is bool) {
	t.Helper()
	tab.Eval(t, "Boolean("+expression+")", &is)
	return is
}

// Press types a key as a person would.
func (tab *Tab) Press(t testing.TB, key string) {
	t.Helper()
	tab.do(t, chromedp.KeyEvent(key))
}

// Keys to press.
const (
	KeyTab   = kb.Tab
	KeyEnter = kb.Enter
	KeyLeft  = kb.ArrowLeft
	KeyRight = kb.ArrowRight
)

// Click clicks on the first element that a CSS selector finds.
func (tab *Tab) Click(t testing.TB, selector string) {
	t.Helper()
	tab.do(t, chromedp.Click(chromedp.CSS(selector)))
}

// Hover moves the pointer over a place of the window, in CSS pixels.
func (tab *Tab) Hover(t testing.TB, x, y float64) {
	t.Helper()
	tab.do(t, chromedp.MouseEvent(chromedp.MouseMoved, x, y))
}

// Theme goes on to the dark theme or the light one.
func (tab *Tab) Theme(t testing.TB, dark bool) {
	t.Helper()
	theme := "light"
	if dark {
		theme = "dark"
	}
	call(t, tab.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: theme}},
	})
}

// Names are those that a screen reader has for everything of a role, in the order of the page.
func (tab *Tab) Names(t testing.TB, role string) (names []string) {
	t.Helper()
	for _, n := range call(t, tab.ctx, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{}).Nodes {
		if !n.Ignored && text(n.Role) == role {
			names = append(names, text(n.Name))
		}
	}
	return names
}

func text(v *accessibility.Value) (s string) {
	if v != nil {
		_ = json.Unmarshal(v.Value, &s) // not a text has none
	}
	return s
}

// Screenshot is a PNG of the whole page.
func (tab *Tab) Screenshot(t testing.TB) (png []byte) {
	t.Helper()
	png, err := chromedp.Run(tab.ctx, chromedp.FullScreenshot(100))
	require.NoError(t, err)
	return png
}

// margin is what a picture shows around what it is of, in CSS pixels.
const margin = 16

// ScreenshotFrom is a PNG of as much of the page as it takes to show all between the elements that two CSS selectors find.
func (tab *Tab) ScreenshotFrom(t testing.TB, from, until string) []byte {
	t.Helper()
	var box struct{ Left, Top, Right, Bottom float64 }
	tab.Eval(t, fmt.Sprintf(`(([a, b]) => ({
		left: Math.min(a.left, b.left) + scrollX, top: Math.min(a.top, b.top) + scrollY,
		right: Math.max(a.right, b.right) + scrollX, bottom: b.bottom + scrollY, // not of a, which b may be in
	}))([%q, %q].map((s) => document.querySelector(s).getBoundingClientRect()))`, from, until), &box)
	left, top := max(box.Left-margin, 0), max(box.Top-margin, 0)
	beyond := true
	return call(t, tab.ctx, page.CaptureScreenshot, page.CaptureScreenshotParams{
		Clip:                  &page.Viewport{X: left, Y: top, Width: box.Right + margin - left, Height: box.Bottom + margin - top, Scale: 1},
		CaptureBeyondViewport: &beyond,
	}).Data
}

// Print is the page on paper, as PDF.
func (tab *Tab) Print(t testing.TB) (pdf []byte) {
	t.Helper()
	own := true
	return call(t, tab.ctx, page.PrintToPDF, page.PrintToPDFParams{PreferCSSPageSize: &own}).Data
}

// Painted is how many colors the first canvas that a CSS selector finds has, as AllPainted counts them.
func (tab *Tab) Painted(t testing.TB, selector string) (colors int) {
	t.Helper()
	all := tab.AllPainted(t, selector)
	require.NotEmpty(t, all, selector)
	return all[0]
}

// AllPainted is how many colors each canvas that a CSS selector finds has, of each of which there are some pixels; 1 is an empty one.
func (tab *Tab) AllPainted(t testing.TB, selector string) (colors []int) {
	t.Helper()
	tab.Eval(t, fmt.Sprintf(`[...document.querySelectorAll(%q)].map((canvas) => {
		const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
		const counts = new Map();
		for (const color of new Uint32Array(data.buffer)) counts.set(color, (counts.get(color) || 0) + 1);
		return [...counts.values()].filter((n) => n > 8).length;
	})`, selector), &colors)
	return colors
}
