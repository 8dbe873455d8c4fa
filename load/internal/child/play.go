package child

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"
)

// exitLimit is how long a child may take to end after its parent has closed the pipe.
const exitLimit = 5 * time.Second

// Answer is what all reports have in common: embedded, it makes a Report of one.
type Answer struct {
	Error string `json:"error,omitempty"`
	// Answers counts the lines from the parent that the child has read, its configuration left out.
	Answers uint64 `json:"answers"`
}

// Answered implements Report.
func (a Answer) Answered() uint64 { return a.Answers }

// Failure implements Report.
func (a Answer) Failure() string { return a.Error }

// Part is what a child plays.
type Part interface {
	// Hello is the first report: where the child listens.
	Hello() Report
	// Obey does what a line of the parent's says and reports. a is to be in the report.
	Obey(line []byte, a Answer) Report
	// Close ends what the child does. The report is the last.
	Close(a Answer) Report
}

// Play is the child's end of what StartSelf begins: begin makes a part of the configuration, which is the first line of in, and the part
// obeys every further one until the end of in, which the parent closes by intent or by dying. A report that cannot be sent is no
// error: the parent is gone, and the end of in says so too. name is what errors call the child.
func Play[C any](name string, in io.Reader, out io.Writer, begin func(C) (Part, error)) {
	lines, reports := bufio.NewScanner(in), json.NewEncoder(out)
	lines.Buffer(nil, reportLimit)
	part, err := beginAsTold(name, lines, begin)
	if err != nil {
		_ = reports.Encode(Answer{Error: err.Error()})
		return
	}
	_ = reports.Encode(part.Hello())
	var a Answer
	for lines.Scan() {
		a.Answers++
		_ = reports.Encode(part.Obey(lines.Bytes(), a))
	}
	exit := time.AfterFunc(exitLimit, func() { os.Exit(1) })
	defer exit.Stop()
	_ = reports.Encode(part.Close(a))
}

func beginAsTold[C any](name string, lines *bufio.Scanner, begin func(C) (Part, error)) (Part, error) {
	var cfg C
	if !lines.Scan() {
		err := lines.Err()
		if err == nil {
			err = io.ErrUnexpectedEOF
		}
		return nil, fmt.Errorf("read the %s's configuration from the parent: %w", name, err)
	}
	if err := json.Unmarshal(lines.Bytes(), &cfg); err != nil {
		return nil, fmt.Errorf("read the %s's configuration %q: %w", name, lines.Text(), err)
	}
	return begin(cfg)
}
