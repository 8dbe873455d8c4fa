package result

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// FileName is the name of the file that holds the result of a scenario started at a point in time:
// telemetry-1k-20261122T134500Z.json.
func FileName(scenario string, at time.Time) string {
	return scenario + "-" + at.UTC().Format("20060102T150405Z") + ".json"
}

// Encode writes r to w as Decode reads it, indented.
func Encode(w io.Writer, r *Result) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	if err := enc.Encode(r); err != nil {
		return fmt.Errorf("encoding the result: %w", err)
	}
	return nil
}

// Write writes r to a new file and returns its path, which is path or, where that is taken, the first of name-2.json,
// name-3.json … that is not. The file is whole and on the disk when Write returns; when it fails there is none. Several
// writers may use the same folder.
func Write(path string, r *Result) (written string, err error) {
	temp, err := writeTemp(path, r)
	if err != nil {
		return "", err
	}
	written, err = claim(path)
	if err != nil {
		return "", errors.Join(err, os.Remove(temp))
	}
	if err := os.Rename(temp, written); err != nil {
		return "", errors.Join(err, os.Remove(temp), os.Remove(written))
	}
	return written, syncFolder(filepath.Dir(written))
}

// writeTemp writes r to a hidden file beside path, so that renaming it crosses no file system, and returns its name.
func writeTemp(path string, r *Result) (name string, err error) {
	dir, base := filepath.Split(path)
	name = filepath.Join(dir, fmt.Sprintf(".%s.%08x.tmp", base, rand.Uint32()))
	// Not os.CreateTemp, whose files nobody but their owner may read whatever the umask says.
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return "", err
	}
	err = errors.Join(Encode(f, r), f.Sync(), f.Close())
	if err != nil {
		return "", errors.Join(err, os.Remove(name))
	}
	return name, nil
}

// claim finds a free name and takes it by creating an empty file there, which one writer alone can do; a rename by itself
// would replace the other's result.
func claim(path string) (string, error) {
	ext := filepath.Ext(path)
	stem := strings.TrimSuffix(path, ext)
	for n, name := 2, path; ; n++ {
		f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
		if err == nil {
			return name, f.Close()
		}
		if !errors.Is(err, fs.ErrExist) {
			return "", err
		}
		name = fmt.Sprintf("%s-%d%s", stem, n, ext)
	}
}

// syncFolder puts a new name on the disk. Where folders cannot be synced, as on Windows, the system does that itself.
func syncFolder(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return nil
	}
	_ = f.Sync()
	return f.Close()
}
