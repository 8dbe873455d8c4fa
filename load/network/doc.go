// Package network makes the connections between clients and a broker bad on purpose: late, narrow, cut or stalled.
//
// In come an address and names; out come a TCP proxy for each name, by Toxiproxy, which passes everything on as it is until it is
// told otherwise. What travels in TLS stays so. The proxies run in a child process of this binary, so that what they cost is
// nobody else's; they add about a tenth of a millisecond of their own. Package load leads clients through them.
package network
