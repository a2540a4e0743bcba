package server

import (
	"bytes"
	"fmt"
	"net"
	"strconv"
	"strings"

	"dunlin/bench/frame"
	"dunlin/mqtt/mqtttest/packet"
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
	version    packet.Version
	echo       string // the client listens to its own messages to that topic
	flood      *flood
	held       []uint16 // acknowledgements of lag, oldest first
	next       *flood   // begins when the client is through with flood
	pending    Counts   // not yet told to the server
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
		size, body := frame.Cut(b)
		if size == 0 || size > len(b) {
			if size > len(p.in) {
				p.grow(size)
			}
			return nil
		}
		if err := p.handle(b[:size], b[body:size]); err != nil {
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

// handle takes one packet; b is its body.
func (p *peer) handle(whole, b []byte) error {
	switch t := packet.Type(whole[0] >> 4); t {
	case packet.PUBLISH:
		p.publish(whole[0]>>1&3, b)
	case packet.PUBREL:
		p.pending.Published[2]++
		p.out = frame.AppendAck(p.out, packet.PUBCOMP, frame.ID(b))
	case packet.PUBACK, packet.PUBREC, packet.PUBCOMP:
		return p.acknowledged(t, frame.ID(b))
	case packet.PINGREQ:
		p.out = packet.AppendPingResp(p.out)
	case packet.DISCONNECT:
		return net.ErrClosed
	default:
		return p.rare(whole)
	}
	return nil
}

// rare takes what comes once in a while.
func (p *peer) rare(whole []byte) error {
	h, n, err := packet.ParseHeader(whole, packet.V5)
	if err != nil {
		return err
	}
	switch h.Type {
	case packet.CONNECT:
		c, err := packet.ParseConnect(h, whole[n:])
		if err != nil {
			return err
		}
		p.version = c.Version
		p.out = packet.AppendConnAck(p.out, p.version, &packet.ConnAck{})
	case packet.SUBSCRIBE:
		s, err := packet.ParseSubscribe(h, whole[n:], p.version)
		if err != nil {
			return err
		}
		return p.subscribe(&s)
	case packet.UNSUBSCRIBE:
		u, err := packet.ParseUnsubscribe(h, whole[n:], p.version)
		if err != nil {
			return err
		}
		p.out = packet.AppendUnsubAck(p.out, p.version, &packet.UnsubAck{PacketID: u.PacketID, Codes: make([]byte, len(u.Filters))})
	default:
		return fmt.Errorf("a client sent %s", h.Type)
	}
	return nil
}

func (p *peer) publish(qos byte, b []byte) {
	topic, id, b := frame.Publish(qos, b)
	if qos > 0 {
		p.answer(qos, topic, id)
	}
	if qos < 2 && string(topic) != "fence" {
		p.pending.Published[qos]++
	}
	if len(topic) > 0 && string(topic) == p.echo {
		if p.version == packet.V5 {
			b = b[1+int(b[0]):]
		}
		p.out = packet.AppendPublish(p.out, p.version, &packet.Publish{Topic: p.echo, Payload: b})
		p.pending.Sent[0]++
	}
}

// answer acknowledges a message, now or when enough of them wait.
func (p *peer) answer(qos byte, topic []byte, id uint16) {
	if qos == 2 {
		p.out = frame.AppendAck(p.out, packet.PUBREC, id)
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
	p.out = frame.AppendAck(p.out, packet.PUBACK, id)
}

// burst is how many acknowledgements of lag are sent together: one at a time would
// make client and server take turns over single messages.
const burst = 50

// release lets go of acknowledgements until so many are left.
func (p *peer) release(left int) {
	n := max(len(p.held)-left, 0)
	for _, id := range p.held[:n] {
		p.out = frame.AppendAck(p.out, packet.PUBACK, id)
	}
	p.held = p.held[n:]
}

// subscribe grants what is asked for and begins the last flood of it.
func (p *peer) subscribe(s *packet.Subscribe) error {
	ack, flood := packet.SubAck{PacketID: s.PacketID}, ""
	for _, f := range s.Filters {
		ack.Codes = append(ack.Codes, f.Options&3)
		if f.Topic == "echo" || f.Topic == "fence" {
			p.echo = strings.Clone(f.Topic)
		}
		if strings.HasPrefix(f.Topic, "flood/") {
			flood = strings.Clone(f.Topic)
		}
	}
	p.out = packet.AppendSubAck(p.out, p.version, &ack)
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
