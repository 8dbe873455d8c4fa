// Package turns runs two command lines in turns, so that whatever happens to the machine meanwhile falls on both alike. In go the
// commands and how often each is to run; out comes what became of each turn. What the commands measured is in the files that they
// wrote, which this package knows nothing of.
//
// The order is balanced: one turn of each side, then one of each the other way round (ABBA or BAAB), so that a drift, or what a
// turn leaves behind for the next, favours neither. Commands are children as package load/internal/child has them: Ctrl-C in a
// terminal does not reach them, and on Linux they do not outlive this process.
package turns
