package brokertest

import (
	"fmt"
	"math/rand/v2"
	"net"
)

// Ports that no system gives to a socket by itself: those that it does give may be taken, by a connection too, before the test uses them.
const firstPort, lastPort = 10_000, 30_000

// FreeAddress is an address of the loopback interface that nobody listened on a moment ago, and that no socket gets by chance.
func FreeAddress(t Test) string {
	for range 100 {
		address := fmt.Sprintf("127.0.0.1:%d", firstPort+rand.IntN(lastPort-firstPort))
		l, err := net.Listen("tcp", address)
		if err != nil {
			continue
		}
		if err := l.Close(); err == nil {
			return address
		}
	}
	t.Fatalf("no port from %d to %d is free", firstPort, lastPort)
	return ""
}
