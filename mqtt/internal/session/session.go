package session

import (
	"cmp"
	"errors"
	"slices"
	"time"

	"dunlin/internal/fifo"
	"dunlin/mqtt/internal/wire"
)

// maxIDs is the number of packet identifiers: 1 to 65,535 [MQTT-2.3.1-1].
const maxIDs = 65535

// ErrNoID is returned when all 65,535 packet identifiers are in use.
var ErrNoID = errors.New("all 65535 packet identifiers are in use; wait for an acknowledgement")

// Config is what a session is made with. It changes with Speak alone.
type Config struct {
	Version wire.Version
	Window  int // most QoS 1 and 2 publishes in flight, 1 to 65,535
	Window2 int // most of those of QoS 2; 0: Window
	// What the server was told, for MQTT 5; 0: no aliases, and no maximum.
	AliasMaximum   int
	ReceiveMaximum int
	// Keep: publishes stay until they are complete, for the connections to come.
	Keep bool
	// Save: what a later process must know is saved before anything that depends
	// on it is sent. The caller passes what TakeBatch returns to a store and the
	// outcome to Saved.
	Save bool
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
	waiting  stage = iota // not sent: the window was full, or it is being saved
	sent                  // the first packet is in the out-buffer
	released              // QoS 2: PUBREL is in the out-buffer
	finished
)

// Entry is one outgoing flow. The caller makes it, and may embed it in its own
// record of the request; the session fills it in.
type Entry struct {
	// Owner is the caller's own and not touched here.
	Owner any
	// Expires is when the message is not worth sending any more, in Unix
	// milliseconds; 0: never. Set before Publish.
	Expires int64

	order    uint64 // of acceptance
	record   []byte // recordHead and the encoded packet, while it may have to be sent
	rel      uint64 // order of PUBREC among all
	idAt     uint32 // where in the packet the identifier goes
	id       uint16
	kind     kind
	stage    stage
	again    bool // it may have been sent before
	anew     bool // but not in the server's present session: it goes out as new
	inWindow bool
	losses   uint8 // connections that the server ended while it was in flight
	saving   bool  // what comes next waits for the store
	onRecord bool  // the store has it
	flowed   bool  // the store has a record of its progress
}

// packet returns the encoded packet; its identifier may be a placeholder.
func (e *Entry) packet() []byte { return e.record[recordHead:] }

// ID returns the packet identifier, 0 while none is given.
func (e *Entry) ID() uint16 { return e.id }

// Sent reports whether the entry's packet went into the out-buffer.
func (e *Entry) Sent() bool { return e.stage >= sent }

// Session is the state of one session. Make it with New.
type Session struct {
	cfg     Config
	out     table[*Entry]
	lastID  uint16
	orders  uint64 // given out
	rels    uint64 // given out
	flows   int    // publishes of QoS 1 and 2 with an identifier
	window2 int    // of QoS 2
	window  int    // from cfg or the server's Receive Maximum, whichever is lower
	used    int    // publishes that occupy the window
	used2   int    // of those of QoS 2

	queue       fifo.Queue[*Entry] // publishes that wait for the window, oldest first
	queueBytes  int
	held        int          // the size of all records that are kept
	freed       []Freed      // publishes that left the queue in the last call
	surrendered *surrendered // nil: there never were any
	progress    bool         // the server acknowledged something on this connection
	proving     bool         // no publish is sent before the server answers a PINGREQ
	behind      bool         // no publish is sent before the requests that go first are answered
	withoutQoS2 bool         // the server answered a QoS 2 publish on this connection as one of QoS 1
	offline     bool
	endure      bool               // topic aliases of the server above the maximum
	noted       wire.Version       // of the session, as the store has it; 0: it says nothing
	isolated    int                // publishes at which the server may disconnect
	suspected   int64              // Unix nanoseconds: since when there is one
	resend      fifo.Queue[*Entry] // what earlier connections left, oldest first
	epoch       uint64             // of the connection
	now         int64              // Unix milliseconds, as last told
	staging     staging

	in         inbound
	aliasesOut *outAliases // nil: the server takes none
	aliasesIn  inAliases
	alive      keepAlive
}

// New returns the state of a session that begins now.
func New(cfg Config) *Session {
	s := &Session{cfg: cfg}
	s.resetWindow(maxIDs)
	return s
}

