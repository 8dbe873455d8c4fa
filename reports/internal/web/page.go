package web

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
)

// Page is one document. The zero value is an empty one.
type Page struct {
	Title  string
	Nav    []Link        // the way around the page, in its order
	Header template.HTML // what the page says at a glance
	Main   template.HTML // sections, made of the templates of Templates
	Footer template.HTML
	Plots  map[string]Plot // by the name that a Figure has for it
	// Stream is the address, on the server that the page comes from, of events (server-sent, each an Update as JSON) that
	// bring it up to date; empty for a page that stays as it is and asks no network for anything.
	Stream string
	// Outline says of which parts a live page is made: an update of another has it loaded anew.
	Outline string
}

// Link is a place on the page and those within it.
type Link struct {
	ID   string
	Text string
	Tone Tone // of what is to be found there
	Sub  []Link
}

// Fill makes the page's header, main part and footer from the templates of a set that are called prefix+"header" and so on, all of
// the same data.
func (p *Page) Fill(set *template.Template, prefix string, data any) error {
	for _, part := range []struct {
		into *template.HTML
		name string
	}{{&p.Header, "header"}, {&p.Main, "main"}, {&p.Footer, "footer"}} {
		var b bytes.Buffer
		if err := set.ExecuteTemplate(&b, prefix+part.name, data); err != nil {
			return fmt.Errorf("making the page: %w", err)
		}
		*part.into = template.HTML(b.String())
	}
	return nil
}

// Update is newer data for a page that is open: plots that are drawn anew, and elements, by their attribute data-fragment, whose
// content is replaced. What it does not name stays.
type Update struct {
	Title     string                   `json:"title,omitempty"`
	Outline   string                   `json:"outline,omitempty"`
	Plots     map[string]Plot          `json:"plots,omitempty"`
	Fragments map[string]template.HTML `json:"fragments,omitempty"`
}

// Head is how every document begins.
const Head = "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"generator\" content=\"mqttrace\">\n"

// Write writes the update to w as one line of JSON.
func (u Update) Write(w io.Writer) error {
	data, err := json.Marshal(u)
	if err != nil {
		return fmt.Errorf("writing the update of a page: %w", err)
	}
	_, err = w.Write(data)
	return err
}

// Write writes the document to w, whole or, if it cannot be made, not at all.
func (p Page) Write(w io.Writer) error {
	data, err := json.Marshal(Update{Plots: p.Plots}) // escapes what could end the script element
	if err != nil {
		return fmt.Errorf("writing the data of a page: %w", err)
	}
	var b bytes.Buffer
	err = documents.ExecuteTemplate(&b, "document", struct {
		Page
		Policy  string
		Icon    template.URL
		Styles  []template.HTML
		Scripts []template.HTML
		Data    template.JS
	}{p, policy(p.Stream != ""), icon, styles, scripts, template.JS(data)})
	if err != nil {
		return fmt.Errorf("writing a page: %w", err)
	}
	_, err = w.Write(b.Bytes())
	return err
}

// icon is what a browser shows in the page's tab: a journey from one dot to another.
const icon = template.URL("data:image/svg+xml," +
	"%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Crect width='16' height='16' rx='3.5' fill='%230b5cad'/%3E" +
	"%3Cpath d='M3.5 11.5 7 6l2.5 3.5 3-5' fill='none' stroke='white' stroke-width='1.8' stroke-linecap='round' stroke-linejoin='round'/%3E%3C/svg%3E")
