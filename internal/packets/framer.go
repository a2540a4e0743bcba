package packets

import "sync/atomic"

// Framer follows the packets in the bytes of one direction. It changes nothing, and needs no more memory than it is told.
type Framer struct {
	Most  int    // bytes of a packet that are kept
	Free  int    // bytes of a packet that are kept without asking Room
	Room  *Room  // gives the room for larger ones; nil: there is enough
	Head  []byte // of the packet that is under way, as far as it is kept
	Size  int    // of that packet; 0: not known yet
	Seen  int    // bytes of it that came
	Lost  bool   // what comes is no packet any more
	taken int    // of the room
	full  bool   // there was none for more of this packet, or bytes of it are missing
	shift int    // of the next byte of the length
	left  int    // the length, as far as it is known
}

// Next takes the beginning of b, up to the end of a packet at most, and returns how many bytes that were, and whether a packet
// began and ended with them.
func (f *Framer) Next(b []byte) (n int, begins, ends bool) {
	if f.Lost {
		return len(b), false, false
	}
	begins = f.Seen == 0
	for n < len(b) && f.Size == 0 && !f.Lost {
		f.headerByte(b[n])
		n++
	}
	if f.Lost {
		return n, begins, false
	}
	if f.Size > 0 {
		more := min(len(b)-n, f.Size-f.Seen)
		f.keep(b[n : n+more])
		f.Seen += more
		n += more
	}
	return n, begins, f.Size > 0 && f.Seen == f.Size
}

// Pass passes over n bytes that are missing, as far as the packet under way is known to reach, and returns how many of them that
// were, and whether the packet ended with them. Where a packet begins is known no more when it returns fewer than n.
func (f *Framer) Pass(n int64) (passed int64, ends bool) {
	if f.Lost || f.Size == 0 {
		return 0, false
	}
	passed = min(n, int64(f.Size-f.Seen))
	f.Seen += int(passed)
	f.full = f.full || passed > 0
	return passed, f.Seen == f.Size
}

// headerByte takes a byte of the fixed header.
func (f *Framer) headerByte(b byte) {
	f.keep([]byte{b})
	f.Seen++
	if f.Seen == 1 {
		return
	}
	f.left |= int(b&0x7F) << f.shift
	f.shift += 7
	switch {
	case b < 0x80:
		f.Size = f.Seen + f.left
	case f.Seen == 5:
		f.Lost = true // a length of more than four bytes
	}
}

// keep keeps bytes of the packet, as far as there is room for it: what stands behind a gap is of no use.
func (f *Framer) keep(b []byte) {
	b = b[:min(len(b), max(0, f.Most-len(f.Head)))]
	more := max(0, len(f.Head)+len(b)-f.Free-f.taken)
	if f.full || more > 0 && f.Room != nil && !f.Room.Take(more) {
		f.full = true
		return
	}
	f.taken += more
	f.Head = append(f.Head, b...)
}

// Reset begins the next packet.
func (f *Framer) Reset() {
	if cap(f.Head) > f.Free {
		f.Head = nil
	}
	if f.Room != nil {
		f.Room.Give(f.taken)
	}
	f.taken, f.full = 0, false
	f.Head, f.Size, f.Seen, f.shift, f.left = f.Head[:0], 0, 0, 0, 0
}

// Room is what the packets under way share.
type Room struct{ left atomic.Int64 }

// Take takes room for so many bytes, if it is there.
func (r *Room) Take(bytes int) bool {
	if r.left.Add(-int64(bytes)) < 0 {
		r.Give(bytes)
		return false
	}
	return true
}

// Give gives so many bytes, in the beginning or again.
func (r *Room) Give(bytes int) { r.left.Add(int64(bytes)) }

// Left returns how many bytes there are.
func (r *Room) Left() int { return int(r.left.Load()) }
