package server

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"

	"dunlin/bench/packet"
)

const (
	smallBuffer = 1 << 10 // what an idle client costs
	largeBuffer = 256 << 10
	// direct is the size from which prepared packets are not copied to stand
	// behind the answers, but written on their own.
	direct = 64 << 10
)

// peer is one client. Its loop reads, answers and sends; only a flood at QoS 0 has
// a goroutine of its own.
type peer struct {
	server     *Server
	conn       net.Conn
	in         []byte
	start, end int // what is in the buffer
	out        []byte
	v5         bool
	echo       string // the client listens to its own messages to that topic
	flood      *flood
	held       []uint16 // acknowledgements of lag, oldest first
	next       *flood   // begins when the client is through with flood
	scratch    packet.Message
	pending    Counts // not yet told to the server
}

func (p *peer) loop() error {
	for {
		n, err := p.conn.Read(p.in[p.end:])
		if err != nil {
			return err
		}
		p.end += n
		if err := p.packets(); err != nil {
			return err
		}
		p.makeRoom()
		p.count()
		if err := p.pump(); err != nil {
			return err
		}
		if err := p.flush(); err != nil {
			return err
		}
	}
}

// packets handles the whole packets of the buffer.
func (p *peer) packets() error {
	for p.start < p.end {
		b := p.in[p.start:p.end]
		size, body := packet.Cut(b)
		if size == 0 || size > len(b) {
			if size > len(p.in) {
				p.grow(size)
			}
			return nil
		}
		if err := p.handle(b[0], b[body:size]); err != nil {
			return err
		}
		p.start += size
	}
	return nil
}

func (p *peer) grow(size int) {
	larger := make([]byte, max(size, 2*len(p.in)))
	p.end = copy(larger, p.in[p.start:p.end])
	p.start, p.in = 0, larger
}

func (p *peer) makeRoom() {
	full := p.end == len(p.in)
	p.end = copy(p.in, p.in[p.start:p.end])
	p.start = 0
	if full && len(p.in) < largeBuffer {
		p.grow(8 * len(p.in))
	}
}

func (p *peer) handle(first byte, b []byte) error {
	switch kind := first >> 4; kind {
	case packet.Connect:
		return p.connect(b)
	case packet.Publish:
		p.publish(first>>1&3, b)
	case packet.PubRel:
		p.pending.Published[2]++
		p.out = packet.AppendAck(p.out, packet.PubComp, id(b))
	case packet.PubAck, packet.PubRec, packet.PubComp:
		return p.acknowledged(kind, id(b))
	case packet.Subscribe:
		return p.subscribe(b)
	case packet.Unsubscribe:
		p.out = append(p.out, packet.UnsubAck<<4, 2, b[0], b[1])
		if p.v5 {
			p.out[len(p.out)-3] = 4
			p.out = append(p.out, 0, 0)
		}
	case packet.PingReq:
		p.out = append(p.out, packet.PingResp<<4, 0)
	case packet.Disconnect:
		return net.ErrClosed
	default:
		return fmt.Errorf("packet of type %d", kind)
	}
	return nil
}

func id(b []byte) uint16 { return binary.BigEndian.Uint16(b) }

func (p *peer) connect(b []byte) error {
	level := 2 + int(binary.BigEndian.Uint16(b))
	if len(b) <= level || b[level] < 4 || b[level] > 5 {
		return errors.New("CONNECT of another version")
	}
	p.v5 = b[level] == 5
	p.out = append(p.out, packet.ConnAck<<4, 2, 0, 0)
	if p.v5 {
		p.out[len(p.out)-3] = 3
		p.out = append(p.out, 0)
	}
	return nil
}

func (p *peer) publish(qos byte, b []byte) {
	n := 2 + int(binary.BigEndian.Uint16(b))
	topic, b := b[2:n], b[n:]
	if qos > 0 {
		p.answer(qos, topic, id(b))
		b = b[2:]
	}
	if qos < 2 && string(topic) != "fence" {
		p.pending.Published[qos]++
	}
	if len(topic) > 0 && string(topic) == p.echo {
		if p.v5 {
			b = b[1+int(b[0]):]
		}
		p.scratch = packet.Message{Topic: p.echo, Payload: b, V5: p.v5}
		p.out = p.scratch.Append(p.out)
		p.pending.Sent[0]++
	}
}

// answer acknowledges a message, now or when enough of them wait.
func (p *peer) answer(qos byte, topic []byte, id uint16) {
	if qos == 2 {
		p.out = packet.AppendAck(p.out, packet.PubRec, id)
		return
	}
	if lag, held := bytes.CutPrefix(topic, []byte("lag/")); held {
		n, _ := strconv.Atoi(string(lag))
		p.held = append(p.held, id)
		if len(p.held) >= n {
			p.release(n - min(max(n/2, 1), burst))
		}
		return
	}
	p.release(0)
	p.out = packet.AppendAck(p.out, packet.PubAck, id)
}

// burst is how many acknowledgements of lag are sent together: one at a time would
// make client and server take turns over single messages.
const burst = 50

// release lets go of acknowledgements until so many are left.
func (p *peer) release(left int) {
	n := max(len(p.held)-left, 0)
	for _, id := range p.held[:n] {
		p.out = packet.AppendAck(p.out, packet.PubAck, id)
	}
	p.held = p.held[n:]
}

func (p *peer) subscribe(b []byte) error {
	ack := []byte{b[0], b[1]}
	b = b[2:]
	if p.v5 {
		b = b[1+int(b[0]):]
		ack = append(ack, 0)
	}
	var flood string
	for len(b) > 2 {
		n := 2 + int(binary.BigEndian.Uint16(b))
		filter := string(b[2:n])
		ack = append(ack, b[n]&3)
		b = b[n+1:]
		if filter == "echo" || filter == "fence" {
			p.echo = filter
		}
		if strings.HasPrefix(filter, "flood/") {
			flood = filter
		}
	}
	p.out = packet.AppendHeader(p.out, packet.SubAck<<4, len(ack))
	p.out = append(p.out, ack...)
	if flood == "" {
		return nil
	}
	return p.begin(flood)
}

func (p *peer) flush() error {
	if len(p.out) == 0 {
		return nil
	}
	_, err := p.conn.Write(p.out)
	p.out = p.out[:0]
	return err
}

// count tells the server what happened since the last time: before the answers
// go out, so that a client that has its answer finds itself counted.
func (p *peer) count() {
	for i := range 3 {
		p.server.published[i].Add(p.pending.Published[i])
		p.server.sent[i].Add(p.pending.Sent[i])
		p.server.completed[i].Add(p.pending.Completed[i])
	}
	p.pending = Counts{}
}
