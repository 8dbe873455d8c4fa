// Package browser opens pages in a real Chromium, so that tests see what a reader sees: what was drawn, what went wrong in the
// script, what a policy refused, and whether the page asked anybody for anything.
package browser
