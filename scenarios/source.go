package scenarios

import (
	"net/netip"
	"slices"
)

const wantSources = "a list of addresses of this machine, such as [192.0.2.10, 192.0.2.11]"

// sourceAddresses reads the addresses that clients connect from.
func (d *decoder) sourceAddresses(to *[]string) func(*node) {
	return func(n *node) {
		if n.kind != list {
			d.wrongType(n, wantSources)
			return
		}
		if len(n.items) == 0 {
			d.report(n, "no address is named", wantSources)
		}
		listOf(d, to, d.sourceAddress)(n)
		for i, item := range n.items {
			if i < len(*to) && (*to)[i] != "" && slices.Contains((*to)[:i], (*to)[i]) {
				d.report(item, quote(item.text)+" is there twice", "each address once")
			}
		}
	}
}

// sourceAddress reads one of them; it is empty if it is none.
func (d *decoder) sourceAddress(n *node) (text string) {
	if d.text(&text)(n); n.bad {
		return ""
	}
	address, err := netip.ParseAddr(text)
	if err != nil || address.Zone() != "" || address.IsUnspecified() || address.IsMulticast() {
		d.report(n, quote(text)+" is not an address to connect from", "an IP address of this machine, such as 192.0.2.10")
		return ""
	}
	return address.String()
}

// unroutable finds source addresses that connections cannot have: those over a Unix domain socket have none.
func (d *decoder) unroutable(n *node, s *Scenario) {
	if n != nil && s.Broker.UnixPath() != "" {
		d.report(n, "connections over a Unix domain socket have no address", "a broker at an address, or no source_addresses")
	}
}
