package child

import (
	"bytes"
	"cmp"
	"strings"
	"sync"
)

const (
	logLines   = 200     // kept of a child's log
	errorLines = 20      // shown in an error
	lineLimit  = 8 << 10 // bytes
)

// Log keeps the last lines of a child's log. Safe for concurrent use.
type Log struct {
	mu    sync.Mutex
	lines []string
}

// Add adds a line.
func (t *Log) Add(line string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.lines) == logLines {
		t.lines = append(t.lines[:0], t.lines[1:]...)
	}
	t.lines = append(t.lines, line)
}

// Last returns up to n lines, oldest first.
func (t *Log) Last(n int) []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return append([]string(nil), t.lines[max(0, len(t.lines)-n):]...)
}

// String is all lines that are kept, at most 200.
func (t *Log) String() string { return strings.Join(t.Last(logLines), "\n") }

// Contains reports whether text is in the lines that are kept.
func (t *Log) Contains(text string) bool { return strings.Contains(t.String(), text) }

// Quote is the end of an error that shows the log.
func (t *Log) Quote() string {
	lines := t.Last(errorLines)
	if len(lines) == 0 {
		return "; it logged nothing"
	}
	return "; the end of its log:\n\t" + strings.Join(lines, "\n\t")
}

// LineWriter cuts what is written to it into lines and gives each to Each. Only one goroutine may write; Flush comes after its
// last write.
type LineWriter struct {
	Each func(line string)
	// Limit is how many bytes a line may have before it is cut into several; 0 stands for 8 KiB.
	Limit   int
	partial []byte
}

// Write never fails.
func (w *LineWriter) Write(p []byte) (int, error) {
	w.partial = append(w.partial, p...)
	for {
		line, rest, found := bytes.Cut(w.partial, []byte("\n"))
		if !found {
			break
		}
		w.Each(strings.TrimSuffix(string(line), "\r"))
		w.partial = rest
	}
	if len(w.partial) >= cmp.Or(w.Limit, lineLimit) {
		w.Flush()
	}
	return len(p), nil
}

// Flush hands on a line that has no end.
func (w *LineWriter) Flush() {
	if len(w.partial) > 0 {
		w.Each(string(w.partial))
	}
	w.partial = nil
}
