package interop

import (
	"net"
	"os/exec"
	"strconv"
	"testing"

	"dunlin/internal/testserver"
)

// startProcess starts a server that prints its port, and ends it with the test.
func startProcess(t *testing.T, cmd *exec.Cmd) (url string) {
	p, err := testserver.Launch(cmd)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.End(); err != nil {
			t.Error(err)
		}
	})
	port, err := p.Line()
	if err != nil {
		t.Fatal(err)
	}
	return local("mqtt", port)
}

// local is the URL of a port of this machine.
func local(scheme, port string) string {
	return scheme + "://" + net.JoinHostPort("127.0.0.1", port)
}

// freePorts returns as many different ports that nobody listens on.
func freePorts(n int) ([]string, error) {
	numbers, err := testserver.FreePorts(n)
	ports := make([]string, len(numbers))
	for i, n := range numbers {
		ports[i] = strconv.Itoa(n)
	}
	return ports, err
}

// freePort returns one.
func freePort() (string, error) {
	ports, err := freePorts(1)
	if err != nil {
		return "", err
	}
	return ports[0], nil
}
