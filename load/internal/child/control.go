package child

import (
	"encoding/json"
	"io"
	"sync"
	"time"
)

// answerLimit is how long the parent waits for the child's answer before it makes do with the last report it has.
const answerLimit = time.Second

// control is the parent's end of the pipes to a child of this binary: it holds the child's stdin open, and with that its life,
// and keeps what the child reports.
type control[R Report] struct {
	hello chan R // the first report; has room for it

	mu       sync.Mutex
	pipe     io.WriteCloser
	greeted  bool
	asked    uint64
	latest   R
	answered chan struct{} // closed and replaced at every report
}

func newControl[R Report](pipe io.WriteCloser) *control[R] {
	return &control[R]{hello: make(chan R, 1), pipe: pipe, answered: make(chan struct{})}
}

// send writes a line.
func (c *control[R]) send(v any) error {
	line, err := json.Marshal(v)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	_, err = c.pipe.Write(append(line, '\n'))
	return err
}

// take keeps a line of the child's stdout and reports whether it was a report.
func (c *control[R]) take(line string) bool {
	var r R
	if json.Unmarshal([]byte(line), &r) != nil {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.greeted {
		c.greeted = true
		c.hello <- r
	}
	c.latest = r
	close(c.answered)
	c.answered = make(chan struct{})
	return true
}

// ask sends a question and waits for the answer, which a child stopped by a signal may not give in time.
func (c *control[R]) ask(question any, ended <-chan struct{}) (answer R, isAnswer bool) {
	number, isSent := c.put(question)
	limit := time.NewTimer(answerLimit)
	defer limit.Stop()
	for {
		latest, more := c.last()
		if latest.Answered() >= number {
			return latest, isSent
		}
		select {
		case <-more:
		case <-ended: // its last report has been read by then
			latest, _ := c.last()
			return latest, isSent && latest.Answered() >= number
		case <-limit.C:
			return latest, false
		}
	}
}

func (c *control[R]) put(question any) (number uint64, isSent bool) {
	line, err := json.Marshal(question)
	if err != nil {
		return 0, false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, err := c.pipe.Write(append(line, '\n')); err != nil {
		return c.asked, false
	}
	c.asked++
	return c.asked, true
}

func (c *control[R]) last() (latest R, more <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.latest, c.answered
}

// hangUp tells the child to end.
func (c *control[R]) hangUp() error { return c.pipe.Close() }
