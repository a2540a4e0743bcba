package testserver

import (
	"fmt"
	"math/rand/v2"
	"net"
)

// Ports below those that systems give to outgoing connections: one of those could be given away before a server listens on it, or while
// the server is down.
const lowestPort, highestPort = 10000, 30000

// Listen listens on a port of 127.0.0.1 that can be listened on again later.
func Listen() (net.Listener, error) {
	var last error
	for range 200 {
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", lowestPort+rand.IntN(highestPort-lowestPort)))
		if err == nil {
			return l, nil
		}
		last = err
	}
	return nil, fmt.Errorf("no port from %d to %d is free on 127.0.0.1; end what has them: %w", lowestPort, highestPort, last)
}

// FreePorts returns different ports as Listen chooses them, on which nobody listens.
func FreePorts(n int) ([]int, error) {
	var ports []int
	for range n {
		l, err := Listen()
		if err != nil {
			return nil, err
		}
		defer l.Close() // not before all are chosen
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports, nil
}
