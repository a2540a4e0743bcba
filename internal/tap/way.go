package tap

import (
	"errors"
	"io"
	"net"
	"sync"
	"time"

	"dunlin/internal/packets"
)

const (
	// readBytes is how much is read at once.
	readBytes = 32 << 10
	// keptBytes is how much of a packet goes to the log, which keeps no more of it.
	keptBytes = 16 << 10
	// keptFree is from how many bytes on a packet needs room that all connections share.
	keptFree = 64 << 10
	// mostMessage bounds the messages that OnMessage gets, and mostHeld what is kept of all that are under way at once: whoever
	// reaches the proxy could fill the memory with beginnings otherwise.
	mostMessage = 16 << 20
	mostHeld    = 64 << 20
)

// way is one direction of a device's connection: what one side sends, read, shown, and passed on to the other one.
type way struct {
	device   *device
	sent     bool // by the device
	from, to net.Conn
	queue    *queue

	mu       sync.Mutex // guards what follows, between reading and flush
	framer   packets.Framer
	dropping bool // the packet that is under way
	flushed  bool
	aliases  map[uint16]string
}

func newWay(d *device, sent bool, from, to net.Conn) *way {
	w := &way{device: d, sent: sent, from: from, to: to, queue: newQueue(), aliases: map[uint16]string{}}
	w.framer.Most, w.framer.Free, w.framer.Room = keptBytes, keptFree, &d.tap.held
	if d.tap.cfg.OnMessage != nil {
		w.framer.Most = mostMessage
	}
	return w
}

// side is who sends in this direction.
func (w *way) side() packets.Side {
	if w.sent {
		return packets.Client
	}
	return packets.Server
}

// otherSide is who receives.
func (w *way) otherSide() packets.Side {
	if w.sent {
		return packets.Server
	}
	return packets.Client
}

// readLoop reads until the side that sends has ended.
func (w *way) readLoop() {
	buf := make([]byte, readBytes)
	for {
		n, err := w.from.Read(buf)
		if n > 0 && !w.pass(buf[:n]) {
			return
		}
		if err == nil {
			continue
		}
		w.flush()
		w.device.note(w.side(), err)
		if errors.Is(err, io.EOF) {
			err = nil
		}
		w.queue.end(err)
		return
	}
}

// pass shows bytes and puts those that are to go on into the queue.
func (w *way) pass(b []byte) bool {
	now := time.Now()
	faults, _ := w.device.tap.faultsOf(w.device.id)
	out := make([]byte, 0, len(b))
	w.mu.Lock()
	for len(b) > 0 {
		n, begins, ends := w.framer.Next(b)
		if begins {
			w.dropping = drops(&faults, w.sent, b[0])
		}
		if !w.dropping {
			out = append(out, b[:n]...)
		}
		if ends || w.framer.Lost && w.framer.Seen > 0 {
			w.show(now, false)
		}
		b = b[n:]
	}
	w.mu.Unlock()
	if len(out) == 0 {
		return true
	}
	return w.queue.put(chunk{out, now.Add(lateness(&faults, w.sent))}, w.device.done)
}

// flush shows a packet that did not come whole before the end.
func (w *way) flush() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.flushed && w.framer.Seen > 0 {
		w.show(time.Now(), true)
	}
	w.flushed = true
}

// release gives back what is kept of a packet that will not end.
func (w *way) release() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.framer.Reset()
}

// show gives the packet that is under way to the log, and to OnMessage.
func (w *way) show(at time.Time, broken bool) {
	f := &w.framer
	p := packets.Packet{
		Sent: w.sent, Bytes: f.Head, Size: max(f.Size, f.Seen), Broken: broken, Foreign: f.Lost, Dropped: w.dropping,
	}
	w.device.add(at, p)
	if packets.IsForeign(p.Bytes) {
		f.Lost = true
	}
	if !broken && !f.Lost {
		w.follow(at, p)
	}
	if f.Lost {
		w.dropping = false
	}
	f.Reset()
}

// follow takes from packets what the proxy itself wants to know.
func (w *way) follow(at time.Time, p packets.Packet) {
	switch packets.TypeName(p.Bytes[0]) {
	case "CONNECT":
		if id, version, ok := packets.ClientID(p); ok && w.sent {
			w.device.named(id, version)
		}
	case "PUBLISH":
		if w.device.tap.cfg.OnMessage != nil && len(p.Bytes) == p.Size && !w.dropping {
			w.message(at, p)
		}
	}
}

// message gives a message to OnMessage.
func (w *way) message(at time.Time, p packets.Packet) {
	p.Version = w.device.speaks()
	m, alias, ok := packets.Message(p)
	if !ok {
		return
	}
	switch {
	case alias == 0:
	case m.Topic != "":
		w.aliases[alias] = m.Topic
	default:
		m.Topic = w.aliases[alias]
	}
	if m.Topic != "" {
		w.device.tap.cfg.OnMessage(w.device.id, w.sent, m, at)
	}
}

// writeLoop passes on what was read, when its time has come.
func (w *way) writeLoop() {
	d := w.device
	for {
		c, ok, err := w.queue.next(d.done)
		switch {
		case !ok && err != nil:
			d.shut(true)
			return
		case !ok:
			closeWrite(w.to)
			return
		case !w.await(c.due):
			return
		}
		if _, err := w.to.Write(c.bytes); err != nil {
			d.note(w.otherSide(), err)
			d.shut(true)
			return
		}
		w.queue.passed(c)
	}
}

// await waits until bytes may go on, and returns false when the connection ends before.
func (w *way) await(due time.Time) bool {
	d := w.device
	for {
		faults, changed := d.tap.faultsOf(d.id)
		wait := time.Until(due)
		stalled := faults.Stall && applies(&faults, w.sent)
		if !stalled && wait <= 0 {
			return true
		}
		var timer <-chan time.Time
		if !stalled {
			timer = time.After(wait)
		}
		select {
		case <-timer:
		case <-changed:
		case <-d.done:
			return false
		}
	}
}

// closeWrite passes on that a side sends nothing more. What cannot close one direction alone is closed.
func closeWrite(conn net.Conn) {
	if half, ok := conn.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite() // it has ended already where that fails
		return
	}
	conn.Close()
}
