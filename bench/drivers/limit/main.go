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
	"dunlin/bench/frame"
	"dunlin/bench/ws"
	"dunlin/mqtt/mqtttest/packet"
)

func main() {
	drive.Main(drive.Works{
		"pub0": pub0, "pub1": pub1, "pub2": pub2,
		"pub1-window": pub1, "pub2-window": pub2,
		"recv0": recv, "recv1": recv, "recv2": recv,
		"rtt0": rtt0, "rtt1": rtt1, "idle": idle,
	})
}

// line is a connection with a buffer of packets that came.
type line struct {
	net.Conn
	in         []byte
	start, end int
	gone       int // bytes of a packet larger than the buffer that have come and are not in it
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
	if _, err := c.Write(packet.AppendConnect(nil, &packet.Connect{Version: packet.V311, ClientID: id, CleanStart: true, KeepAlive: 60})); err != nil {
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
	if size, _ := frame.Cut(l.in[:l.end]); size > len(l.in) && err == nil {
		return l.large(size)
	}
	return err
}

// large reads the rest of a packet that does not fit: its front stays in the buffer,
// which other parts of it pass through.
func (l *line) large(size int) error {
	front := min(l.end, 1<<10)
	for rest := size - l.end; rest > 0; {
		n, err := l.Conn.Read(l.in[front:min(front+rest, len(l.in))])
		if err != nil {
			return err
		}
		rest -= n
	}
	l.end, l.gone = front, size-front
	return nil
}

// buffered returns the next packet that has come, or nil. It is valid until the next read.
func (l *line) buffered() []byte {
	b := l.in[l.start:l.end]
	size, _ := frame.Cut(b)
	size -= l.gone
	if size <= 0 || size > len(b) {
		return nil
	}
	l.start, l.gone = l.start+size, 0
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
	m := packet.Publish{Topic: "fence", QoS: 1, PacketID: 65535}
	if _, err := l.Write(packet.AppendPublish(nil, packet.V311, &m)); err != nil {
		return err
	}
	_, err := l.next()
	return err
}

func message(r *drive.Run, qos byte) packet.Publish {
	return packet.Publish{Topic: "bench/topic", Payload: make([]byte, r.Size), QoS: qos}
}

// subscribe subscribes to filter and waits for the answer.
func (l *line) subscribe(filter string, qos byte) error {
	s := packet.Subscribe{PacketID: 1, Filters: []packet.Filter{{Topic: filter, Options: qos}}}
	if _, err := l.Write(packet.AppendSubscribe(nil, packet.V311, &s)); err != nil {
		return err
	}
	_, err := l.next()
	return err
}

func pub0(r *drive.Run) error {
	l, err := dial(r.Setup, "limit")
	if err != nil {
		return err
	}
	one := len(frame.Series(1, packet.V311, message(r, 0)))
	all := frame.Series(max(64<<10/one, 1), packet.V311, message(r, 0))
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
		if err := l.subscribe(r.Flood(qos, n), qos); err != nil {
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
	if packet.Type(b[0]>>4) == packet.PUBREL {
		return frame.AppendAck(acks, packet.PUBCOMP, frame.ID(b[2:])), true
	}
	qos := b[0] >> 1 & 3
	if qos == 0 {
		return acks, true
	}
	_, body := frame.Cut(b)
	_, id, _ := frame.Publish(qos, b[body:])
	if qos == 2 {
		return frame.AppendAck(acks, packet.PUBREC, id), false
	}
	return frame.AppendAck(acks, packet.PUBACK, id), true
}

func rtt0(r *drive.Run) error {
	l, err := dial(r.Setup, "limit")
	if err != nil {
		return err
	}
	if err := l.subscribe("echo", 0); err != nil {
		return err
	}
	b := frame.Series(1, packet.V311, packet.Publish{Topic: "echo", Payload: make([]byte, r.Size)})
	return r.Messages(func(n int) error { return l.trips(r, n, b) })
}

func rtt1(r *drive.Run) error {
	l, err := dial(r.Setup, "limit")
	if err != nil {
		return err
	}
	b := frame.Series(1, packet.V311, message(r, 1))
	return r.Messages(func(n int) error { return l.trips(r, n, b) })
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
