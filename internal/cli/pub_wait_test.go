package cli_test

import (
	"strings"
	"testing"

	"dunlin/mqtt/mqtttest"
)

// TestPubWaitsNoLongerThanItIsTold publishes to a broker that never acknowledges.
func TestPubWaitsNoLongerThanItIsTold(t *testing.T) {
	t.Parallel()
	server := mqtttest.NewServer(t)
	c := start(t, nil, "pub", "-p", portOf(t, server.Addr()), "-V", "3.1.1", "-q", "1", "-t", "a", "-m", "b", "-W", "1")
	conn := server.Accept()
	conn.Accept()
	conn.Packet()
	if status := c.wait(t); status != 27 {
		t.Errorf("status %d, want 27", status)
	}
	want := "dunlin: pub: timed out after 1 s: 0 published, 1 in doubt: sent, but not acknowledged\n"
	if said := c.stderr.String(); said != want {
		t.Errorf("stderr %q, want %q", said, want)
	}
}

// TestPubWaitsForASessionNoLongerThanItIsTold has a broker that takes the connection and says nothing.
func TestPubWaitsForASessionNoLongerThanItIsTold(t *testing.T) {
	t.Parallel()
	server := mqtttest.NewServer(t)
	c := start(t, nil, "pub", "-p", portOf(t, server.Addr()), "-V", "3.1.1", "-t", "a", "-m", "b", "-W", "1")
	server.Accept()
	if status := c.wait(t); status != 27 || !strings.HasPrefix(c.stderr.String(), "dunlin: pub: timed out after 1 s") {
		t.Errorf("status %d, stderr %q", status, c.stderr.String())
	}
}
