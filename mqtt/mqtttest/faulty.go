package mqtttest

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Pipe returns a connection in memory: what Transport.Dial returns, once, and
// the script of the server at its other end. Nothing is buffered and no socket
// is involved, so it works in the fake time of testing/synctest too.
func Pipe(t testing.TB) (dial func(ctx context.Context, network, address string) (net.Conn, error), server *Conn) {
	client, theirs := net.Pipe()
	ends := make(chan net.Conn, 1)
	ends <- client
	t.Cleanup(func() { _ = client.Close() })
	return func(ctx context.Context, _, _ string) (net.Conn, error) {
		select {
		case c := <-ends:
			return c, nil
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		default:
			return nil, syscall.ECONNREFUSED // a second connection
		}
	}, NewConn(t, theirs)
}

// Fault is how a connection goes wrong.
type Fault int

// The faults.
const (
	NoFault Fault = iota
	Cut           // closed in an orderly way: the reader sees the end of the stream
	Break         // broken: reads and writes fail with ECONNRESET
	Stall         // nothing moves any more, until it is closed or its deadline passes
)

// Faults say how a Faulty connection behaves. The zero value behaves well.
type Faults struct {
	// MaxRead and MaxWrite are the most bytes of one Read, and of one write to
	// the connection underneath; 0: no bound. A Write still takes all it is given.
	MaxRead, MaxWrite int
	// OnRead comes true when ReadBytes bytes were read, OnWrite when WriteBytes
	// were written: the byte after them never passes.
	OnRead     Fault
	ReadBytes  int
	OnWrite    Fault
	WriteBytes int
}

// Faulty is a connection that goes wrong at a byte that the test chooses. It
// wraps the client's end: return it from Transport.Dial.
type Faulty struct {
	net.Conn
	faults Faults

	mu      sync.Mutex
	read    int
	written int
	writeBy time.Time
	moved   chan struct{} // closed when writeBy changes

	closed chan struct{}
	once   sync.Once
}

// NewFaulty wraps conn.
func NewFaulty(conn net.Conn, f Faults) *Faulty {
	return &Faulty{Conn: conn, faults: f, moved: make(chan struct{}), closed: make(chan struct{})}
}

// Read implements net.Conn.
func (f *Faulty) Read(b []byte) (int, error) {
	f.mu.Lock()
	room := bound(len(b), f.faults.MaxRead)
	if f.faults.OnRead != NoFault {
		room = min(room, f.faults.ReadBytes-f.read)
	}
	f.mu.Unlock()
	if room == 0 && len(b) > 0 {
		if f.faults.OnRead == Stall {
			return 0, f.swallow()
		}
		return 0, f.fail(f.faults.OnRead, io.EOF)
	}
	n, err := f.Conn.Read(b[:room])
	f.mu.Lock()
	f.read += n
	f.mu.Unlock()
	return n, err
}

// Write implements net.Conn.
func (f *Faulty) Write(b []byte) (total int, err error) {
	for total < len(b) && err == nil {
		f.mu.Lock()
		room := bound(len(b)-total, f.faults.MaxWrite)
		if f.faults.OnWrite != NoFault {
			room = min(room, f.faults.WriteBytes-f.written)
		}
		f.mu.Unlock()
		if room == 0 {
			return total, f.fail(f.faults.OnWrite, syscall.EPIPE)
		}
		var n int
		n, err = f.Conn.Write(b[total : total+room])
		total += n
		f.mu.Lock()
		f.written += n
		f.mu.Unlock()
	}
	return total, err
}

func bound(n, most int) int {
	if most > 0 {
		return min(n, most)
	}
	return n
}

// swallow reads and throws away until the connection is closed or its deadline
// passes.
func (f *Faulty) swallow() error {
	for b := make([]byte, 512); ; {
		if _, err := f.Conn.Read(b); err != nil && !errors.Is(err, io.EOF) {
			return err
		} else if err != nil {
			<-f.closed
			return net.ErrClosed
		}
	}
}

// fail makes the fault come true and returns what the caller sees.
func (f *Faulty) fail(fault Fault, end error) error {
	switch fault {
	case Cut:
		_ = f.Conn.Close() // that is the fault
		return end
	case Break:
		if tcp, ok := f.Conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0) // Close then resets
		}
		_ = f.Conn.Close() // that is the fault
		return syscall.ECONNRESET
	default:
		return f.hang()
	}
}

// hang waits until the connection is closed or its write deadline passes.
func (f *Faulty) hang() error {
	for {
		f.mu.Lock()
		by, moved := f.writeBy, f.moved
		f.mu.Unlock()
		var late <-chan time.Time
		if !by.IsZero() {
			late = time.After(time.Until(by))
		}
		select {
		case <-f.closed:
			return net.ErrClosed
		case <-late:
			return os.ErrDeadlineExceeded
		case <-moved:
		}
	}
}

// SetWriteDeadline implements net.Conn.
func (f *Faulty) SetWriteDeadline(t time.Time) error {
	f.mu.Lock()
	f.writeBy = t
	close(f.moved)
	f.moved = make(chan struct{})
	f.mu.Unlock()
	return f.Conn.SetWriteDeadline(t)
}

// SetDeadline implements net.Conn.
func (f *Faulty) SetDeadline(t time.Time) error {
	return errors.Join(f.SetReadDeadline(t), f.SetWriteDeadline(t))
}

// Close implements net.Conn.
func (f *Faulty) Close() error {
	f.once.Do(func() { close(f.closed) })
	return f.Conn.Close()
}
