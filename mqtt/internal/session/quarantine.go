package session

import (
	"time"

	"dunlin/mqtt/internal/wire"
)

// A server that cannot bear a message may end the connection each time that it
// comes, and so hold up everything behind it. It takes messages in order, so the
// one to blame is the oldest that it has not answered, on a connection that got
// nothing done: one on which it acknowledged anything proves nothing, or links
// that live shortly would lose what they carry. A publish that was to blame for
// suspect such ends is a suspect: while there is one, publishes go out one by one,
// which shows whose fault it is, and not before the server has answered a PINGREQ,
// so that a server that bears no connection is not taken for one that does not
// bear a message. At outcast ends, the last ones alone, it is given up.
const (
	suspect = 3
	outcast = 6
)

// places returns how many publishes may be in flight.
func (s *Session) places() int {
	if s.suspects > 0 {
		return 1
	}
	return s.window
}

// prove asks the server for a sign of life where a suspect is to be sent.
func (s *Session) prove(dst []byte, now time.Time) []byte {
	if s.suspects == 0 || s.alive.interval <= 0 {
		return dst
	}
	s.proving = true
	s.alive.pinged = now
	return wire.AppendPingReq(dst)
}

// Proving reports whether publishes wait until the server answers the PINGREQ that
// Resume sent.
func (s *Session) Proving() bool { return s.proving }

// Proved tells that it has.
func (s *Session) Proved(dst []byte) []byte {
	s.proving = false
	return s.Pump(dst)
}

// blame notes that the server ended a connection on which it answered nothing,
// and was to answer e first.
func (s *Session) blame(e *Entry, alone bool) {
	if e.losses >= suspect && !alone {
		return
	}
	switch e.losses++; e.losses {
	case suspect:
		s.suspects++
	case outcast:
		if e.onRecord {
			e.sealRecord(s.cfg.Version)
			s.stageChange(keyAside|e.order, e.record, step{})
		}
		s.finish(e)
		s.outcasts = append(s.outcasts, e)
	}
}

// TakeQuarantined returns the publishes that were given up because the server
// disconnects at them. A store has them aside.
func (s *Session) TakeQuarantined() []*Entry {
	o := s.outcasts
	s.outcasts = nil
	return o
}
