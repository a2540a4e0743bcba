package sandbox

import (
	"bytes"
	"encoding/binary"
	"io"
	"sync"
)

// The child has no more than three descriptors, and what Go says when it breaks off, such as for lack of
// memory, goes to the third one, too. It is for the parent to tell of in its own words. So all else that the
// child writes to stderr is put in frames: a byte 0, the length in four bytes, the text.
const headLength = 5

// Framed puts each write to stderr in a frame. Any goroutine may write.
func Framed(w io.Writer) io.Writer { return &framed{w: w} }

type framed struct {
	mu sync.Mutex
	w  io.Writer
}

// Write writes one frame.
func (f *framed) Write(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	frame := make([]byte, headLength, headLength+len(p))
	binary.BigEndian.PutUint32(frame[1:], uint32(len(p)))
	if _, err := f.w.Write(append(frame, p...)); err != nil {
		return 0, err
	}
	return len(p), nil
}

// maxLastWords is how much is kept of what came in no frame.
const maxLastWords = 4096

// unframer passes on what is in frames and keeps the beginning of what is not.
type unframer struct {
	w         io.Writer
	head      []byte
	left      int // of the frame that is being read
	lastWords bytes.Buffer
}

// Write takes what came from the child.
func (u *unframer) Write(p []byte) (int, error) {
	all := len(p)
	for len(p) > 0 {
		n := 0
		switch {
		case u.left > 0:
			n = min(u.left, len(p))
			u.left -= n
			_, _ = u.w.Write(p[:n]) // where stderr is gone the script must not wait for ever
		case len(u.head) > 0 || p[0] == 0:
			n = min(headLength-len(u.head), len(p))
			u.head = append(u.head, p[:n]...)
			if len(u.head) == headLength {
				u.left = int(binary.BigEndian.Uint32(u.head[1:]))
				u.head = nil
			}
		default:
			if n = bytes.IndexByte(p, 0); n < 0 {
				n = len(p)
			}
			u.lastWords.Write(p[:min(n, maxLastWords-min(maxLastWords, u.lastWords.Len()))])
		}
		p = p[n:]
	}
	return all, nil
}
