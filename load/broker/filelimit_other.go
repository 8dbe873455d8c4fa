//go:build !linux

package broker

// raiseFileLimit does nothing: only Linux can change the limit of another process. Raise it with ulimit -n.
func raiseFileLimit(int) {}
