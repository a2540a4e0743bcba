// Package ws carries a stream of bytes over a WebSocket, as a net.Conn, as fast as
// it can: one frame a write, and many frames a read.
package ws

import (
	"bufio"
	"crypto/sha1" // #nosec: RFC 6455 wants it
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
)

const (
	opBinary = 2
	opClose  = 8
	opPing   = 9
	opPong   = 10

	final  = 0x80
	masked = 0x80
)

// key is what the client sends in its handshake; any will do.
const key = "ZHVubGluIGJlbmNobWFyaw=="

// Conn is a stream over binary frames.
type Conn struct {
	net.Conn
	r      *bufio.Reader
	client bool
	left   int // bytes of the frame that is being read
	mask   [4]byte
	at     int // bytes of the frame that were unmasked

	mu  sync.Mutex
	out []byte // guarded by mu
}

// Accept answers the handshake of a client.
func Accept(c net.Conn) (*Conn, error) {
	r := bufio.NewReaderSize(c, 64<<10)
	q, err := http.ReadRequest(r)
	if err != nil {
		return nil, fmt.Errorf("handshake: %w", err)
	}
	sum := sha1.Sum([]byte(q.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	_, err = fmt.Fprintf(c, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Accept: %s\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n", base64.StdEncoding.EncodeToString(sum[:]))
	return &Conn{Conn: c, r: r}, err
}

// Dial makes the handshake of a client on c. Its frames are masked with zeros, which
// costs nothing: it is for a reference, not for the open Internet.
func Dial(c net.Conn) (*Conn, error) {
	_, err := fmt.Fprintf(c, "GET /mqtt HTTP/1.1\r\nHost: bench\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n", key)
	if err != nil {
		return nil, err
	}
	r := bufio.NewReaderSize(c, 64<<10)
	a, err := http.ReadResponse(r, nil) //nolint:bodyclose // it has none: what follows is the stream
	if err != nil {
		return nil, fmt.Errorf("handshake: %w", err)
	}
	if a.StatusCode != http.StatusSwitchingProtocols {
		return nil, fmt.Errorf("handshake: %s", a.Status)
	}
	return &Conn{Conn: c, r: r, client: true}, nil
}

// Read fills b with what has come, of as many frames as have.
func (c *Conn) Read(b []byte) (int, error) {
	n := 0
	for n < len(b) && (n == 0 || c.r.Buffered() > 0) {
		if c.left == 0 {
			if n > 0 && c.r.Buffered() < 14 { // the next header may not be whole
				break
			}
			if err := c.header(); err != nil {
				return n, err
			}
			continue
		}
		k, err := c.r.Read(b[n:min(len(b), n+c.left)])
		c.unmask(b[n : n+k])
		n += k
		c.left -= k
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

// header reads the header of the next data frame, and answers what comes before.
func (c *Conn) header() error {
	for {
		op, err := c.frame()
		if err != nil {
			return err
		}
		switch op {
		case opClose:
			return io.EOF
		case opPing, opPong:
			if err := c.control(op); err != nil {
				return err
			}
		default:
			return nil
		}
	}
}

// control reads a ping or pong and answers the former.
func (c *Conn) control(op byte) error {
	b := make([]byte, c.left)
	if _, err := io.ReadFull(c.r, b); err != nil {
		return err
	}
	c.unmask(b)
	c.left = 0
	if op == opPong {
		return nil
	}
	return c.send(opPong, b)
}

func (c *Conn) frame() (op byte, err error) {
	var h [8]byte
	if _, err := io.ReadFull(c.r, h[:2]); err != nil {
		return 0, err
	}
	op, hasMask := h[0]&15, h[1]&masked != 0
	c.left, c.at, c.mask = int(h[1]&0x7f), 0, [4]byte{}
	switch c.left {
	case 126:
		_, err = io.ReadFull(c.r, h[:2])
		c.left = int(binary.BigEndian.Uint16(h[:]))
	case 127:
		_, err = io.ReadFull(c.r, h[:8])
		c.left = int(binary.BigEndian.Uint64(h[:]))
	}
	if err == nil && c.left < 0 {
		err = errors.New("frame too long")
	}
	if err == nil && hasMask {
		_, err = io.ReadFull(c.r, c.mask[:])
	}
	return op, err
}

// unmask takes the mask off the next bytes of the frame, eight at a time.
func (c *Conn) unmask(b []byte) {
	if c.mask == ([4]byte{}) {
		c.at += len(b)
		return
	}
	var m [8]byte
	for i := range m {
		m[i] = c.mask[(c.at+i)&3]
	}
	word := binary.LittleEndian.Uint64(m[:])
	c.at += len(b)
	for len(b) >= 8 {
		binary.LittleEndian.PutUint64(b, binary.LittleEndian.Uint64(b)^word)
		b = b[8:]
	}
	for i := range b {
		b[i] ^= m[i]
	}
}

// Write sends b as one frame.
func (c *Conn) Write(b []byte) (int, error) {
	if err := c.send(opBinary, b); err != nil {
		return 0, err
	}
	return len(b), nil
}

func (c *Conn) send(op byte, b []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	var mask byte
	if c.client {
		mask = masked
	}
	h := append(c.out[:0], final|op)
	switch {
	case len(b) < 126:
		h = append(h, mask|byte(len(b)))
	case len(b) < 1<<16:
		h = binary.BigEndian.AppendUint16(append(h, mask|126), uint16(len(b)))
	default:
		h = binary.BigEndian.AppendUint64(append(h, mask|127), uint64(len(b)))
	}
	if c.client {
		h = append(h, 0, 0, 0, 0)
	}
	c.out = append(h, b...)
	_, err := c.Conn.Write(c.out)
	return err
}
