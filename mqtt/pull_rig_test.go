package mqtt_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"dunlin/internal/testcert"
	"dunlin/mqtt"
)

// pulling is a client over a socket, without an OnMessage, and its server.
type pulling struct {
	*mqtt.Client
	t      *testing.T
	ctx    context.Context
	cfg    mqtt.Config
	server *opposite
	heard  chan []byte // packets of the client from SUBSCRIBE on, if a test wants them
	id     uint16      // of the last message of QoS 1
}

// carrier is a kind of socket.
type carrier struct {
	name, scheme string
	listen       func(t *testing.T) net.Listener
	secure       bool
}

var carriers = []carrier{
	{name: "TCP", scheme: "mqtt", listen: listenTCP},
	{name: "unix", scheme: "mqtt", listen: func(t *testing.T) net.Listener {
		l, err := net.Listen("unix", filepath.Join(t.TempDir(), "s"))
		must(t, err)
		return l
	}},
	{name: "TLS", scheme: "mqtts", listen: listenTCP, secure: true},
}

func listenTCP(t *testing.T) net.Listener {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	return l
}

// eachCarrier runs a test over each kind of socket.
func eachCarrier(t *testing.T, change func(*mqtt.Config), f func(p *pulling)) {
	t.Helper()
	for i, k := range carriers {
		t.Run(k.name, func(t *testing.T) {
			f(dialPulling(t, k, func(cfg *mqtt.Config) {
				cfg.Version = []mqtt.Version{mqtt.V311, mqtt.V5}[i%2]
				if change != nil {
					change(cfg)
				}
			}))
		})
	}
}

// pullTCP connects over TCP.
func pullTCP(t *testing.T, change func(*mqtt.Config)) *pulling {
	t.Helper()
	return dialPulling(t, carriers[0], change)
}

