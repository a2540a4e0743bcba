// Package peer is the server that a client is tried against. It is durable: its
// sessions live in the memory of a process that nobody kills, so that whatever is
// lost or comes twice is the client's doing. It is exact: a QoS 2 message is
// taken once each flow and given once each flow, and what a client does against
// the protocol is counted. And it is unkind: it ends links where it likes, also in the
// middle of a packet, with DISCONNECT, with a malformed packet, and refuses the client
// that comes back. If asked it numbers messages anew when a session goes on, as RabbitMQ
// 3.x does.
//
// It speaks MQTT 3.1, 3.1.1 and 5, and knows neither retained messages nor wills.
package peer

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"syscall"
	"time"

	"dunlin/mqtt/mqtttest/packet"
)

// defaultWindow is how many messages are under way to a client that does not ask for less.
const defaultWindow = 20

// Message is one as it came, or as it goes out.
type Message = packet.Publish

// Config says how a peer behaves. The zero value drops no link.
type Config struct {
	Seed uint64
	// Drop is the chance, from 0 to 1, that the link is dropped at a packet: each
	// that a client sends, and each that is sent to it, which then ends anywhere.
	Drop float64
	// Life is how long a link lives; nil: until it is dropped.
	Life func(*rand.Rand) time.Duration
	// Ways are those of which one, by chance, ends a link whose life is over; nil: Close and Reset.
	Ways []Way
	// Plan says where the n-th link ends, counted from 0; nil, or a nil plan: nowhere.
	Plan func(n int) *Plan
	// Renumber gives messages that were not acknowledged new identifiers, from 1 on, when
	// a session goes on, and sends them with DUP. QoS 2 is not granted then.
	Renumber bool
	// Received is called with each message of a client: once each flow of QoS 2,
	// and each time with QoS 0 and 1. Calls come one at a time. m is the peer's.
	Received func(client string, m *Message)
	// Acknowledged is called when a client has acknowledged a message: with PUBACK, with
	// PUBCOMP, or with a PUBREC that refuses it. Calls come one at a time.
	Acknowledged func(client string, m *Message)
	// Connected is called with each CONNECT that is accepted. Calls come one at a time.
	Connected func(client string, present bool)
	// Clocked keeps the times for Arrivals.
	Clocked bool
	// Echo answers a message that has a Response Topic with its own payload.
	Echo bool
	// Window is how many messages are under way to a client; 0: 20, or less when
	// the client's Receive Maximum says so.
	Window int
}

// Counts are what a peer saw.
type Counts struct {
	Links      int      // CONNECTs accepted
	Drops      int      // links that the peer ended
	Refused    int      // CONNECTs refused
	Taken      int      // packets of clients, without PINGREQ
	Resumed    int      // sessions gone on with
	Discarded  int      // sessions that a client threw away
	Violations []string // what clients did against the protocol, the first of them
	Violated   int      // how often
}

// Peer is a server. Its methods may be called by many goroutines.
type Peer struct {
	cfg   Config
	tasks sync.WaitGroup

	mu       sync.Mutex
	address  string // of the listener, also while it is down
	listener net.Listener
	down     bool
	random   *rand.Rand
	sessions map[string]*session
	links    map[*link]struct{}
	counts   Counts
	assigned int
	served   int   // links so far
	refusals []int // which code the next CONNECTs are refused with, see refusedLocked
	arrivals []time.Time
}

// New returns a peer that serves connections given to Serve or made by Dial.
func New(cfg Config) *Peer {
	if cfg.Window == 0 {
		cfg.Window = defaultWindow
	}
	if len(cfg.Ways) == 0 {
		cfg.Ways = []Way{Close, Reset}
	}
	return &Peer{
		cfg: cfg, random: rand.New(rand.NewPCG(cfg.Seed, 0x9EE7)),
		sessions: map[string]*session{}, links: map[*link]struct{}{},
	}
}

// SetDrop sets the chance that a link is dropped at a packet.
func (p *Peer) SetDrop(chance float64) {
	p.mu.Lock()
	p.cfg.Drop = chance
	p.mu.Unlock()
}

// Close ends everything and waits until it has ended.
func (p *Peer) Close() {
	p.Down()
	p.tasks.Wait()
}

// Dial makes a connection in memory and serves its other end.
func (p *Peer) Dial(context.Context, string, string) (net.Conn, error) {
	p.mu.Lock()
	down := p.down
	p.mu.Unlock()
	if down {
		return nil, syscall.ECONNREFUSED
	}
	ours, theirs := net.Pipe()
	p.Serve(ours)
	return theirs, nil
}

