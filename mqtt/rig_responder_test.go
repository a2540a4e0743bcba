package mqtt_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"dunlin/mqtt"
	"dunlin/mqtt/internal/wire"
)

// bigPublish returns a QoS 0 PUBLISH of n zero bytes to "t".
func bigPublish(n int) []byte {
	b := []byte{0x30}
	for length := n + 3; ; {
		d := byte(length & 0x7F)
		if length >>= 7; length > 0 {
			b = append(b, d|0x80)
			continue
		}
		b = append(b, d)
		break
	}
	b = append(b, 0, 1, 't')
	return append(b, make([]byte, n)...)
}

// sub returns a subscription whose handler writes "name topic=payload".
func (s *scripted) sub(name, filter string) mqtt.Subscription {
	return mqtt.Subscription{Filter: filter, Handler: func(_ context.Context, m *mqtt.Received) { s.events <- name + " " + describe(m) }}
}

// subscribe subscribes, and has the server answer with code.
func (s *scripted) subscribe(code byte, sub mqtt.Subscription) error {
	s.t.Helper()
	done := async(func() error { return errorOf(s.Subscribe(s.ctx, sub)) })
	packet := s.server.Packet()
	s.server.SendBytes([]byte{0x90, 3, packet[2], packet[3], code})
	return s.wait(done)
}

func (s *scripted) unsubscribe(filter string) {
	s.t.Helper()
	done := async(func() error { return s.Unsubscribe(s.ctx, filter) })
	packet := s.server.Packet()
	s.server.SendBytes([]byte{0xB0, 2, packet[2], packet[3]})
	s.mustWait(done)
}

// responder is a server of MQTT 3.1.1 that says yes to everything and forgets it.
type responder struct {
	tap   func(packet []byte)      // sees what clients send; nil: nobody
	mute  func(packet []byte) bool // whether there is no answer; nil: never
	ended chan struct{}            // closed when the first connection has ended
	wg    sync.WaitGroup
	once  sync.Once
}

// listen serves connections to a free loopback port until the test ends.
func (r *responder) listen(t *testing.T) (url string) {
	t.Helper()
	r.ended = make(chan struct{})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close(); r.wg.Wait() })
	r.wg.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			r.wg.Go(func() { r.serve(conn) })
		}
	})
	return "mqtt://" + l.Addr().String()
}

// dialer serves one end of a net.Pipe for each connection.
func (r *responder) dialer(context.Context, string, string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	r.wg.Go(func() { r.serve(theirs) })
	return ours, nil
}

func (r *responder) serve(conn net.Conn) {
	defer func() {
		_ = conn.Close()
		if r.ended != nil {
			r.once.Do(func() { close(r.ended) })
		}
	}()
	in, out := bufio.NewReaderSize(conn, 64<<10), bufio.NewWriterSize(conn, 64<<10)
	for {
		p, err := readPacket(in)
		if err != nil || p[0] == 0xE0 {
			return
		}
		if r.tap != nil {
			r.tap(p)
		}
		if r.mute == nil || !r.mute(p) {
			_, _ = out.Write(reply(p)) // Flush tells
		}
		if in.Buffered() == 0 && out.Flush() != nil {
			return
		}
	}
}

// readPacket reads one packet, header included.
func readPacket(in *bufio.Reader) ([]byte, error) {
	var p []byte
	length := 0
	for shift := -7; ; shift += 7 {
		b, err := in.ReadByte()
		if err != nil {
			return nil, err
		}
		if p = append(p, b); shift < 0 {
			continue
		}
		if length |= int(b&0x7F) << shift; b < 0x80 {
			break
		}
	}
	p = append(p, make([]byte, length)...)
	_, err := io.ReadFull(in, p[len(p)-length:])
	return p, err
}

