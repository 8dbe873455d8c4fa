// Package offset estimates how far apart the clocks of two processes are, and by how much that estimate may be off. What comes in
// are exchanges, each a request and its reply with the four instants at which they were sent and received; what comes out is a
// line, offset and drift, by which an instant of the one clock becomes one of the other's, and a bound on the error of doing so.
//
// One exchange tells the offset to within half its delay, whatever the two ways have in common (RFC 5905, section 8): the true
// offset lies between T2-T3, as if the way back took no time, and T1-T0, as if the way there took none. Of each second only the
// exchange with the least delay counts, and of those seconds only the ones whose delay is at most three times the least of all:
// queueing in one direction is what makes an exchange both slow and wrong. A line is fitted through them, the more weight the less
// delay they have; it has a slope only where the slope stands out of the noise.
//
// While a run lasts the line in force is fitted afresh each second from what is known so far, so that it is never used far beyond
// what it was fitted to. At the end one line is fitted to everything, and the bound is how far that one may be from the truth, plus
// the most that it says differently from the lines that were in force. A clock that stepped, or drifted in a curve, does not fit a
// line: the bound grows by as much, and nothing is hidden.
//
// The package is pure: it reads no clock and no network. Package shard makes the exchanges, package load maps its instants.
package offset
