package harness

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"dunlin/broker"
)

// serverOf starts a real server and returns its address for MQTT.
func serverOf(t *testing.T) string {
	t.Helper()
	b, err := broker.Start(context.Background(), broker.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return b.Addr()
}

// packet is one of MQTT's.
type packet struct {
	first byte
	body  []byte
}

func (p packet) bytes() []byte {
	return append(binary.AppendUvarint([]byte{p.first}, uint64(len(p.body))), p.body...)
}

// meddle says what becomes of a packet: what is sent on in its place, and what its sender gets back.
type meddle func(p packet) (on, back []packet)

// proxy is between clients and a server, and meddles with what clients and server send.
type proxy struct {
	net.Listener
	server   string
	up, down meddle
	tasks    sync.WaitGroup
	mu       sync.Mutex // of up and down
}

func newProxy(t *testing.T, server string, up, down meddle) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	p := &proxy{Listener: l, server: server, up: up, down: down}
	p.tasks.Go(func() { p.acceptLoop(ctx) })
	t.Cleanup(func() {
		_ = l.Close() // it has served
		cancel()
		p.tasks.Wait()
	})
	return p
}

func (p *proxy) acceptLoop(ctx context.Context) {
	for {
		client, err := p.Accept()
		if err != nil {
			return
		}
		behind, err := net.Dial("tcp", p.server)
		if err != nil {
			_ = client.Close() // it notices
			continue
		}
		end := context.AfterFunc(ctx, func() { _, _ = client.Close(), behind.Close() })
		p.tasks.Go(func() { p.forward(client, behind, p.up) })
		p.tasks.Go(func() {
			defer end()
			p.forward(behind, client, p.down)
		})
	}
}

// forward ends both when one has ended.
func (p *proxy) forward(from, to net.Conn, by meddle) {
	defer func() { _, _ = from.Close(), to.Close() }()
	var f frames
	buffer := make([]byte, 4096)
	for {
		n, err := from.Read(buffer)
		f.add(buffer[:n], func(first byte, body []byte) {
			p.mu.Lock()
			on, back := by(packet{first, body})
			p.mu.Unlock()
			send(to, on)
			send(from, back)
		})
		if err != nil {
			return
		}
	}
}

func send(to io.Writer, all []packet) {
	for _, p := range all {
		_, _ = to.Write(p.bytes()) // who reads notices
	}
}

func unchanged(p packet) (on, back []packet) { return []packet{p}, nil }

// once meddles with the first packet that carries a certain message.
func once(stream, number uint32, with meddle) meddle {
	done := false
	return func(p packet) (on, back []packet) {
		if p.first>>4 != typePublish || done {
			return unchanged(p)
		}
		_, m, ok := parsePublish(p.first, p.body)
		if done = ok && m.stream == stream && m.number == number; !done {
			return unchanged(p)
		}
		return with(p)
	}
}

// swallow takes a message that a client publishes and acknowledges it in the server's name.
func swallow(p packet) (on, back []packet) {
	id, _, _ := parsePublish(p.first, p.body)
	return nil, []packet{{typePubAck << 4, binary.BigEndian.AppendUint16(nil, id)}}
}

func twice(p packet) (on, back []packet) { return []packet{p, p}, nil }

// single is a cluster of one node behind a proxy, which nothing happens to.
type single struct {
	Cluster
	url string
}

func (c *single) About() About                { return About{Name: "one node behind a proxy"} }
func (c *single) URLs() []string              { return []string{c.url} }
func (c *single) Start(context.Context) error { return nil }

// TestWhatAServerLosesOrDoublesIsFound has a proxy do it in a real server's name.
func TestWhatAServerLosesOrDoublesIsFound(t *testing.T) {
	address := serverOf(t)
	for _, c := range []struct {
		name     string
		up, down meddle
		want     Account // of these fields
		lost     bool
	}{
		{"nothing", unchanged, unchanged, Account{Handled: 40}, false},
		{"a message that was acknowledged is lost", once(2, 3, swallow), unchanged, Account{Handled: 39, LostByCluster: 1}, true},
		{"a message is delivered twice", unchanged, once(2, 3, twice), Account{Handled: 40, Doubled: 1, DoubledByCluster: 1}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newProxy(t, address, c.up, c.down)
			o, err := Run(t.Context(), &single{url: "mqtt://" + p.Addr().String()}, Options{
				Clients: 4, Messages: 40, Rate: 200, Patience: time.Second, Log: t.Output(),
			})
			if err != nil {
				t.Fatal(err)
			}
			got := Account{
				Handled: o.Account.Handled + 40 - o.Account.Published, LostByCluster: o.Account.LostByCluster, LostByClient: o.Account.LostByClient,
				Wrong: o.Account.Wrong, Doubled: o.Account.Doubled, DoubledByCluster: o.Account.DoubledByCluster, DoubledByClient: o.Account.DoubledByClient,
			}
			if fmt.Sprint(got) != fmt.Sprint(c.want) || (o.Lost() != nil) != c.lost {
				t.Errorf("got %+v, want %+v; %v", o.Account, c.want, o.Lost())
			}
		})
	}
}
