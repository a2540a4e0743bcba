package server

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"dunlin/bench/frame"
	"dunlin/mqtt/mqtttest/packet"
)

// ring is how many packet identifiers a flood uses: more than the window, so that
// an acknowledgement may be late by some.
const ring = 128

// maxFlood is the largest number of bytes that are prepared for a flood at QoS 0.
const maxFlood = 256 << 10

// flood is a series of messages to one client.
type flood struct {
	qos      byte
	left     int    // messages to send
	packets  []byte // prepared, back to back
	size     int    // of each
	next     int    // identifier of the next one
	inFlight int
	state    [ring + 1]packet.Type // of each identifier: 0, or the packet that is awaited
}

// begin starts the flood that topic asks for. One of QoS 1 or 2 waits until the
// one before it is acknowledged.
func (p *peer) begin(topic string) error {
	f := strings.Split(topic, "/")
	if len(f) < 4 {
		return errors.New("flood without a size or count")
	}
	qos, err1 := strconv.Atoi(f[1])
	size, err2 := strconv.Atoi(f[2])
	count, err3 := strconv.Atoi(f[3])
	if err := errors.Join(err1, err2, err3); err != nil {
		return fmt.Errorf("flood: %w", err)
	}
	m := packet.Publish{Topic: topic, Payload: make([]byte, size), QoS: byte(qos)}
	fl := &flood{qos: byte(qos), left: count, size: len(frame.Series(1, p.version, m)), next: 1}
	if qos > 0 {
		fl.packets = frame.Series(ring, p.version, m)
		p.next = fl
		return nil
	}
	fl.packets = frame.Series(max(min(count, maxFlood/fl.size), 1), p.version, m)
	if err := p.flush(); err != nil { // the SUBACK comes first
		return err
	}
	p.server.work.Go(func() { p.pour(fl) }) // so that pings are answered meanwhile
	return nil
}

// pour sends a flood of QoS 0.
func (p *peer) pour(f *flood) {
	for f.left > 0 {
		n := min(f.left, len(f.packets)/f.size)
		p.server.sent[0].Add(int64(n))
		if _, err := p.conn.Write(f.packets[:n*f.size]); err != nil {
			_ = p.conn.Close() // the reader tells
			return
		}
		f.left -= n
	}
}

// pump sends as much of a flood of QoS 1 or 2 as may be in flight.
func (p *peer) pump() error {
	if p.next != nil && (p.flood == nil || p.flood.inFlight == 0) {
		p.flood, p.next = p.next, nil
	}
	f := p.flood
	if f == nil {
		return nil
	}
	for {
		b := f.take()
		if len(b) == 0 {
			return nil
		}
		p.server.sent[f.qos].Add(int64(len(b) / f.size))
		if len(b) < direct {
			p.out = append(p.out, b...)
			continue
		}
		if err := p.flush(); err != nil {
			return err
		}
		if _, err := p.conn.Write(b); err != nil {
			return err
		}
	}
}

// take returns the next packets that lie back to back, as many as may be sent.
func (f *flood) take() []byte {
	from := f.next
	awaited := packet.PUBACK
	if f.qos == 2 {
		awaited = packet.PUBREC
	}
	for f.left > 0 && f.inFlight < Window && f.next <= ring && f.state[f.next] == 0 {
		f.state[f.next] = awaited
		f.next++
		f.left--
		f.inFlight++
	}
	b := f.packets[(from-1)*f.size : (f.next-1)*f.size]
	if f.next > ring {
		f.next = 1
	}
	return b
}

// acknowledged takes a client's PUBACK, PUBREC or PUBCOMP.
func (p *peer) acknowledged(t packet.Type, id uint16) error {
	f := p.flood
	if f == nil || id > ring || f.state[id] != t {
		return fmt.Errorf("%s for identifier %d, which does not await it", t, id)
	}
	if t == packet.PUBREC {
		f.state[id] = packet.PUBCOMP
		p.out = frame.AppendAck(p.out, packet.PUBREL, id)
		return nil
	}
	f.state[id] = 0
	f.inFlight--
	p.pending.Completed[f.qos]++
	return nil
}
