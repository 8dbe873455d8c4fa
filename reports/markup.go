package reports

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// Text in Markdown comes from scenarios, brokers and services: nothing in it may become markup, HTML, a link, a mention of
// somebody or a reference to an issue.

// apart is a space without width: between the characters of a link, a mention or a reference, which are then none. As an entity it
// is seen in the source.
const apart = "&#8203;"

var (
	// marks are the characters that Markdown or HTML gives a meaning anywhere in a line.
	marks = strings.NewReplacer(
		"&", "&amp;", "<", "&lt;", ">", "&gt;", `\`, `&#92;`, "`", "&#96;", "*", "&#42;", "_", "&#95;", "[", "&#91;", "]", "&#93;",
		"|", "&#124;", "~", "&#126;", "$", "&#36;", "@", "@"+apart, "#", "#"+apart, "://", ":"+apart+"//",
	)
	// wwwLink begins a link without a scheme, issue refers to one without a number sign.
	wwwLink = regexp.MustCompile(`(?i)\b(www)\.`)
	issue   = regexp.MustCompile(`(?i)\b(gh)-(\d)`)
	// emoji is the beginning of one by its name.
	emoji = regexp.MustCompile(`:([a-z+-])`)
	// item begins a list or a rule where it begins a line.
	item = regexp.MustCompile(`^[-+=0-9]`)
)

// inline makes text plain text of Markdown, of one line.
func inline(text string) string {
	text = strings.TrimSpace(clean(text))
	text = wwwLink.ReplaceAllString(marks.Replace(text), "$1"+apart+".")
	text = issue.ReplaceAllString(text, "$1-"+apart+"$2")
	return emoji.ReplaceAllString(text, ":"+apart+"$1")
}

// atLineStart keeps Markdown from becoming a list or a rule.
func atLineStart(markdown string) string {
	if item.MatchString(markdown) {
		return apart + markdown
	}
	return markdown
}

// strong makes text bold, if there is any.
func strong(text string) string {
	if text = inline(text); text == "" {
		return ""
	}
	return "**" + text + "**"
}

// code makes text a code span, which keeps it as it is, for a cell of a table or anywhere else; a dash if there is none.
func code(text string) string {
	text = strings.TrimSpace(clean(text))
	if text == "" {
		return none
	}
	fence := strings.Repeat("`", longestRun(text, '`')+1)
	if strings.HasPrefix(text, "`") || strings.HasSuffix(text, "`") {
		text = " " + text + " "
	}
	return fence + cellSafe(text) + fence
}

// cellSafe keeps bars from ending a cell: tables are split before anything else is read, at bars without a backslash in front. One
// with an odd number of them in front would end it all the same, and gets one more.
func cellSafe(text string) string {
	var b strings.Builder
	backslashes := 0
	for _, r := range text {
		if r == '|' {
			b.WriteString(strings.Repeat(`\`, 1+backslashes%2))
		}
		b.WriteRune(r)
		if backslashes++; r != '\\' {
			backslashes = 0
		}
	}
	return b.String()
}

// block makes text of several lines a block of code in a language, at most so many bytes of it, and says if it was cut.
func block(text, language string, most int) (markdown string, isCut bool) {
	text = strings.Map(legibleInLines, text)
	if len(text) > most {
		for text = text[:most]; !utf8.ValidString(text); {
			text = text[:len(text)-1]
		}
		isCut = true
	}
	fence := strings.Repeat("`", max(3, longestRun(text, '`')+1))
	return fence + language + "\n" + strings.TrimRight(text, "\n") + "\n" + fence, isCut
}

func legibleInLines(r rune) rune {
	if r == '\n' {
		return r
	}
	return legible(r)
}

// longestRun is how often a character stands beside itself at most.
func longestRun(text string, of rune) (longest int) {
	run := 0
	for _, r := range text {
		if run++; r != of {
			run = 0
		}
		longest = max(longest, run)
	}
	return longest
}

// link makes a link of an URL that newTrace has found sound, with text that is its own.
func link(text, url string) string {
	escaped := strings.NewReplacer("<", "%3C", ">", "%3E", "|", "%7C", `\`, "%5C", "`", "%60", `"`, "%22", "(", "%28", ")", "%29", "{", "%7B", "}", "%7D").Replace(url)
	return "[" + inline(text) + "](<" + escaped + ">)"
}
