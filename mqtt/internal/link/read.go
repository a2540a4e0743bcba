package link

import (
	"errors"
	"os"
	"time"

	"dunlin/mqtt/internal/wire"
)

// batchPackets is how many packets are handed over before their handlers run: few enough
// that what was parsed is still in the processor's cache.
const batchPackets = 128

// readLoop reads, and hands over what came, until the input has ended or another
// goroutine goes on.
func (l *Link) readLoop(in *inbox) {
	l.owner.Reads()
	for l.turn(in) {
		if in.fresh {
			in.fresh = false
			go l.readLoop(in)
			return
		}
	}
}

// ReadFresh has a new goroutine wait for the next packet. A stack that grew as a packet was handled stays as large for as long as
// somebody waits on it, for what a read and the runtime need is more than a quarter of it; a new one is half as large. It is called
// by who is given a packet that comes when a client rests, such as PINGRESP.
func (l *Link) ReadFresh() { l.in.fresh = true }

// turn is one read and what follows from it. It reports false when this goroutine does not
// read any more.
func (l *Link) turn(in *inbox) bool {
	if in.isThrough() {
		l.fill(in)
	}
	if in.framing && !l.frames(in) {
		return false
	}
	if in.refused {
		l.unwatchIdle(in)
		l.endInterrupt() // it came when the read had ended
		l.discard()
		return false
	}
	if l.wasInterrupted(in) {
		return !l.owner.Interrupted()
	}
	if in.err != nil && !l.wentIdle(in, in.err) {
		l.endInput(endOfInput(in.err, in.start < in.end || in.left > 0))
		return false
	}
	if in.err = nil; in.came > 0 {
		in.makeRoom(in.came)
		in.came, in.awaiting = 0, true
	}
	return l.awaitRoom(in)
}

// awaitRoom waits until the owner wants more, and reports false when another goroutine reads.
func (l *Link) awaitRoom(in *inbox) (stays bool) {
	for in.awaiting {
		ahead, reads := l.owner.AwaitRoom(l.ended)
		if !reads {
			return false
		}
		if in.awaiting = ahead > 0; in.awaiting {
			l.readAhead(in, ahead)
		}
	}
	return true
}

// fill reads once.
func (l *Link) fill(in *inbox) {
	l.watchIdle(in)
	if l.interrupted.Load() {
		in.err = os.ErrDeadlineExceeded
		return
	}
	in.came, in.err = l.receive(in.room())
	in.took(in.came)
	in.untold, in.framing = in.came, in.came > 0
	if in.framing {
		l.traceInput(in)
	}
}

// endInput notes how the input ended.
func (l *Link) endInput(err error) {
	l.input = err
	l.fail(err)
	_ = l.conn.Close() // frees a write loop that is stuck in a write
	l.reading.Done()
}

// frames hands over every whole packet of the buffer, and reports false when another
// goroutine reads on.
func (l *Link) frames(in *inbox) (stays bool) {
	for in.framing {
		l.owner.BeginBatch(time.Now(), in.untold)
		in.untold = 0
		in.framing = l.someFrames(in)
		if !l.owner.EndBatch(in.framing) {
			return false
		}
	}
	return true
}

// someFrames hands over some of the packets of the buffer, and reports whether more may wait.
func (l *Link) someFrames(in *inbox) (more bool) {
	version := wire.Version(l.version.Load())
	for n := 0; n < batchPackets; n++ {
		n += l.plainFrames(in, batchPackets-n)
		if in.start == in.end || in.refused {
			return false
		}
		size, err := l.frame(in, version)
		if err != nil {
			in.refused = true
			return false
		}
		if size == 0 { // more bytes are needed
			return false
		}
		in.start += size
		in.shown = false
	}
	return in.start < in.end
}

// Resume has another goroutine go on with the reading, of which the one before is in
// EndBatch, or has left it. borrowed says that what was handed over is still in use, so that it must not be
// overwritten. The owner sees to it that nobody else reads.
func (l *Link) Resume(borrowed bool) {
	l.in.borrowed = l.in.borrowed || borrowed
	go l.readLoop(l.in)
}

// ReadHere reads on the caller's goroutine until the owner says that another one does,
// or the input has ended. The owner sees to it that nobody else reads.
func (l *Link) ReadHere() {
	for l.turn(l.in) {
	}
}

// Interruptible reports whether Interrupt has any effect. The owner sees to it that nobody reads.
func (l *Link) Interruptible() bool { return l.endures && l.ahead == nil }

// Interrupt has a read that waits end, and Owner.Interrupted called.
func (l *Link) Interrupt() {
	l.interrupting.Lock() // or its deadline might be set after the read was told, and end a later one
	defer l.interrupting.Unlock()
	l.interrupted.Store(true) // before the deadline: see fill
	l.setReadDeadline(time.Unix(1, 0))
}

// wasInterrupted reports whether the last read ended because of Interrupt.
func (l *Link) wasInterrupted(in *inbox) bool {
	if in.err == nil || !errors.Is(in.err, os.ErrDeadlineExceeded) {
		return false
	}
	if !l.endInterrupt() {
		return false
	}
	in.err, in.watched = nil, false
	return true
}

// endInterrupt lets reads wait again after Interrupt, and reports whether it was called.
func (l *Link) endInterrupt() bool {
	l.interrupting.Lock()
	defer l.interrupting.Unlock()
	if !l.interrupted.Swap(false) {
		return false
	}
	l.setReadDeadline(time.Time{})
	return true
}

