// Package record is what the workers of a run write while it goes on, and what is read from it at the end: latency histograms,
// the per-second series, the delivery ledger, the span ledger, and the cost of it all. In come instants and stamps from the
// senders and receivers of package load; out go the figures that package result describes.
//
// Memory does not grow with the length of a run but for one bit per message in each receiver's ledger, and even that is given
// back where nothing is missing.
package record
