package reports

import (
	"bytes"
	"cmp"
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"mqttrace/load/result"
)

// JUnit writes results to w as JUnit XML, which CI servers show as tests: a suite for each result, and in it a case for each
// threshold and each promise of delivery of each arm, for the generator that kept up, and for the run that came to its end. A
// failure says what was expected and what was measured; a run that is invalid or was interrupted is an error. A result that did
// not pass has a case that did not either. The text report stands in the suite's output.
func JUnit(w io.Writer, all []Saved) error {
	suites := junitSuites{}
	for i, s := range all {
		suite, err := newJUnitSuite(i, newPage(s))
		if err != nil {
			return err
		}
		suites.Suites = append(suites.Suites, suite)
	}
	if _, err := io.WriteString(w, junitMark); err != nil {
		return err
	}
	enc := xml.NewEncoder(w)
	enc.Indent("", "  ")
	if err := enc.Encode(suites); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

// junitMark begins what JUnit writes.
const junitMark = xml.Header + "<!-- mqttrace -->\n"

// junitSuites and what is in it have the order of elements and the attributes that both Ant's and Jenkins' schema take. All text
// is legible, which leaves no character that XML 1.0 does not have.
type junitSuites struct {
	XMLName xml.Name     `xml:"testsuites"`
	Suites  []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	ID         int             `xml:"id,attr"`
	Package    string          `xml:"package,attr"`
	Name       string          `xml:"name,attr"`
	Timestamp  string          `xml:"timestamp,attr"` // UTC, without a zone
	Hostname   string          `xml:"hostname,attr"`
	Tests      int             `xml:"tests,attr"`
	Failures   int             `xml:"failures,attr"`
	Errors     int             `xml:"errors,attr"`
	Time       string          `xml:"time,attr"` // seconds
	Properties []junitProperty `xml:"properties>property"`
	Cases      []junitCase     `xml:"testcase"`
	Out        junitText       `xml:"system-out"`
	Err        junitText       `xml:"system-err"`
}

// junitText is text of several lines.
type junitText struct {
	Text string `xml:",cdata"`
}

type junitProperty struct {
	Name  string `xml:"name,attr"`
	Value string `xml:"value,attr"`
}

type junitCase struct {
	Class   string        `xml:"classname,attr"`
	Name    string        `xml:"name,attr"`
	Time    string        `xml:"time,attr"`
	Error   *junitTrouble `xml:"error"`
	Failure *junitTrouble `xml:"failure"`
}

type junitTrouble struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr"`
	Text    string `xml:",cdata"`
}

func newJUnitSuite(id int, p *page) (junitSuite, error) {
	var out bytes.Buffer
	if err := Text(&out, []Saved{p.saved}, TextOptions{}); err != nil {
		return junitSuite{}, err
	}
	r := p.saved.Result
	s := junitSuite{
		ID: id, Package: "mqttrace", Name: p.title(), Timestamp: r.Started.UTC().Format("2006-01-02T15:04:05"),
		Hostname: cmp.Or(strings.TrimSpace(clean(r.Environment.Host)), "localhost"), Properties: junitProperties(p), Out: junitText{out.String()},
	}
	var took time.Duration
	for _, a := range r.Arms {
		took += time.Duration(a.ElapsedNS)
	}
	s.Time = strconv.FormatFloat(took.Seconds(), 'f', 3, 64)
	s.Cases = junitCases(p)
	for _, c := range s.Cases {
		s.Tests++
		if c.Failure != nil {
			s.Failures++
		}
		if c.Error != nil {
			s.Errors++
		}
	}
	return s, nil
}

// title is the scenario's name, or what stands for it.
func (p *page) title() string { return cmp.Or(strings.TrimSpace(p.name), "mqttrace") }

func junitProperties(p *page) []junitProperty {
	env := p.saved.Environment
	all := []junitProperty{{"verdict", string(p.verdict)}, {"reason", p.reason}}
	for _, f := range []junitProperty{
		{"file", p.saved.Path}, {"tool", env.Tool}, {"broker", env.Broker.String()},
		{"os", env.OS}, {"arch", env.Arch}, {"cpu", env.CPU}, {"cores", strconv.Itoa(env.Cores)},
	} {
		if f.Value = clean(f.Value); f.Value != "" {
			all = append(all, f)
		}
	}
	return all
}

