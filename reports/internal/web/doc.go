// Package web is the shell of HTML pages that open offline: one file with its styles, its script and the plots' data in it, which
// asks no network for anything and lets nothing that it shows run. In come titles, sections and plots; out goes a document. The
// pages themselves (a report, a comparison, a history) are made by the packages that know what is on them.
//
// What a page shows may have been written by a broker or by whoever wrote a scenario. Text reaches a page through html/template
// or, in the browser, through textContent; data is JSON in a script element that is never run; and the document's content
// security policy lets the shell's own script and styles work, by their hashes, and nothing else.
package web
