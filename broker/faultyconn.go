package broker

import (
	"errors"
	"math/rand/v2"
	"net"
	"slices"
	"sync"
	"time"
)

const (
	// maxLate is how many bytes wait for their time. Who writes more waits, as a client
	// that reads slowly would have it wait.
	maxLate = 1 << 20
	// lateLimit bounds the writing of what still waits when the connection is closed, to
	// clients that do not read.
	lateLimit = time.Second
	// publishType is the upper half of a PUBLISH packet's first byte.
	publishType = 3
)

// faultyConn is a connection of which the packets to the client go wrong.
type faultyConn struct {
	net.Conn
	faults  *faults
	coming  *rand.Rand      // chance for what the client sends; of the goroutine that reads
	going   *rand.Rand      // chance for what it is sent; writing
	hurry   <-chan struct{} // closed when there is no time left for delays
	wake    chan struct{}   // has a value when late or closed has changed
	written chan struct{}   // closed when nothing is written late any more

	writing sync.Mutex // held by who writes; before mu
	partial []byte     // the beginning of a packet; writing

	mu      sync.Mutex
	room    *sync.Cond   // late has become shorter, or err is set
	late    []latePacket // what waits for its time, in order; mu
	waiting int          // its bytes; mu
	closed  bool         // nothing is added any more; mu
	err     error        // why nothing can be written; mu
}

// latePacket is a packet that is written when it is due.
type latePacket struct {
	due   time.Time
	bytes []byte
}

// Write writes the packets that do not vanish, now or later. That they were dropped, or
// could not be written later, is not told: it is what happens on the way.
func (c *faultyConn) Write(p []byte) (int, error) {
	c.writing.Lock()
	defer c.writing.Unlock()
	if err := c.state(); err != nil {
		return 0, err
	}
	c.partial = append(c.partial, p...)
	var now []byte
	for n := packetLength(c.partial); n > 0 && n <= len(c.partial); n = packetLength(c.partial) {
		packet := c.partial[:n]
		c.partial = c.partial[n:]
		switch {
		case packet[0]>>4 == publishType && happens(c.going, c.faults.Drop):
			c.faults.dropped.Add(1)
		case c.isLate():
			if err := c.add(slices.Clone(packet)); err != nil {
				return 0, err
			}
		default:
			now = append(now, packet...)
		}
	}
	if len(c.partial) == 0 {
		c.partial = nil // its memory may be large
	}
	if len(now) > 0 {
		// Not under mu: a client that does not read must not hold up who closes.
		if _, err := c.Conn.Write(now); err != nil {
			return 0, err
		}
	}
	return len(p), nil
}

func (c *faultyConn) isLate() bool { return c.faults.Delay > 0 || c.faults.DelayMax > 0 }

// stateLocked returns why nothing can be written.
func (c *faultyConn) stateLocked() error {
	if c.err == nil && c.closed {
		return net.ErrClosed
	}
	return c.err
}

// state is stateLocked for who does not hold mu.
func (c *faultyConn) state() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.stateLocked()
}

// add has a packet written later, after those that wait.
func (c *faultyConn) add(packet []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	due := time.Now().Add(c.faults.delay(c.going))
	for c.waiting > maxLate && c.stateLocked() == nil {
		c.room.Wait()
	}
	if err := c.stateLocked(); err != nil {
		return err
	}
	c.faults.delayed.Add(1)
	c.late = append(c.late, latePacket{due: due, bytes: packet})
	c.waiting += len(packet)
	c.signal()
	return nil
}

func (c *faultyConn) signal() {
	select {
	case c.wake <- struct{}{}:
	default: // there is one already
	}
}

// writeLate writes each packet when it is due, and closes the connection when it was
// closed and nothing waits any more.
func (c *faultyConn) writeLate() {
	defer close(c.written)
	for {
		c.mu.Lock()
		switch {
		case c.err != nil:
			c.mu.Unlock()
			return
		case len(c.late) == 0 && c.closed:
			c.mu.Unlock()
			_ = c.Conn.Close()
			return
		case len(c.late) == 0:
			c.mu.Unlock()
			<-c.wake
			continue
		}
		next := c.late[0]
		c.mu.Unlock()
		if !c.await(next.due) {
			continue
		}
		_, err := c.Conn.Write(next.bytes)
		c.wrote(err)
	}
}

// await waits for a time. It is false when the connection has failed meanwhile.
func (c *faultyConn) await(due time.Time) bool {
	timer := time.NewTimer(time.Until(due))
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
			return true
		case <-c.hurry:
			return true
		case <-c.wake:
			c.mu.Lock()
			failed := c.err != nil
			c.mu.Unlock()
			if failed {
				return false
			}
		}
	}
}

// wrote notes that the first packet that waited was written, or why not.
func (c *faultyConn) wrote(err error) {
	if err != nil {
		_ = c.Conn.Close()
		c.fail(err)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.late) > 0 {
		c.waiting -= len(c.late[0].bytes)
		c.late = c.late[1:]
	}
	c.room.Broadcast()
}

// fail has nothing be written any more.
func (c *faultyConn) fail(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err == nil {
		c.err = err
	}
	c.late, c.waiting = nil, 0
	c.room.Broadcast()
	c.signal()
}

// Close has the connection end when what waits was written: a CONNACK that refuses, for
// one, is to come, however late.
func (c *faultyConn) Close() error {
	c.mu.Lock()
	first := !c.closed
	c.closed = true
	pending := c.isLate() && c.err == nil
	c.room.Broadcast()
	c.signal()
	c.mu.Unlock()
	if !pending {
		return c.Conn.Close()
	}
	if !first {
		return nil
	}
	// Who reads is to see the end now.
	last := time.Now().Add(c.faults.longest() + lateLimit)
	return errors.Join(c.Conn.SetReadDeadline(time.Now()), c.Conn.SetWriteDeadline(last))
}

// longest returns the longest delay.
func (f *Fault) longest() time.Duration { return max(f.Delay, f.DelayMax) }

// packetLength returns how long the packet is that begins there; 0: that does not show yet.
func packetLength(b []byte) int {
	length, shift := 0, 0
	for i := 1; i < len(b) && i <= 4; i++ {
		length |= int(b[i]&0x7f) << shift
		if b[i] < 0x80 {
			return 1 + i + length
		}
		shift += 7
	}
	return 0
}
