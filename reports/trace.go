package reports

import (
	"cmp"
	"net/url"
	"strings"
	"unicode"
)

// trace is one to look up; the zero value is none. Its url is empty where nobody said what shows traces.
type trace struct{ id, url string }

// longestURL is what browsers and proxies are sure to take.
const longestURL = 2000

// idLength is that of a trace id of W3C Trace Context, in hexadecimal digits.
const idLength = 32

// newTrace finds the URL of a trace. Template and id may have come from anywhere: what is no trace id has no URL, and what is no
// URL of a web page is left out.
func newTrace(template, id string) trace {
	t := trace{id: abridge(id, idLength)}
	if template == "" || !isTraceID(id) {
		return t
	}
	link := strings.ReplaceAll(template, "{trace_id}", id)
	if u, err := url.Parse(link); err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && isOneWord(link) {
		t.url = link
	}
	return t
}

func (t trace) String() string { return cmp.Or(t.url, t.id) }

func isTraceID(id string) bool {
	return len(id) == idLength && strings.Trim(id, "0123456789abcdef") == ""
}

func isOneWord(link string) bool {
	return len(link) <= longestURL && !strings.ContainsFunc(link, func(r rune) bool { return unicode.IsSpace(r) || clean(string(r)) != string(r) })
}
