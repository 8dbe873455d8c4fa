package scenarios

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// table is text in columns, two blanks apart: numbers to the right, the columns in left to the left.
type table struct {
	head []string
	rows [][]string
	left []int
}

const (
	columnGap = 2
	narrowest = 8 // what a column of text keeps when the table is too wide
)

// String is the table with a newline after each line. Where it is wider than textWidth its columns of text are cut, the
// widest first.
func (t *table) String() string {
	var b strings.Builder
	widths := t.widths()
	t.narrow(widths)
	t.write(&b, t.head, widths)
	for _, row := range t.rows {
		t.write(&b, row, widths)
	}
	return b.String()
}

func (t *table) widths() []int {
	widths := make([]int, len(t.head))
	for _, row := range append([][]string{t.head}, t.rows...) {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	return widths
}

func (t *table) narrow(widths []int) {
	total := columnGap * (len(widths) - 1)
	for _, w := range widths {
		total += w
	}
	for ; total > textWidth; total-- {
		widest := slices.MaxFunc(t.left, func(a, b int) int { return widths[a] - widths[b] })
		if widths[widest] <= narrowest {
			return
		}
		widths[widest]--
	}
}

func (t *table) write(b *strings.Builder, row []string, widths []int) {
	var line strings.Builder
	for i, cell := range row {
		if i > 0 {
			line.WriteString(strings.Repeat(" ", columnGap))
		}
		cell = cut(cell, widths[i])
		padding := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
		if slices.Contains(t.left, i) {
			line.WriteString(cell + padding)
		} else {
			line.WriteString(padding + cell)
		}
	}
	b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
}
