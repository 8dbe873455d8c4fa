// Package history turns a folder of results into the course that the headline figures took: what each scenario came to on each
// broker and in each arm, run after run. In comes a folder, out goes a table, a page with a plot for each figure, a front page
// that leads to the newest runs, or JSON; all render one [History], worked out once by [New].
//
// A history shows and does not judge: runs of different days differ by more than what changed in between. Whether a
// difference is one is for a comparison of runs that took turns to say.
//
// What counts: a run that is invalid or was interrupted is shown and marked, and is in no median. Runs that were asked for
// together (result.Repetition) are one point, their median, with the lowest and the highest as its spread. The same run found
// in several files counts once.
package history
