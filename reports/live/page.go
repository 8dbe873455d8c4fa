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
	"strings"
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

// Page is a page that a process of its own serves, so that making it costs the run nothing. Whoever opened it must Close it.
type Page struct {
	cmd     *exec.Cmd
	in      io.WriteCloser
	url     string
	watched atomic.Bool
	heard   chan struct{} // closed when the child says no more
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
}

// Encode makes of a result what Show sends.
func Encode(saved reports.Saved) ([]byte, error) {
	line, err := json.Marshal(shown{saved.Path, saved.Result})
	if err != nil {
		return nil, fmt.Errorf("showing the run: %w", err)
	}
	return append(line, '\n'), nil
}

// Show brings the page up to date with a result that Encode has made a line of. It waits while the child is busy.
func (p *Page) Show(line []byte) error {
	if _, err := p.in.Write(line); err != nil {
		return fmt.Errorf("showing the run: %w", err)
	}
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
		if err := s.Show(reports.Saved{Result: next.Result, Path: next.Path}); err != nil {
			return errors.Join(err, s.Close())
		}
	}
}
