package link

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
	fresh      bool  // a new goroutine is to make the next read
	err        error // how the last read ended

	straight straight // the payload that is read into its own memory
	probes   bool     // the next read is to bring little more than a header

	watched  bool // the read at hand ends after idleTime
	received bool // something came since then
}

// isThrough reports whether the last read, and what follows from it, is done with: it may have been
// begun on another goroutine.
func (in *inbox) isThrough() bool {
	return in.came == 0 && in.err == nil && !in.refused && !in.awaiting
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
