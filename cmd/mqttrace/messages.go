package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"mqttrace/cmd/internal/exitcode"
	"mqttrace/scenarios"
)

// messagesFile is the file that a run writes a line to for each message received. Without a path it is none.
type messagesFile struct {
	path string

	file   *os.File
	made   bool // by open
	buffer *bufio.Writer
	gzip   *gzip.Writer // nil unless the name ends in .gz
}

func (m *messagesFile) register(f *pflag.FlagSet) {
	f.StringVar(&m.path, "messages", "", "write a line of CSV for each message received to `FILE`, a new one; compressed if it ends in .gz")
}

// check says why there can be no such file: more than one run would write to it, or a file is there already.
func (m *messagesFile) check(cmd *cobra.Command, all []*scenarios.Scenario) error {
	if m.path == "" {
		return nil
	}
	var problems []error
	if len(all) > 1 {
		problems = append(problems, fmt.Errorf("--messages %s: want one scenario, not %d: a file is of one run", m.path, len(all)))
	}
	for _, sc := range all {
		switch {
		case sc.Sweep != nil || sc.Search != nil:
			problems = append(problems, fmt.Errorf("--messages %s: %s is a sweep or a search, and a file is of one run", m.path, sc.Name))
		case sc.Repeat.Runs > 1:
			problems = append(problems, fmt.Errorf("--messages %s: %s runs %d times, and a file is of one run: say --repeat 1", m.path, sc.Name, sc.Repeat.Runs))
		}
	}
	if info, err := os.Stat(m.path); err == nil && info.Mode().IsRegular() {
		problems = append(problems, fmt.Errorf("--messages %s is there already: remove it, or choose another name", m.path))
	}
	if len(problems) > 0 {
		return usage(cmd, errors.Join(problems...))
	}
	return nil
}

// open makes the file. What is there and is no file, such as a pipe, is written to.
func (m *messagesFile) open() (err error) {
	if m.path == "" {
		return nil
	}
	m.file, err = os.OpenFile(m.path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	m.made = err == nil
	if info, statErr := os.Stat(m.path); errors.Is(err, fs.ErrExist) && statErr == nil && !info.Mode().IsRegular() {
		m.file, err = os.OpenFile(m.path, os.O_WRONLY, 0)
	}
	if err != nil {
		return exitcode.With(exitcode.CannotRun, fmt.Errorf("--messages: %w", err))
	}
	m.buffer = bufio.NewWriterSize(m.file, 64<<10)
	if strings.HasSuffix(m.path, ".gz") {
		m.gzip, err = gzip.NewWriterLevel(m.buffer, gzip.BestSpeed) // the generator pays for it
	}
	return err
}

// writer is what the run writes to; nil if nothing is wanted.
func (m *messagesFile) writer() io.Writer {
	switch {
	case m.file == nil:
		return nil
	case m.gzip != nil:
		return m.gzip
	default:
		return m.buffer
	}
}

// close completes the file, and removes it again if nothing was measured. Later calls do nothing.
func (m *messagesFile) close(measured bool) error {
	if m.file == nil {
		return nil
	}
	defer func() { m.file = nil }()
	var problems []error
	if m.gzip != nil {
		problems = append(problems, m.gzip.Close())
	}
	problems = append(problems, m.buffer.Flush(), m.file.Close())
	if !measured && m.made {
		return os.Remove(m.path)
	}
	if err := errors.Join(problems...); err != nil {
		return fmt.Errorf("the messages in %s are not complete: %w", m.path, err)
	}
	return nil
}