// plainFrames hands over the packets at the front that are such as come most, at most so many, and
// returns how many there were. They take a short way.
func (l *Link) plainFrames(in *inbox, most int) (n int) {
	if in.left > 0 || in.straight.on() {
		return 0
	}
	b := in.buf[in.start:in.end]
	for ; n < most; n++ {
		from, to := wire.Plain(b)
		if to == 0 || to > l.cfg.MaxPacket {
			break
		}
		err := l.owner.Frame(wire.Header{Type: wire.Type(b[0] >> 4), Flags: b[0] & 0x0F, Length: to - from}, b[from:to])
		if err != nil {
			in.refused = true
			break
		}
		b = b[to:]
		in.shown = false
	}
	in.start = in.end - len(b)
	return n
}

// frame hands over what stands at the front of the buffer: a packet, or a piece
// of the payload that is streamed. It returns how many bytes that was; the owner
// knows of the error.
func (l *Link) frame(in *inbox, version wire.Version) (int, error) {
	if in.straight.on() {
		return l.goStraight(in)
	}
	b := in.buf[in.start:in.end]
	if in.left > 0 {
		n := min(len(b), in.left)
		in.left -= n
		l.owner.Stream(b[:n], in.left == 0)
		return n, nil
	}
	h, n, err := wire.ParseHeader(b, version)
	if err != nil {
		if framed, size, ok := wire.Framed(b); ok && l.owner.Endures(err) {
			h, n, err = framed, size, nil
		}
	}
	if err == nil && n > 0 && n+h.Length > l.cfg.MaxPacket {
		if h.Type == wire.PUBLISH {
			return l.large(in, h, n)
		}
		err = tooLarge(h, l.cfg.MaxPacket)
	}
	switch {
	case err != nil:
		l.head = append([]byte{}, b[:min(len(b), headSize)]...)
		l.owner.Refuse(err)
		return 0, err
	case n == 0:
		return 0, nil
	case len(b) < n+h.Length:
		l.beginStraight(in, h, n)
		return 0, nil
	}
	return n + h.Length, l.owner.Frame(h, b[n:n+h.Length])
}

// large takes a PUBLISH above the limit: it is streamed, if it can be.
func (l *Link) large(in *inbox, h wire.Header, n int) (int, error) {
	if l.cfg.StreamLarge {
		return l.beginStream(in, h, n)
	}
	return l.overlook(in, h, n, tooLarge(h, l.cfg.MaxPacket))
}

// beginStream hands over the part of a large PUBLISH in front of its payload, as
// soon as it is there. That part is subject to the limit of packets: bytes beyond
// the limit are not looked at, however many came with one read.
func (l *Link) beginStream(in *inbox, h wire.Header, n int) (int, error) {
	b := in.buf[in.start+n : in.end]
	b = b[:min(len(b), l.cfg.MaxPacket)]
	p, head, err := wire.ParsePublishHead(h, b, wire.Version(l.version.Load()))
	if err == nil && head == 0 && len(b) == l.cfg.MaxPacket {
		err = &wire.Error{
			Code: wire.PacketTooLarge, Type: h.Type,
			What: "has a topic and properties above the limit of " + byteCount(l.cfg.MaxPacket),
		}
	}
	if err != nil {
		return l.overlook(in, h, n, err)
	}
	if head == 0 {
		return 0, nil
	}
	size := h.Length - head
	if err := l.owner.BeginStream(&p, size); err != nil {
		return 0, err
	}
	return n + l.follow(in, head, size), nil
}

// overlook has the owner throw away a large PUBLISH that err keeps from being taken,
// unless it refuses the input: what has come of it, and what will.
func (l *Link) overlook(in *inbox, h wire.Header, n int, err error) (int, error) {
	b := in.buf[in.start+n : in.end]
	b = b[:min(len(b), h.Length)]
	whole, fits := wire.NamesMessage(h, b, wire.Version(l.version.Load()), l.cfg.MaxPacket)
	if fits && !whole && l.owner.Endures(err) {
		return 0, nil
	}
	if !whole || !fits {
		l.owner.Refuse(err)
		return 0, err
	}
	left := h.Length - len(b)
	if !l.owner.Overlook(h, b, left, err) {
		return 0, err
	}
	return n + l.follow(in, len(b), left), nil
}

// follow has the rest of a large PUBLISH streamed, of which size bytes are to come after
// taken ones.
func (l *Link) follow(in *inbox, taken, size int) int {
	in.left = size
	if size == 0 {
		l.owner.Stream(nil, true)
	}
	return taken
}

// discard reads on to the end, so that the last packet of ours is not lost to
// a reset, which closing with unread input would cause.
func (l *Link) discard() {
	scratch := make([]byte, 4<<10)
	for {
		if _, err := l.receive(scratch); err != nil {
			l.fail(endOfInput(err, false))
			_ = l.conn.Close() // frees a write loop that is stuck in a write
			l.reading.Done()
			return
		}
	}
}

func tooLarge(h wire.Header, limit int) error {
	return &wire.Error{
		Code: wire.PacketTooLarge, Type: h.Type,
		What: "announces " + byteCount(h.Length) + ", more than the limit of " + byteCount(limit),
	}
}
