package load

import (
	"net"
	"runtime"
)

// clientsPerSource is how many clients share a source address: less than the ports that systems give to connections (Linux has
// 28,232 of them), because those of clients that reconnect are not free at once.
const clientsPerSource = 20_000

// source is the address that the n-th client of the run connects from, nil for the system's choice.
func (r *run) source(n int) net.IP {
	if all := r.scenario.SourceAddresses; len(all) > 0 {
		return net.ParseIP(all[n%len(all)])
	}
	return sourceOf(r.target.settings.Address, n)
}

// sourceOf is the address that the n-th client of the run connects from, nil for the system's choice. Linux has all of 127.0.0.0/8
// for its loopback: past the clients of one address others are taken, so that ports do not run out.
func sourceOf(broker string, n int) net.IP {
	host, _, err := net.SplitHostPort(broker)
	if err != nil || runtime.GOOS != "linux" || n < clientsPerSource {
		return nil
	}
	if ip := net.ParseIP(host).To4(); ip == nil || !ip.IsLoopback() {
		return nil
	}
	last := 1 + n/clientsPerSource // a million clients are 51 addresses
	return net.IPv4(127, 0, 0, byte(last))
}
