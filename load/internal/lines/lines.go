// Package lines fits sentences into the width of a screen. In comes text, out go its lines.
package lines

import (
	"strings"
	"unicode/utf8"
)

// Wrap breaks words into lines of at most room columns; a word that is longer than that is broken where it must be.
func Wrap(words string, room int) (lines []string) {
	line := ""
	for word := range strings.FieldsSeq(words) {
		for utf8.RuneCountInString(word) > room {
			if line != "" {
				lines, line = append(lines, line), ""
			}
			runes := []rune(word)
			lines, word = append(lines, string(runes[:room])), string(runes[room:])
		}
		switch {
		case line == "":
			line = word
		case utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) <= room:
			line += " " + word
		default:
			lines, line = append(lines, line), word
		}
	}
	return append(lines, line)
}
