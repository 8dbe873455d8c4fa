package scenarios

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// Load reads and decodes the scenario file at path, with sets laid over it. Relative paths inside it start at its folder.
// The error, if any, is of type Problems.
func Load(path string, sets ...Set) (*Scenario, error) {
	data, err := readFile(path, maxFileSize)
	if err != nil {
		return nil, Problems{{File: path, What: "cannot be read: " + err.Error(), Want: "a scenario file"}}
	}
	return Decode(path, data, sets...)
}

// Decode turns a scenario's YAML into a Scenario that is complete and consistent. Name stands for the file in messages, and
// relative paths inside start at its folder; the files that they name are looked at, so that an unreadable one is found
// here. The error, if any, is of type Problems and holds every mistake, up to 500. Decode starts nothing and writes nothing.
func Decode(name string, data []byte, sets ...Set) (*Scenario, error) {
	data = bytes.TrimPrefix(data, []byte("\uFEFF")) // the mark that some editors put at the start
	d := &decoder{file: name, dir: filepath.Dir(name), lines: strings.Split(string(data), "\n")}
	root, problems := parseYAML(data)
	d.adopt(problems)
	if root == nil {
		return nil, d.problems
	}
	for i := range sets {
		if p := sets[i].apply(root); p != nil {
			d.problems = append(d.problems, *p)
		}
	}
	root.setPaths("")
	s := d.scenario(root)
	d.steps(root, s, &source{name: name, data: data, sets: sets})
	d.problems.sort()
	if len(d.problems) > 0 {
		return nil, d.problems
	}
	return s, nil
}

// decoder reads one tree. It goes on after each problem, so that all of them are found.
type decoder struct {
	file, dir string
	lines     []string
	problems  Problems
}

// maxProblems bounds the list for files that are no scenarios at all.
const maxProblems = 500

// report notes that n is wrong: what is, and what was expected.
func (d *decoder) report(n *node, what, want string) {
	n.bad = true
	p := Problem{File: d.file, Line: n.line, Column: n.column, Path: n.path, What: what, Want: want}
	if n.set != nil {
		p.File, p.Line, p.Column = n.set.String(), 0, 0
	}
	d.adopt(Problems{p})
}

// adopt takes problems in, with the file's name and the source line where they have none.
func (d *decoder) adopt(problems Problems) {
	for _, p := range problems {
		if len(d.problems) == maxProblems {
			return
		}
		if p.File == "" {
			p.File = d.file
		}
		if p.Line > 0 && p.Line <= len(d.lines) {
			p.Source = redact(strings.TrimSuffix(d.lines[p.Line-1], "\r"))
		}
		p.What, p.Want = redact(p.What), redact(p.Want)
		d.problems = append(d.problems, p)
	}
}

// scenario decodes the root of the tree.
func (d *decoder) scenario(n *node) *Scenario {
	s := &Scenario{
		Name: nameOf(d.file), Broker: Broker{Kind: Embedded}, Client: defaultClient, Warmup: seconds(2), Drain: seconds(10), Seed: 1, Repeat: once,
		Senders: []Sender{}, Receivers: []Receiver{}, Tracing: Tracing{TracingArm: TracingArm{Name: string(ArmOff), Arm: ArmOff}},
	}
	d.mapping(n,
		optional("name", d.name(&s.Name)),
		optional("description", d.text(&s.Description)),
		optional("broker", d.broker(&s.Broker)),
		optional("client", oneOf(d, &s.Client, Lean, Paho)),
		optional("source_addresses", d.sourceAddresses(&s.SourceAddresses)),
		optional("warmup", d.duration(&s.Warmup, mayBeZero)),
		optional("duration", d.duration(&s.Duration, aboveZero)),
		optional("drain", d.duration(&s.Drain, mayBeZero)),
		optional("seed", d.unsigned(&s.Seed)),
		optional("repeat", d.repeat(&s.Repeat)),
		required("senders", "at least one group of senders", listOf(d, &s.Senders, d.sender)),
		optional("receivers", listOf(d, &s.Receivers, d.receiver)),
		optional("tracing", d.tracing(&s.Tracing)),
		optional("faults", listOf(d, &s.Faults, d.fault)),
		optional("metrics", d.metrics(&s.Metrics)),
		optional("sweep", d.sweeping(&s.Sweep)),
		optional("search", d.search(&s.Search)),
		optional("thresholds", listOf(d, &s.Thresholds, d.threshold)),
	)
	d.lasting(n, s)
	d.check(n, s)
	return s
}

// defaultClient is Scenario.Client where the file says nothing.
const defaultClient = Lean

// nameOf makes a scenario's name from that of its file.
func nameOf(file string) string {
	base := filepath.Base(file)
	base = strings.TrimSuffix(base, filepath.Ext(base))
	name := strings.Trim(notInName.ReplaceAllString(base, "-"), "-.")
	if name == "" || len(name) > maxName {
		return "scenario"
	}
	return name
}

var notInName = regexp.MustCompile(`[^A-Za-z0-9._-]+`)

// resolve makes a path in the scenario independent of the folder it is used from.
func (d *decoder) resolve(path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	joined := filepath.Join(d.dir, path)
	if abs, err := filepath.Abs(joined); err == nil {
		return abs
	}
	return joined
}

// statFile makes sure that path is a file that can be read and returns its size. Its errors do not repeat the path.
func statFile(path string) (int64, error) {
	info, err := os.Stat(path)
	if err != nil {
		return 0, reason(err)
	}
	if !info.Mode().IsRegular() {
		return 0, errors.New("it is not a regular file")
	}
	f, err := os.Open(path)
	if err != nil {
		return 0, reason(err)
	}
	return info.Size(), f.Close()
}

// readFile reads a small file.
func readFile(path string, most int64) ([]byte, error) {
	size, err := statFile(path)
	if err != nil {
		return nil, err
	}
	if size > most {
		return nil, fmt.Errorf("it has %d bytes, more than %d", size, most)
	}
	data, err := os.ReadFile(path)
	return data, reason(err)
}

// reason strips the operation and the path off an error of package os.
func reason(err error) error {
	var p *fs.PathError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return errors.New("there is no such file")
	case errors.As(err, &p):
		return p.Err
	}
	return err
}
