package peer

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"time"

	"dunlin/mqtt/mqtttest/packet"
)

// mostUnsent is how many bytes may wait for a client that does not read. QoS 0
// knows no window.
const mostUnsent = 64 << 20

// link is one connection of a client. Peer.mu guards what is below it.
type link struct {
	peer *Peer
	conn net.Conn
	kick chan struct{} // something to write, or to end
	life *time.Timer
	plan *Plan // nil: it ends nowhere by plan

	version  packet.Version // before CONNECT: 0
	session  *session
	out      []byte
	sent     int  // bytes that were put into out so far
	split    int  // what is in front of this byte is written alone; 0: no matter
	mute     bool // nothing more is put into out, nor taken of the client
	swallows bool // the same, but what the client says is taken
	dying    bool // the link ends when out is written
	harsh    bool // and is reset then
	gone     bool
}

// readLoop takes the client's packets until the link is gone.
func (l *link) readLoop() {
	defer func() {
		l.peer.mu.Lock()
		l.breakLocked(false)
		l.peer.mu.Unlock()
	}()
	bytes := &counter{link: l, left: -1}
	if l.plan != nil && !l.plan.Sent {
		bytes.left = l.plan.At
	}
	r := bufio.NewReader(bytes)
	for {
		v := l.version // which this goroutine alone changes
		if v == 0 {
			v = packet.V5
		}
		p, err := readPacket(r, v)
		if err != nil {
			l.unreadable(err)
			return
		}
		if !l.take(p) {
			return
		}
	}
}

// unreadable counts a breach of the protocol if err is one.
func (l *link) unreadable(err error) {
	if _, ok := errors.AsType[*packet.Error](err); !ok && !errors.Is(err, errTooLong) {
		return
	}
	l.peer.mu.Lock()
	defer l.peer.mu.Unlock()
	if !l.gone && !l.mute {
		l.peer.violatedLocked("%v", err)
	}
}

// writeLoop writes what is in out.
func (l *link) writeLoop() {
	for written := 0; ; {
		if _, ok := <-l.kick; !ok {
			return
		}
		l.peer.mu.Lock()
		out, dying, first := l.out, l.dying, l.split-written
		l.out = nil
		l.peer.mu.Unlock()
		written += len(out)
		err := l.write(out, first)
		if dying || err != nil {
			l.peer.mu.Lock()
			l.breakLocked(dying && l.harsh)
			l.peer.mu.Unlock()
			return
		}
	}
}

// write writes b, and the first bytes of it alone if there is to be a split.
func (l *link) write(b []byte, first int) error {
	if 0 < first && first < len(b) {
		if _, err := l.conn.Write(b[:first]); err != nil {
			return err
		}
		b = b[first:]
	}
	_, err := l.conn.Write(b)
	return err
}

// sendLocked sends one packet, or a part of it when this is where the link ends.
func (l *link) sendLocked(b []byte) {
	if l.gone || l.mute || l.swallows {
		return
	}
	if l.rollLocked() {
		b = b[:l.peer.random.IntN(len(b))]
		l.dying, l.mute, l.harsh = true, true, l.peer.random.IntN(2) == 0
	}
	l.out = append(l.out, b...)
	if len(l.out) > mostUnsent {
		l.peer.violatedLocked("%s does not read", l.session.client)
		l.breakLocked(true)
		return
	}
	l.plannedLocked(len(b))
	l.kickLocked()
}

func (l *link) kickLocked() {
	if l.gone {
		return
	}
	select {
	case l.kick <- struct{}{}:
	default: // it is awake
	}
}

// rollLocked decides whether the link is dropped here.
func (l *link) rollLocked() bool {
	if l.peer.cfg.Drop == 0 || l.peer.random.Float64() >= l.peer.cfg.Drop {
		return false
	}
	l.peer.counts.Drops++
	return true
}

// expire ends the link at the end of its life.
func (l *link) expire() {
	l.peer.mu.Lock()
	defer l.peer.mu.Unlock()
	ways := l.peer.cfg.Ways
	l.endLocked(ways[l.peer.random.IntN(len(ways))], l.peer.random.IntN(1000))
}

// breakLocked ends the link, with a reset or in an orderly way.
func (l *link) breakLocked(reset bool) {
	if l.gone {
		return
	}
	l.gone = true
	if tcp, ok := l.conn.(*net.TCPConn); ok && reset {
		_ = tcp.SetLinger(0) // Close then resets
	}
	_ = l.conn.Close() // that is the fault
	close(l.kick)
	if l.life != nil {
		l.life.Stop()
	}
	delete(l.peer.links, l)
	if s := l.session; s != nil && s.link == l {
		s.link = nil
		if !s.keep {
			delete(l.peer.sessions, s.client)
		}
	}
}

