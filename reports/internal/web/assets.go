package web

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"html/template"
	"io/fs"
	"strings"
)

//go:embed assets uplot templates
var files embed.FS

// own are the shell's scripts in the order in which they build on each other. They are one script to the browser, so that they
// share what they declare with each other and with nobody else.
var own = []string{"format", "palette", "axes", "marks", "heat", "tooltip", "legend", "numbers", "plot", "page"}

var (
	styleTexts  = []string{read("uplot/uPlot.min.css"), read("assets/page.css"), read("assets/plot.css"), read("assets/print.css")}
	scriptTexts = []string{read("uplot/uPlot.iife.min.js"), ownScript()}

	styles  = elements("style", styleTexts)
	scripts = append([]template.HTML{"<!--\n" + template.HTML(read("uplot/LICENSE")) + "\n-->"}, elements("script", scriptTexts)...)

	documents = Templates()
)

// Templates are the parts that pages are made of: "figure" of a Figure, "table" of a Table, "note" of a Note. Each page adds its
// own to a set that it gets from here.
func Templates() *template.Template {
	return template.Must(template.New("web").ParseFS(files, "templates/*.tmpl"))
}

func read(name string) string {
	data, err := fs.ReadFile(files, name)
	if err != nil {
		panic(err) // it is not in the binary: no build is without it
	}
	return string(data)
}

func ownScript() string {
	var b strings.Builder
	b.WriteString("(() => {\n\"use strict\";\n")
	for _, name := range own {
		b.WriteString(read("assets/" + name + ".js"))
	}
	b.WriteString("})();\n")
	return b.String()
}

// elements are what texts are in a document. They are not templates, which would change what a policy has a hash of.
func elements(name string, texts []string) (all []template.HTML) {
	for _, text := range texts {
		all = append(all, template.HTML("<"+name+">"+text+"</"+name+">"))
	}
	return all
}

// policy is the content security policy of a document: its own script and styles work and nothing else does. A live one may also
// ask the server that it comes from.
func policy(live bool) string {
	directives := []string{
		"default-src 'none'",
		"script-src" + hashes(scriptTexts),
		"style-src" + hashes(styleTexts),
		"img-src data:",
		"base-uri 'none'",
		"form-action 'none'",
	}
	if live {
		directives = append(directives, "connect-src 'self'")
	}
	return strings.Join(directives, "; ")
}

func hashes(texts []string) (sources string) {
	for _, text := range texts {
		sum := sha256.Sum256([]byte(text))
		sources += " 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	}
	return sources
}
