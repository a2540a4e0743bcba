package cli_test

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"dunlin/internal/environ"
	"dunlin/internal/mosquitto"
	"dunlin/internal/testserver"
	"dunlin/mqtt"
)

// proxy is a way to a broker that can be cut, and closed for a while.
type proxy struct {
	t            *testing.T
	addr, target string

	mu       sync.Mutex
	listener net.Listener
	conns    []net.Conn
	most     func() int64 // bytes that pass towards the broker in the next connection, called with mu; nil: all
	pumps    sync.WaitGroup
}

func newProxy(t *testing.T, target string) *proxy {
	t.Helper()
	l, err := testserver.Listen()
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{t: t, target: target, addr: l.Addr().String()}
	p.serve(l)
	t.Cleanup(p.close)
	return p
}

// open lets connections through, at the same address each time.
func (p *proxy) open() {
	p.t.Helper()
	l, err := net.Listen("tcp", p.addr)
	if err != nil {
		p.t.Fatal(err)
	}
	p.serve(l)
}

func (p *proxy) serve(l net.Listener) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.listener = l
	p.pumps.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			p.lead(conn)
		}
	})
}

// lead leads a connection to the broker.
func (p *proxy) lead(client net.Conn) {
	server, err := net.Dial("tcp", p.target)
	if err != nil {
		_ = client.Close()
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.conns = append(p.conns, client, server)
	var towards io.Reader = client
	if p.most != nil {
		if most := p.most(); most > 0 {
			towards = io.LimitReader(client, most)
		}
	}
	cut := func() {
		_ = client.Close()
		_ = server.Close()
	}
	p.pumps.Go(func() { defer cut(); _, _ = io.Copy(server, towards) })
	p.pumps.Go(func() { defer cut(); _, _ = io.Copy(client, server) })
}

// close ends all connections and lets none through any more.
func (p *proxy) close() {
	p.mu.Lock()
	_ = p.listener.Close()
	for _, conn := range p.conns {
		_ = conn.Close()
	}
	p.conns = nil
	p.mu.Unlock()
	p.pumps.Wait()
}

// publishLines runs pub -l through the proxy, fast to reconnect, with stdin that the test writes.
func (p *proxy) publishLines(args ...string) (*call, *os.File) {
	r, w, err := os.Pipe() // which holds what the command has not read yet
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { _ = r.Close() })
	args = append([]string{"pub", "-L", "mqtt://" + p.addr, "-t", "dunlin", "-l", "--min-backoff", "10ms", "--max-backoff", "50ms"}, args...)
	return start(p.t, func(e *environ.Environment) { e.Stdin = r }, args...), w
}

// write writes lines with the numbers from first to last.
func write(t *testing.T, w io.Writer, first, last int) {
	t.Helper()
	for i := first; i <= last; i++ {
		if _, err := fmt.Fprintln(w, i); err != nil {
			t.Fatal(err)
		}
	}
}

// numbersTo returns what these lines hold.
func numbersTo(last int) []string {
	all := make([]string, last)
	for i := range all {
		all[i] = strconv.Itoa(i + 1)
	}
	return all
}

// TestLinesGoOnAfterALostConnection writes lines while there is a connection, while it is gone, and while it is back.
func TestLinesGoOnAfterALostConnection(t *testing.T) {
	t.Parallel()
	broker := mosquitto.Start(t, mosquitto.Options{})
	for qos, answer := range map[string]string{"0": "sent PUBLISH", "1": "received PUBACK id 3 ", "2": "received PUBCOMP id 3 "} {
		t.Run("QoS "+qos, func(t *testing.T) {
			gathered := newGathering(t, broker.URL())
			p := newProxy(t, broker.Addr())
			c, stdin := p.publishLines("-q", qos, "-d")
			write(t, stdin, 1, 3)
			for range 3 {
				<-gathered.came
			}
			c.stderr.waitFor(t, answer)
			p.close()
			c.stderr.waitFor(t, "dunlin: connection lost: ")
			write(t, stdin, 4, 6)
			p.open()
			c.stderr.waitFor(t, "dunlin: connected again\n")
			write(t, stdin, 7, 9)
			_ = stdin.Close()
			if status := c.wait(t); status != 0 {
				t.Errorf("status %d; stderr:\n%s", status, c.stderr.String())
			}
			var got []string // at QoS 0 the last may still be on its way
			for len(got) < 6 {
				got = append(got, string((<-gathered.came).Payload))
			}
			got = append(got, gathered.payloads()["dunlin"]...)
			if want := numbersTo(9)[3:]; !slices.Equal(got, want) {
				t.Errorf("after the loss came %q, want %q; stderr:\n%s", got, want, c.stderr.String())
			}
		})
	}
}

