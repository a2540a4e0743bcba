package mqtt_test

import (
	"bufio"
	"context"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// opposite is the server of one client. It reads all that comes, notes the acknowledgements with
// their times, and answers as an obliging server does. What it says waits in a queue of its own:
// a client that reads slowly does not keep it from reading. Each say is one write.
type opposite struct {
	t    *testing.T
	away time.Duration // how long every connection but the first takes to come about

	mu     sync.Mutex
	before answering    // nil: nothing is said before answers
	five   atomic.Bool  // of the last CONNECT
	conns  int          // that were accepted
	conn   net.Conn     // the last one
	out    chan []byte  // what is to be said on it
	acks   []noted      // PUBACK and PUBREC, in order
	came   map[byte]int // packets by their type, over all connections
	wg     sync.WaitGroup
}

// answering returns what is said before the answer to a packet, in the same write. The answer
// is left out where mute is true.
type answering func(packet []byte) (words []byte, mute bool)

// noted is an acknowledgement that came.
type noted struct {
	id int
	at time.Time
}

// dial is a Transport.Dial, in fake time.
func (o *opposite) dial(context.Context, string, string) (net.Conn, error) {
	if o.accepted() > 0 {
		<-time.After(o.away)
	}
	ours, theirs := net.Pipe()
	o.wg.Go(func() { o.serve(theirs) })
	return ours, nil
}

// serve is the server of conn until it ends.
func (o *opposite) serve(conn net.Conn) {
	defer conn.Close()
	out, ended := make(chan []byte, 20_000), make(chan struct{})
	defer close(ended)
	o.mu.Lock()
	o.conn, o.out = conn, out
	o.mu.Unlock()
	o.wg.Go(func() {
		for {
			select {
			case b := <-out:
				if _, err := conn.Write(b); err != nil {
					return
				}
			case <-ended:
				return
			}
		}
	})
	for in := bufio.NewReader(conn); ; {
		p, err := readPacket(in)
		if err != nil {
			return
		}
		if answer := o.take(p); len(answer) > 0 {
			out <- answer
		}
		if p[0] == 0xE0 {
			return
		}
	}
}

// take notes p, and returns what is said to it.
func (o *opposite) take(p []byte) (words []byte) {
	o.note(p)
	o.mu.Lock()
	before := o.before
	o.mu.Unlock()
	if before != nil {
		first, mute := before(p)
		if words = first; mute {
			return words
		}
	}
	switch {
	case p[0] == 0x10:
		return o.accept(p[9]&2 != 0)
	case p[0] == 0x50: // the second half of QoS 2
		return append(words, 0x62, 2, p[2], p[3])
	case !o.five.Load():
		return append(words, reply(p)...)
	}
	return slices.Concat(append([][]byte{words}, answerTo(o.t, p)...)...)
}

func (o *opposite) note(p []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.came == nil {
		o.came = make(map[byte]int)
	}
	o.came[p[0]&0xF0]++
	switch p[0] {
	case 0x10:
		o.five.Store(p[8] == 5)
	case 0x40, 0x50:
		o.acks = append(o.acks, noted{int(p[2])<<8 | int(p[3]), time.Now()})
	}
}

// accept is the CONNACK; a later connection finds the session, unless it begins anew.
func (o *opposite) accept(anew bool) []byte {
	o.mu.Lock()
	defer o.mu.Unlock()
	present := byte(min(o.conns, 1))
	if anew {
		present = 0
	}
	o.conns++
	if o.five.Load() {
		return []byte{0x20, 3, present, 0, 0}
	}
	return []byte{0x20, 2, present, 0}
}

// answers has f asked before each answer from now on.
func (o *opposite) answers(f answering) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.before = f
}

// say sends b in one write, when what was said before is through.
func (o *opposite) say(b []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.out <- b
}

// cut ends the connection.
func (o *opposite) cut() {
	o.mu.Lock()
	defer o.mu.Unlock()
	_ = o.conn.Close()
}

// acknowledged returns the acknowledgements so far.
func (o *opposite) acknowledged() []noted {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.acks)
}

// count returns how many packets of a type came, such as 0xC0.
func (o *opposite) count(first byte) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.came[first]
}

// accepted returns how many connections were accepted.
func (o *opposite) accepted() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.conns
}
