package link

import (
	"errors"
	"os"
	"time"

	"dunlin/mqtt/internal/wire"
)

const (
	// idleBuffer is the most that waits for what comes after a while, so that an idle link costs
	// little.
	idleBuffer = 512
	// roomyBuffer is the size up to which the read buffer grows to take more
	// packets with one read. Larger packets make it grow for their own time.
	roomyBuffer = 256 << 10
	// smallReads is the number of small reads in a row after which a grown
	// buffer goes back to its first size.
	smallReads = 32
	// heldBuffer is the largest size that is kept for the next packets; beyond
	// it a buffer goes as soon as it is empty.
	heldBuffer = 1 << 20
)

// batchPackets is how many packets are handed over before their handlers run: few enough
// that what was parsed is still in the processor's cache.
const batchPackets = 128

// inbox is the read buffer, and how far the reading is: bytes from start to end wait to be
// framed. It belongs to the goroutine that reads, and goes over with the reading.
type inbox struct {
	buf        []byte
	start, end int
	first      int   // the size that it has when something comes, and grows from
	small      int   // small reads in a row
	left       int   // bytes to come of the payload that is streamed
	shown      bool  // the packet at start, which has not come whole, was traced
	came       int   // bytes of the last read, until that is through
	untold     int   // of those, what the owner has not been told of
	framing    bool  // whole packets may wait to be handed over
	awaiting   bool  // the owner is to be asked whether it wants more
	borrowed   bool  // what was handed over is still in use
	refused    bool  // the rest of the input is thrown away
	err        error // how the last read ended

	straight straight // the payload that is read into its own memory
	probes   bool     // the next read is to bring little more than a header

	watched  bool // the read at hand ends after idleTime
	received bool // something came since then
}

// readLoop reads, and hands over what came, until the input has ended or another
// goroutine goes on.
func (l *Link) readLoop(in *inbox) {
	l.owner.Reads()
	for l.turn(in) {
	}
}

// turn is one read and what follows from it. It reports false when this goroutine does not
// read any more.
func (l *Link) turn(in *inbox) bool {
	if in.came == 0 && in.err == nil && !in.refused && !in.awaiting { // else the last read is not through
		l.fill(in)
	}
	if in.framing && !l.frames(in) {
		return false
	}
	if in.refused {
		l.unwatchIdle(in)
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
	for range batchPackets {
		if in.start == in.end {
			return false
		}
		n, err := l.frame(in, version)
		if err != nil {
			in.refused = true
			return false
		}
		if n == 0 { // more bytes are needed
			return false
		}
		in.start += n
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
	l.interrupted.Store(true) // before the deadline: see fill
	l.setReadDeadline(time.Unix(1, 0))
}

// wasInterrupted reports whether the last read ended because of Interrupt.
func (l *Link) wasInterrupted(in *inbox) bool {
	if in.err == nil || !errors.Is(in.err, os.ErrDeadlineExceeded) || !l.interrupted.Swap(false) {
		return false
	}
	in.err, in.watched = nil, false
	l.setReadDeadline(time.Time{})
	return true
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

// makeRoom prepares the buffer for the next read after one of n bytes. It
// grows with the bytes that came, never with the length that a header
// announces.
func (in *inbox) makeRoom(n int) {
	in.received = true
	if in.straight.on() {
		return
	}
	rest := in.end - in.start
	full := in.end == len(in.buf)
	if in.borrowed {
		in.borrowed = false
		in.move(make([]byte, max(in.first, min(len(in.buf), heldBuffer), 2*rest)))
		return
	}
	if rest == 0 {
		in.start, in.end = 0, 0
		in.resizeEmpty(n, full)
		return
	}
	if full && (in.start == 0 || len(in.buf) < roomyBuffer) || rest > len(in.buf)/2 {
		in.move(make([]byte, max(2*len(in.buf), in.first)))
		return
	}
	if len(in.buf) > heldBuffer && rest < heldBuffer/8 { // a large packet is through
		in.move(make([]byte, roomyBuffer+2*rest))
		return
	}
	in.move(in.buf)
}

// move brings what waits to the start of buf and goes on with that.
func (in *inbox) move(buf []byte) {
	in.end = copy(buf, in.buf[in.start:in.end])
	in.start, in.buf = 0, buf
}

// shrink makes an empty buffer as small as that of an idle link.
func (in *inbox) shrink() { in.buf = make([]byte, min(in.first, idleBuffer)) }

// isShrunk reports whether that makes no difference.
func (in *inbox) isShrunk() bool { return len(in.buf) <= min(in.first, idleBuffer) }

// resizeEmpty fits an empty buffer to the traffic.
func (in *inbox) resizeEmpty(n int, full bool) {
	in.small++
	if n >= in.first {
		in.small = 0
	}
	switch {
	case full && len(in.buf) < roomyBuffer:
		in.buf = make([]byte, max(min(2*len(in.buf), roomyBuffer), in.first))
	case len(in.buf) > heldBuffer, in.small >= smallReads && len(in.buf) > in.first:
		in.buf = make([]byte, in.first)
		in.small = 0
	}
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
