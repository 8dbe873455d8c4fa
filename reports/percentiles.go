package reports

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/HdrHistogram/hdrhistogram-go"

	"mqttrace/load/result"
)

// PercentileOptions say which latency is meant. The zero value is the response time of the only arm.
type PercentileOptions struct {
	Latency string // by its name in a result; empty for response
	Arm     string // empty if there is one alone
}

// ticks is how many lines there are between a percentile and the one that is half as far from 100 %; HdrHistogram's own default.
const ticks = 5

// Percentiles writes the distribution of one latency to w, in ms, as HdrHistogram's tools write .hgrm files and its plotter reads
// them. Comments at the end say what it is of, and tell of values that are not in it and of a run that is invalid. It fails, and writes nothing, if the result does not have the
// latency or does not vouch for its percentiles.
func Percentiles(w io.Writer, s Saved, opts PercentileOptions) error {
	arm, err := chooseArm(s, opts.Arm)
	if err != nil {
		return err
	}
	name := cmp.Or(opts.Latency, result.Response)
	l, err := chooseLatency(arm, name)
	if err != nil {
		return err
	}
	h, err := hdrhistogram.Decode([]byte(l.HDR))
	if err != nil {
		return fmt.Errorf("the histogram of %s cannot be read: %w", name, err)
	}
	const nsPerMS = 1e6
	b := bufio.NewWriter(w)
	if _, err := h.PercentilesPrint(b, ticks, nsPerMS); err != nil {
		return err
	}
	fmt.Fprintf(b, "# %s of arm %s, in ms\n", name, clean(arm.Name))
	if doubtful(s.Verdict) != "" {
		fmt.Fprintf(b, "# the run is %s: %s\n", s.Verdict, clean(s.Reason))
	}
	if l.Negative+l.Overflow > 0 {
		fmt.Fprintf(b, "# not in it: %s below zero, %s past its range\n", several(l.Negative, "value"), several(l.Overflow, "value"))
	}
	return b.Flush()
}

// chooseArm finds an arm by its name; without one there must be no choice.
func chooseArm(s Saved, name string) (*result.Arm, error) {
	var names []string
	for i := range s.Arms {
		if arm := &s.Arms[i]; arm.Name == name || name == "" && len(s.Arms) == 1 {
			return arm, nil
		}
		names = append(names, clean(s.Arms[i].Name))
	}
	switch {
	case len(names) == 0:
		return nil, fmt.Errorf("nothing was measured")
	case name == "":
		return nil, fmt.Errorf("it has several arms; choose one of %s", strings.Join(names, ", "))
	default:
		return nil, fmt.Errorf("it has no arm %q; choose one of %s", name, strings.Join(names, ", "))
	}
}

func chooseLatency(arm *result.Arm, name string) (result.Latency, error) {
	l, ok := arm.Latency[name]
	switch {
	case !slices.Contains(result.LatencyNames, name):
		return l, fmt.Errorf("there is no latency %q; choose one of %s", name, strings.Join(result.LatencyNames, ", "))
	case !ok:
		return l, fmt.Errorf("arm %s has no %s", clean(arm.Name), name)
	case l.Withheld != "":
		return l, fmt.Errorf("%s of arm %s is withheld: %s", name, clean(arm.Name), clean(l.Withheld))
	case l.Count == 0:
		return l, fmt.Errorf("%s of arm %s has no values", name, clean(arm.Name))
	case l.HDR == "":
		return l, fmt.Errorf("%s of arm %s has no histogram", name, clean(arm.Name))
	}
	return l, nil
}