func dialPulling(t *testing.T, k carrier, change func(*mqtt.Config)) *pulling {
	t.Helper()
	p := newPulling(t)
	l := k.listen(t)
	address := l.Addr()
	p.cfg.Transport.Dial = func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, address.Network(), address.String())
	}
	if k.secure {
		authority := testcert.NewAuthority(t)
		l = tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{authority.Server(t, testcert.Options{}).Certificate(t)}})
		p.cfg.Transport.TLS = &tls.Config{RootCAs: authority.Pool(), ServerName: "localhost"}
	}
	if change != nil {
		change(&p.cfg)
	}
	p.server.wg.Go(func() {
		for conn, err := l.Accept(); err == nil; conn, err = l.Accept() {
			p.server.wg.Go(func() { p.server.serve(conn) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		p.server.wg.Wait()
	})
	p.dial(k.scheme + "://localhost")
	return p
}

// newPulling returns one whose client is not made yet.
func newPulling(t *testing.T) *pulling {
	p := &pulling{t: t, ctx: ctxFor(t), server: &opposite{t: t}, heard: make(chan []byte, 100_000)}
	p.cfg = mqtt.Config{ClientID: "c", Version: mqtt.V311, KeepAlive: -1}
	p.server.answers(p.hear)
	return p
}

// dial makes the client.
func (p *pulling) dial(url string) {
	p.t.Helper()
	var err error
	p.Client, err = mqtt.Dial(p.ctx, url, p.cfg)
	must(p.t, err)
	p.t.Cleanup(func() { _ = p.Close(context.Background()) }) // tests of Close look at its error
}

// hear is the hook of the server.
func (p *pulling) hear(packet []byte) ([]byte, bool) {
	if first := packet[0] & 0xF0; first == 0x40 || first == 0x50 || first == 0xC0 {
		p.heard <- packet
	}
	return nil, false
}

// subscribe returns the subscription to filter at QoS 2.
func (p *pulling) subscribe(filter string) *mqtt.ActiveSubscription {
	p.t.Helper()
	a, err := p.Subscribe(p.ctx, mqtt.Subscription{Filter: filter, QoS: 2})
	must(p.t, err)
	return a
}

// handle subscribes filter with a handler.
func (p *pulling) handle(filter string, handler func(payload string)) {
	p.t.Helper()
	_, err := p.Subscribe(p.ctx, mqtt.Subscription{Filter: filter, QoS: 2, Handler: func(_ context.Context, m *mqtt.Received) {
		handler(string(m.Payload))
	}})
	must(p.t, err)
}

// message returns a PUBLISH of the server. That of a QoS 1 message has the next identifier.
func (p *pulling) message(qos byte, topic, payload string) []byte {
	if qos > 0 {
		p.id++
	}
	return publishBytes(p.server.five.Load(), 0x30|qos<<1, topic, p.id, payload)
}

// say has the server send a QoS 1 message.
func (p *pulling) say(topic, payload string) { p.server.say(p.message(1, topic, payload)) }

// expectAck waits until the client has acknowledged the last message.
func (p *pulling) expectAck() {
	p.t.Helper()
	p.expectAckOf(p.id)
}

func (p *pulling) expectAckOf(id uint16) {
	p.t.Helper()
	for {
		select {
		case packet := <-p.heard:
			if packet[0] == 0x40 && int(packet[2])<<8|int(packet[3]) == int(id) {
				return
			}
		case <-p.ctx.Done():
			p.t.Fatalf("message %d is not acknowledged:\n%s", id, strings.Join(goroutines(), "\n\n"))
		}
	}
}

// looping is a loop over a subscription.
type looping struct {
	p   *pulling
	got chan string // payloads, as the loop's body begins
	end chan error  // how the loop ended; nil: without an error
}

// loop begins one. body is called with each payload, and reports whether the loop goes on; nil: it does.
func (p *pulling) loop(ctx context.Context, a *mqtt.ActiveSubscription, body func(payload string) bool) *looping {
	l := &looping{p, make(chan string, 200_000), make(chan error, 1)}
	go func() {
		var end error
		defer func() { l.end <- end }()
		for m, err := range a.All(ctx) {
			if err != nil {
				end = err
				return
			}
			payload := string(m.Payload)
			l.got <- payload
			if body != nil && !body(payload) {
				return
			}
		}
	}()
	return l
}

// expect waits for these payloads.
func (l *looping) expect(payloads ...string) {
	l.p.t.Helper()
	for _, want := range payloads {
		select {
		case got := <-l.got:
			if got != want {
				l.p.t.Fatalf("the loop got %q, want %q", got, want)
			}
		case err := <-l.end:
			l.end <- err
			if len(l.got) == 0 {
				l.p.t.Fatalf("the loop ended before %q: %v", want, err)
			}
			l.expect(want)
		case <-l.p.ctx.Done():
			l.p.t.Fatalf("the loop does not get %q", want)
		}
	}
}

// ended waits for the end of the loop, which is to come at once: what is not called off reads for a second
// or for ever.
func (l *looping) ended(want ...error) {
	l.p.t.Helper()
	select {
	case err := <-l.end:
		checkError(l.p.t, err, want...)
	case <-time.After(700 * time.Millisecond):
		l.p.t.Fatal("the loop has not ended")
	}
}

// reads sees to it that the loop over topic waits for a message by reading: each message that it takes lets
// it take the reading up, unless its body was slow. It waits until no other goroutine of the client reads.
func (l *looping) reads(topic string) {
	l.p.t.Helper()
	for n := range 200 {
		l.p.say(topic, fmt.Sprint("nudge", n))
		l.expect(fmt.Sprint("nudge", n))
		for range 20 {
			if here, others := readers(); here == 1 && others == 0 {
				return
			}
			<-time.After(time.Millisecond)
		}
	}
	l.p.t.Fatalf("the loop does not read:\n%s", strings.Join(allStacks(), "\n\n"))
}

// readers counts the goroutines of applications that read, and those that clients have and an idle one that is
// read from does not need.
func readers() (here, others int) {
	for _, stack := range allStacks() {
		begin := beginOf(stack)
		switch {
		case strings.Contains(stack, ").ReadHere("):
			here++
		case strings.Contains(begin, ").writeLoop("), strings.Contains(begin, ").saveLoop("):
		case strings.HasPrefix(begin, "dunlin/mqtt.") || strings.HasPrefix(begin, "dunlin/mqtt/internal/"):
			others++
		}
	}
	return here, others
}

func allStacks() []string {
	buf := make([]byte, 4<<20)
	return strings.Split(string(buf[:runtime.Stack(buf, true)]), "\n\n")
}
