package reports

// Pages of the packages below this one lay text out as its own do.

// Legible makes one line of text that came over the network or out of a file, which steers no terminal.
func Legible(s string) string { return clean(s) }

// Plural is a count with its noun: 1 run, 2 runs.
func Plural(n int, noun string) string { return plural(n, noun) }

// Wrap breaks words into lines that take at most width columns of a terminal; there is always one line.
func Wrap(words string, width int) []string { return wrap(words, width) }

// WidthOf is how many columns of a terminal text takes.
func WidthOf(s string) int { return widthOf(s) }

// Abridge leaves out the middle of what takes more than width columns.
func Abridge(s string, width int) string { return abridge(s, width) }

// Inline makes text plain text of Markdown, of one line: nothing in it becomes markup, a link, a mention or a reference.
func Inline(text string) string { return inline(text) }

// Paint puts s in a style: the parameters of the terminal's "select graphic rendition" sequence (ECMA-48, section 8.3.117).
func Paint(s, style string) string {
	return (&text{color: true}).paint(s, style)
}
