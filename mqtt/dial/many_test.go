package dial_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"dunlin/internal/testdns"
	"dunlin/mqtt/dial"
)

// far is a network in fake time: what is not said of an address answers at once.
type far struct {
	mu      sync.Mutex
	refuses []string      // hosts that refuse
	silent  []string      // hosts that never answer, as behind a packet filter
	slow    time.Duration // what each answer takes
	tried   []string      // addresses, in order
	open    int           // connections that are not closed
}

// dial is a dial.Func.
func (f *far) dial(ctx context.Context, _, address string) (net.Conn, error) {
	host, _, _ := net.SplitHostPort(address)
	f.mu.Lock()
	f.tried = append(f.tried, address)
	refuses, silent := slices.Contains(f.refuses, host), slices.Contains(f.silent, host)
	f.mu.Unlock()
	switch {
	case refuses:
		return nil, &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
	case silent:
		<-ctx.Done()
		return nil, ctx.Err()
	}
	<-time.After(f.slow)
	f.count(1)
	ours, theirs := net.Pipe()
	_ = theirs.Close()
	return &counted{ours, f, address}, nil
}

func (f *far) count(n int) {
	f.mu.Lock()
	f.open += n
	f.mu.Unlock()
}

// counted is a connection of a far network.
type counted struct {
	net.Conn
	far *far
	to  string
}

func (c *counted) Close() error {
	c.far.count(-1)
	return c.Conn.Close()
}

// host returns to which host conn goes.
func host(conn net.Conn) string {
	h, _, _ := net.SplitHostPort(conn.(*counted).to)
	return h
}

// many returns a server that knows a name with four addresses, and who asks it in fake time.
func many() (*testdns.Server, *net.Resolver) {
	server := testdns.New()
	server.SetAddresses("broker.test", "10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4")
	return server, server.Piped()
}

// TestClientsSpreadOverTheAddressesOfAName: each of four gets its share of 400 clients, give or take six
// standard deviations.
func TestClientsSpreadOverTheAddressesOfAName(t *testing.T) {
	_, resolver := many()
	synctest.Test(t, func(t *testing.T) {
		var f far
		d := dial.Dialer{Resolver: resolver, Dial: f.dial}
		shares := map[string]int{}
		for range 400 {
			conn, err := d.DialContext(t.Context(), "tcp", "broker.test:1883")
			must(t, err)
			shares[host(conn)]++
			must(t, conn.Close())
		}
		for _, n := range shares {
			if n < 48 || n > 152 || len(shares) != 4 {
				t.Fatalf("shares %v", shares)
			}
		}
		if len(f.tried) != 400 {
			t.Errorf("%d attempts", len(f.tried))
		}
	})
}

// TestDeadAddressesCostAQuarterOfASecond: three of four are silent, or refuse, which costs nothing.
func TestDeadAddressesCostAQuarterOfASecond(t *testing.T) {
	_, resolver := many()
	synctest.Test(t, func(t *testing.T) {
		dead := []string{"10.0.0.1", "10.0.0.2", "10.0.0.4"}
		for _, f := range []*far{{silent: dead}, {refuses: dead}} {
			d := dial.Dialer{Resolver: resolver, Dial: f.dial}
			for range 20 {
				f.tried = nil
				begin := time.Now()
				conn, err := d.DialContext(t.Context(), "tcp", "broker.test:1883")
				must(t, err)
				want := time.Duration(0)
				if f.silent != nil {
					want = time.Duration(len(f.tried)-1) * 250 * time.Millisecond
				}
				if took := time.Since(begin); took != want || host(conn) != "10.0.0.3" {
					t.Fatalf("%s after %v and %q", host(conn), took, f.tried)
				}
				must(t, conn.Close())
			}
		}
	})
}

// TestLosersOfARaceAreClosed: all four answer, later than the next is tried.
func TestLosersOfARaceAreClosed(t *testing.T) {
	_, resolver := many()
	synctest.Test(t, func(t *testing.T) {
		f := far{slow: 700 * time.Millisecond}
		d := dial.Dialer{Resolver: resolver, Dial: f.dial}
		conn, err := d.DialContext(t.Context(), "tcp", "broker.test:1883")
		must(t, err)
		<-time.After(time.Second)
		synctest.Wait()
		if len(f.tried) != 3 || f.open != 1 {
			t.Errorf("%d tried, %d open", len(f.tried), f.open)
		}
		must(t, conn.Close())
	})
}

// TestNamesAreLookedUpAtEachCall, and only names are.
func TestNamesAreLookedUpAtEachCall(t *testing.T) {
	server, resolver := many()
	synctest.Test(t, func(t *testing.T) {
		var f far
		d := dial.Dialer{Resolver: resolver, Dial: f.dial}
		for _, last := range []string{"10.0.0.8", "10.0.0.9"} {
			server.SetAddresses("broker.test", last)
			for _, address := range []string{"broker.test:1", "10.0.0.1:1", "[fe80::1%eth0]:1"} {
				conn, err := d.DialContext(t.Context(), "tcp", address)
				must(t, err)
				must(t, conn.Close())
			}
		}
		_, err := d.DialContext(t.Context(), "unix", "/run/broker.sock:1")
		must(t, err)
	})
}

// TestFamiliesTakeTurns: each second address is of the other family.
func TestFamiliesTakeTurns(t *testing.T) {
	server := testdns.New()
	server.SetAddresses("broker.test", "10.0.0.1", "10.0.0.2", "10.0.0.3", "2001:db8::1", "2001:db8::2", "2001:db8::3")
	resolver := server.Piped()
	synctest.Test(t, func(t *testing.T) {
		f := far{refuses: []string{"10.0.0.1", "10.0.0.2", "10.0.0.3", "2001:db8::1", "2001:db8::2", "2001:db8::3"}}
		d := dial.Dialer{Resolver: resolver, Dial: f.dial}
		_, err := d.DialContext(t.Context(), "tcp", "broker.test:1883")
		if want := "connection refused; broker.test has 6 addresses"; fmt.Sprint(err) != want || !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("got %v, want %s", err, want)
		}
		for i := range f.tried {
			if six := strings.HasPrefix(f.tried[i], "["); i > 0 && six == strings.HasPrefix(f.tried[i-1], "[") {
				t.Fatalf("tried %q", f.tried)
			}
		}
		f.tried = nil
		_, err = d.DialContext(t.Context(), "tcp4", "broker.test:1883")
		if len(f.tried) != 3 || err == nil {
			t.Errorf("by tcp4 tried %q", f.tried)
		}
	})
}

// TestRaceEndsWithItsContext, which no further attempt follows.
func TestRaceEndsWithItsContext(t *testing.T) {
	_, resolver := many()
	synctest.Test(t, func(t *testing.T) {
		f := far{silent: []string{"10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4"}}
		a, err := dial.ParseAddress("mqtt://broker.test")
		must(t, err)
		begin := time.Now()
		ctx, cancel := context.WithTimeoutCause(t.Context(), 600*time.Millisecond, errors.New("too late"))
		defer cancel()
		d := dial.Dialer{Resolver: resolver, Dial: f.dial}
		_, err = dial.Open(ctx, a, dial.Options{Dial: d.DialContext})
		if took := time.Since(begin); took != 600*time.Millisecond || !strings.HasPrefix(fmt.Sprint(err), "dial mqtt://broker.test:1883: too late") {
			t.Errorf("after %v: %v", took, err)
		}
		if len(f.tried) != 3 {
			t.Errorf("tried %q", f.tried)
		}
	})
}
