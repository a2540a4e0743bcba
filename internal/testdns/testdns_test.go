package testdns_test

import (
	"context"
	"net"
	"slices"
	"testing"
	"testing/synctest"

	"dunlin/internal/testdns"
)

// TestAnswers asks over the loopback interface and in memory, in fake time.
func TestAnswers(t *testing.T) {
	s := testdns.New()
	s.SetAddresses("h.test", "127.0.0.1", "::1")
	s.SetSRV("_mqtt._tcp.d.test", testdns.SRV{Priority: 1, Weight: 2, Port: 3, Target: "h.test"})
	ask := func(t *testing.T, r *net.Resolver) {
		t.Helper()
		addresses, err := r.LookupHost(context.Background(), "h.test")
		slices.Sort(addresses)
		if err != nil || !slices.Equal(addresses, []string{"127.0.0.1", "::1"}) {
			t.Errorf("addresses %q, %v", addresses, err)
		}
		_, records, err := r.LookupSRV(context.Background(), "mqtt", "tcp", "d.test")
		if err != nil || len(records) != 1 || *records[0] != (net.SRV{Target: "h.test.", Port: 3, Priority: 1, Weight: 2}) {
			t.Errorf("records %v, %v", records, err)
		}
		if _, err := r.LookupHost(context.Background(), "other.test"); err == nil {
			t.Error("a name that there is not has addresses")
		}
	}
	ask(t, s.Resolver(t))
	piped := s.Piped()
	synctest.Test(t, func(t *testing.T) { ask(t, piped) })
	if n := s.Asked("d.test"); n != 0 {
		t.Errorf("asked %d times for the domain", n)
	}
	if n := s.Asked("_mqtt._tcp.d.test"); n != 2 {
		t.Errorf("asked %d times for the service", n)
	}
}
