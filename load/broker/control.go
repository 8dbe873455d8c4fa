package broker

import (
	"encoding/json"
	"io"
	"sync"
	"time"
)

// answerLimit is how long the parent waits for the child's count before it makes do with the last one it has.
const answerLimit = time.Second

// control is the parent's end of the pipes to an embedded child: it holds the child's stdin open, and with that its life,
// and keeps what the child reports.
type control struct {
	hello chan report // the first report; has room for it

	mu       sync.Mutex
	pipe     io.WriteCloser
	greeted  bool
	asked    uint64
	latest   report
	answered chan struct{} // closed and replaced at every report
}

func newControl(pipe io.WriteCloser) *control {
	return &control{hello: make(chan report, 1), pipe: pipe, answered: make(chan struct{})}
}

// configure sends the first line.
func (c *control) configure(cfg EmbeddedConfig) error {
	line, err := json.Marshal(cfg)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	_, err = c.pipe.Write(append(line, '\n'))
	return err
}

// take keeps a line of the child's stdout and reports whether it was a report.
func (c *control) take(line string) bool {
	var r report
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

// drops asks the child and returns its answer, or the last count known if it does not answer in time (it may be stopped by
// a signal) or has ended.
func (c *control) drops(ended <-chan struct{}) Drops {
	question := c.ask()
	limit := time.NewTimer(answerLimit)
	defer limit.Stop()
	for {
		latest, more := c.last()
		if latest.Answers >= question {
			return latest.Drops
		}
		select {
		case <-more:
		case <-ended: // its last report has been read by then
			latest, _ := c.last()
			return latest.Drops
		case <-limit.C:
			return latest.Drops
		}
	}
}

func (c *control) ask() (question uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, err := c.pipe.Write([]byte("\n")); err == nil {
		c.asked++
	}
	return c.asked
}

func (c *control) last() (latest report, more <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.latest, c.answered
}

// hangUp tells the child to end.
func (c *control) hangUp() error { return c.pipe.Close() }
