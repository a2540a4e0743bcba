package compat

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"dunlin/mqtt/mqtttest"
	"dunlin/mqtt/mqtttest/packet"
)

// scripted is a server that answers as a comment of the script says, and in the plainest right way
// where none does. It keeps what the client sent, so that the packets of both sides can be compared.
//
//	// on SUBSCRIBE: 90 03 $id 80
//	// on CONNECT 2: 20 02 00 05; close
//	// on open 1: close
//
// A rule is for each packet of that type, or for the one of that number, counted over all
// connections; "open" is the connection itself. Its steps are bytes in hexadecimal, with $id for
// the packet's identifier and text in quotes, and the words close, reset, nothing and default.
type scripted struct {
	t        testing.TB
	listener net.Listener
	rules    map[string][]string // "SUBSCRIBE 2" or "SUBSCRIBE" to steps
	done     sync.WaitGroup

	mu     sync.Mutex
	counts map[string]int
	conns  []*connection
}

// connection is one connection of a client and what came over it.
type connection struct {
	conn    net.Conn
	number  int
	version packet.Version
	lines   []string
	ids     map[uint16]int // the client's packet identifiers, in the order of their first use
}

// rulesOf reads the comments of a script.
func rulesOf(script string) (map[string][]string, error) {
	rules := map[string][]string{}
	for line := range strings.Lines(script) {
		rule, is := strings.CutPrefix(strings.TrimSpace(line), "// on ")
		if !is {
			continue
		}
		when, steps, ok := strings.Cut(rule, ":")
		if !ok {
			return nil, fmt.Errorf("%q has no colon", line)
		}
		for step := range strings.SplitSeq(steps, ";") {
			rules[when] = append(rules[when], strings.TrimSpace(step))
		}
	}
	return rules, nil
}

func startScripted(t testing.TB, rules map[string][]string) *scripted {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &scripted{t: t, listener: l, rules: rules, counts: map[string]int{}}
	s.done.Go(s.accept)
	t.Cleanup(func() { s.end() })
	return s
}

// end closes the listener, waits for the connections to end, and returns what came over them.
func (s *scripted) end() string {
	_ = s.listener.Close() // ends accept
	s.done.Wait()
	var out strings.Builder
	for _, c := range s.conns {
		for _, line := range c.lines {
			fmt.Fprintf(&out, "server %d: %s\n", c.number, line)
		}
	}
	return out.String()
}

func (s *scripted) accept() {
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			return
		}
		c := &connection{conn: conn, number: len(s.conns) + 1, version: packet.V311, ids: map[uint16]int{}}
		s.conns = append(s.conns, c)
		s.done.Go(func() { s.serve(c) })
	}
}

// serve ends when the client has closed, or the process that it belonged to has ended.
func (s *scripted) serve(c *connection) {
	defer c.conn.Close()
	peer := mqtttest.NewConn(s.t, c.conn)
	if !s.play(c, "open", nil) {
		return
	}
	for {
		p, err := peer.TryPacket()
		if err != nil {
			return
		}
		c.lines = append(c.lines, c.describe(p))
		if !s.play(c, packet.Type(p[0]>>4).String(), p) {
			return
		}
	}
}

// play takes the steps of an event, and reports whether the connection goes on.
func (s *scripted) play(c *connection, event string, p []byte) bool {
	s.mu.Lock()
	s.counts[event]++
	steps, ok := s.rules[event+" "+strconv.Itoa(s.counts[event])]
	if !ok {
		steps, ok = s.rules[event]
	}
	s.mu.Unlock()
	if !ok {
		steps = []string{"default"}
	}
	for _, step := range steps {
		if !s.step(c, step, p) {
			return false
		}
	}
	return true
}

func (s *scripted) step(c *connection, step string, p []byte) bool {
	switch step {
	case "nothing":
		return true
	case "close":
		return false
	case "reset":
		_ = c.conn.(*net.TCPConn).SetLinger(0) // Close then resets
		return false
	case "default":
		_, _ = c.conn.Write(c.answer(p)) // the client may be gone; reading tells
		return true
	}
	b, err := bytesOf(step, p)
	if err != nil {
		s.t.Errorf("step %q: %v", step, err)
		return false
	}
	_, _ = c.conn.Write(b) // the client may be gone; reading tells
	return true
}

// bytesOf reads the bytes of a step.
func bytesOf(step string, p []byte) ([]byte, error) {
	var out []byte
	for i, part := range strings.Split(step, `"`) {
		if i%2 == 1 {
			out = append(out, part...)
			continue
		}
		if strings.Contains(part, "$id") {
			part = strings.ReplaceAll(part, "$id", hex.EncodeToString(identifier(p)))
		}
		b, err := mqtttest.ParseHex(part)
		if err != nil {
			return nil, err
		}
		out = append(out, b...)
	}
	return out, nil
}

// identifier returns the two bytes of a packet's identifier.
func identifier(p []byte) []byte {
	body := bodyOf(p)
	if packet.Type(p[0]>>4) == packet.PUBLISH && len(body) > 2 {
		body = body[min(len(body), 2+int(binary.BigEndian.Uint16(body))):]
	}
	return slices.Clone(body[:min(2, len(body))])
}

func bodyOf(p []byte) []byte {
	n := 1
	for n < len(p) && p[n]&0x80 != 0 {
		n++
	}
	return p[min(n+1, len(p)):]
}

// answer is what a server of few words says to a packet.
func (c *connection) answer(p []byte) []byte {
	if len(p) == 0 {
		return nil
	}
	var tail []byte // after the identifier, of an answer to a SUBSCRIBE or UNSUBSCRIBE
	five := c.version == packet.V5
	if five {
		tail = []byte{0}
	}
	h, n, err := packet.ParseHeader(p, c.version)
	switch kind := packet.Type(p[0] >> 4); kind {
	case packet.CONNECT:
		if five {
			return []byte{0x20, 3, 0, 0, 0}
		}
		return []byte{0x20, 2, 0, 0}
	case packet.SUBSCRIBE:
		sub, wrong := packet.ParseSubscribe(h, p[n:], c.version)
		if err != nil || wrong != nil {
			return nil
		}
		for _, f := range sub.Filters {
			tail = append(tail, f.Options&3)
		}
		return reply(0x90, p, tail)
	case packet.UNSUBSCRIBE:
		unsub, wrong := packet.ParseUnsubscribe(h, p[n:], c.version)
		if err != nil || wrong != nil {
			return nil
		}
		if five {
			tail = append(tail, bytes.Repeat([]byte{0}, len(unsub.Filters))...)
		}
		return reply(0xB0, p, tail)
	case packet.PUBLISH:
		return [][]byte{nil, reply(0x40, p, nil), reply(0x50, p, nil), nil}[p[0]>>1&3]
	case packet.PUBREC:
		return reply(0x62, p, nil)
	case packet.PUBREL:
		return reply(0x70, p, nil)
	case packet.PINGREQ:
		return []byte{0xD0, 0}
	default:
		return nil
	}
}

func reply(first byte, p, tail []byte) []byte {
	return append(append([]byte{first, byte(2 + len(tail))}, identifier(p)...), tail...)
}