// TestNoLineIsLost cuts one connection after the other while lines are under way: the session outlives them. At QoS 1 a line
// may come twice, at QoS 2 none does.
func TestNoLineIsLost(t *testing.T) {
	t.Parallel()
	broker := mosquitto.Start(t, mosquitto.Options{})
	for _, qos := range []string{"1", "2"} {
		t.Run("QoS "+qos, func(t *testing.T) {
			gathered := newGathering(t, broker.URL())
			p := newProxy(t, broker.Addr())
			p.cutAtRandom(12)
			const last = 500
			c, stdin := p.publishLines("-q", qos)
			write(t, stdin, 1, last)
			_ = stdin.Close()
			if status := c.wait(t); status != 0 {
				t.Errorf("status %d; stderr:\n%s", status, c.stderr.String())
			}
			got := gathered.payloads()["dunlin"]
			once := firsts(got)
			if !slices.Equal(once, numbersTo(last)) {
				t.Errorf("%d different lines came, want %d in their order: %q", len(once), last, once)
			}
			if qos == "2" && len(got) != len(once) {
				t.Errorf("%d lines came twice", len(got)-len(once))
			}
			lost := strings.Count(c.stderr.String(), "connection lost")
			if lost < 5 || strings.Contains(c.stderr.String(), "in doubt") {
				t.Errorf("%d connections were lost, and told; stderr:\n%s", lost, c.stderr.String())
			}
		})
	}
}

// cutAtRandom has the first connections end after some bytes, a CONNECT at least.
func (p *proxy) cutAtRandom(connections int) {
	random := rand.New(rand.NewPCG(1, 2))
	cuts := 0
	p.mu.Lock()
	defer p.mu.Unlock()
	p.most = func() int64 {
		if cuts++; cuts > connections {
			return 0
		}
		return 100 + random.Int64N(800)
	}
}

// firsts returns the different lines in the order in which they came first.
func firsts(lines []string) []string {
	var once []string
	seen := map[string]bool{}
	for _, line := range lines {
		if !seen[line] {
			seen[line] = true
			once = append(once, line)
		}
	}
	return once
}

// TestSessionOfLinesEndsWithTheRun leaves nothing at the broker.
func TestSessionOfLinesEndsWithTheRun(t *testing.T) {
	t.Parallel()
	broker := mosquitto.Start(t, mosquitto.Options{})
	c, stdin := newProxy(t, broker.Addr()).publishLines("-q", "1", "-i", "leaver")
	write(t, stdin, 1, 3)
	_ = stdin.Close()
	if status := c.wait(t); status != 0 {
		t.Errorf("status %d; stderr:\n%s", status, c.stderr.String())
	}
	client, err := mqtt.Dial(t.Context(), broker.URL(), mqtt.Config{ClientID: "leaver", KeepSession: true, Version: mqtt.V5})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close(context.Background())
	if client.ConnAck().SessionPresent {
		t.Error("the broker has kept the session")
	}
}

// TestOnceEndsWithTheConnection has pub -l say how far it came.
func TestOnceEndsWithTheConnection(t *testing.T) {
	t.Parallel()
	broker := mosquitto.Start(t, mosquitto.Options{})
	gathered := newGathering(t, broker.URL())
	p := newProxy(t, broker.Addr())
	c, stdin := p.publishLines("--once")
	write(t, stdin, 1, 3)
	for range 3 {
		<-gathered.came
	}
	p.close()
	if status := c.wait(t); status != 6 {
		t.Errorf("status %d, want 6", status)
	}
	if s := c.stderr.String(); !strings.HasSuffix(s, "; 3 published\n") || strings.Count(s, "\n") != 1 {
		t.Errorf("stderr %q", s)
	}
	_ = stdin.Close()
}

// TestInterruptedPub says how many lines went out.
func TestInterruptedPub(t *testing.T) {
	t.Parallel()
	broker := mosquitto.Start(t, mosquitto.Options{})
	gathered := newGathering(t, broker.URL())
	c, stdin := newProxy(t, broker.Addr()).publishLines("-q", "1")
	write(t, stdin, 1, 3)
	for range 3 {
		<-gathered.came
	}
	c.stop(environ.Interrupt{Signal: syscall.SIGINT})
	if status := c.wait(t); status != 130 {
		t.Errorf("status %d, want 130", status)
	}
	if s := c.stderr.String(); s != "dunlin: pub: interrupted: 3 published\n" {
		t.Errorf("stderr %q", s)
	}
	_ = stdin.Close()
}
