package live

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mqttrace/load/result"
	"mqttrace/reports"
)

// measured are the first seconds of a run.
func measured(seconds int) (all []result.Point) {
	for s := range seconds {
		all = append(all, result.Point{AtNS: int64(s) * 1e9, Sent: 100, Response: &result.Bins{First: 3, Counts: []uint64{100}}})
	}
	return all
}

// armsOf is a result with a series for each of some arms.
func armsOf(series ...[]result.Point) reports.Saved {
	res := &result.Result{Schema: result.Schema, Scenario: json.RawMessage(`{"name":"watched"}`)}
	for i, s := range series {
		res.Arms = append(res.Arms, result.Arm{Name: fmt.Sprint("arm", i), Series: s})
	}
	return reports.Saved{Result: res}
}

// line is what a page would send next. Nothing reads it.
type line struct{ strings.Builder }

func (*line) Close() error { return nil }

var _ io.WriteCloser = (*line)(nil)

// What arrives is the whole series, whatever of it is sent.
func TestSeriesIsSentOnce(t *testing.T) {
	one, two := measured(9), measured(9)
	cases := []struct {
		name  string
		saved reports.Saved
		sent  bool
		known []int // of the look
	}{
		{"nothing yet", armsOf(), true, []int{}},
		{"the first second", armsOf(one[:1]), true, []int{0}},
		{"two more", armsOf(one[:3]), true, []int{1}},
		{"one that is not shown", armsOf(one[:4]), false, []int{3}},
		{"nothing new but for it", armsOf(one[:4]), true, []int{3}},
		{"nothing new", armsOf(one[:4]), true, []int{4}},
		{"another run", armsOf(two[:6]), true, []int{0}},
		{"less of it", armsOf(two[:2]), true, []int{0}},
		{"another arm", armsOf(two[:3], one[:2]), true, []int{2, 0}},
		{"both go on", armsOf(two[:3], one[:5]), true, []int{3, 2}},
		{"nothing of either", armsOf(nil, nil), true, []int{0, 0}},
	}
	p := &Page{}
	var kept series
	for _, c := range cases {
		before := len(c.saved.Arms)
		look, err := p.Encode(c.saved)
		require.NoError(t, err, c.name)
		var next shown
		require.NoError(t, json.Unmarshal(look.line, &next), c.name)
		assert.Equal(t, c.known, append([]int{}, next.Known...), c.name)
		require.Len(t, c.saved.Arms, before, c.name)
		if !c.sent {
			continue
		}
		p.in = new(line)
		require.NoError(t, p.Show(look), c.name)
		require.NoError(t, kept.complete(&next), c.name)
		for i, a := range next.Result.Arms {
			assert.Equal(t, len(c.saved.Arms[i].Series), len(a.Series), c.name)
			assert.Equal(t, append([]result.Point{}, c.saved.Arms[i].Series...), append([]result.Point{}, a.Series...), c.name)
		}
	}
	lost := shown{Result: armsOf(one).Result, Known: []int{12}}
	assert.ErrorContains(t, kept.complete(&lost), "12 points of arm arm0 are not known here")
}

// What is sent each second does not grow with the run.
func BenchmarkEncode(b *testing.B) {
	for _, seconds := range []int{10, 3600} {
		b.Run(fmt.Sprintf("seconds=%d", seconds), func(b *testing.B) {
			run := measured(seconds)
			p := &Page{in: new(line)}
			look, err := p.Encode(armsOf(run[:seconds-1]))
			require.NoError(b, err)
			require.NoError(b, p.Show(look))
			b.ReportAllocs()
			for b.Loop() {
				look, err = p.Encode(armsOf(run))
				require.NoError(b, err)
			}
			b.ReportMetric(float64(len(look.line)), "line-B")
		})
	}
}
