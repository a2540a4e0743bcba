package main

import (
	"fmt"
	"net"
	"sync"
	"sync/atomic"

	"dunlin/bench/frame"
	"dunlin/mqtt/mqtttest/packet"
)

// burst is how many messages the peer sends at once, as many as the programs publish at once.
const burst = 100

// peer is the server of the programs, in a process that is not counted. It answers at once and
// together what came together, and sends a burst to who subscribes to "flood", and another one for
// each message to "next", when the one before is acknowledged.
type peer struct {
	listener net.Listener
	serving  sync.WaitGroup
	fault    atomic.Pointer[error] // the last packet that the peer does not know
}

// listen begins to serve, until close.
func listen() (*peer, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &peer{listener: listener}
	p.serving.Go(p.acceptLoop)
	return p, nil
}

func (p *peer) address() string { return p.listener.Addr().String() }

func (p *peer) close() {
	_ = p.listener.Close()
	p.serving.Wait()
}

func (p *peer) acceptLoop() {
	for {
		conn, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.serving.Go(func() {
			defer conn.Close()
			c := connection{conn: conn, in: make([]byte, 0, 64<<10)}
			if fault := c.loop(); fault != nil {
				p.fault.Store(&fault)
			}
		})
	}
}

// connection is one program's, in MQTT 3.1.1.
type connection struct {
	conn net.Conn
	in   []byte
	out  []byte
	qos  byte // of what is sent
	open int  // messages sent that are not complete
	next bool // the program waits for a burst
}

// loop serves until the program ends the connection. It returns an error for a packet that it does not know.
func (c *connection) loop() error {
	for {
		n, err := c.conn.Read(c.in[len(c.in):cap(c.in)])
		if err != nil {
			return nil
		}
		c.in = c.in[:len(c.in)+n]
		if err := c.packets(); err != nil {
			return err
		}
		if c.next && c.open == 0 {
			c.flood()
		}
		if _, err := c.conn.Write(c.out); err != nil {
			return nil
		}
		c.out = c.out[:0]
	}
}

// packets takes the whole packets of the buffer.
func (c *connection) packets() error {
	b := c.in
	for {
		size, body := frame.Cut(b)
		if size == 0 || size > len(b) {
			c.in = c.in[:copy(c.in, b)]
			return nil
		}
		if err := c.handle(b[:size], b[body:size]); err != nil {
			return err
		}
		b = b[size:]
	}
}

func (c *connection) handle(whole, body []byte) error {
	switch t := packet.Type(whole[0] >> 4); t {
	case packet.PUBLISH:
		c.publish(whole, body)
	case packet.PUBREL:
		c.out = frame.AppendAck(c.out, packet.PUBCOMP, frame.ID(body))
	case packet.PUBREC:
		c.out = frame.AppendAck(c.out, packet.PUBREL, frame.ID(body))
	case packet.PUBACK, packet.PUBCOMP:
		c.open--
	case packet.CONNECT:
		c.out = packet.AppendConnAck(c.out, packet.V311, &packet.ConnAck{})
	case packet.SUBSCRIBE:
		return c.subscribe(whole)
	case packet.PINGREQ:
		c.out = packet.AppendPingResp(c.out)
	case packet.DISCONNECT: // the end of the connection follows
	default:
		return fmt.Errorf("peer: a program sent %s", t)
	}
	return nil
}

func (c *connection) publish(whole, body []byte) {
	qos := whole[0] >> 1 & 3
	topic, id, _ := frame.Publish(qos, body)
	switch {
	case qos == 1:
		c.out = frame.AppendAck(c.out, packet.PUBACK, id)
	case qos == 2:
		c.out = frame.AppendAck(c.out, packet.PUBREC, id)
	case string(topic) == "echo":
		c.out = append(c.out, whole...)
	case string(topic) == "next":
		c.next = true
	}
}

func (c *connection) subscribe(whole []byte) error {
	h, n, err := packet.ParseHeader(whole, packet.V311)
	if err != nil {
		return err
	}
	s, err := packet.ParseSubscribe(h, whole[n:], packet.V311)
	if err != nil {
		return err
	}
	c.qos = s.Filters[0].Options & 3
	c.next = s.Filters[0].Topic == "flood"
	c.out = packet.AppendSubAck(c.out, packet.V311, &packet.SubAck{PacketID: s.PacketID, Codes: []byte{c.qos}})
	return nil
}

// flood sends a burst.
func (c *connection) flood() {
	c.next = false
	if c.qos > 0 {
		c.open = burst
	}
	c.out = append(c.out, frame.Series(burst, packet.V311, packet.Publish{Topic: "flood", Payload: make([]byte, 64), QoS: c.qos})...)
}
