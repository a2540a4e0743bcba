// Command limit does the works without a client: packets that were prepared, and
// answers that are only counted. It shows what the machine and its network take.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"time"

	"dunlin/bench/drive"
	"dunlin/bench/packet"
	"dunlin/bench/ws"
)

func main() {
	drive.Main(drive.Works{
		"pub0": pub0, "pub1": pub1, "pub2": pub2,
		"recv0": recv, "recv1": recv, "recv2": recv,
		"rtt0": rtt0, "rtt1": rtt1, "idle": idle,
	})
}

// line is a connection with a buffer of packets that came.
type line struct {
	net.Conn
	in         []byte
	start, end int
}

func dial(s *drive.Setup, id string) (*line, error) {
	kind, address, _ := strings.Cut(s.URL, "://")
	var c net.Conn
	c, err := net.Dial("tcp", address)
	if err != nil {
		return nil, err
	}
	switch kind {
	case "tls":
		c, err = secure(s, c)
	case "ws":
		c, err = ws.Dial(c)
	}
	if err != nil {
		return nil, err
	}
	if _, err := c.Write(packet.AppendConnect(nil, id)); err != nil {
		return nil, err
	}
	l := &line{Conn: c, in: make([]byte, 256<<10)}
	_, err = l.next()
	return l, err
}

func secure(s *drive.Setup, c net.Conn) (net.Conn, error) {
	pem, err := os.ReadFile(s.CA)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	return tls.Client(c, &tls.Config{RootCAs: roots, ServerName: "127.0.0.1"}), nil
}

// read waits for input.
func (l *line) read() error {
	l.end = copy(l.in, l.in[l.start:l.end])
	l.start = 0
	n, err := l.Conn.Read(l.in[l.end:])
	l.end += n
	return err
}

// buffered returns the next packet that has come, or nil. It is valid until the next read.
func (l *line) buffered() []byte {
	b := l.in[l.start:l.end]
	size, _ := packet.Cut(b)
	if size == 0 || size > len(b) {
		return nil
	}
	l.start += size
	return b[:size]
}

// next waits for a packet.
func (l *line) next() ([]byte, error) {
	for {
		if b := l.buffered(); b != nil {
			return b, nil
		}
		if err := l.read(); err != nil {
			return nil, err
		}
	}
}

// fence waits until the server has all that was sent.
func (l *line) fence() error {
	m := packet.Message{Topic: "fence", QoS: 1, ID: 65535}
	if _, err := l.Write(m.Append(nil)); err != nil {
		return err
	}
	_, err := l.next()
	return err
}

func message(r *drive.Run, qos byte) *packet.Message {
	return &packet.Message{Topic: "bench/topic", Payload: make([]byte, r.Size), QoS: qos}
}

func pub0(r *drive.Run) error {
	l, err := dial(r.Setup, "limit")
	if err != nil {
		return err
	}
	one := len(message(r, 0).Append(nil))
	all := message(r, 0).Series(max(64<<10/one, 1))
	return r.Messages(func(n int) error {
		for n > 0 {
			k := min(n, len(all)/one)
			if _, err := l.Write(all[:k*one]); err != nil {
				return err
			}
			n -= k
		}
		return l.fence()
	})
}

// recv reads and acknowledges a flood: all that a read brought with one write.
func recv(r *drive.Run) error {
	l, err := dial(r.Setup, "limit")
	if err != nil {
		return err
	}
	qos := r.Work[4] - '0'
	return r.Messages(func(n int) error {
		if _, err := l.Write(packet.AppendSubscribe(nil, 1, r.Flood(qos, n), qos)); err != nil {
			return err
		}
		if _, err := l.next(); err != nil {
			return err
		}
		return l.take(n)
	})
}

func (l *line) take(n int) error {
	var acks []byte
	for n > 0 {
		for b := l.buffered(); b != nil; b = l.buffered() {
			var done bool
			if acks, done = answer(acks, b); done {
				n--
			}
		}
		if len(acks) > 0 {
			if _, err := l.Write(acks); err != nil {
				return err
			}
			acks = acks[:0]
		}
		if n == 0 {
			return nil
		}
		if err := l.read(); err != nil {
			return err
		}
	}
	return nil
}

// answer acknowledges a packet of a flood; done says that a message is through.
func answer(acks, b []byte) (_ []byte, done bool) {
	if b[0]>>4 == packet.PubRel {
		return packet.AppendAck(acks, packet.PubComp, uint16(b[2])<<8|uint16(b[3])), true
	}
	qos := b[0] >> 1 & 3
	if qos == 0 {
		return acks, true
	}
	_, body := packet.Cut(b)
	at := body + 2 + int(b[body])<<8 + int(b[body+1])
	kind := byte(packet.PubAck)
	if qos == 2 {
		kind = packet.PubRec
	}
	return packet.AppendAck(acks, kind, uint16(b[at])<<8|uint16(b[at+1])), qos == 1
}

func rtt0(r *drive.Run) error {
	l, err := dial(r.Setup, "limit")
	if err != nil {
		return err
	}
	if _, err := l.Write(packet.AppendSubscribe(nil, 1, "echo", 0)); err != nil {
		return err
	}
	if _, err := l.next(); err != nil {
		return err
	}
	m := packet.Message{Topic: "echo", Payload: make([]byte, r.Size)}
	return r.Messages(func(n int) error { return l.trips(r, n, m.Append(nil)) })
}

func rtt1(r *drive.Run) error {
	l, err := dial(r.Setup, "limit")
	if err != nil {
		return err
	}
	m := message(r, 1)
	m.ID = 1
	return r.Messages(func(n int) error { return l.trips(r, n, m.Append(nil)) })
}

func (l *line) trips(r *drive.Run, n int, b []byte) error {
	for range n {
		t := time.Now()
		if _, err := l.Write(b); err != nil {
			return err
		}
		if _, err := l.next(); err != nil {
			return err
		}
		r.Trip(time.Since(t))
	}
	return nil
}

// idle shows what a bare connection with one goroutine that reads costs.
func idle(r *drive.Run) error {
	return r.Clients(func(i int) (any, error) {
		l, err := dial(r.Setup, fmt.Sprint("idle", i))
		if err != nil {
			return nil, err
		}
		l.in = make([]byte, 16)
		go func() {
			if err := l.read(); err != nil && !errors.Is(err, io.EOF) {
				fmt.Fprintln(os.Stderr, err)
			}
		}()
		return l, nil
	})
}
