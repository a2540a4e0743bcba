package peer

import (
	"fmt"
	"slices"
	"time"

	"dunlin/mqtt/mqtttest/packet"
)

// Way is how a peer ends a link.
type Way string

// The ways.
const (
	Close      Way = "close"      // in an orderly way
	Reset      Way = "reset"      // so that the client sees it broken
	Disconnect Way = "disconnect" // with a DISCONNECT after which a client may come back; before MQTT 5 as Close
	Malformed  Way = "malformed"  // with a packet that no server may send, which leaves it to the client to close
	Refuse     Way = "refuse"     // as Close, and the next CONNECT is refused for now
	Swallow    Way = "swallow"    // as Reset, after a while in which what the peer sends is lost on the way
)

// swallowing is how long that while is.
const swallowing = 300 * time.Millisecond

// Ways are all of them.
var Ways = []Way{Close, Reset, Disconnect, Malformed, Refuse, Swallow}

// ParseWays returns the ways of those names.
func ParseWays(names []string) ([]Way, error) {
	var ways []Way
	for _, name := range names {
		if !slices.Contains(Ways, Way(name)) {
			return nil, fmt.Errorf("a link ends in one of the ways %v, not %q", Ways, name)
		}
		ways = append(ways, Way(name))
	}
	return ways, nil
}

// Plan is where and how one link ends.
type Plan struct {
	Way Way
	// At is the byte that it ends at: behind that many bytes of the client's, or with
	// Sent of the peer's. There Close and Refuse cut the packet, and the others wait for
	// its end: then the bytes in front of At come alone, and the rest of that packet
	// comes with what ends the link right behind it.
	At   int
	Sent bool
}

// goodbyes are the reason codes of DISCONNECT after which a client may come back.
var goodbyes = []packet.ReasonCode{0x8B, 0x80, 0x89, 0x8D, 0x93, 0x97, 0x95, 0x82} // Server shutting down first

// refusals are the reason codes of CONNACK that say "not now", and unavailable is the
// return code before MQTT 5.
var refusals = []packet.ReasonCode{0x88, 0x80, 0x83, 0x89, 0x97, 0x9F}

const unavailable = 3

// garbage are packets that no server may send, and at which a client closes each time.
var garbage = [][]byte{
	{0x00, 0x00},                         // of type 0
	{0x40, 0x02, 0x00, 0x00},             // PUBACK for identifier 0
	{0x30, 0x03, 0xFF, 0xFF, 't'},        // PUBLISH with a topic that is longer
	{0x30, 0xFF, 0xFF, 0xFF, 0xFF, 0x01}, // a length of five bytes
	{0x82, 0x06, 0, 1, 0, 1, 't', 0},     // SUBSCRIBE
}

// endLocked ends the link. pick chooses among codes and malformed packets.
func (l *link) endLocked(way Way, pick int) {
	if l.gone || l.mute || l.swallows {
		return
	}
	l.peer.counts.Drops++
	switch way {
	case Disconnect:
		if l.session != nil && l.version < packet.V5 {
			l.breakLocked(false)
			return
		}
		code := goodbyes[pick%len(goodbyes)]
		l.lastLocked(packet.AppendDisconnect(nil, packet.V5, &packet.Disconnect{Code: code}))
		l.dying = true
	case Malformed:
		l.lastLocked(garbage[pick%len(garbage)])
	case Refuse:
		l.peer.refusals = append(l.peer.refusals, pick)
		l.breakLocked(false)
	case Swallow:
		l.swallows = true
		l.life = time.AfterFunc(swallowing, func() {
			l.peer.mu.Lock()
			l.breakLocked(true)
			l.peer.mu.Unlock()
		})
	default:
		l.breakLocked(way == Reset)
	}
}

// lastLocked sends what no packet follows, nor is any packet of the client taken then.
func (l *link) lastLocked(b []byte) {
	l.out = append(l.out, b...)
	l.mute = true
	l.kickLocked()
}

// refusedLocked answers a CONNECT that is refused, if it is to be, and reports whether.
func (l *link) refusedLocked(v packet.Version) bool {
	if len(l.peer.refusals) == 0 {
		return false
	}
	code := refusals[l.peer.refusals[0]%len(refusals)]
	l.peer.refusals = l.peer.refusals[1:]
	if v < packet.V5 {
		code = unavailable
	}
	l.peer.counts.Refused++
	l.lastLocked(packet.AppendConnAck(nil, v, &packet.ConnAck{Code: code}))
	l.dying = true
	return true
}

// plannedLocked ends the link at what was appended last if this is where its plan says
// that it ends.
func (l *link) plannedLocked(size int) {
	begin := l.sent
	l.sent += size
	if p := l.plan; p != nil && p.Sent && begin <= p.At && p.At < l.sent {
		if l.split = p.At; p.Way == Disconnect || p.Way == Malformed {
			l.endLocked(p.Way, p.At)
			return
		}
		if p.Way == Refuse {
			l.peer.refusals = append(l.peer.refusals, p.At)
		}
		l.peer.counts.Drops++
		l.out = l.out[:len(l.out)-(l.sent-p.At)]
		l.dying, l.mute, l.harsh = true, true, p.Way == Reset
	}
}
