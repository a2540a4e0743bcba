package feed

import (
	"context"
	"io"
	"os"
	"sync/atomic"
)

// pieceSize is how much is read at once.
const pieceSize = 64 << 10

// input reads a stream, so that whoever waits for it can be called away: a read of a terminal or
// pipe cannot. While a read is under way it has a goroutine, and otherwise none.
type input struct {
	r       io.Reader
	reading bool       // a read is under way
	came    chan piece // its outcome
	buf     []byte     // for reads

	rest []byte // read and not taken yet
	err  error  // what ended the stream

	size int64        // of the stream, where it is a file; else 0
	done atomic.Int64 // bytes taken over from reads
}

// piece is the outcome of a read.
type piece struct {
	bytes []byte
	err   error
}

func newInput(r io.Reader) *input {
	in := &input{r: r, came: make(chan piece, 1)}
	if f, ok := r.(*os.File); ok {
		if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
			in.size = info.Size()
		}
	}
	return in
}

// more adds what comes next to rest. The error is what ended the stream, or the cause of ctx.
func (in *input) more(ctx context.Context) error {
	if in.err != nil {
		return in.err
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if !in.reading {
		in.reading = true
		go in.read()
	}
	select {
	case p := <-in.came:
		in.reading = false
		in.rest = append(in.rest, p.bytes...)
		in.done.Add(int64(len(p.bytes)))
		if p.err != nil {
			in.err = p.err
		}
		if len(p.bytes) > 0 {
			return nil
		}
		return in.err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// read does one read.
func (in *input) read() {
	if in.buf == nil {
		in.buf = make([]byte, pieceSize)
	}
	for range 100 { // a reader may return nothing without an error, but not for ever
		n, err := in.r.Read(in.buf)
		if n > 0 || err != nil {
			in.came <- piece{in.buf[:n], err}
			return
		}
	}
	in.came <- piece{nil, io.ErrNoProgress}
}

// portion returns how much of the stream was read; negative: not known.
func (in *input) portion() float64 {
	if in.size == 0 {
		return -1
	}
	return min(1, float64(in.done.Load())/float64(in.size))
}
