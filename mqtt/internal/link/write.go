package link

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"time"

	"dunlin/mqtt/internal/wire"
)

// drainTime is how long reading may go on after a failed write: the
// peer may have said why it closed.
const drainTime = 250 * time.Millisecond

// pieceSize is the most that is written at once, and so within one deadline.
const pieceSize = 64 << 10

// writeLoop writes what the owner has until the link ends, then closes the
// connection, waits for the end of the input and reports the end.
func (l *Link) writeLoop(timer *time.Timer) {
	if l.writeOn(timer) {
		go l.writeLoop(timer)
		return
	}
	timer.Stop()
}

// writeOn writes until the link has ended, or until a new goroutine is to go on: after a PINGREQ alone, which tells that the client
// rests. A write needs more stack than the smallest that there is, and a stack that grew stays as large for as long as somebody waits
// on it; see ReadFresh.
func (l *Link) writeOn(timer *time.Timer) (fresh bool) {
	for {
		batch, wait, last := l.owner.Take(time.Now())
		if len(batch.Bytes) > 0 {
			if err := l.write(batch); err != nil {
				l.endAfterWrite(err)
				return false
			}
			ping := isPing(batch.Bytes)
			l.owner.Written()
			if ping {
				return true
			}
			continue
		}
		if last {
			l.hangUp()
			return false
		}
		timer.Reset(wait)
		<-l.kick
		if l.isEnding() {
			l.end()
			return false
		}
	}
}

// isPing reports whether b is a PINGREQ and nothing else.
func isPing(b []byte) bool { return len(b) == 2 && b[0] == byte(wire.PINGREQ)<<4 }

// WritesNow reports whether WriteNow can be used: on a connection that is a socket and nothing
// more, and where nobody traces the packets.
func (l *Link) WritesNow() bool { return l.now.able() && l.cfg.Trace == nil }

// WriteNow writes what goes out at once of b, without waiting, and returns how many bytes that
// were. The write loop has to write the rest, and finds out what is wrong. The owner sees to it
// that nobody else writes meanwhile.
func (l *Link) WriteNow(b []byte) int { return l.now.write(b) }

// write sends all of the batch.
func (l *Link) write(batch Batch) error {
	l.traceOutput(&batch)
	if len(batch.Parts) == 0 {
		return l.writePieces(batch.Bytes)
	}
	all := batch.buffers()
	if l.gathers {
		return l.writeAtOnce(all)
	}
	for _, b := range all {
		if err := l.writePieces(b); err != nil {
			return err
		}
	}
	return nil
}

// writePieces sends b in pieces, because TLS cannot go on after a deadline, however
// much was written.
func (l *Link) writePieces(b []byte) error {
	for len(b) > 0 {
		if err := l.setWriteDeadline(); err != nil {
			return fmt.Errorf("write: %w", err)
		}
		n, err := l.conn.Write(b[:min(len(b), pieceSize)])
		b = b[n:]
		if l.stuck(int64(n), err) {
			return fmt.Errorf("write: %w", err)
		}
	}
	return nil
}

// writeAtOnce sends all with as few system calls as it takes.
func (l *Link) writeAtOnce(all net.Buffers) error {
	for len(all) > 0 {
		if err := l.setWriteDeadline(); err != nil {
			return fmt.Errorf("write: %w", err)
		}
		if n, err := all.WriteTo(l.conn); l.stuck(n, err) {
			return fmt.Errorf("write: %w", err)
		}
	}
	return nil
}

// buffers returns all that is to be written, in its order.
func (b *Batch) buffers() net.Buffers {
	all := make(net.Buffers, 0, 2*len(b.Parts)+1)
	at := 0
	for _, p := range b.Parts {
		all = append(all, b.Bytes[at:p.At], p.Bytes)
		at = p.At
	}
	if at < len(b.Bytes) {
		all = append(all, b.Bytes[at:])
	}
	return all
}

// stuck reports whether the write of n bytes that returned err is the last one. A
// deadline passes only when no byte went out for as long as the owner says, so a
// slow peer is not a dead one.
func (l *Link) stuck(n int64, err error) bool {
	return err != nil && (n == 0 || !errors.Is(err, os.ErrDeadlineExceeded) || l.hurried())
}

// setWriteDeadline sets when a write that makes no progress is given up.
func (l *Link) setWriteDeadline() error {
	stall := l.cfg.WriteStalls()
	l.pace.Lock()
	defer l.pace.Unlock()
	switch {
	case !l.latest.IsZero():
		return l.conn.SetWriteDeadline(l.latest)
	case stall > 0:
		return l.conn.SetWriteDeadline(time.Now().Add(stall))
	default:
		return l.conn.SetWriteDeadline(time.Time{})
	}
}

func (l *Link) hurried() bool {
	l.pace.Lock()
	defer l.pace.Unlock()
	return !l.latest.IsZero()
}

// endAfterWrite ends the link after a failed write, but lets who reads
// take what the peer may have sent before.
func (l *Link) endAfterWrite(err error) {
	l.fail(err)
	stalled := errors.Is(err, os.ErrDeadlineExceeded)
	if !stalled && l.conn.SetReadDeadline(time.Now().Add(drainTime)) == nil {
		l.owner.KeepReading()
		l.reading.Wait()
		if telling(l.input) {
			l.cause = l.input
		}
	}
	l.end()
}

// telling reports whether the end of the input says why a write failed: the peer
// had closed, or refused us in TLS, which 1.3 tells only after the handshake.
func telling(input error) bool {
	var op *net.OpError
	return errors.Is(input, ErrClean) || errors.Is(input, ErrTruncated) || errors.As(input, &op) && op.Op == "remote error"
}

// hangUp ends the link after our last packet: the peer is told that no more
// follows, and gets a moment to close its side.
func (l *Link) hangUp() {
	if half, ok := l.conn.(interface{ CloseWrite() error }); ok && half.CloseWrite() == nil {
		timer := time.NewTimer(l.cfg.Linger)
		defer timer.Stop()
		l.owner.KeepReading()
		select {
		case <-l.ended: // by the end of the input, too
		case <-timer.C:
		}
	}
	l.fail(ErrClean)
	l.end()
}

func (l *Link) end() {
	_ = l.conn.Close() // the link is over, whatever it says
	l.cut.Wait()
	l.owner.KeepReading()
	l.reading.Wait()
	l.owner.Ended(l.cause)
}

func byteCount(n int) string { return strconv.Itoa(n) + " bytes" }