// resetWindow makes the window as large as the configuration and a server with
// that Receive Maximum allow.
func (s *Session) resetWindow(receiveMaximum int) {
	s.window = min(max(s.cfg.Window, 1), maxIDs)
	s.window2 = min(cmp.Or(max(s.cfg.Window2, 0), s.window), s.window)
	s.window = min(s.window, receiveMaximum)
}

// Start tells that the server accepted the connection. Quotas and aliases begin
// anew [MQTT-3.3.2-7].
func (s *Session) Start(now time.Time, server Server) {
	s.offline, s.progress, s.proving, s.behind, s.withoutQoS2 = false, false, false, false, false
	s.now = now.UnixMilli()
	s.resetWindow(server.ReceiveMaximum)
	s.aliasesOut = nil
	if server.AliasMaximum > 0 {
		s.aliasesOut = &outAliases{max: server.AliasMaximum, packet: server.PacketMaximum}
	}
	s.aliasesIn = inAliases{max: s.cfg.AliasMaximum, endure: s.endure}
	s.alive.interval, s.alive.timeout = server.KeepAlive, server.PingTimeout
	s.alive.start(now)
}

// Tell tells the time. Start and Received do, too; before other calls that may send
// what has waited long, the caller does.
func (s *Session) Tell(now time.Time) { s.now = now.UnixMilli() }

// Busy reports whether a QoS 1 or 2 publish is not completed, or any publish
// waits for the window.
func (s *Session) Busy() bool { return s.flows > 0 || s.queue.Len() > 0 }

// InFlight returns how many publishes have an identifier, and Queued how many
// wait for one.
func (s *Session) InFlight() int { return s.flows }

// Queued returns how many publishes wait to be sent.
func (s *Session) Queued() int { return s.queue.Len() }

// QueueBytes returns the size of the packets that wait for the window.
func (s *Session) QueueBytes() int { return s.queueBytes }

// Held returns the size of the packets that may have to be sent, or sent again.
func (s *Session) Held() int { return s.held }

// Flow returns the entry that holds the identifier id, or nil.
func (s *Session) Flow(id uint16) *Entry {
	if e := s.out.find(id); e != nil {
		return *e
	}
	return nil
}

// Unfinished returns every entry whose flow has not ended, in the order in
// which they were sent, and then those that wait.
func (s *Session) Unfinished() []*Entry {
	all := make([]*Entry, 0, int(s.out.n)+s.queue.Len())
	for _, e := range s.out.all() {
		all = append(all, *e)
	}
	slices.SortFunc(all, func(a, b *Entry) int { return cmp.Compare(a.order, b.order) })
	for i := range s.queue.Len() {
		all = append(all, *s.queue.At(i))
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
		if s.lastID != 0 && s.out.find(s.lastID) == nil {
			break
		}
	}
	s.putID(e, s.lastID)
	return nil
}

func (s *Session) putID(e *Entry, id uint16) {
	e.id = id
	*s.out.put(id) = e
	if e.publishes() {
		s.flows++
	}
}

// publishes reports whether e is a publish of QoS 1 or 2.
func (e *Entry) publishes() bool { return e.kind == atLeastOnce || e.kind == exactlyOnce }

// line gives e its place in the order of acceptance.
func (s *Session) line(e *Entry) {
	if e.order == 0 {
		s.orders++
		e.order = s.orders
	}
}

// finish ends e's flow and frees its identifier and its place in the window.
func (s *Session) finish(e *Entry) {
	e.stage = finished
	s.out.remove(e.id)
	s.out.trim()
	s.vacate(e)
	if e.losses >= isolateAfter {
		s.isolated--
	}
	if e.publishes() {
		s.flows--
		s.stageRemoval(e)
	}
	s.drop(e)
}

// drop lets go of e's packet.
func (s *Session) drop(e *Entry) {
	s.held -= len(e.record)
	e.record = nil
}

// occupy takes e's place in the window.
func (s *Session) occupy(e *Entry) {
	if !e.publishes() || e.inWindow {
		return
	}
	e.inWindow = true
	s.used++
	if e.kind == exactlyOnce {
		s.used2++
	}
}

func (s *Session) vacate(e *Entry) {
	if !e.inWindow {
		return
	}
	e.inWindow = false
	s.used--
	if e.kind == exactlyOnce {
		s.used2--
	}
}
