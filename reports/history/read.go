package history

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"mqttrace/load/result"
	"mqttrace/reports"
)

// Folder is what a folder and those in it hold.
type Folder struct {
	Runs []Run
	// LeftOut are the files that ought to be results and cannot be read.
	LeftOut []LeftOut
	// Results is how many results there are, Observations how many of them are of other services, which have no place in a
	// history.
	Results, Observations int
}

// LeftOut is a file that a history does without.
type LeftOut struct {
	File   string `json:"file"` // from the folder, with slashes
	Reason string `json:"reason"`
}

// Read looks for results in every *.json in dir and in the folders in it, hidden ones apart. A file that cannot be read is in
// LeftOut and no error; the errors are that dir is no folder, or that one in it cannot be listed. Symbolic links are not
// followed.
func Read(dir string) (*Folder, error) {
	var inPath *fs.PathError
	switch info, err := os.Stat(dir); {
	case errors.As(err, &inPath):
		return nil, fmt.Errorf("%s: %w", dir, inPath.Err)
	case err != nil:
		return nil, fmt.Errorf("looking for results: %w", err)
	case !info.IsDir():
		return nil, fmt.Errorf("%s is no folder", dir)
	}
	f := new(Folder)
	err := filepath.WalkDir(dir, func(at string, entry fs.DirEntry, err error) error {
		switch isHidden := strings.HasPrefix(entry.Name(), ".") && at != dir; {
		case err != nil:
			return err
		case isHidden && entry.IsDir():
			return fs.SkipDir
		case isHidden || !entry.Type().IsRegular() || filepath.Ext(at) != ".json":
			return nil
		}
		return f.read(dir, at)
	})
	if err != nil {
		return nil, fmt.Errorf("looking for results: %w", err)
	}
	return f, nil
}

// read adds the file at a path below dir.
func (f *Folder) read(dir, at string) error {
	file, err := filepath.Rel(dir, at)
	if err != nil {
		return err
	}
	file = filepath.ToSlash(file)
	r, err := result.Read(at)
	switch other := (*result.SchemaError)(nil); {
	case errors.As(err, &other) && other.IsOurs() && !other.IsResult():
		return nil // what mqttrace writes as JSON besides, such as reports
	case err != nil:
		f.LeftOut = append(f.LeftOut, LeftOut{file, reason(at, err)})
		return nil
	}
	f.Results++
	if r.Observed != nil {
		f.Observations++
		return nil
	}
	f.Runs = append(f.Runs, runsOf(reports.Saved{Result: r, Path: file}, pageBeside(dir, file))...)
	return nil
}

// reason is why a file cannot be read, without its path, which stands beside it.
func reason(path string, err error) string {
	if inPath := (*fs.PathError)(nil); errors.As(err, &inPath) {
		err = inPath.Err
	}
	return strings.TrimPrefix(err.Error(), path+": ")
}

// pageBeside is the report that run --report html put beside a result; empty if there is none.
func pageBeside(dir, file string) string {
	page := strings.TrimSuffix(file, path.Ext(file)) + ".html"
	if info, err := os.Stat(filepath.Join(dir, filepath.FromSlash(page))); err != nil || !info.Mode().IsRegular() {
		return ""
	}
	return page
}
