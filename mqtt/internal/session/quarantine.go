package session

import (
	"time"

	"dunlin/mqtt/internal/wire"
)

// A server that cannot take a message may end the connection each time it comes,
// and so hold up everything behind it. Servers take messages in order, so the cause
// is the oldest one that it has not answered, if it answered nothing at all on that
// connection. A connection on which it acknowledged anything does not count: links
// that are short-lived would lose what they carry.
//
// After isolateAfter such ends a publish is isolated: while there is one, publishes
// go out one at a time, which shows the cause, and not before the server has
// answered a PINGREQ, so that a server that keeps no connection is told from one
// that does not take a message. After quarantineAfter ends, the last ones while it was
// alone, it is given up, but not before the patience of Loss has passed since publishes go out one
// at a time: RabbitMQ 3.10 ends the connection of each publisher at once, with good messages, for as long as a queue
// has no leader.
//
// A server that does not like a message ends the connection when it has read it. An end that comes
// lateAfter after the last packet was written, but for PINGREQ, is no answer to it: so does a server that is
// overloaded, or a cluster without a leader, give up what it could not store in time. NATS 2.15.3 does
// after five seconds, its js_api_timeout.
const (
	isolateAfter    = 3
	quarantineAfter = 6
	lateAfter       = 3 * time.Second
)

// Late reports whether a connection that has ended at now did so long after the last packet was written, but for
// PINGREQ. While the caller does not read, an end may be old when it is seen.
func (s *Session) Late(now time.Time) bool {
	return !s.alive.paused && now.UnixNano()-s.alive.lastWord() >= int64(lateAfter)
}

// places returns how many publishes may be in flight.
func (s *Session) places() int {
	if s.isolated > 0 {
		return 1
	}
	return s.window
}

// prove asks the server for a sign of life before an isolated publish is sent.
func (s *Session) prove(dst []byte, now time.Time) []byte {
	if s.isolated == 0 {
		return dst
	}
	dst, s.proving = s.AskAlive(dst, now)
	return dst
}

// AskAlive appends a PINGREQ, and reports whether it did: without keep alive nobody would
// miss the answer.
func (s *Session) AskAlive(dst []byte, now time.Time) ([]byte, bool) {
	if s.alive.interval <= 0 {
		return dst, false
	}
	s.alive.pinged = now
	return wire.AppendPingReq(dst), true
}

// HoldPublishes has publishes of QoS 1 and 2 wait, on this connection, until
// ReleasePublishes: the server is to answer other packets first, so that those are known if it
// ends the connection at one of them.
func (s *Session) HoldPublishes() { s.behind = true }

// ReleasePublishes ends that.
func (s *Session) ReleasePublishes(dst []byte) []byte {
	s.behind = false
	return s.Pump(dst)
}

// Proving reports whether publishes wait until the server answers the PINGREQ that
// Resume sent.
func (s *Session) Proving() bool { return s.proving }

// Proved tells that it has.
func (s *Session) Proved(dst []byte) []byte {
	s.proving = false
	return s.Pump(dst)
}

// Unanswered reports whether publishes are in flight, and the server has answered none on this
// connection.
func (s *Session) Unanswered() bool { return s.used > 0 && !s.progress }

// countLoss notes that the server ended a connection on which it answered nothing,
// and was to answer e first.
func (s *Session) countLoss(e *Entry, alone bool, l *Loss) {
	if e.losses >= isolateAfter && !alone {
		return
	}
	if e.losses == quarantineAfter-1 && l.Now.UnixNano()-s.suspected < int64(l.Patience) {
		return
	}
	switch e.losses++; e.losses {
	case isolateAfter:
		if s.isolated++; s.isolated == 1 {
			s.suspected = l.Now.UnixNano()
		}
	case quarantineAfter:
		if e.onRecord {
			e.sealRecord(s.cfg.Version)
			s.stageChange(keyAside|e.order, e.record, step{})
		}
		s.finish(e)
		list := s.givenUp()
		list.quarantined = append(list.quarantined, e)
	}
}
