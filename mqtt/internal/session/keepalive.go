package session

import (
	"errors"
	"time"

	"dunlin/mqtt/internal/wire"
)

// ErrSilent is returned by Tick when the server answered nothing within the
// ping time-out.
var ErrSilent = errors.New("the server is silent: no answer to PINGREQ")

// maxMargin bounds how much earlier than the interval a ping is sent.
const maxMargin = time.Second

// heldTime is how long after one PINGREQ the next is sent while publishes are held, with whatever interval.
const heldTime = 10 * time.Second

// keepAlive decides when to ping and when a link is dead.
type keepAlive struct {
	interval time.Duration
	timeout  time.Duration
	sent     time.Time // the last packet that was sent
	asked    int64     // the last PINGREQ that Tick sent, in nanoseconds of Unix time
	spoke    int64     // the last packet before it that was none
	received time.Time // the last byte that came
	pinged   time.Time // the ping that waits for an answer; zero: none
	paused   bool      // nobody reads: silence proves nothing
	running  bool
}

func (k *keepAlive) start(now time.Time) {
	k.sent, k.received, k.pinged, k.asked = now, now, time.Time{}, 0
	k.paused = false // by the last connection
	k.running = true
}

// due returns when the next ping is to be sent: a little before the interval
// since the last packet sent has passed ([MQTT-3.1.2-23] of 3.1.1,
// [MQTT-3.1.2-20] of 5), and also when nothing came for that long, so that a link
// that only sends is found dead.
func (k *keepAlive) due() time.Time {
	since := k.sent
	if k.received.Before(since) && !k.paused {
		since = k.received
	}
	return since.Add(k.interval - min(k.interval/10, maxMargin))
}

// lastWord returns when the last packet was sent that Tick did not send, as a Unix time.
func (k *keepAlive) lastWord() int64 {
	if sent := k.sent.UnixNano(); sent != k.asked {
		return sent
	}
	return k.spoke
}

// Sent tells that packets were handed to the network at now. While publishes are held that does not
// put off the next PINGREQ.
func (s *Session) Sent(now time.Time) {
	if !s.behind {
		s.alive.sent = now
	}
}

// Received tells that bytes came at now. Any byte proves the server alive.
func (s *Session) Received(now time.Time) {
	s.now = now.UnixMilli()
	s.alive.received = now
	s.alive.pinged = time.Time{}
}

// Pause tells that the caller stopped reading, or began again at now.
func (s *Session) Pause(now time.Time, paused bool) {
	if s.alive.paused && !paused {
		s.alive.received = now
		if !s.alive.pinged.IsZero() {
			s.alive.pinged = now
		}
	}
	s.alive.paused = paused
}

// Deadline returns when Tick wants to be called; false: never.
func (s *Session) Deadline() (time.Time, bool) {
	k := &s.alive
	switch {
	case !k.running || k.interval <= 0:
		return time.Time{}, false
	case !k.pinged.IsZero() && !k.paused:
		return k.pinged.Add(k.timeout), true
	case s.behind: // its answer ends the waiting
		return k.sent.Add(min(k.interval, heldTime)), true
	default:
		return k.due(), true
	}
}

// Tick appends a PINGREQ to dst when one is due, and returns ErrSilent when
// the last one was not answered in time.
func (s *Session) Tick(dst []byte, now time.Time) ([]byte, error) {
	k := &s.alive
	at, ok := s.Deadline()
	if !ok || now.Before(at) {
		return dst, nil
	}
	if !k.pinged.IsZero() && !k.paused {
		return dst, ErrSilent
	}
	k.spoke = k.lastWord()
	k.sent, k.asked = now, now.UnixNano()
	if k.pinged.IsZero() {
		k.pinged = now
	}
	return wire.AppendPingReq(dst), nil
}
