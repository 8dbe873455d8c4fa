package web

import (
	"math"
	"strconv"
	"strings"
)

// Plot is a plot as the script draws it: lines over At, or a heat map, with what helps to read them.
type Plot struct {
	Label string `json:"label"` // what it shows, for those who do not see it
	X     Axis   `json:"x"`
	Y     Axis   `json:"y"`
	// At is where the series have their values: finite and ascending.
	At     []float64 `json:"at,omitempty"`
	Series []Series  `json:"series,omitempty"`
	// Until is how far the X axis goes at least, where what At has last takes time; 0 for no further than that.
	Until float64 `json:"until,omitempty"`
	Heat  *Heat   `json:"heat,omitempty"` // in the place of lines
	// About says of each place of At what is to be known besides its values; nil if there is nothing.
	About []string `json:"about,omitempty"`
	Bands []Band   `json:"bands,omitempty"`
	Marks []Mark   `json:"marks,omitempty"`
	// Sync names the plots that share a crosshair and zoom in together; empty for none.
	Sync string `json:"sync,omitempty"`
	// Tall plots have room for detail; small ones are some of many beside each other, and have no legend of their own.
	Tall  bool `json:"tall,omitempty"`
	Small bool `json:"small,omitempty"`
}

// Axis is one of the two of a plot. Those that are not logarithmic begin at zero upwards and at the first value sideways.
type Axis struct {
	Label string `json:"label"`
	Unit  Unit   `json:"unit"`
	Log   bool   `json:"log,omitempty"`
}

// Unit is what figures count, which says how they are written.
type Unit string

// Units of axes.
const (
	Number      Unit = ""
	Nanoseconds Unit = "ns"
	Seconds     Unit = "s"    // into a run: 90 is 1:30
	Date        Unit = "date" // Unix time in seconds
	Percentile  Unit = "percentile"
	Bytes       Unit = "B"
	PerSecond   Unit = "/s"
	Cores       Unit = "cores"
)

// AtPercentile is where a percentile, 0 to below 100, stands on an axis of Percentile: each further nine is as wide as the one
// before.
func AtPercentile(percent float64) float64 { return 100 / (100 - percent) }

// Series is one line of a plot.
type Series struct {
	Label  string `json:"label"`
	Color  int    `json:"color"`            // from 0; the palette begins anew after eight
	Dash   int    `json:"dash,omitempty"`   // 0 is solid; there are four
	Marker int    `json:"marker,omitempty"` // from 1: circle, square, triangle, diamond; 0 for none
	// Marked are the places in Values that have the marker; all of them if there are none here.
	Marked []int  `json:"marked,omitempty"`
	Values Values `json:"values"`
	// Low and High are the ends of an interval around each value; nil if there is none. With Area what lies between them is
	// shaded from value to value.
	Low  Values `json:"low,omitempty"`
	High Values `json:"high,omitempty"`
	Area bool   `json:"area,omitempty"`
	// Scattered values have no line through them.
	Scattered bool `json:"scattered,omitempty"`
	// Hidden series wait in the legend until somebody asks for them.
	Hidden bool `json:"hidden,omitempty"`
}

// Heat is a heat map: how many values fell into each bin of each column. Columns stand at Plot.At, each as wide as it is far to the
// next, the last Width.
type Heat struct {
	Width float64 `json:"width"`
	// Edges are the lower ends of the bins of the Y axis, ascending, and the upper end of the last.
	Edges   Values   `json:"edges"`
	Columns []Column `json:"columns,omitempty"`
	// Most is the count at the dark end of the scale, so that several heat maps can share one; 0: the largest here.
	Most uint64 `json:"most,omitempty"`
}

// Column is the counts of some bins next to each other, from First.
type Column struct {
	First  int      `json:"first"`
	Counts []uint64 `json:"counts,omitempty"`
}

// Band is a part of the X axis with a name.
type Band struct {
	From  float64 `json:"from"`
	Until float64 `json:"until"`
	Label string  `json:"label"`
	// Quiet bands, such as a warm-up, are paler than those that somebody looks for. Bare ones have an edge and a name alone, so that
	// bands next to each other are told apart.
	Quiet bool `json:"quiet,omitempty"`
	Bare  bool `json:"bare,omitempty"`
}

// Mark is a line across a plot at a value of one axis, with a word about it.
type Mark struct {
	Axis  string  `json:"axis"` // x or y
	At    float64 `json:"at"`
	Label string  `json:"label"`
	Color int     `json:"color,omitempty"` // of a series, from 1; 0 for the color of text
}

// Values are figures that are written with four significant digits, since nobody sees more on a screen; NaN is a gap.
type Values []float64

// MarshalJSON implements json.Marshaler.
func (v Values) MarshalJSON() ([]byte, error) {
	text := make([]byte, 0, 2+6*len(v))
	text = append(text, '[')
	for i, f := range v {
		if i > 0 {
			text = append(text, ',')
		}
		text = append(text, short(f)...)
	}
	return append(text, ']'), nil
}

const (
	// sharp is up to where whole numbers are written in full, drawn how many significant digits the others have.
	sharp = 1e4
	drawn = 4
)

// short writes a number in few characters: "1203", "0.0812", "1.203e6".
func short(f float64) string {
	switch {
	case math.IsNaN(f) || math.IsInf(f, 0):
		return "null"
	case f == math.Trunc(f) && math.Abs(f) < sharp:
		return strconv.FormatInt(int64(f), 10)
	}
	mantissa, exponent, _ := strings.Cut(strconv.FormatFloat(f, 'e', drawn-1, 64), "e")
	if strings.Contains(mantissa, ".") {
		mantissa = strings.TrimRight(strings.TrimRight(mantissa, "0"), ".")
	}
	e, _ := strconv.Atoi(exponent)
	scientific := mantissa + "e" + strconv.Itoa(e)
	rounded, _ := strconv.ParseFloat(scientific, 64)
	if plain := strconv.FormatFloat(rounded, 'f', -1, 64); len(plain) <= len(scientific) {
		return plain
	}
	return scientific
}
