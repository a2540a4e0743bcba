package mqtt_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"sync"
	"testing"

	"dunlin/mqtt"
)

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