// take takes one packet and reports whether the link goes on.
func (l *link) take(p received) bool {
	l.peer.mu.Lock()
	defer l.peer.mu.Unlock()
	if l.gone || l.mute {
		return !l.gone // what is read while the last bytes go out is lost
	}
	if l.rollLocked() {
		l.breakLocked(l.peer.random.IntN(2) == 0)
		return false
	}
	if p.Type != packet.PINGREQ {
		l.peer.counts.Taken++
	}
	if err := l.handleLocked(p); err != nil {
		l.peer.violatedLocked("%v", err)
		l.breakLocked(true)
	}
	return !l.gone
}

func (l *link) handleLocked(p received) error {
	if (l.session == nil) != (p.Type == packet.CONNECT) {
		return fmt.Errorf("%s out of turn", p.Type)
	}
	switch p.Type {
	case packet.CONNECT:
		return l.connectLocked(p)
	case packet.PUBLISH:
		m, err := packet.ParsePublish(p.Header, p.body, l.version)
		if err != nil {
			return err
		}
		if m.Topic == "" {
			return errors.New("PUBLISH with a Topic Alias, of which the peer allows none")
		}
		l.session.publishedLocked(&m)
	case packet.PUBACK, packet.PUBREC, packet.PUBREL, packet.PUBCOMP:
		a, err := packet.ParseAck(p.Header, p.body, l.version)
		if err != nil {
			return err
		}
		l.session.ackLocked(&a)
	case packet.SUBSCRIBE:
		return l.subscribeLocked(p)
	case packet.UNSUBSCRIBE:
		return l.unsubscribeLocked(p)
	case packet.PINGREQ:
		l.sendLocked(packet.AppendPingResp(nil))
	case packet.DISCONNECT:
		return l.disconnectLocked(p)
	default:
		return fmt.Errorf("%s is not a client's", p.Type)
	}
	return nil
}

func (l *link) connectLocked(p received) error {
	c, err := packet.ParseConnect(p.Header, p.body)
	if err != nil {
		return err
	}
	if l.refusedLocked(c.Version) {
		return nil
	}
	var properties packet.Properties
	if c.ClientID == "" {
		l.peer.assigned++
		c.ClientID = fmt.Sprintf("assigned-%d", l.peer.assigned)
		properties = properties.AppendText(packet.AssignedClientIdentifier, c.ClientID)
	}
	present := l.attachLocked(&c)
	l.sendLocked(packet.AppendConnAck(nil, l.version, &packet.ConnAck{SessionPresent: present, Properties: properties}))
	l.peer.counts.Links++
	if l.peer.cfg.Clocked {
		l.peer.arrivals = append(l.peer.arrivals, time.Now())
	}
	if l.peer.cfg.Connected != nil {
		l.peer.cfg.Connected(c.ClientID, present)
	}
	l.session.resumeLocked()
	return nil
}

// attachLocked gives the link its session and reports whether there was one.
func (l *link) attachLocked(c *packet.Connect) (present bool) {
	old := l.peer.sessions[c.ClientID]
	if old != nil && old.link != nil {
		old.link.breakLocked(false) // taken over [MQTT-3.1.4-3]
		old = l.peer.sessions[c.ClientID]
	}
	if old != nil && c.CleanStart {
		l.peer.counts.Discarded++
		delete(l.peer.sessions, c.ClientID)
		old = nil
	}
	l.version = c.Version
	l.session = l.peer.sessionLocked(c.ClientID)
	l.session.link = l
	l.session.keep = !c.CleanStart
	l.session.window = l.peer.cfg.Window
	if c.Version == packet.V5 {
		expiry, _ := c.Properties.Uint(packet.SessionExpiryInterval)
		l.session.keep = expiry > 0
		if most, ok := c.Properties.Uint(packet.ReceiveMaximum); ok {
			l.session.window = min(l.session.window, int(most))
		}
	}
	if old != nil {
		l.peer.counts.Resumed++
	}
	return old != nil
}

func (l *link) subscribeLocked(p received) error {
	s, err := packet.ParseSubscribe(p.Header, p.body, l.version)
	if err != nil {
		return err
	}
	ack := packet.SubAck{PacketID: s.PacketID}
	for _, f := range s.Filters {
		qos := min(f.Options&3, l.peer.mostQoS())
		l.session.filters[f.Topic] = qos
		ack.Codes = append(ack.Codes, qos)
	}
	l.sendLocked(packet.AppendSubAck(nil, l.version, &ack))
	return nil
}

func (l *link) unsubscribeLocked(p received) error {
	u, err := packet.ParseUnsubscribe(p.Header, p.body, l.version)
	if err != nil {
		return err
	}
	for _, f := range u.Filters {
		delete(l.session.filters, f)
	}
	ack := packet.UnsubAck{PacketID: u.PacketID, Codes: make([]byte, len(u.Filters))}
	l.sendLocked(packet.AppendUnsubAck(nil, l.version, &ack))
	return nil
}

func (l *link) disconnectLocked(p received) error {
	d, err := packet.ParseDisconnect(p.Header, p.body, l.version)
	if err != nil {
		return err
	}
	if expiry, ok := d.Properties.Uint(packet.SessionExpiryInterval); ok {
		l.session.keep = expiry > 0
	}
	l.breakLocked(false)
	return nil
}