// reply returns the answer of a server that agrees.
func reply(p []byte) []byte {
	body := p[1:]
	for body[0] >= 0x80 {
		body = body[1:]
	}
	body = body[1:]
	switch p[0] & 0xF6 {
	case 0x10:
		return []byte{0x20, 2, 0, 0}
	case 0x32, 0x34:
		id := body[2+int(body[0])<<8+int(body[1]):]
		return []byte{0x30 + p[0]&6*8, 2, id[0], id[1]}
	case 0x62:
		return []byte{0x70, 2, body[0], body[1]}
	case 0x82:
		answer := []byte{0x90, 2, body[0], body[1]}
		for f := body[2:]; len(f) > 0; f = f[3+int(f[0])<<8+int(f[1]):] {
			answer = append(answer, f[2+int(f[0])<<8+int(f[1])])
			answer[1]++
		}
		return answer
	case 0xA2:
		return []byte{0xB0, 2, body[0], body[1]}
	case 0xC0:
		return []byte{0xD0, 0}
	}
	return nil
}

// dialResponder connects to a responder.
func dialResponder(t *testing.T, r *responder, change func(*mqtt.Config)) *mqtt.Client {
	t.Helper()
	cfg := mqtt.Config{ClientID: "c"}
	if change != nil {
		change(&cfg)
	}
	c, err := mqtt.Dial(ctxFor(t), r.listen(t), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close(context.Background()) })
	return c
}

// userProperties returns a property list of n empty user properties, with its length.
func userProperties(n int) []byte {
	list := []byte(strings.Repeat("\x26\x00\x00\x00\x00", n))
	length := frame(0, list)
	return length[1:] // a property list has the length of a packet's kind in front
}

func heapNow() int {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

// over returns a context that has ended.
func over() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

// itself returns a function that returns the client that is made by cfg.
func itself(cfg *mqtt.Config) func() *mqtt.Client {
	var client atomic.Pointer[mqtt.Client]
	connect := cfg.OnConnect
	cfg.OnConnect = func(c *mqtt.Client) {
		client.Store(c)
		connect(c)
	}
	return client.Load
}

// numbered returns PUBLISH packets to "n" whose payload is a number of five
// digits, with packet identifiers from 1 on unless qos is 0.
func numbered(qos byte, from, to int) []byte {
	var b []byte
	for i := from; i < to; i++ {
		if qos == 0 {
			b = append(b, 0x30, 8, 0, 1, 'n')
		} else {
			id := i + 1
			b = append(b, 0x30|qos<<1, 10, 0, 1, 'n', byte(id>>8), byte(id))
		}
		b = fmt.Appendf(b, "%05d", i)
	}
	return b
}

// payloadOf returns n bytes that tell which message they belong to.
func payloadOf(i, n int) []byte {
	return bytes.Repeat([]byte{byte(i + 1)}, n)
}

// hold makes the deliver loop stand still: its handler waits until release is
// closed.
func (s *scripted) hold() (release chan struct{}) {
	s.t.Helper()
	held, release := make(chan struct{}), make(chan struct{})
	handler := func(context.Context, *mqtt.Received) { close(held); <-release }
	subscribed := async(func() error { return errorOf(s.Subscribe(s.ctx, mqtt.Subscription{Filter: "hold", Handler: handler})) })
	s.server.Packet()
	s.server.Send("90 03 000100", "30 06 0004686F6C64")
	s.mustWait(subscribed)
	<-held
	return release
}

// parsePublish parses a PUBLISH of the client.
func parsePublish(t *testing.T, packet []byte) wire.Publish {
	t.Helper()
	h, n, err := wire.ParseHeader(packet, wire.V5)
	if err != nil {
		t.Fatal(err)
	}
	p, err := wire.ParsePublish(h, packet[n:], wire.V5)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// answer sends payload to the response topic of p with its correlation data.
func (s *scripted) answer(p wire.Publish, payload string) {
	s.t.Helper()
	topic, _ := p.Properties.Text(wire.ResponseTopic)
	data, _ := p.Properties.Binary(wire.CorrelationData)
	s.server.SendBytes(wire.AppendPublish(nil, wire.V5, &wire.Publish{
		Topic: topic, Payload: []byte(payload),
		Properties: wire.Properties(nil).AppendBinary(wire.CorrelationData, data),
	}))
}
