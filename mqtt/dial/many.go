package dial

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"strings"
	"time"
)

// addressGap is how long an address of a name is tried alone before the next one is tried beside it:
// the Connection Attempt Delay that RFC 8305 section 5 recommends.
const addressGap = 250 * time.Millisecond

// Dialer connects to names that have many addresses, as the name of a cluster has. It asks for the
// addresses anew at each call and tries them in an order that is drawn, so that many clients spread over
// them. IPv6 and IPv4 take turns, beginning with what the resolver prefers. An address that fails gives way
// to the next at once, and one that is silent is left to answer beside the next after 250 ms, so that dead
// addresses cost a quarter of a second each. The zero value is usable, by many goroutines.
type Dialer struct {
	// Resolver is asked for the addresses of names; nil: net.DefaultResolver.
	Resolver *net.Resolver
	// Dial connects to one address, which has an IP address in the place of the name; nil: net.Dialer.
	Dial Func
}

// DialContext connects to address. It is a [Func]; networks besides those of TCP go to Dial as they are.
func (d *Dialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	via := d.Dial
	if via == nil {
		via = (&net.Dialer{}).DialContext
	}
	host, port, err := net.SplitHostPort(address)
	if !strings.HasPrefix(network, "tcp") || err != nil || host == "" {
		return via(ctx, network, address)
	}
	if _, err := netip.ParseAddr(host); err == nil {
		return via(ctx, network, address)
	}
	found, err := cmp.Or(d.Resolver, net.DefaultResolver).LookupNetIP(ctx, "ip"+network[len("tcp"):], host)
	if err != nil {
		return nil, err
	}
	found = mix(found)
	conn, _, err := race(ctx, len(found), addressGap, func(ctx context.Context, i int) (net.Conn, error) {
		return via(ctx, network, net.JoinHostPort(found[i].String(), port))
	})
	if err != nil && len(found) > 1 {
		err = fmt.Errorf("%w; %s has %d addresses", withoutOp(err), host, len(found))
	}
	return conn, err
}

// mix returns addresses in the order in which they are tried (RFC 8305 section 4): drawn within each
// family, the families in turn.
func mix(addresses []netip.Addr) []netip.Addr {
	var families [2][]netip.Addr // the first is the one that the resolver prefers
	for i, a := range addresses {
		a = a.Unmap()
		addresses[i] = a
		which := 0
		if a.Is4() != addresses[0].Is4() {
			which = 1
		}
		families[which] = append(families[which], a)
	}
	mixed := addresses[:0]
	for _, f := range families {
		rand.Shuffle(len(f), func(i, j int) { f[i], f[j] = f[j], f[i] })
	}
	for i := range max(len(families[0]), len(families[1])) {
		for _, f := range families {
			if i < len(f) {
				mixed = append(mixed, f[i])
			}
		}
	}
	return mixed
}

// outcome is what became of one of several attempts.
type outcome struct {
	number int
	conn   net.Conn
	err    error
}

// race makes up to n attempts, each when the one before has failed or has taken gap, and returns the first
// connection and the number of its attempt. The others are called off. If all fail the error is the
// first.
func race(ctx context.Context, n int, gap time.Duration, try func(ctx context.Context, i int) (net.Conn, error)) (net.Conn, int, error) {
	if n == 1 {
		conn, err := try(ctx, 0)
		return conn, 0, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	over := make(chan struct{})
	defer close(over)
	outcomes := make(chan outcome)
	late := time.NewTimer(gap)
	defer late.Stop()
	next, running := 0, 0
	begin := func() {
		if next == n || ctx.Err() != nil {
			return
		}
		number := next
		next++
		running++
		late.Reset(gap)
		go attemptOne(ctx, number, try, outcomes, over)
	}
	begin()
	first := context.Cause(ctx)
	for running > 0 {
		select {
		case o := <-outcomes:
			if o.err == nil {
				return o.conn, o.number, nil
			}
			first = cmp.Or(first, o.err)
			running--
			begin()
		case <-late.C:
			begin()
		}
	}
	return nil, 0, cmp.Or(first, errors.New("there is no address"))
}

// attemptOne makes an attempt of a race. A connection that comes when the race is over is closed.
func attemptOne(ctx context.Context, number int, try func(context.Context, int) (net.Conn, error), outcomes chan<- outcome, over <-chan struct{}) {
	conn, err := try(ctx, number)
	select {
	case outcomes <- outcome{number, conn, err}:
	case <-over:
		if err == nil {
			_ = conn.Close() // nobody has used it
		}
	}
}

// withoutOp takes off the layer of an error that repeats the address.
func withoutOp(err error) error {
	if op, ok := err.(*net.OpError); ok && op.Err != nil { //nolint:errorlint // only the outermost layer repeats the address
		return op.Err
	}
	return err
}
