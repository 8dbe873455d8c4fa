package browser

import (
	"context"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// Patience ends a test whose browser hangs; no test is about how fast it is.
const Patience = 2 * time.Minute

// Browser is a running Chromium.
type Browser struct{ ctx context.Context }

// Start starts a Chromium that ends with the test. It fails the test if none is installed.
func Start(t testing.TB) *Browser {
	t.Helper()
	path, err := find()
	require.NoError(t, err)
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path),
		chromedp.WSURLReadTimeout(Patience),
		// Nothing is outside: a page that asks for anything cannot get it, and is found out.
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"),
	)
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox) // its sandbox refuses to work for root
	}
	ctx, stop := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(stop)
	ctx, end := chromedp.NewContext(ctx)
	t.Cleanup(end)
	require.NoError(t, chromedp.Do(ctx), "starting %s", path)
	return &Browser{ctx}
}

// View is what a page is seen through. The zero value is a desktop with a light theme.
type View struct {
	Width, Height int64 // CSS pixels; 0: 1280 by 900
	Dark          bool
	Sharp         float64 // device pixels per CSS pixel; 0: 1
}

// Phone is a small phone.
var Phone = View{Width: 360, Height: 740}

// phones are narrower than this.
const phones = 500

// Open shows a file or a URL in a tab of its own, which closes with the test, and waits until it is loaded.
func (b *Browser) Open(t testing.TB, place string, view View) *Tab {
	t.Helper()
	tab := &Tab{}
	ctx, end := chromedp.NewContext(b.ctx, chromedp.WithListener(tab.note))
	t.Cleanup(end)
	require.NoError(t, chromedp.Do(ctx)) // opens it, for as long as ctx lives
	ctx, stop := context.WithTimeout(ctx, Patience)
	t.Cleanup(stop)
	tab.ctx = ctx
	tab.Look(t, view)
	call(t, ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: watch})
	require.NoError(t, chromedp.Do(ctx, chromedp.Navigate(address(t, place))))
	return tab
}

// watch has a page say on its console what its policy refuses and what would have been a dialog, from its first byte on.
const watch = `
document.addEventListener("securitypolicyviolation", (e) => console.error("policy: " + e.violatedDirective + " " + e.blockedURI));
window.alert = window.confirm = window.prompt = (text) => console.error("dialog: " + text);`

// Look goes on to another view of the open page.
func (tab *Tab) Look(t testing.TB, v View) {
	t.Helper()
	size := emulation.SetDeviceMetricsOverrideParams{Width: v.Width, Height: v.Height, DeviceScaleFactor: v.Sharp, Mobile: v.Width > 0 && v.Width < phones}
	if v.Width == 0 {
		size.Width, size.Height = 1280, 900
	}
	if v.Sharp == 0 {
		size.DeviceScaleFactor = 1
	}
	call(t, tab.ctx, emulation.SetDeviceMetricsOverride, size)
	tab.Theme(t, v.Dark)
}

func address(t testing.TB, place string) string {
	t.Helper()
	if u, err := url.Parse(place); err == nil && (u.Scheme == "http" || u.Scheme == "https") {
		return place
	}
	path, err := filepath.Abs(place)
	require.NoError(t, err)
	return (&url.URL{Scheme: "file", Path: filepath.ToSlash(path)}).String()
}
