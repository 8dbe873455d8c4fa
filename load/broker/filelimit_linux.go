package broker

import "golang.org/x/sys/unix"

// fileLimit is enough for any number of clients that one machine can hold, where the hard limit is in the billions.
const fileLimit = 1 << 20

// raiseFileLimit lifts a child's soft limit of open files to its hard one, so that Mosquitto, which leaves it alone, is not
// full at 1,024 clients. (Go lifts its own and gives children the old one.) A child that has ended has no limit to raise.
func raiseFileLimit(pid int) {
	var limit unix.Rlimit
	if unix.Prlimit(pid, unix.RLIMIT_NOFILE, nil, &limit) != nil {
		return
	}
	limit.Cur = max(limit.Cur, min(limit.Max, fileLimit))
	_ = unix.Prlimit(pid, unix.RLIMIT_NOFILE, &limit, nil) // Mosquitto then says itself what it is short of
}
