package reports_test

import (
	"bytes"
	"flag"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mqttrace/load/result"
	"mqttrace/reports"
	"mqttrace/reports/internal/browser"
)

var pictured = flag.String("pictures", "", "`folder` of results, one of each scenario, of which the README's pictures are taken anew (make screenshots)")

// pictures are those that the README shows, each of the result of a scenario.
var pictures = []struct {
	file, scenario string
	view           browser.View
	from, until    string // CSS selectors of what is on top and at the bottom
}{
	{"report.png", "quickstart", browser.View{Width: 1100}, "#r1", `[data-plot="r1-percentiles"]`},
	{"overhead.png", "tracing-cost-quick", browser.View{Width: 1100}, "#r1-overhead .card", "#r1-overhead tbody:nth-of-type(4)"},
	{"faults.png", "exporter-stress", browser.View{Width: 1100, Dark: true}, `[data-plot="r1-course"]`, `[data-plot="r1-heat-0"]`},
}

const (
	picturesFolder  = "../resources/screenshots"
	largestPicture  = 150_000 // bytes
	narrowestPixels = 800
)

// The pictures are of a real run, which no two are alike: make screenshots takes them anew, and this test says when they are missing
// or too large.
func TestPicturesOfTheReadme(t *testing.T) {
	if *pictured != "" {
		takePictures(t, *pictured)
	}
	readme, err := os.ReadFile("../README.md")
	require.NoError(t, err)
	for _, p := range pictures {
		data, err := os.ReadFile(filepath.Join(picturesFolder, p.file))
		require.NoError(t, err, "make screenshots takes it")
		assert.Less(t, len(data), largestPicture, p.file)
		config, err := png.DecodeConfig(bytes.NewReader(data))
		require.NoError(t, err, p.file)
		assert.Greater(t, config.Width, narrowestPixels, p.file)
		assert.True(t, strings.Contains(string(readme), "](resources/screenshots/"+p.file+")"), "the README shows %s", p.file)
	}
}

func takePictures(t *testing.T, folder string) {
	t.Helper()
	b := browser.Start(t)
	require.NoError(t, os.MkdirAll(picturesFolder, 0o777))
	for _, p := range pictures {
		files, err := filepath.Glob(filepath.Join(folder, p.scenario+"-2*.json"))
		require.NoError(t, err)
		require.NotEmpty(t, files, "results of %s in %s", p.scenario, folder)
		r, err := result.Read(files[len(files)-1])
		require.NoError(t, err)
		var page bytes.Buffer
		saved := reports.Saved{Result: r, Path: "results/" + filepath.Base(files[len(files)-1])}
		require.NoError(t, reports.HTML(&page, []reports.Saved{saved}, reports.HTMLOptions{}))
		path := filepath.Join(t.TempDir(), "report.html")
		require.NoError(t, os.WriteFile(path, page.Bytes(), 0o600))
		tab := b.Open(t, path, p.view)
		assert.Empty(t, tab.Problems())
		require.NoError(t, os.WriteFile(filepath.Join(picturesFolder, p.file), tab.ScreenshotFrom(t, p.from, p.until), 0o666))
	}
}
