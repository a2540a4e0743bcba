package testserver

import (
	"fmt"
	"math/rand/v2"
	"net"
)

// FreeAddr returns an address of 127.0.0.1 with a port as FreePorts chooses them.
func FreeAddr() (string, error) {
	ports, err := FreePorts(1)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("127.0.0.1:%d", ports[0]), nil
}

// FreePorts returns ports of 127.0.0.1 that nobody has, below those that systems give to outgoing connections: one of those could be given
// away before a server listens on it, or while the server is down.
func FreePorts(n int) ([]int, error) {
	const lowest, highest = 10000, 30000
	var ports []int
	for range 200 * n {
		port := lowest + rand.IntN(highest-lowest)
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			continue
		}
		defer l.Close() // not before all are chosen
		if ports = append(ports, port); len(ports) == n {
			return ports, nil
		}
	}
	return nil, fmt.Errorf("fewer than %d ports from %d to %d are free on 127.0.0.1; end what has them", n, lowest, highest)
}
