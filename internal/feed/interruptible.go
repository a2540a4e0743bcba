package feed

import (
	"context"
	"io"
)

// Interruptible returns a reader of what r has, whose Read returns the cause of ctx when ctx ends first, which a read of a terminal
// or pipe does not.
func Interruptible(ctx context.Context, r io.Reader) io.Reader {
	return &interruptible{ctx: ctx, in: newInput(r)}
}

type interruptible struct {
	ctx context.Context // io.Reader's method has none
	in  *input
}

// Read waits for what comes.
func (s *interruptible) Read(b []byte) (int, error) {
	if len(s.in.rest) == 0 {
		s.in.rest = nil
		if err := s.in.more(s.ctx); err != nil {
			return 0, err
		}
	}
	n := copy(b, s.in.rest)
	s.in.rest = s.in.rest[n:]
	return n, nil
}
