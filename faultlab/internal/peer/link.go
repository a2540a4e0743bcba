package peer

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"net"
	"time"
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

	version byte
	session *session
	out     []byte
	dying   bool // what is in out is the last that is written
	gone    bool
}

// readLoop takes the client's packets until the link is gone.
func (l *link) readLoop(r *bufio.Reader) {
	defer func() {
		l.peer.mu.Lock()
		l.breakLocked(false)
		l.peer.mu.Unlock()
	}()
	for {
		p, err := readPacket(r)
		if err != nil {
			return
		}
		if !l.take(p) {
			return
		}
	}
}

// writeLoop writes what is in out.
func (l *link) writeLoop() {
	for range l.kick {
		l.peer.mu.Lock()
		out, dying := l.out, l.dying
		l.out = nil
		l.peer.mu.Unlock()
		_, err := l.conn.Write(out)
		if dying || err != nil {
			l.peer.mu.Lock()
			l.breakLocked(dying && l.peer.random.IntN(2) == 0)
			l.peer.mu.Unlock()
			return
		}
	}
}

// sendLocked sends one packet, or a part of it when this is where the link ends.
func (l *link) sendLocked(packet []byte) {
	if l.gone || l.dying {
		return
	}
	if l.rollLocked() {
		packet = packet[:l.peer.random.IntN(len(packet))]
		l.dying = true
	}
	l.out = append(l.out, packet...)
	if len(l.out) > mostUnsent {
		l.peer.violatedLocked("%s does not read", l.session.client)
		l.breakLocked(true)
		return
	}
	l.kickLocked()
}

func (l *link) kickLocked() {
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

// expire drops the link at the end of its life.
func (l *link) expire() {
	l.peer.mu.Lock()
	defer l.peer.mu.Unlock()
	if !l.gone {
		l.peer.counts.Drops++
		l.breakLocked(l.peer.random.IntN(2) == 0)
	}
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
func (l *link) take(p packet) bool {
	l.peer.mu.Lock()
	defer l.peer.mu.Unlock()
	if l.gone || l.dying {
		return !l.gone // what is read while the last bytes go out is lost
	}
	if l.rollLocked() {
		l.breakLocked(l.peer.random.IntN(2) == 0)
		return false
	}
	if err := l.handleLocked(p); err != nil {
		l.peer.violatedLocked("%v", err)
		l.breakLocked(true)
	}
	return !l.gone
}

func (l *link) handleLocked(p packet) error {
	if (l.session == nil) != (p.kind == connect) {
		return fmt.Errorf("packet type %d out of turn", p.kind)
	}
	switch p.kind {
	case connect:
		return l.connectLocked(p)
	case publish:
		m, id, err := parsePublish(p, l.version)
		if err != nil {
			return err
		}
		l.session.publishedLocked(&m, id)
		return nil
	case puback, pubrec, pubrel, pubcomp:
		return l.ackLocked(p)
	case subscribe, unsubscribe:
		return l.filtersLocked(p)
	case pingreq:
		l.sendLocked([]byte{pingresp << 4, 0})
		return nil
	case disconnect:
		l.disconnectLocked(p)
		return nil
	}
	return fmt.Errorf("packet type %d is not a client's", p.kind)
}

func (l *link) connectLocked(p packet) error {
	c, err := parseConnect(p.body)
	if err != nil {
		return fmt.Errorf("CONNECT: %w", err)
	}
	var properties []byte
	if c.client == "" {
		l.peer.assigned++
		c.client = fmt.Sprintf("assigned-%d", l.peer.assigned)
		properties = appendText([]byte{assignedClientID}, c.client)
	}
	present := l.attachLocked(c)
	flags := byte(0)
	if present {
		flags = 1
	}
	l.sendLocked(appendPacket(nil, connack<<4, appendProperties([]byte{flags, 0}, l.version, properties)))
	l.peer.counts.Links++
	if l.peer.cfg.Clocked {
		l.peer.arrivals = append(l.peer.arrivals, time.Now())
	}
	if l.peer.cfg.Connected != nil {
		l.peer.cfg.Connected(c.client, present)
	}
	l.session.resumeLocked()
	return nil
}

// attachLocked gives the link its session and reports whether there was one.
func (l *link) attachLocked(c connectPacket) (present bool) {
	old := l.peer.sessions[c.client]
	if old != nil && old.link != nil {
		old.link.breakLocked(false) // taken over [MQTT-3.1.4-3]
		old = l.peer.sessions[c.client]
	}
	if old != nil && c.clean {
		l.peer.counts.Discarded++
		delete(l.peer.sessions, c.client)
		old = nil
	}
	l.version = c.version
	l.session = l.peer.sessionLocked(c.client)
	l.session.link = l
	l.session.keep = !c.clean
	l.session.window = l.peer.cfg.Window
	if c.version == version5 {
		expiry := property(c.properties, sessionExpiry)
		l.session.keep = expiry != nil && binary.BigEndian.Uint32(expiry) > 0
		if most := property(c.properties, receiveMaximum); most != nil {
			l.session.window = min(l.session.window, int(binary.BigEndian.Uint16(most)))
		}
	}
	if old != nil {
		l.peer.counts.Resumed++
	}
	return old != nil
}

func (l *link) ackLocked(p packet) error {
	r := reader{b: p.body}
	id, code := r.uint16(), byte(0)
	if len(r.b) > 0 {
		code = r.byte()
	}
	if r.bad || id == 0 || (p.kind == pubrel) != (p.flags == 2) {
		return fmt.Errorf("%w: type %d, flags %d, % X", errMalformed, p.kind, p.flags, p.body)
	}
	if p.kind == pubrel {
		l.session.releasedLocked(id)
		return nil
	}
	l.session.acknowledgedLocked(p.kind, id, code)
	return nil
}

// filtersLocked takes SUBSCRIBE and UNSUBSCRIBE.
func (l *link) filtersLocked(p packet) error {
	r := reader{b: p.body}
	id := r.uint16()
	r.properties(l.version)
	var codes []byte
	for len(r.b) > 0 {
		filter := r.text()
		code := byte(0)
		if p.kind == subscribe {
			code = r.byte() & 3
			l.session.filters[filter] = code
		} else {
			delete(l.session.filters, filter)
		}
		codes = append(codes, code)
	}
	if r.bad || id == 0 || len(codes) == 0 {
		return fmt.Errorf("%w: type %d, % X", errMalformed, p.kind, p.body)
	}
	head := appendProperties(binary.BigEndian.AppendUint16(nil, id), l.version, nil)
	switch {
	case p.kind == subscribe:
		l.sendLocked(appendPacket(nil, suback<<4, head, codes))
	case l.version == version5:
		l.sendLocked(appendPacket(nil, unsuback<<4, head, codes))
	default:
		l.sendLocked(appendPacket(nil, unsuback<<4, head))
	}
	return nil
}

func (l *link) disconnectLocked(p packet) {
	r := reader{b: p.body}
	if l.version == version5 && len(r.b) > 1 {
		r.byte()
		if expiry := property(r.properties(l.version), sessionExpiry); expiry != nil {
			seconds := binary.BigEndian.Uint32(expiry)
			l.session.keep = seconds > 0
		}
	}
	l.breakLocked(false)
}
