// Package stats says what two sets of runs tell about the difference between them. In go the values of one figure, one of each
// run; out come medians, a difference with its interval and its p-value, the noise floor, and how many runs would tell more.
// Functions are pure: the same values give the same answer, and nothing is kept.
//
// Nothing is assumed about how runs are distributed, but that those of one side are independent of each other and all alike.
// Percentiles of latency are skewed and have outliers, so everything goes by ranks:
//
//   - The test is the Mann-Whitney U-test of go-moremath, exact up to 50 runs a side (25 with ties).
//   - The difference is Hodges and Lehmann's: the median of all differences between a new and a base run. It belongs to the
//     test: its interval leaves 0 out exactly when the test is significant. A bootstrap of the difference of medians would have
//     to be widened for few runs and still be too sure of itself; this interval holds what it promises for any number of runs,
//     takes no random numbers, and is unbounded where there are too few runs to say anything (three a side, at 95 %).
//   - The effect size is Cliff's delta, from U: how much more often a new run is above a base run than below it.
//   - Several figures are looked at together, and one of twenty is significant at 5 % by chance. Holm's correction keeps the
//     chance of any false alarm among them at that level, however they depend on each other.
//   - The noise floor asks the base runs themselves: halves of them, compared with each other, differ by noise alone.
package stats
