// Package observe reads off the spans of services that the harness does not run what it measures in its own runs: how long
// messages take, and whether the traces tell the truth. In come traces and metrics as OTLP, from package otlp's receiver or its
// reader of files; out goes a result of the same format as a run's, with one arm named "observe".
//
// # Which spans are one message
//
// A producer span and a consumer span belong together if the consumer span is the producer span's child, links to it, or
// descends from it through other spans, of a broker say. Where none of this holds and both are in one trace, they are paired
// by that alone, and counted as broken: nothing says that they are of one message. The latency of a message runs from the
// start of one span to the start of the other as their timestamps tell it. Clocks that disagree are reported, never corrected.
//
// # How long a span waits
//
// Exporters send in batches and brokers are slow at times, so that the spans of a message arrive in any order. Each is kept for
// a window of time and then judged; no more than a certain number are kept at once. What arrives after its counterpart has been
// judged is counted as late. What could not have been complete, because the observation began or ended in its midst or there
// was no more room, is counted as unjudged and never as broken.
//
// The window is of arrival, except for files, which are read faster than they were written: there it is of the spans' own
// time, which goes forward by a tenth of the window at most for each request, so that one absurd timestamp does no harm.
package observe
