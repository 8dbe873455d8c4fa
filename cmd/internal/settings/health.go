package settings

// ReadHealthAddr reads the address that a health check asks, alone: nothing else is needed, or reported, for that. The error
// is of type Problems; an address that is not set is one.
func ReadHealthAddr(lookup Lookup) (string, error) {
	r := &reader{lookup: lookup}
	if !r.isSet(HealthAddr) {
		r.report(HealthAddr, "not set; want the address that the service serves its health on")
	}
	address := r.healthAddr()
	return address, r.err()
}
