package link

import "time"

// flushLimit is the most that is written on the goroutine of whoever appended it.
const flushLimit = 16 << 10

// takeRest returns what Flush left, for the write loop.
func (s *socket) takeRest() (b Batch) {
	if s != nil {
		b, s.rest = s.rest, b
	}
	return b
}

// Flush writes what the owner has at once, on the caller's goroutine, as far as the
// network takes it without waiting; the write loop does the rest. It is Kick where
// that cannot be: while the write loop is at work, and on connections that are more
// than a socket.
func (l *Link) Flush() {
	if l.sock == nil || !l.writing.TryLock() {
		l.Kick()
		return
	}
	defer l.writing.Unlock()
	if len(l.sock.rest.Bytes) > 0 {
		l.Kick()
		return
	}
	batch := l.owner.TakeSmall(time.Now(), flushLimit)
	taken := len(batch.Bytes)
	if len(batch.Parts) == 0 {
		batch.Bytes = batch.Bytes[l.sock.send(batch.Bytes):]
	}
	l.sock.rest = batch
	if taken == 0 || len(batch.Bytes) > 0 || !l.owner.Flushed() {
		l.Kick()
	}
}