// junitCases are what a result is judged by.
func junitCases(p *page) []junitCase {
	r := p.saved.Result
	suite := &junitCaseList{class: p.title()}
	if r.Observed == nil {
		suite.add("the generator kept up", trouble(r.Verdict == result.Invalid, "invalid", p.reason))
	}
	suite.add("the run came to its end", trouble(r.Verdict == result.Interrupted, "interrupted", p.reason))
	for i := range r.Arms {
		arm := &junitCaseList{class: p.title() + "." + clean(r.Arms[i].Name)}
		arm.thresholds(r, func(name string) bool { return name == r.Arms[i].Name })
		if r.Observed == nil {
			arm.delivery(&r.Arms[i])
		}
		suite.all = append(suite.all, arm.all...)
	}
	suite.thresholds(r, func(arm string) bool {
		return !slices.ContainsFunc(r.Arms, func(a result.Arm) bool { return a.Name == arm })
	})
	if r.Observed != nil {
		suite.add("spans could be judged", trouble(r.Verdict == result.Invalid, "invalid", p.reason))
	}
	if isFailed := func(c junitCase) bool { return c.Failure != nil }; r.Verdict == result.Fail && !slices.ContainsFunc(suite.all, isFailed) {
		suite.add("verdict", nil)
		suite.all[len(suite.all)-1].Failure = &junitTrouble{p.reason, "verdict", p.reason}
	}
	return suite.all
}

// trouble is an error if there is any.
func trouble(is bool, kind, reason string) *junitTrouble {
	if !is {
		return nil
	}
	return &junitTrouble{reason, kind, reason}
}

// junitCaseList collects the cases of one class.
type junitCaseList struct {
	class string
	all   []junitCase
}

func (l *junitCaseList) add(name string, err *junitTrouble) {
	l.all = append(l.all, junitCase{Class: l.class, Name: clean(name), Time: "0", Error: err})
}

// expect adds a case that fails, if it does, with what was measured.
func (l *junitCaseList) expect(name string, ok bool, kind, measured string, doubts []string) {
	l.add(name, nil)
	if ok {
		return
	}
	lines := []string{clean("expected " + name + ", " + measured)}
	for _, d := range doubts {
		lines = append(lines, clean(d))
	}
	l.all[len(l.all)-1].Failure = &junitTrouble{lines[0], kind, strings.Join(lines, "\n")}
}

// thresholds adds a case for each threshold of some arms.
func (l *junitCaseList) thresholds(r *result.Result, isOf func(arm string) bool) {
	for _, t := range r.Thresholds {
		if isOf(t.Arm) {
			l.expect(t.Expression, t.OK, "threshold", measuredAs(t), doubts(r, t))
		}
	}
}

// measuredAs says what a threshold judged, or why it could not be judged.
func measuredAs(t result.Threshold) string {
	c := newCheck(t)
	if t.Reason != "" {
		return c.actual
	}
	return "measured " + c.actual
}

// doubts are the warnings about the figure that a threshold judges.
func doubts(r *result.Result, t result.Threshold) (texts []string) {
	figure, _ := sides(t.Expression)
	for _, w := range r.Warnings {
		if places(w.About)[0] == places(figure)[0] {
			texts = append(texts, w.Text)
		}
	}
	return texts
}

// delivery adds a case for each promise that MQTT made for an arm's messages, by quality of service, and for each thing that the
// broker did not take.
func (l *junitCaseList) delivery(a *result.Arm) {
	type promise struct {
		rule result.Rule
		qos  byte
	}
	broken := map[promise]uint64{}
	var order []promise
	for _, f := range a.Delivery.Flows {
		for _, p := range f.Promises() {
			key := promise{p.Rule, f.QoS}
			if _, known := broken[key]; !known {
				order = append(order, key)
			}
			broken[key] += p.Broken
		}
	}
	for _, p := range order {
		l.expect(fmt.Sprintf("no message %s at QoS %d", p.rule, p.qos), broken[p] == 0, "delivery", "measured "+Count(broken[p]), a.Delivery.Violations)
	}
	l.expect("no message refused", a.Refused == 0, "delivery", "measured "+Count(a.Refused), nil)
	l.expect("no message unsent", a.Unsent == 0, "delivery", "measured "+Count(a.Unsent), nil)
}
