package web

import "html/template"

// Table is a table of figures with what is to be said of them.
type Table struct {
	ID      string // unique on the page
	Caption string // for those who do not see what stands around it
	Columns []string
	Rows    []Row
	Foot    []Note
}

// Row is a line of a table; its first column is a heading. Rows of one Group stand together, and say it once.
type Row struct {
	Group string
	Label string
	Sub   string // what there is to say besides figures, below the label
	Cells []Cell
	Notes []Note
}

// Cell is one figure. Bar or Strip, if there is one, is drawn before the text. Link, if there is one, is where the text leads.
type Cell struct {
	Text  string
	Tone  Tone
	Bar   *Bar
	Strip Strip
	Link  string
	Code  bool // to be copied: an id, a topic
}

// Note is a sentence about a figure.
type Note struct {
	Text string
	Tone Tone
}

// Tone is how much attention something deserves.
type Tone string

// Tones, the last the loudest.
const (
	Normal Tone = ""
	Quiet  Tone = "quiet"
	Good   Tone = "good"
	Doubt  Tone = "doubt"
	Bad    Tone = "bad"
)

// Bar is an interval beside others of its kind, all from 0 to 100 of the width that they share.
type Bar struct {
	Zero             float64 // where no difference is
	FloorLow         float64 // the noise floor, around Zero
	FloorHigh        float64
	Low, Middle, End float64
	Tone             Tone
}

// Strip is samples as dots on one scale, a line for each sample, the last the loudest.
type Strip []Dots

// Dots are the values of a sample and their median, all from 0 to 100 of the width. Y is the height of their line, from 0 to 100.
type Dots struct {
	Y      float64
	Values []float64
	Median float64
}

// tick is how far the mark of a median reaches above and below its line.
const tick = 18

// Top is the upper end of the mark of the median.
func (d Dots) Top() float64 { return d.Y - tick }

// Bottom is the lower end of the mark of the median.
func (d Dots) Bottom() float64 { return d.Y + tick }

// FloorWidth is how wide the noise floor is.
func (b Bar) FloorWidth() float64 { return b.FloorHigh - b.FloorLow }

// Grouped says whether any row has a group.
func (t Table) Grouped() bool {
	for _, r := range t.Rows {
		if r.Group != "" {
			return true
		}
	}
	return false
}

// Figure is the place of a plot on a page.
type Figure struct {
	Plot    string // its key in Page.Plots
	Title   string
	Caption template.HTML // the key figures in a sentence or two, for those who do not see the plot too
}
