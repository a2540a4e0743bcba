package cli_test

import "testing"

// TestBenchConnectsFromSeveralAddresses: clients take them in turn. Linux has all of 127.0.0.0/8 without being asked.
func TestBenchConnectsFromSeveralAddresses(t *testing.T) {
	t.Parallel()
	s := listenForConnects(t)
	c := start(t, nil, "bench", "conn", "-L", s.url, "-V", "3.1.1", "-c", "6", "--duration", "10ms", "-A", "127.0.0.2, 127.0.0.3,127.0.0.4")
	if status := c.wait(t); status != 0 {
		t.Fatalf("status %d: %s", status, c.stderr.String())
	}
	got := map[string]int{}
	for _, address := range s.from {
		got[address]++
	}
	for _, address := range []string{"127.0.0.2", "127.0.0.3", "127.0.0.4"} {
		if got[address] != 2 || len(got) != 3 {
			t.Errorf("connections from %v", got)
		}
	}
}