// Serve serves conn on goroutines of its own.
func (p *Peer) Serve(conn net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	l := &link{peer: p, conn: conn, kick: make(chan struct{}, 1)}
	if p.down {
		l.breakLocked(true)
		return
	}
	p.links[l] = struct{}{}
	if p.cfg.Plan != nil {
		l.plan = p.cfg.Plan(p.served)
	}
	p.served++
	if p.cfg.Life != nil {
		l.life = time.AfterFunc(p.cfg.Life(p.random), l.expire)
	}
	p.tasks.Go(l.readLoop)
	p.tasks.Go(l.writeLoop)
}

// Send queues a message for the session of client, which is made if there is none. Its topic
// may be one that MQTT forbids: poison, which comes again on each link until the client takes it.
func (p *Peer) Send(client string, m Message) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.sessionLocked(client)
	s.keep = true
	s.sendLocked(m)
}

// Publish sends a message to every session that subscribes to it.
func (p *Peer) Publish(m Message) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.sessions {
		s.offerLocked(m)
	}
}

// Open returns how many flows with client have begun and not ended, those to it
// that wait included.
func (p *Peer) Open(client string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.sessions[client]
	if s == nil {
		return 0
	}
	return len(s.received) + len(s.inflight) + len(s.queue)
}

// Unacknowledged returns the messages that were sent to client and that it has not
// acknowledged.
func (p *Peer) Unacknowledged(client string) []Message {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.sessions[client]
	if s == nil {
		return nil
	}
	var all []Message
	for _, o := range s.inflight {
		all = append(all, o.Message)
	}
	return all
}

// Connected reports whether client is.
func (p *Peer) Connected(client string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.sessions[client]
	return s != nil && s.link != nil
}

// Subscribed reports whether the session of client has that filter.
func (p *Peer) Subscribed(client, filter string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.sessions[client]
	if s == nil {
		return false
	}
	_, ok := s.filters[filter]
	return ok
}

// Links returns how many links there are, those included that have said nothing yet.
func (p *Peer) Links() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.links)
}

// Joined returns how many clients are connected: their CONNECT was accepted.
func (p *Peer) Joined() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for l := range p.links {
		if l.session != nil {
			n++
		}
	}
	return n
}

// Arrivals returns when each CONNECT was accepted, in their order; Config.Clocked asks for it.
func (p *Peer) Arrivals() []time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]time.Time(nil), p.arrivals...)
}

// Forget loses all sessions, as a server that keeps nothing does. Links stay.
func (p *Peer) Forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for name, s := range p.sessions {
		fresh := newSession(p, name)
		fresh.link, fresh.keep = s.link, s.keep
		if s.link != nil {
			s.link.session = fresh
		}
		p.sessions[name] = fresh
	}
}

// Counts returns what was seen so far.
func (p *Peer) Counts() Counts {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := p.counts
	c.Violations = append([]string(nil), c.Violations...)
	return c
}

func (p *Peer) sessionLocked(client string) *session {
	s := p.sessions[client]
	if s == nil {
		s = newSession(p, client)
		p.sessions[client] = s
	}
	return s
}

// violatedLocked counts a breach of the protocol.
func (p *Peer) violatedLocked(format string, args ...any) {
	p.counts.Violated++
	if len(p.counts.Violations) < 10 {
		p.counts.Violations = append(p.counts.Violations, fmt.Sprintf(format, args...))
	}
}

// takenLocked hands a client's message to whom it concerns.
func (p *Peer) takenLocked(client string, m *Message) {
	if p.cfg.Received != nil {
		p.cfg.Received(client, m)
	}
	for _, s := range p.sessions {
		s.offerLocked(*m)
	}
	if !p.cfg.Echo {
		return
	}
	to, ok := m.Properties.Text(packet.ResponseTopic)
	if !ok {
		return
	}
	answer := Message{Topic: to, Payload: m.Payload, QoS: m.QoS}
	if data, ok := m.Properties.Binary(packet.CorrelationData); ok {
		answer.Properties = answer.Properties.AppendBinary(packet.CorrelationData, data)
	}
	for _, s := range p.sessions {
		s.offerLocked(answer)
	}
}

// mostQoS is the highest QoS that the peer grants.
func (p *Peer) mostQoS() byte {
	if p.cfg.Renumber {
		return 1
	}
	return 2
}

// matches reports whether a topic is among those of a filter.
func matches(filter, topic string) bool {
	for {
		level, filterRest, filterGoesOn := strings.Cut(filter, "/")
		if level == "#" {
			return true
		}
		name, topicRest, topicGoesOn := strings.Cut(topic, "/")
		if level != "+" && level != name {
			return false
		}
		if !filterGoesOn || !topicGoesOn {
			return filterGoesOn == topicGoesOn || filterGoesOn && filterRest == "#"
		}
		filter, topic = filterRest, topicRest
	}
}
