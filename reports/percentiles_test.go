package reports_test

import (
	"bytes"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mqttrace/load/result"
	"mqttrace/reports"
)

// plotted are the points that HdrHistogram's plotter makes of a file: its own code, put into Go.
func plotted(text string) (points [][2]float64) {
	for line := range strings.SplitSeq(text, "\n") {
		values := regexp.MustCompile(` +`).Split(strings.TrimSpace(line), -1)
		if strings.HasPrefix(line, "#") || len(values) != 4 {
			continue
		}
		y, errY := strconv.ParseFloat(values[0], 64)
		x, errX := strconv.ParseFloat(values[3], 64)
		if errX == nil && errY == nil && values[3] != "inf" {
			points = append(points, [2]float64{x, y})
		}
	}
	return points
}

func percentilesOf(t *testing.T, r *result.Result, opts reports.PercentileOptions) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, reports.Percentiles(&b, unsaved(r), opts))
	return b.String()
}

func TestPercentilesArePlotted(t *testing.T) {
	text := percentilesOf(t, withHistogram(), reports.PercentileOptions{})
	points := plotted(text)
	assert.Contains(t, points, [2]float64{2, 50.004}, "half took at most 50 ms, to three digits")
	assert.Contains(t, points, [2]float64{10, 90.046})
	assert.Regexp(t, `#\[Mean    = +50\.499, StdDeviation   = +28\.866\]\n#\[Max     = +100\.008, Total count    = +100\]\n#\[Buckets = +30, SubBuckets     = +2048\]\n`, text)
	assert.NotContains(t, text, "not in it")
}

func TestPercentilesSayWhatIsNotInThem(t *testing.T) {
	r := withHistogram()
	l := r.Arms[0].Latency[result.Response]
	l.Negative, l.Overflow = 4, 1
	r.Verdict, r.Reason = result.Invalid, "the generator did not keep up"
	r.Arms[0].Latency[result.Response] = l
	text := percentilesOf(t, r, reports.PercentileOptions{})
	assert.Contains(t, text, "# not in it: 4 values below zero, 1 value past its range\n")
	assert.Contains(t, text, "# the run is invalid: the generator did not keep up\n")
	assert.Equal(t, plotted(percentilesOf(t, withHistogram(), reports.PercentileOptions{})), plotted(text))
}

func TestPercentilesOfAnArm(t *testing.T) {
	r := arms("off", "export")
	r.Arms[1].Latency = withHistogram().Arms[0].Latency
	assert.Contains(t, percentilesOf(t, r, reports.PercentileOptions{Arm: "export"}), "# response of arm export, in ms\n")
}

func TestPercentilesThatAreNotThere(t *testing.T) {
	withheld := failed()
	empty := noMessages()
	damaged := withHistogram()
	l := damaged.Arms[0].Latency[result.Response]
	l.HDR = l.HDR[:40]
	damaged.Arms[0].Latency[result.Response] = l
	for name, tc := range map[string]struct {
		r    *result.Result
		opts reports.PercentileOptions
		want string
	}{
		"nothing measured":  {nothing(), reports.PercentileOptions{}, "nothing was measured"},
		"no such arm":       {passed(), reports.PercentileOptions{Arm: "of"}, `it has no arm "of"; choose one of record`},
		"several arms":      {arms("off", "export"), reports.PercentileOptions{}, "it has several arms; choose one of off, export"},
		"no such latency":   {passed(), reports.PercentileOptions{Latency: "resp"}, `there is no latency "resp"; choose one of response, transit, trace`},
		"not of this arm":   {invalid(), reports.PercentileOptions{Latency: "trace"}, "arm off has no trace"},
		"withheld":          {withheld, reports.PercentileOptions{Latency: "trace"}, "trace of arm record is withheld: 12 of 19,859 traces are broken"},
		"no values":         {empty, reports.PercentileOptions{}, "response of arm off has no values"},
		"no histogram":      {passed(), reports.PercentileOptions{}, "response of arm record has no histogram"},
		"damaged histogram": {damaged, reports.PercentileOptions{}, "the histogram of response cannot be read"},
	} {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			assert.ErrorContains(t, reports.Percentiles(&b, unsaved(tc.r), tc.opts), tc.want)
			assert.Empty(t, b.String())
		})
	}
}
