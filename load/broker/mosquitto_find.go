package broker

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// ErrNotInstalled is returned by StartMosquitto when there is no mosquitto executable; the error around it says where it was
// looked for and how to install one.
var ErrNotInstalled = errors.New("mosquitto is not installed")

// mosquittoDirs are looked in after PATH: Debian installs to /usr/sbin, which is on root's PATH only. Tests empty it.
var mosquittoDirs = standardDirs()

func standardDirs() []string {
	if runtime.GOOS != "windows" {
		return []string{"/usr/sbin", "/usr/local/sbin", "/usr/local/bin", "/opt/homebrew/sbin", "/opt/homebrew/bin"}
	}
	var dirs []string
	for _, variable := range []string{"ProgramFiles", "ProgramFiles(x86)"} {
		if root := os.Getenv(variable); root != "" {
			dirs = append(dirs, filepath.Join(root, "mosquitto"))
		}
	}
	return dirs
}

func findMosquitto() (string, error) {
	if path, err := exec.LookPath("mosquitto"); err == nil {
		return path, nil
	}
	for _, dir := range mosquittoDirs {
		if path, err := exec.LookPath(filepath.Join(dir, "mosquitto")); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("%w: looked on PATH and in %s; install it with: %s", ErrNotInstalled,
		orNone(mosquittoDirs), installHint(runtime.GOOS))
}

func orNone(dirs []string) string {
	if len(dirs) == 0 {
		return "no other folder"
	}
	return strings.Join(dirs, ", ")
}

func installHint(goos string) string {
	switch goos {
	case "darwin":
		return "brew install mosquitto"
	case "windows":
		return "winget install EclipseFoundation.Mosquitto"
	case "linux":
		return "sudo apt-get install mosquitto (Debian, Ubuntu), sudo dnf install mosquitto (Fedora), apk add mosquitto (Alpine)"
	default:
		return "the package mosquitto of your system, or from https://mosquitto.org/download"
	}
}
