package session

import (
	"cmp"
	"errors"
	"slices"
	"time"

	"dunlin/mqtt/internal/wire"
)

// maxIDs is the number of packet identifiers: 1 to 65,535 [MQTT-2.3.1-1].
const maxIDs = 65535

// ErrNoID is returned when all 65,535 packet identifiers are in use.
var ErrNoID = errors.New("all 65535 packet identifiers are in use; wait for an acknowledgement")

// Config is what a session is made with. It does not change.
type Config struct {
	Version wire.Version
	Window  int // most QoS 1 and 2 publishes in flight, 1 to 65,535
	Window2 int // most of those of QoS 2; 0: Window
	// What the server was told, for MQTT 5; 0: no aliases, and no maximum.
	AliasMaximum   int
	ReceiveMaximum int
}

// Server is what is in force once the server accepted the connection.
type Server struct {
	ReceiveMaximum int           // [MQTT-3.3.4-7]
	KeepAlive      time.Duration // [MQTT-3.1.2-21] of 5; 0: no pings
	PingTimeout    time.Duration // how long after a ping silence is a dead link
	AliasMaximum   int           // [MQTT-3.2.2-17]
	PacketMaximum  int           // [MQTT-3.2.2-15]; 0: none
}

// kind says which flow an entry follows.
type kind byte

const (
	atMostOnce kind = iota // a QoS 0 publish that waits behind others
	atLeastOnce
	exactlyOnce
	subscribe
	unsubscribe
)

// stage says how far an entry's flow has come.
type stage byte

const (
	waiting  stage = iota // not sent: the window was full
	sent                  // the first packet is in the out-buffer
	released              // QoS 2: PUBREL is in the out-buffer
	finished
)

// Entry is one outgoing flow. The caller makes it, and may embed it in its own
// record of the request; the session fills it in.
type Entry struct {
	// Owner is the caller's own and not touched here.
	Owner any

	id     uint16
	kind   kind
	stage  stage
	order  uint64 // of sending
	idAt   int    // where in packet the identifier goes
	packet []byte // while waiting: the encoded packet
}

// ID returns the packet identifier, 0 while none is given.
func (e *Entry) ID() uint16 { return e.id }

// Sent reports whether the entry's packet went into the out-buffer.
func (e *Entry) Sent() bool { return e.stage >= sent }

// Session is the state of one session. Make it with New.
type Session struct {
	cfg     Config
	out     table
	lastID  uint16
	orders  uint64 // given out
	window2 int    // of QoS 2
	window  int    // from cfg or the server's Receive Maximum, whichever is lower
	used    int    // publishes that occupy the window
	used2   int    // of those of QoS 2

	queue      fifo[*Entry] // publishes that wait for the window, oldest first
	queueBytes int
	freed      []Freed // publishes that left the queue in the last call

	in         inbound
	aliasesOut outAliases
	aliasesIn  inAliases
	alive      keepAlive
}

// New returns the state of a session that begins now.
func New(cfg Config) *Session {
	window := min(max(cfg.Window, 1), maxIDs)
	return &Session{cfg: cfg, window: window, window2: min(orAll(cfg.Window2, window), window)}
}

func orAll(n, all int) int {
	if n <= 0 {
		return all
	}
	return n
}

// Start tells that the server accepted the connection.
func (s *Session) Start(now time.Time, server Server) {
	s.window = min(s.window, server.ReceiveMaximum)
	s.aliasesOut = outAliases{max: server.AliasMaximum, packet: server.PacketMaximum}
	s.aliasesIn = inAliases{max: s.cfg.AliasMaximum}
	s.alive.interval, s.alive.timeout = server.KeepAlive, server.PingTimeout
	s.alive.start(now)
}

// Busy reports whether a QoS 1 or 2 publish is not completed, or any publish
// waits for the window.
func (s *Session) Busy() bool { return s.used > 0 || s.queue.len() > 0 }

// QueueBytes returns the size of the packets that wait for the window.
func (s *Session) QueueBytes() int { return s.queueBytes }

// Flow returns the entry that holds the identifier id, or nil.
func (s *Session) Flow(id uint16) *Entry { return s.out.get(id) }

// Unfinished returns every entry whose flow has not ended, in the order in
// which they were sent, and then those that wait.
func (s *Session) Unfinished() []*Entry {
	all := make([]*Entry, 0, s.out.n+s.queue.len())
	for _, e := range s.out.slots {
		if e != nil {
			all = append(all, e)
		}
	}
	slices.SortFunc(all, func(a, b *Entry) int { return cmp.Compare(a.order, b.order) })
	for i := range s.queue.len() {
		all = append(all, *s.queue.at(i))
	}
	return all
}

// takeID gives e the next free identifier. An identifier stays in use until
// its flow ends, also across the wrap [MQTT-2.3.1-2].
func (s *Session) takeID(e *Entry) error {
	if s.out.n >= maxIDs {
		return ErrNoID
	}
	for {
		s.lastID++
		if s.lastID != 0 && s.out.get(s.lastID) == nil {
			break
		}
	}
	e.id = s.lastID
	s.orders++
	e.order = s.orders
	s.out.put(e)
	return nil
}

// finish ends e's flow and frees its identifier and its place in the window.
func (s *Session) finish(e *Entry) {
	e.stage = finished
	s.out.remove(e)
	s.occupy(e, -1)
}

// occupy takes n places of the window for a publish of QoS 1 or 2.
func (s *Session) occupy(e *Entry, n int) {
	switch e.kind {
	case exactlyOnce:
		s.used2 += n
		s.used += n
	case atLeastOnce:
		s.used += n
	}
}
