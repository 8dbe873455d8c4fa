// Package live serves the page of a run while the run goes on. In come results so far, out goes the page that a report would be, kept
// up to date by server-sent events: it survives a reload, and any number of people may look. While nobody looks there is nothing to
// work out. A Server serves the page; a Page has a process of its own do that, so that the run does not pay for it.
package live
