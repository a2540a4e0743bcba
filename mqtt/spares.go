package mqtt

import "sync"

// spareBuffers holds out-buffers, as *[]byte, that clients let go after a busy time,
// for the next client that gets busy, of whichever in the process: with many clients
// that have a burst now and then, making them anew takes a fifth of the time. What
// nobody takes goes with the garbage.
var spareBuffers sync.Pool

// largestSpare is the largest capacity that is kept.
const largestSpare = 64 << 10

// enlarge returns what is in small in a larger buffer: a spare one, or one with the
// given capacity.
func enlarge(small []byte, capacity int) []byte {
	if b, ok := spareBuffers.Get().(*[]byte); ok {
		return append((*b)[:0], small...)
	}
	return append(make([]byte, 0, capacity), small...)
}

// giveAway takes a buffer that nobody uses any more.
func giveAway(b []byte) {
	if cap(b) <= largestSpare {
		spareBuffers.Put(&b)
	}
}
