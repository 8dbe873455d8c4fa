// Package reports turns results into pages for people and other programs. In comes what package load/result holds; out goes
// text. Every format renders the same page, whose figures are computed, formatted and put beside their warnings once, so two
// formats cannot disagree. It reads results alone and nothing else of this module; the commands decide where pages go.
package reports
