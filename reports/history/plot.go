package history

import (
	"cmp"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"time"

	"mqttrace/load/result"
	"mqttrace/reports/internal/web"
)

// Colors of the series of a plot, by their place in the palette.
const (
	colorOfRuns     = 0
	colorOfFailed   = 1
	colorOfDoubtful = 6
)

// Markers of runs by what came of them.
const (
	markerOfPassed   = 1
	markerOfFailed   = 2
	markerOfDoubtful = 3
)

// fewRuns is up to how many runs those that passed have a marker each: more would hide the line.
const fewRuns = 60

// units are those of axes, of the figures that have one.
var units = map[string]web.Unit{"ns": web.Nanoseconds, "1/s": web.PerSecond}

// plot is the course of a figure. Every run has a place of its own, and a point stands where its first run does.
func (s Series) plot(t Trend, sync string) web.Plot {
	p := web.Plot{
		Label: fmt.Sprintf("%s of %s, run by run", t.figure.title, s.name()),
		X:     web.Axis{Label: "run", Unit: web.Date},
		Y:     web.Axis{Label: t.figure.title, Unit: units[t.Unit]},
		Sync:  sync, Small: true,
		About: s.about(), Marks: s.marks(),
	}
	for _, r := range s.Runs {
		p.At = append(p.At, after(p.At, unix(r.Started)))
	}
	line, passed, failed, doubtful := s.course(t), s.empty("passed"), s.empty("failed"), s.empty("invalid or interrupted")
	passed.Scattered, passed.Marker, passed.Color = true, markerOfPassed, colorOfRuns
	failed.Scattered, failed.Marker, failed.Color = true, markerOfFailed, colorOfFailed
	doubtful.Scattered, doubtful.Marker, doubtful.Color = true, markerOfDoubtful, colorOfDoubtful
	for i, r := range s.Runs {
		if v, ok := r.Values[t.Figure]; ok {
			byVerdict := map[result.Verdict]*web.Series{result.Pass: &passed, result.Fail: &failed}
			put(cmp.Or(byVerdict[r.Verdict], &doubtful), i, v)
		}
	}
	p.Series = append(p.Series, line)
	if len(passed.Marked) > fewRuns {
		passed.Marked = nil // the line shows them
	}
	for _, series := range []web.Series{passed, failed, doubtful} {
		if len(series.Marked) > 0 {
			p.Series = append(p.Series, series)
		}
	}
	return p
}

// unix is a time as plots have it, in seconds.
func unix(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }

// after is at, or a little more where that would not be past all others.
func after(others []float64, at float64) float64 {
	const tick = 0.001
	if n := len(others); n > 0 && at <= others[n-1] {
		return others[n-1] + tick
	}
	return at
}

// empty is a series with a gap for each run.
func (s Series) empty(label string) web.Series {
	return web.Series{Label: label, Values: gaps(len(s.Runs))}
}

func gaps(n int) web.Values { return slices.Repeat(web.Values{math.NaN()}, n) }

func put(s *web.Series, at int, v float64) {
	s.Values[at] = v
	s.Marked = append(s.Marked, at)
}

// course is the line through the points of a trend, and their spread where runs were repeated.
func (s Series) course(t Trend) web.Series {
	line := s.empty("run")
	line.Color = colorOfRuns
	if s.isRepeated() {
		line.Label = "median"
		line.Area, line.Low, line.High = true, gaps(len(s.Runs)), gaps(len(s.Runs))
	}
	seen := map[int]bool{}
	for i, r := range s.Runs {
		v := t.Values[r.Point]
		if seen[r.Point] || v == nil {
			continue
		}
		seen[r.Point] = true
		line.Values[i] = v.Median
		if line.Area {
			line.Low[i], line.High[i] = v.Low, v.High
		}
	}
	return line
}

// isRepeated says whether any runs were asked for together.
func (s Series) isRepeated() bool { return len(s.Points) < len(s.Runs) }

// about says of each run what is to be known besides its figures.
func (s Series) about() (all []string) {
	for _, r := range s.Runs {
		about := []string{string(r.Verdict)}
		if r.Version != "" {
			about = append(about, r.Version)
		}
		all = append(all, strings.Join(about, " · "))
	}
	return all
}

// mostMarks is how many changes plots mark, the newest ones.
const mostMarks = 12

// marks stand where something else changed. Where every run is of another version, as in continuous integration, only new
// releases are marked: all of them are in the words about each run.
func (s Series) marks() (all []web.Mark) {
	changes := s.Changes
	if n := len(slices.DeleteFunc(slices.Clone(changes), func(c Change) bool { return c.What != ChangedVersion })); n > mostMarks {
		changes = releases(changes)
	}
	for _, c := range newest(changes, mostMarks) {
		all = append(all, web.Mark{Axis: "x", At: unix(c.At), Label: c.label()})
	}
	return all
}

// releases are the changes without those from one version to another of the same release.
func releases(changes []Change) (all []Change) {
	for _, c := range changes {
		if c.What == ChangedVersion {
			c.From, c.To = release(c.From), release(c.To)
			if c.From == c.To {
				continue
			}
		}
		all = append(all, c)
	}
	return all
}

// label says in a word or two what changed.
func (c Change) label() string {
	if (c.What == ChangedVersion || c.What == ChangedBroker) && c.To != "" {
		return c.To
	}
	return c.What
}

// sinceRelease is what git describe adds to the name of a release: how many commits it is ago, which is the newest, and whether
// there is more than that.
var sinceRelease = regexp.MustCompile(`(-\d+-g[0-9a-f]+)?(-dirty)?$`)

// aCommit is what git describe says where there is no release.
var aCommit = regexp.MustCompile(`^[0-9a-f]{7,40}$`)

// release is the one that a version comes after; empty if the version does not tell.
func release(version string) string {
	name := sinceRelease.ReplaceAllString(version, "")
	if aCommit.MatchString(name) {
		return ""
	}
	return name
}
