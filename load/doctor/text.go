package doctor

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"mqttrace/load/internal/lines"
)

// Section is findings under a heading.
type Section struct {
	Heading  string    `json:"heading"`
	Findings []Finding `json:"findings"`
}

var marks = map[Status]string{OK: "✓", Doubt: "!", Problem: "✗", Unknown: "·"}

// textWidth is how wide lines are at most, broker names apart.
const textWidth = 100

// Text writes sections as a screen of text.
func Text(w io.Writer, sections []Section) error {
	var b strings.Builder
	for i, s := range sections {
		if i > 0 {
			b.WriteString("\n")
		}
		fmt.Fprintf(&b, "%s\n", s.Heading)
		wide := 0
		for _, f := range s.Findings {
			wide = max(wide, utf8.RuneCountInString(f.Name))
		}
		for _, f := range s.Findings {
			fmt.Fprintf(&b, "  %s %-*s  %s\n", marks[f.Status], wide, f.Name, f.Value)
			if f.Advice == "" {
				continue
			}
			for _, line := range lines.Wrap(f.Advice, textWidth-wide-6) {
				fmt.Fprintf(&b, "%s%s\n", strings.Repeat(" ", wide+6), line)
			}
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}
