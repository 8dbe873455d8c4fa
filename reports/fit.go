package reports

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/mattn/go-runewidth"
)

// terminal knows how many columns characters take. It does not ask the environment whether ambiguous ones are wide, as the
// library's default does: a report reads the same everywhere.
var terminal = &runewidth.Condition{}

// widthOf is how many columns text takes: two for a Chinese character, none for a combining accent.
func widthOf(s string) int { return terminal.StringWidth(s) }

// legible replaces what could steer a terminal or reverse the direction of writing, and what XML 1.0 has no room for, and makes one
// line of several.
func legible(r rune) rune {
	switch {
	case string(r) == noBreak:
		return r
	case unicode.IsSpace(r):
		return ' '
	case unicode.IsControl(r), unicode.Is(unicode.Cf, r), r == '\ufffe', r == '\uffff':
		return utf8.RuneError
	default:
		return r
	}
}

// clean makes legible what came over the network or out of a file.
func clean(s string) string { return strings.Map(legible, s) }

// abridge leaves out the middle of what is wider than a number of columns: names that are long often differ at their ends.
func abridge(s string, width int) string {
	if widthOf(s) <= width {
		return s
	}
	runes := []rune(s)
	head, tail := 0, len(runes)
	for room := width / 2; head < tail && room >= terminal.RuneWidth(runes[head]); head++ {
		room -= terminal.RuneWidth(runes[head])
	}
	for room := width - width/2 - 1; tail > head && room >= terminal.RuneWidth(runes[tail-1]); tail-- {
		room -= terminal.RuneWidth(runes[tail-1])
	}
	return string(runes[:head]) + "…" + string(runes[tail:])
}

// pad fills s up with spaces on its right.
func pad(s string, width int) string { return s + strings.Repeat(" ", max(0, width-widthOf(s))) }

// wrap breaks words into lines that are not wider than width; there is always one line.
func wrap(words string, width int) []string {
	var parts []string
	for _, word := range strings.FieldsFunc(words, isBreak) {
		parts = append(parts, pieces(word, width)...)
	}
	return fill(parts, " ", width)
}

// isBreak says where a line may end: at any space but the one that is there to keep words together.
func isBreak(r rune) bool { return unicode.IsSpace(r) && string(r) != noBreak }

// pieces breaks a word that is wider than a line.
func pieces(word string, width int) (all []string) {
	begin, used := 0, 0
	for i, r := range word {
		wide := terminal.RuneWidth(r)
		if used+wide > width && i > begin {
			all = append(all, word[begin:i])
			begin, used = i, 0
		}
		used += wide
	}
	return append(all, word[begin:])
}

// fill puts parts into lines that are not wider than width, as long as no part is; there is always one line.
func fill(parts []string, between string, width int) []string {
	lines := []string{""}
	for _, part := range parts {
		part = strings.ReplaceAll(part, noBreak, " ")
		last := &lines[len(lines)-1]
		switch {
		case *last == "":
			*last = part
		case widthOf(*last+between+part) <= width:
			*last += between + part
		default:
			lines = append(lines, part)
		}
	}
	return lines
}
