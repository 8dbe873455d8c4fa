package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"mqttrace/cmd/internal/exitcode"
	"mqttrace/reports"
	"mqttrace/reports/format"
)

// reportFile is a report and where it goes.
type reportFile struct {
	path string
	text []byte
}

// mayReplace says why a report must not go to a path: a file is there that is no report of the same format. wrote tells by how
// a file begins.
func mayReplace(path, format string, wrote func(head []byte) bool) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return exitcode.With(exitcode.CannotRun, fmt.Errorf("%s: %w", path, bare(err)))
	case !info.Mode().IsRegular() || info.Size() == 0: // a pipe or a terminal, or nothing to lose
		return nil
	}
	head, err := headOf(path)
	if err != nil {
		return exitcode.With(exitcode.CannotRun, err)
	}
	if !wrote(head) {
		return exitcode.With(exitcode.Usage, fmt.Errorf("%s is there already and is no report in the format %s: remove it, or choose another name", path, format))
	}
	return nil
}

func headOf(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, format.MarkLength))
}

// write puts a report in the place of an earlier one, whole or not at all. What is no file, such as a pipe, is written to.
func (r reportFile) write() error {
	if info, err := os.Stat(r.path); err == nil && !info.Mode().IsRegular() {
		return os.WriteFile(r.path, r.text, 0o666)
	}
	return replace(r.path, r.text)
}

// writeNew puts a report where no file is yet.
func (r reportFile) writeNew() (err error) {
	f, err := os.OpenFile(r.path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	_, err = f.Write(r.text)
	if err = errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, os.Remove(r.path))
	}
	return nil
}

// writeReports puts reports beside a result, named as it is, and enters them there. It replaces nothing, and goes on after one that
// cannot be written.
func writeReports(s *reports.Saved, formats []reports.Format) error {
	if s.Path == "" && len(formats) > 0 {
		return errors.New("no report is written: the result is in no file")
	}
	var problems []error
	for _, format := range formats {
		path := strings.TrimSuffix(s.Path, ".json") + format.Extension
		text, err := render(format, []reports.Saved{{Result: s.Result, Path: s.Path}}, reports.Options{})
		if err == nil {
			err = reportFile{path, text}.writeNew()
		}
		if err != nil {
			problems = append(problems, fmt.Errorf("no report in the format %s: %w", format.Name, err))
			continue
		}
		s.Reports = append(s.Reports, path)
	}
	return errors.Join(problems...)
}
