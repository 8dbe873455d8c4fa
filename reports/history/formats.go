package history

import (
	"io"

	"mqttrace/reports/format"
	"mqttrace/reports/internal/web"
)

// Format is one way to write histories.
type Format = format.Format[*History, Place]

// Place is where a page is to lie, for what it links to. The zero value is the folder that the history was read from.
type Place struct {
	Links Links
	// History is the page of the history in the same folder; empty if there is none.
	History string
}

// Formats are all formats, in the order in which they are shown.
var Formats = format.List[*History, Place]{
	{Name: "text", Extension: ".txt", Marks: []string{textMark}, Write: func(w io.Writer, h *History, _ Place) error { return Text(w, h) }},
	{Name: "html", Extension: ".html", Marks: []string{web.Head}, Write: func(w io.Writer, h *History, at Place) error { return HTML(w, h, at.Links) }},
	{Name: "index", Extension: ".html", Marks: []string{web.Head}, Write: func(w io.Writer, h *History, at Place) error { return Front(w, h, at.Links, at.History) }},
	{Name: "json", Extension: ".json", Marks: []string{"{\n  \"schema\": \"mqttrace/history/"}, Write: func(w io.Writer, h *History, _ Place) error { return JSON(w, h) }},
}
