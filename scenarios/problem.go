package scenarios

import (
	"cmp"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// Problem is one mistake in a scenario: where it is, what is wrong there and what was expected instead.
type Problem struct {
	// File is the scenario file as the caller named it. For a value that came from outside the file it says from where:
	// "--set senders[0].rate=abc", "--duration -5s".
	File string
	// Line and Column count from 1, columns in characters. Both are 0 for a value from outside the file.
	Line, Column int
	// Path leads to the value, as in senders[0].rate. Empty for the file as a whole.
	Path string
	// What is wrong.
	What string
	// Want says what was expected; empty when What says it all.
	Want string
	// Source is the line itself, without its end.
	Source string
}

// Error formats p as `file:line:column: path: what, expected want`, followed by the line with a caret under the column.
// It never shows a password that stands in a URL.
func (p Problem) Error() string {
	text := p.headline()
	if p.Line > 0 && strings.TrimSpace(p.Source) != "" {
		text += "\n" + p.excerpt()
	}
	return text
}

func (p Problem) headline() string {
	var b strings.Builder
	b.WriteString(p.File)
	if p.Line > 0 {
		fmt.Fprintf(&b, ":%d:%d", p.Line, p.Column)
	}
	b.WriteString(": ")
	if p.Path != "" {
		b.WriteString(p.Path + ": ")
	}
	b.WriteString(p.What)
	if p.Want != "" {
		b.WriteString(", expected " + p.Want)
	}
	return b.String()
}

// excerptWidth is how many characters of a long line are shown, about half of them before the column.
const excerptWidth = 100

func (p Problem) excerpt() string {
	line := []rune(printable(p.Source))
	column := min(max(p.Column-1, 0), len(line))
	if len(line) > excerptWidth {
		start := max(0, min(column-excerptWidth/2, len(line)-excerptWidth))
		line, column = line[start:start+excerptWidth], column-start
	}
	indent := strings.Repeat(" ", column)
	number := fmt.Sprintf("%5d", p.Line)
	return fmt.Sprintf("%s | %s\n%*s | %s^", number, strings.TrimRight(string(line), " "), len(number), "", indent)
}

// printable replaces each tab by a blank, so that the caret stands under its column, and whatever would move a terminal's
// cursor by a middle dot.
func printable(line string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t':
			return ' '
		case !unicode.IsPrint(r):
			return '·'
		}
		return r
	}, line)
}

// Problems are all mistakes of one scenario: those of the file in file order, then those of values from outside it.
type Problems []Problem

// Error is the printable text: every problem with its source line, one after the other, without a newline at the end.
func (p Problems) Error() string {
	texts := make([]string, len(p))
	for i, problem := range p {
		texts[i] = problem.Error()
	}
	return strings.Join(texts, "\n")
}

func (p Problems) sort() {
	slices.SortStableFunc(p, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.order(), b.order()), cmp.Compare(a.Column, b.Column))
	})
}

// order is the line; what is not in the file comes after it.
func (p Problem) order() int {
	if p.Line == 0 {
		return math.MaxInt
	}
	return p.Line
}

// password finds what stands between a user name and a host in a URL. It takes in more rather than less: a password may
// hold any character that its writer forgot to escape.
var password = regexp.MustCompile(`(://[^\s:/@]*):\S*@`)

func redact(text string) string {
	if !strings.Contains(text, "://") {
		return text // most lines; the expression is slow on long ones
	}
	return password.ReplaceAllString(text, "$1:***@")
}
