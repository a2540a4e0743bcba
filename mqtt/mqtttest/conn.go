package mqtttest

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"dunlin/mqtt/mqtttest/packet"
)

// WriteMode says how Send cuts what it writes.
type WriteMode int

// The write modes. A correct client answers alike in all three.
const (
	Whole     WriteMode = iota // each Send is one write
	Bytewise                   // each byte is a write
	Coalesced                  // Sends are kept and written together by the next other step
)

// Conn is one connection of a client, seen from the server. Its methods are for
// the test's own goroutine; each fails the test when it does not come true.
type Conn struct {
	t    testing.TB
	conn net.Conn
	mode WriteMode
	held []byte
	wait time.Duration // how long a step may take
}

// NewConn scripts a connection that the test made, such as one end of net.Pipe.
// It is closed when the test ends.
func NewConn(t testing.TB, conn net.Conn) *Conn {
	t.Cleanup(func() { _ = conn.Close() })
	return &Conn{t: t, conn: conn, wait: patience}
}

// SetPatience sets how long a step may take before the test fails, 30 s unless
// set. Tests in fake time need more.
func (c *Conn) SetPatience(d time.Duration) { c.wait = d }

// SetWriteMode sets how Send writes from now on.
func (c *Conn) SetWriteMode(m WriteMode) {
	c.flush()
	c.mode = m
}

// Send sends bytes given in hexadecimal.
func (c *Conn) Send(hexBytes ...string) {
	c.t.Helper()
	c.SendBytes(c.parse(strings.Join(hexBytes, "")))
}

// SendBytes sends b.
func (c *Conn) SendBytes(b []byte) {
	c.t.Helper()
	switch c.mode {
	case Coalesced:
		c.held = append(c.held, b...)
	case Bytewise:
		for i := range b {
			c.write(b[i : i+1])
		}
	default:
		c.write(b)
	}
}

func (c *Conn) write(b []byte) {
	c.t.Helper()
	if len(b) == 0 {
		return
	}
	_ = c.conn.SetWriteDeadline(time.Now().Add(c.wait)) // the write tells
	if _, err := c.conn.Write(b); err != nil {
		c.t.Fatalf("mqtttest: send % X: %v", head(b), err)
	}
}

func (c *Conn) flush() {
	c.t.Helper()
	b := c.held
	c.held = nil
	c.write(b)
}

// Expect waits for exactly these bytes.
func (c *Conn) Expect(hexBytes ...string) {
	c.t.Helper()
	want := c.parse(strings.Join(hexBytes, ""))
	got := c.read(len(want))
	if !bytes.Equal(got, want) {
		at := 0 // where they part
		for at < len(got) && got[at] == want[at] {
			at++
		}
		from := max(at-16, 0)
		c.t.Fatalf("mqtttest: byte %d: the client sent\n  % X, expected\n  % X", at, head(got[from:]), head(want[from:]))
	}
}

// read returns the next n bytes, fewer when the client says no more.
func (c *Conn) read(n int) []byte {
	c.t.Helper()
	c.flush()
	b := make([]byte, n)
	_ = c.conn.SetReadDeadline(time.Now().Add(c.wait)) // the read tells
	got, err := io.ReadFull(c.conn, b)
	if err != nil && got == 0 {
		c.t.Fatalf("mqtttest: expected %d bytes of the client: %v", n, err)
	}
	return b[:got]
}

// Packet waits for one whole packet and returns it, header included.
func (c *Conn) Packet() []byte {
	c.t.Helper()
	c.flush()
	p, err := c.TryPacket()
	if err != nil {
		c.t.Fatalf("mqtttest: expected a packet of the client: %v", err)
	}
	return p
}

// TryPacket is Packet for another goroutine than the test's own: it returns an
// error where Packet fails the test. It sends nothing that is held back.
func (c *Conn) TryPacket() ([]byte, error) {
	_ = c.conn.SetReadDeadline(time.Now().Add(c.wait)) // the read tells
	packet := make([]byte, 2)
	if _, err := io.ReadFull(c.conn, packet); err != nil {
		return nil, err
	}
	length, shift := int(packet[1]&0x7F), 7
	for packet[len(packet)-1]&0x80 != 0 {
		var b [1]byte
		if _, err := io.ReadFull(c.conn, b[:]); err != nil {
			return nil, err
		}
		packet = append(packet, b[0])
		length |= int(b[0]&0x7F) << shift
		shift += 7
	}
	packet = append(packet, make([]byte, length)...)
	_, err := io.ReadFull(c.conn, packet[len(packet)-length:])
	return packet, err
}

