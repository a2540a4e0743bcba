package session

import (
	"cmp"
	"errors"
	"slices"
	"time"

	"dunlin/internal/fifo"
)

// ErrLost is why publishes fail whose session the server has lost.
var ErrLost = errors.New("the server has lost the session")

// Failure is a publish that cannot go on in a new connection.
type Failure struct {
	Entry *Entry
	Err   error
}

// Loss is how a connection was lost.
type Loss struct {
	Untouched func(*Entry) bool // no byte of the publish was written
	ByServer  bool              // the server ended it
	Now       time.Time
	Patience  time.Duration // how long a publish is under suspicion, at least, before it is given up
}

// Suspend tells that the connection is lost. Publishes stay for the next one,
// except for those at which the server disconnects each time: see TakeQuarantined.
// Subscribe and unsubscribe flows are not part of the session [MQTT-4.1.0-1 of 3.1.1,
// section 4.1 of 5]: they are returned, and their identifiers are free.
func (s *Session) Suspend(l Loss) (requests []*Entry) {
	s.offline = true
	s.epoch++
	s.disown()
	s.alive.running = false
	s.resend = fifo.Queue[*Entry]{}
	alone, oldest := s.used == 1, l.ByServer && !s.progress
	for _, e := range s.Unfinished() {
		switch {
		case e.id == 0:
		case !e.publishes():
			s.finish(e)
			requests = append(requests, e)
		default:
			untouched := e.stage < sent || l.Untouched(e)
			e.again = e.again || !untouched
			e.anew = e.anew && (untouched || !e.inWindow) // not sent on this connection either
			if oldest && e.inWindow && e.stage == sent {
				oldest = false
				s.countLoss(e, alone, &l)
			}
			s.vacate(e)
		}
	}
	s.suspend()
	return requests
}

// Hold tells that the connection is about to end: what is published from here on
// waits for the next one. Suspend is to follow.
func (s *Session) Hold() { s.offline = true }

// Resumption says on what terms a session goes on in a new connection.
type Resumption struct {
	Present   bool                // the server has the session
	Untold    bool                // it may have it even so: MQTT 3.1 does not say
	Republish func(qos byte) bool // if it has not: what may have been sent goes out as new; nil: nothing
	Fits      func(*Entry) error  // why the server does not take it any more
	Now       time.Time
	// Requests, unless nil, appends what is to go before the publishes.
	Requests func(dst []byte) []byte
}

func (r *Resumption) republishes(e *Entry) bool { return r.Republish != nil && r.Republish(e.QoS()) }

// Resume sends again what earlier connections left, after Start: each PUBLISH
// with its identifier, in the original order, PUBREL where PUBREC had come
// [MQTT-4.4.0-1] of 3.1.1 and of 5, within the window [MQTT-3.3.4-7], and then what waits. It
// returns what cannot go on.
func (s *Session) Resume(dst []byte, r Resumption) ([]byte, []Failure) {
	failed := s.failUnsendable(r)
	switch {
	case r.Present:
	case r.Untold:
		s.doubtEarlier()
	default: // the server's identifiers mean new messages from now on
		s.forgetEarlier()
	}
	if r.Requests != nil {
		dst = r.Requests(dst)
	}
	var releases []*Entry
	for _, e := range s.Unfinished() {
		switch {
		case e.id == 0 || !e.publishes():
		case e.stage == released && e.saving: // its turn comes when it is saved
		case e.stage == released:
			releases = append(releases, e)
			s.occupy(e)
		default:
			s.resend.Push(e)
		}
	}
	dst = s.prove(dst, r.Now)
	slices.SortFunc(releases, func(a, b *Entry) int { return cmp.Compare(a.rel, b.rel) })
	dst = s.pumpAgain(dst)
	for _, e := range releases {
		dst = s.sendRelease(dst, e)
		s.freed = append(s.freed, Freed{e, len(dst)})
	}
	return s.Pump(dst), failed
}

// failUnsendable ends what cannot go on: what the server does not take any more, and,
// when it has lost the session, what may have been sent.
func (s *Session) failUnsendable(r Resumption) (failed []Failure) {
	for _, e := range s.Unfinished() {
		err := s.obstacle(e, r)
		if err == nil {
			continue
		}
		failed = append(failed, Failure{e, err})
		s.abandon(e)
	}
	return failed
}

// obstacle returns why e cannot go on.
func (s *Session) obstacle(e *Entry, r Resumption) error {
	switch {
	case e.stage == released && !r.Present:
		// The server took the message over with its PUBREC.
		return ErrLost
	case e.stage == released:
		return nil
	case e.again && !r.Present && !r.republishes(e):
		return ErrLost
	case !r.Present:
		e.anew = e.again
	}
	return r.Fits(e)
}

// Size returns the length of the packet that e has to send, 0 for none.
func (e *Entry) Size() int {
	if e.record == nil {
		return 0
	}
	return len(e.packet())
}

// QoS returns the quality of service of a publish, and Retain its flag while it
// has a packet to send.
func (e *Entry) QoS() byte { return byte(e.kind) }

// Retain reports whether the packet that e has to send is to be retained.
func (e *Entry) Retain() bool { return e.record != nil && e.packet()[0]&1 != 0 }

// InFlight reports whether e is a publish that is in flight on the connection of the moment,
// or the last one, and that the server has not begun to take.
func (e *Entry) InFlight() bool { return e.inWindow && e.stage == sent }

// OnRecord reports whether the message of e is in the store, or on its way there.
func (e *Entry) OnRecord() bool { return e.onRecord }

// Again reports whether e may have been sent, in whatever session.
func (e *Entry) Again() bool { return e.again }
