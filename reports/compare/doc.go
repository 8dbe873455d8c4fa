// Package compare says whether runs of two sides, base and new, differ. In go results; out comes a [Comparison], computed once,
// which every format renders: text, Markdown, HTML and JSON. It reads results alone; the commands decide where pages go.
//
// # What is compared
//
// The unit is the run: each gives one value of each figure, and what one run alone says of its own spread is not used, for the
// next run differs by more than that. Arms are compared with those of the same name. Values of a sweep are arms of their own; of a
// search what it found is compared, and nothing that was measured on the way.
//
// Runs that are invalid or were interrupted are left out with a word, because their figures are not of the broker. Runs of unlike
// scenarios, brokers or machines are refused with every difference, unless it is allowed: comparing two brokers is a use.
//
// # When a figure is what
//
// A figure is regressed or improved, depending on which direction is the worse, if all of this holds:
//
//   - The Mann-Whitney test finds a difference, at 5 % after Holm's correction for all figures that are tested together.
//   - The difference (Hodges-Lehmann) is above the noise floor, which is how far apart halves of the base runs come out.
//   - It is of the size that matters: that of the gate that names the figure, or that of [Spec], a share of the base's median.
//
// It is the same if the whole 95 % interval of the difference is smaller than that size, in either direction. Everything else is
// inconclusive, and says about how many more runs a side would tell: as many as find a difference of that size, or the least one
// that the interval leaves open if that is more. With one run a side everything tested is.
//
// Counts of what must not happen are compared exactly: where the base lost none of the messages that its quality of service
// promises to deliver and the new side lost one, that is a regression however few runs there are. Where the protocol allows it,
// or the base has some too, they are tested like other figures.
//
// # The whole
//
// With gates, figures without one decide nothing and are corrected for apart. The whole is regressed if any figure that decides
// is; else inconclusive if one that is gated, or without gates a headline figure, is; else improved if any is; else the same.
package compare
