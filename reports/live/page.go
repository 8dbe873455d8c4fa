package live

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"mqttrace/load/result"
	"mqttrace/reports"
)

// marker is the variable that says, to a process of this binary, that it is to serve a page, and where.
const marker = "MQTTRACE_LIVE"

// What a child says, one line each. The first is where it listens, or why it cannot.
const (
	listening = "listening "
	failed    = "failed "
	watched   = "watched"
	unwatched = "unwatched"
)

// Page is a page that a process of its own serves, so that making it costs the run nothing. Whoever opened it must Close it. Its methods
// are safe for concurrent use.
type Page struct {
	cmd     *exec.Cmd
	in      io.WriteCloser
	url     string
	watched atomic.Bool
	heard   chan struct{} // closed when the child says no more
	mu      sync.Mutex    // guards what follows
	told    []told        // of each arm of what was shown last
}

// Open has a child serve a page at an address, as Start does in this process. The binary's main must call RunIfChild first.
func Open(address string) (*Page, error) {
	if err := CheckAddress(address); err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("serving the page: %w", err)
	}
	p := &Page{cmd: exec.Command(self), heard: make(chan struct{})}
	p.cmd.Env = append(os.Environ(), marker+"="+address)
	p.cmd.Stderr = os.Stderr
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, fmt.Errorf("serving the page: %w", err)
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("serving the page: %w", err)
	}
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("serving the page: %w", err)
	}
	lines := bufio.NewReader(out)
	first, err := lines.ReadString('\n')
	url, ok := strings.CutPrefix(strings.TrimSpace(first), listening)
	if !ok {
		why := strings.TrimPrefix(strings.TrimSpace(first), failed)
		return nil, errors.Join(errors.New(why), err, p.in.Close(), p.cmd.Wait())
	}
	p.url = url
	go p.listen(lines)
	return p, nil
}

// listen keeps up with what the child says.
func (p *Page) listen(lines *bufio.Reader) {
	defer close(p.heard)
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return
		}
		p.watched.Store(strings.TrimSpace(line) == watched)
	}
}

// URL is where the page is.
func (p *Page) URL() string { return p.url }

// Watched says whether anybody looks, or has just asked to.
func (p *Page) Watched() bool { return p.watched.Load() }

// shown is what a child reads, one line of JSON each.
type shown struct {
	Path   string         `json:"path"`
	Result *result.Result `json:"result"`
	// Known is, for each arm of the result, how many points of its series the child has been shown already; the result has those after
	// them.
	Known []int `json:"known,omitempty"`
}

// Look is a result as Show sends it.
type Look struct {
	line []byte
	told []told
}

// told is how much of an arm's series a child has been shown.
type told struct {
	points int
	last   result.Point // for the histogram that it points to, of which there is one: the series of another run begins anew
}

// begins reports whether it is the beginning of a series.
func (t told) begins(series []result.Point) bool {
	return t.points > 0 && t.points <= len(series) && series[t.points-1] == t.last
}

// Encode makes of a result what Show sends: of the series of a run that goes on only what the page does not have. Of two looks made one
// after the other the first need not be shown, but not after the second.
func (p *Page) Encode(saved reports.Saved) (*Look, error) {
	p.mu.Lock()
	before := p.told
	p.mu.Unlock()
	look := &Look{}
	next := *saved.Result
	next.Arms = slices.Clone(next.Arms)
	known := make([]int, len(next.Arms))
	for i := range next.Arms {
		series := next.Arms[i].Series
		if i < len(before) && before[i].begins(series) {
			known[i] = before[i].points
		}
		now := told{points: len(series)}
		if now.points > 0 {
			now.last = series[now.points-1]
		}
		look.told = append(look.told, now)
		next.Arms[i].Series = series[known[i]:]
	}
	line, err := json.Marshal(shown{saved.Path, &next, known})
	if err != nil {
		return nil, fmt.Errorf("showing the run: %w", err)
	}
	look.line = append(line, '\n')
	return look, nil
}

// Show brings the page up to date. It waits while the child is busy.
func (p *Page) Show(look *Look) error {
	if _, err := p.in.Write(look.line); err != nil {
		return fmt.Errorf("showing the run: %w", err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.told = look.told
	return nil
}

// Close tells the viewers that nothing more comes and ends the child. What they see stays.
func (p *Page) Close() error {
	err := p.in.Close()
	kill := time.AfterFunc(2*farewell, func() { _ = p.cmd.Process.Kill() })
	defer kill.Stop()
	<-p.heard
	return errors.Join(err, p.cmd.Wait())
}

// RunIfChild serves a page and exits if this process was started for that; otherwise it returns at once. It ends with its standard
// input, and so with its parent, however that ends.
func RunIfChild() {
	address, isChild := os.LookupEnv(marker)
	if !isChild {
		return
	}
	signal.Ignore(os.Interrupt, syscall.SIGTERM) // a Ctrl-C is for the parent, which shows how the run ended
	s, err := Start(address)
	if err != nil {
		fmt.Printf("%s%v\n", failed, err)
		os.Exit(0)
	}
	fmt.Printf("%s%s\n", listening, s.URL())
	go tell(s)
	if err := serve(s, os.Stdin); err != nil {
		fmt.Fprintln(os.Stderr, "mqttrace:", err)
	}
	os.Exit(0)
}

// attentionEvery is how often the parent may learn whether anybody looks.
const attentionEvery = 100 * time.Millisecond

// tell says whether anybody looks, whenever that changes.
func tell(s *Server) {
	was := false
	for range time.Tick(attentionEvery) {
		if is := s.Watched(); is != was {
			was = is
			fmt.Println(map[bool]string{true: watched, false: unwatched}[is])
		}
	}
}

// serve shows what arrives until nothing more does.
func serve(s *Server, in io.Reader) error {
	var all series
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return s.Close()
		}
		var next shown
		if err := json.Unmarshal(line, &next); err != nil {
			return errors.Join(fmt.Errorf("showing the run: %w", err), s.Close())
		}
		if err := errors.Join(all.complete(&next), next.Result.Compress()); err != nil {
			return errors.Join(fmt.Errorf("showing the run: %w", err), s.Close())
		}
		if err := s.Show(reports.Saved{Result: next.Result, Path: next.Path}); err != nil {
			return errors.Join(err, s.Close())
		}
	}
}

// series are those of the arms of the latest result.
type series [][]result.Point

// complete puts before the points of a result those that were shown before, and keeps all for the next.
func (s *series) complete(next *shown) error {
	all := make(series, len(next.Result.Arms))
	for i := range next.Result.Arms {
		a := &next.Result.Arms[i]
		if i < len(next.Known) && next.Known[i] > 0 {
			if i >= len(*s) || next.Known[i] > len((*s)[i]) {
				return fmt.Errorf("%d points of arm %s are not known here", next.Known[i], a.Name)
			}
			a.Series = slices.Concat((*s)[i][:next.Known[i]], a.Series) // a copy: the server may still show the one before
		}
		all[i] = a.Series
	}
	*s = all
	return nil
}