// Write sends b at once, whatever the write mode, and waits as long as it takes.
// Any goroutine may call it; it does not fail the test.
func (c *Conn) Write(b []byte) (int, error) {
	_ = c.conn.SetWriteDeadline(time.Time{}) // the write tells
	return c.conn.Write(b)
}

// ExpectClosed waits until the client has closed its side, and fails if it says
// anything before.
func (c *Conn) ExpectClosed() {
	c.t.Helper()
	c.flush()
	_ = c.conn.SetReadDeadline(time.Now().Add(c.wait)) // the read tells
	b := make([]byte, 64)
	n, err := c.conn.Read(b)
	for n == 0 && err == nil { // a net.Pipe passes on an empty write
		n, err = c.conn.Read(b)
	}
	switch {
	case n > 0:
		c.t.Fatalf("mqtttest: the client sent % X, expected it to close", b[:n])
	case !ended(err):
		c.t.Fatalf("mqtttest: expected the client to close: %v", err)
	}
}

// ExpectNothing fails if the client sends anything, or closes, within d.
func (c *Conn) ExpectNothing(d time.Duration) {
	c.t.Helper()
	c.flush()
	_ = c.conn.SetReadDeadline(time.Now().Add(d)) // the read tells
	b := make([]byte, 64)
	n, err := c.conn.Read(b)
	if n > 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
		c.t.Fatalf("mqtttest: expected silence for %v, the client sent % X (%v)", d, b[:n], err)
	}
}

// ended reports whether err is the end of a connection.
func ended(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrClosedPipe) || errors.Is(err, syscall.ECONNRESET)
}

// Accept answers a CONNECT of MQTT 3.1.1, or of 5 when it says so, and returns
// the CONNECT.
func (c *Conn) Accept() []byte {
	c.t.Helper()
	sent := c.Packet()
	h, n, err := packet.ParseHeader(sent, packet.V5)
	if err != nil {
		c.t.Fatalf("mqtttest: % X is no CONNECT: %v", head(sent), err)
	}
	p, err := packet.ParseConnect(h, sent[n:])
	if err != nil {
		c.t.Fatalf("mqtttest: % X is no CONNECT: %v", head(sent), err)
	}
	switch {
	case p.Version < packet.V5:
		c.Send("20 02 0000")
	case p.ClientID == "": // a server must assign one [MQTT-3.2.2-16]
		c.Send("20 0A 0000 07 12 0004 74657374")
	default:
		c.Send("20 03 000000")
	}
	return sent
}

// Close closes the connection in an orderly way.
func (c *Conn) Close() {
	c.t.Helper()
	c.flush()
	_ = c.conn.Close() // nothing to be done about an error
}

// HalfClose says that nothing more will be sent, and goes on reading.
func (c *Conn) HalfClose() {
	c.t.Helper()
	c.flush()
	half, ok := c.conn.(interface{ CloseWrite() error })
	if !ok {
		c.t.Fatalf("mqtttest: a %T cannot be closed on one side", c.conn)
	}
	if err := half.CloseWrite(); err != nil {
		c.t.Fatalf("mqtttest: half close: %v", err)
	}
}

// Reset closes the connection so that the client sees it broken.
func (c *Conn) Reset() {
	c.t.Helper()
	c.flush()
	if tcp, ok := c.conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // Close then resets
	}
	_ = c.conn.Close() // nothing to be done about an error
}

func (c *Conn) parse(s string) []byte {
	c.t.Helper()
	b, err := ParseHex(s)
	if err != nil {
		c.t.Fatal(err)
	}
	return b
}

// ParseHex reads bytes written in hexadecimal, with blanks anywhere.
func ParseHex(s string) ([]byte, error) {
	b, err := hex.DecodeString(strings.Join(strings.Fields(s), ""))
	if err != nil {
		return nil, fmt.Errorf("mqtttest: %q is not hexadecimal: %w", s, err)
	}
	return b, nil
}

func head(b []byte) []byte { return b[:min(len(b), 32)] }
