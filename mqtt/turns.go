package mqtt

import (
	"context"
	"time"
)

// A process that stands still takes connections, for its kernel does, and leaves a CONNECT without an answer. Nothing tells
// it from one that is slow, and a second CONNECT beside the first would have two servers of a cluster take the
// session from each other. So where there are other servers one has a short time at first, and its connection is
// closed before the next has its turn. That next one has more time, so that servers of which each is slow are
// reached, and not asked again and again.

// turns says how long each of several servers has to accept a client. The client's mutex guards it.
type turns struct {
	fastest time.Duration // attempt that was accepted; 0: none was
	late    int           // attempts in a row that had no answer in time
	strays  int           // CONNECTs that were left without an answer, and that a server may still read
}

const (
	turnGrowth = 4 // how many times as long as a turn without an answer the next one is
	mostStrays = 3 // that are remembered: for a real rival the client gives way so many times later
	noTimeout  = 24 * time.Hour
)

// limit returns how long the next server has: least or twice what the fastest took, and longer behind those that did not answer, at
// most the time of a whole attempt.
func (t *turns) limit(least, most time.Duration) time.Duration {
	if most < 0 {
		most = noTimeout
	}
	d := max(least, 2*t.fastest)
	for range t.late {
		if d >= most {
			break
		}
		d *= turnGrowth
	}
	return min(d, most)
}

// accepted notes an attempt that took so long.
func (t *turns) accepted(took time.Duration) {
	t.late = 0
	if t.fastest == 0 || took < t.fastest {
		t.fastest = took
	}
}

// isStray reports whether the server that says that another client has taken the session over may mean this one: a server that
// stood still reads a CONNECT when it goes on, however long its connection has been closed.
func (t *turns) isStray() bool {
	if t.strays == 0 {
		return false
	}
	t.strays--
	return true
}

// turn bounds ctx to the turn of one of several servers. The first attempt of a Dial that waits for it is not cut short,
// because no other follows.
func (c *Client) turn(ctx context.Context, several bool) (context.Context, context.CancelFunc) {
	c.mu.Lock()
	defer c.mu.Unlock()
	retry := c.supervisor.retry
	if !several || retry == nil || !retry.Background && c.life.Accepts() == 0 {
		return ctx, func() {}
	}
	d := c.supervisor.turns.limit(retry.MinTimeout, c.opened.Transport.ConnectTimeout)
	return context.WithTimeoutCause(ctx, d, timeoutError{"no connection within " + d.String()})
}

// noteFailure notes that an attempt failed with err; asked: CONNECT was sent.
func (s *supervisor) noteFailure(err error, asked bool) {
	s.servers.noteSilence(err)
	if !isSilence(err) {
		return
	}
	s.turns.late++
	if asked {
		s.turns.strays = min(s.turns.strays+1, mostStrays)
	}
}
