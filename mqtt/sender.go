package mqtt

import (
	"sync"
	"time"

	"dunlin/mqtt/internal/link"
)

const (
	// idleBuffer is how much of an out-buffer is kept when there is nothing to write, so that an
	// idle client is small.
	idleBuffer = 256
	// smallBuffer is up to which size an out-buffer grows by and by; beyond it comes one for many
	// packets.
	smallBuffer = 2 << 10
)

// sender is the sending side: packets are appended to buf under the client's
// mutex, and the write loop takes all of it at once. Positions count the bytes
// of all connections, so that a position tells whether a packet was written. The
// client's mutex guards all of it.
type sender struct {
	mu   *lock      // the client's, to wake the write loop once it is let go
	link *link.Link // of the connection that stands

	buf     []byte
	writing []byte        // the buffer that is being written, or was
	apart   *payloads     // large payloads that are not in buf
	start   uint64        // position of buf[0]; payloads beside it do not count
	written uint64        // position up to which the network has everything
	rest    []byte        // what a goroutine that wrote in the write loop's place could not at once
	wakes   time.Time     // when the write loop looks at the latest
	idle    bool          // the write loop sleeps, and nobody writes
	here    bool          // a goroutine writes in its place
	used    bool          // since rested
	resting bool          // the write loop will look whether buffers may go
	last    bool          // nothing is appended any more: write and hang up
	waiters []*Delivery   // QoS 0 publishes somebody waits for, by position
	lost    []unwritten   // what earlier connections did not send, oldest first
	unsent  uint64        // how many bytes that was, in all
	room    chan struct{} // closed when there is room again; nil: nobody waits

	validTopic string // of the last message that was checked

	deliveries stock[Delivery]
	flows      stock[flow]

	dropped     uint64 // publishes given up because the queue was full
	quarantined int    // publishes given up because the server disconnects at them
}

// end returns the position behind everything appended.
func (s *sender) end() uint64 { return s.start + uint64(len(s.buf)) }

// waiting reports whether bytes were appended and are not written.
func (s *sender) waiting() bool { return s.written < s.end() }

// take hands over what was appended and begins a new buffer.
func (s *sender) take() link.Batch {
	s.start, s.used = s.end(), true
	s.buf, s.writing = s.writing[:0], s.buf
	return link.Batch{Bytes: s.writing, Parts: s.apart.take()}
}

// answered notes that the server has answered the packet that ends at position:
// it was written, though the write loop may not have said so yet. While payloads are
// written from where they are only the write loop's word counts: a server could
// answer what it has not read, and they would be given back too early.
func (s *sender) answered(position uint64) {
	if !s.apart.reading() {
		s.written = max(s.written, min(position, s.start))
	}
}

// idleTime is how long nothing may be written before the buffers of a busy time are
// let go: making them anew for each burst costs more than all else in a publish.
const idleTime = time.Second

// settle notes that the write loop sleeps. It lets go of what an idle client does not
// need once nothing was written for a while, and returns when to look for that.
func (s *sender) settle() time.Duration {
	s.idle = true
	if s.resting = s.large() && s.used; s.resting {
		s.used = false
		return idleTime
	}
	s.buf, s.writing = kept(s.buf), kept(s.writing)
	if cap(s.waiters) > idleItems && len(s.waiters) == 0 {
		s.waiters = nil
	}
	s.deliveries, s.flows, s.validTopic = nil, nil, ""
	s.apart.abandon() // there is nothing
	return 24 * time.Hour
}

// large reports whether there is more than an idle client needs.
func (s *sender) large() bool {
	return len(s.deliveries)+len(s.flows)+len(s.validTopic) > 0 || cap(s.buf) > idleBuffer || cap(s.writing) > idleBuffer ||
		cap(s.waiters) > idleItems || s.apart.large()
}

// prepare sees to a buffer for many packets when it comes to that.
func (s *sender) prepare() {
	if len(s.buf) > smallBuffer/2 && cap(s.buf) <= smallBuffer {
		s.buf = enlarge(s.buf, 2*smallBuffer)
	}
}

// makeRoom wakes everybody who waits for room.
func (s *sender) makeRoom() {
	if s.room != nil {
		close(s.room)
		s.room = nil
	}
}

// await registers d to be completed once its position is written. Most come in
// order; a late one is put in its place.
func (s *sender) await(d *Delivery) {
	i := len(s.waiters)
	s.waiters = append(s.waiters, d)
	for i > 0 && s.waiters[i-1].end > d.end {
		s.waiters[i] = s.waiters[i-1]
		i--
	}
	s.waiters[i] = d
}

// kick wakes the write loop if it sleeps.
func (s *sender) kick() {
	if s.idle {
		s.idle = false
		s.mu.kick = s.link
	}
	if s.last {
		s.mu.releaseKick()
	}
}

// holdKick lets the write loop sleep for now: who calls it is to write what is appended, or to
// have the kick released.
func (s *sender) holdKick() {
	if s.idle {
		s.idle = false
		s.mu.held = s.link
	}
	s.mu.holdKick(s.link)
}

// unwritten is what a connection that ended had not written, as positions in the
// stream of all connections. From start on the write loop had not even taken it.
type unwritten struct{ written, start, end uint64 }

// maxUnwritten bounds how many of them are told apart.
const maxUnwritten = 64

// outcome tells what became of the packet that ends at position.
func (u *unwritten) outcome(position uint64) error {
	if position > u.start {
		return ErrNotSent
	}
	return ErrInDoubt
}

// lossOf returns the loss of an earlier connection that position is in, or nil.
func (s *sender) lossOf(position uint64) *unwritten {
	for i := range s.lost {
		if u := &s.lost[i]; position > u.written && position <= u.end {
			return u
		}
	}
	return nil
}

// abandon begins the out-buffer of another connection: what was not written never
// will be.
func (s *sender) abandon() {
	if end := s.end(); end > s.written {
		s.unsent += end - s.written
		if len(s.lost) == maxUnwritten { // the oldest two become one
			s.lost[1].written = s.lost[0].written
			s.lost = append(s.lost[:0], s.lost[1:]...)
		}
		s.lost = append(s.lost, unwritten{s.written, s.start, end})
		s.start, s.written = end, end
	}
	s.buf, s.writing, s.waiters = nil, nil, nil
	s.apart.abandon()
	s.idle, s.here, s.last, s.rest, s.validTopic = false, false, false, nil, ""
	s.mu.held = nil
}

// usedBuffers holds out-buffers, as *[]byte, that clients let go after a busy time,
// for the next client that gets busy, of whichever in the process: with many clients
// that have a burst now and then, making them anew takes a fifth of the time. What
// nobody takes goes with the garbage.
var usedBuffers sync.Pool

// largestUsed is the largest capacity that is kept.
const largestUsed = 64 << 10

// enlarge returns what is in small in a larger buffer: a used one, or one with the
// given capacity.
func enlarge(small []byte, capacity int) []byte {
	if b, ok := usedBuffers.Get().(*[]byte); ok {
		return append((*b)[:0], small...)
	}
	return append(make([]byte, 0, capacity), small...)
}

// kept returns b if an idle client keeps it, and gives it away, or leaves it to the garbage, if not.
func kept(b []byte) []byte {
	switch {
	case cap(b) > smallBuffer:
		giveAway(b)
		return nil
	case cap(b) > idleBuffer:
		return nil
	default:
		return b
	}
}

// giveAway takes a buffer that nobody uses any more.
func giveAway(b []byte) {
	if cap(b) <= largestUsed {
		usedBuffers.Put(&b)
	}
}
