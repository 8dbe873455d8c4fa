package broker

import (
	"bytes"
	"strings"
	"sync"
)

const (
	logLines   = 200     // kept of a child's log
	errorLines = 20      // shown in an error
	lineLimit  = 8 << 10 // bytes; a longer line is cut into several
)

// logTail keeps the last lines of a child's log. Safe for concurrent use.
type logTail struct {
	mu    sync.Mutex
	lines []string
}

func (t *logTail) add(line string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.lines) == logLines {
		t.lines = append(t.lines[:0], t.lines[1:]...)
	}
	t.lines = append(t.lines, line)
}

// last returns up to n lines, oldest first.
func (t *logTail) last(n int) []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return append([]string(nil), t.lines[max(0, len(t.lines)-n):]...)
}

func (t *logTail) String() string { return strings.Join(t.last(logLines), "\n") }

func (t *logTail) contains(text string) bool { return strings.Contains(t.String(), text) }

// quote is the end of an error that shows the log.
func (t *logTail) quote() string {
	lines := t.last(errorLines)
	if len(lines) == 0 {
		return "; it logged nothing"
	}
	return "; the end of its log:\n\t" + strings.Join(lines, "\n\t")
}

// lineWriter cuts what is written to it into lines. Only one goroutine may write; flush comes after its last write.
type lineWriter struct {
	each    func(line string)
	partial []byte
}

func (w *lineWriter) Write(p []byte) (int, error) {
	w.partial = append(w.partial, p...)
	for {
		line, rest, found := bytes.Cut(w.partial, []byte("\n"))
		if !found {
			break
		}
		w.each(strings.TrimSuffix(string(line), "\r"))
		w.partial = rest
	}
	if len(w.partial) >= lineLimit {
		w.flush()
	}
	return len(p), nil
}

func (w *lineWriter) flush() {
	if len(w.partial) > 0 {
		w.each(string(w.partial))
	}
	w.partial = nil
}
