package browser

import (
	"errors"
	"os"
	"os/exec"
)

// candidates are the programs that count as a Chromium, by name or, on a Mac, by path.
var candidates = []string{
	"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome",
	"/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
	"/Applications/Chromium.app/Contents/MacOS/Chromium",
}

var errNone = errors.New("pages are tested in a real Chromium, and none is installed: make test-tools installs one (any of chromium, chromium-browser, google-chrome on the PATH counts)")

// find is the path of a Chromium.
func find() (string, error) {
	for _, name := range candidates {
		if path, err := exec.LookPath(name); err == nil && !errors.Is(err, os.ErrNotExist) {
			return path, nil
		}
	}
	return "", errNone
}
