package sim

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"

	"dunlin/mqtt/internal/wire"
)

// Options choose a schedule.
type Options struct {
	Seed  uint64
	Steps int // random steps before the faults stop; 0: 150
}

// world is everything of one schedule.
type world struct {
	rng     *rand.Rand
	version wire.Version
	save    bool // there is a store, and the process may be killed
	lossy   bool // the server may lose the session
	repub   bool // publishes go out as new then
	faults  bool // things go wrong and new messages come, until all is to come to rest

	// The server gives new packet identifiers when a session goes on.
	renumber bool
	poison   bool // some of its messages have a wildcard in their topic
	lowers   bool // the server has no QoS 2: it answers with PUBACK

	client *client
	server *server
	up     bool
	c2s    []byte // written by the client, not yet read by the server
	s2c    []byte
	trace  hashWriter
	fault  error // the first violation

	shifts bool // the version may change with each connection
}

type hashWriter struct{ sum uint64 }

// note makes what happened part of the trace's hash.
func (h *hashWriter) note(format string, args ...any) {
	f := fnv.New64a()
	_, _ = fmt.Fprintf(f, "%d ", h.sum) // a hash does not fail
	_, _ = fmt.Fprintf(f, format, args...)
	h.sum = f.Sum64()
}

func (w *world) violate(format string, args ...any) {
	if w.fault == nil {
		w.fault = fmt.Errorf(format, args...)
	}
}

func (w *world) chance(percent int) bool { return w.rng.IntN(100) < percent }

// Result is what a schedule came to.
type Result struct {
	Trace                      uint64 // two runs of a seed have the same
	Published, Received, Kills int
	Cuts, Lost, FailedCommits  int
	TornCommits                int  // of which a part was saved
	Renumbering                bool // the server's packet identifiers
	Discarded                  int  // messages with a wildcard in their topic

	// What a reader took with one read and had handled before it answered: how often, the most
	// messages of one, the publishes of handlers in it; how often a handler waited in it, the
	// packets that another reader took meanwhile, and the connections or processes lost then.
	Turns, LargestTurn, PublishedInTurns int
	HandOvers, TakenOver, LostInHandOver int
}

// Run plays one schedule and returns the first promise that was broken.
func Run(o Options) (Result, error) {
	w := newWorld(o)
	steps := o.Steps
	if steps == 0 {
		steps = 150
	}
	for i := 0; i < steps && w.fault == nil; i++ {
		w.step()
	}
	w.settle()
	if w.fault == nil {
		w.check()
	}
	r := Result{
		Trace: w.trace.sum, Published: len(w.client.published), Received: len(w.client.effects),
		Kills: w.client.kills, Cuts: w.client.cuts, Lost: w.server.losses, FailedCommits: w.client.failures,
		TornCommits: w.client.torn, Renumbering: w.renumber, Discarded: len(w.client.discarded),
	}
	t := w.client.turns
	r.Turns, r.LargestTurn, r.PublishedInTurns = t.turns, t.largest, t.published
	r.HandOvers, r.TakenOver, r.LostInHandOver = t.handOvers, t.taken, t.losses
	return r, w.fault
}

func newWorld(o Options) *world {
	w := &world{rng: rand.New(rand.NewPCG(o.Seed, 0x5eed))}
	w.version = wire.V311
	if w.chance(50) {
		w.version = wire.V5
	}
	w.save, w.lossy, w.repub, w.renumber = w.chance(60), w.chance(15), w.chance(50), w.chance(25)
	w.poison = w.chance(40)
	w.lowers = w.chance(15)
	w.faults = true
	w.server = newServer(w)
	w.client = newClient(w)
	w.client.start()
	w.shifts = w.chance(25)
	return w
}

// step does one random thing. What is not possible now does nothing.
func (w *world) step() {
	n := w.rng.IntN(110)
	switch {
	case n >= 100:
		w.client.turn()
	case n < 16:
		w.client.publish()
	case n < 24:
		w.server.publish()
	case n < 40:
		w.client.write()
		w.server.read()
	case n < 52:
		w.client.read()
	case n < 60:
		w.client.handle()
	case n < 68:
		w.client.acknowledge()
	case n < 84:
		w.client.saveStep()
	case n < 88:
		w.server.respond()
	case n < 90:
		w.client.cancel()
	case n < 94:
		w.cut()
	case n < 96:
		w.kill()
	default:
		w.connect()
	}
}

// connect makes a connection.
func (w *world) connect() {
	if w.up {
		return
	}
	if w.lossy && w.faults && w.chance(20) {
		w.server.lose()
	}
	w.up = true
	w.c2s, w.s2c = nil, nil
	if w.shifts && w.chance(50) {
		w.version = wire.V311 + wire.V5 - w.version
	}
	present := w.server.connect()
	w.trace.note("connect %v", present)
	w.client.connect(present)
	w.server.resume()
}

// cut ends the connection: of what was written a part arrived, cut between two
// packets or within one.
func (w *world) cut() {
	if !w.up {
		return
	}
	w.client.cuts++
	for moved := true; moved && w.chance(60); {
		moved = w.server.read()
	}
	for moved := true; moved && w.chance(60); {
		moved = w.client.read()
	}
	w.trace.note("cut")
	w.end()
}

// end ends the connection.
func (w *world) end() {
	if !w.up {
		return
	}
	w.up = false
	w.c2s, w.s2c = nil, nil
	w.client.suspend()
}

// kill ends the process and starts another one with what the store has: of a batch
// that was being saved, a part from its beginning.
func (w *world) kill() {
	if !w.save || !w.faults {
		return
	}
	if w.lossy && (w.client.batch != nil || w.client.sess.Staged()) {
		return // that the server lost the session must be on record
	}
	w.cut()
	w.trace.note("kill")
	w.client.kills++
	w.client.tear()
	w.client.start()
}

// settle stops the faults and brings everything to its end.
func (w *world) settle() {
	w.faults = false
	for i := 0; i < 20000 && w.fault == nil; i++ {
		w.connect()
		moved := w.client.saveStep()
		moved = w.client.write() || moved
		moved = w.server.read() || moved
		moved = w.server.respond() || moved
		moved = w.client.read() || moved
		moved = w.client.handle() || moved
		moved = w.client.acknowledge() || moved
		if !moved {
			return
		}
	}
	w.violate("it never comes to rest")
}

// frame takes the first packet off b.
func frame(b *[]byte, v wire.Version) (wire.Header, []byte, bool) {
	h, n, err := wire.ParseHeader(*b, v)
	if err != nil || n == 0 || len(*b) < n+h.Length {
		return h, nil, false
	}
	body := (*b)[n : n+h.Length]
	*b = (*b)[n+h.Length:]
	return h, body, true
}

// check looks at the promises once all is at rest.
func (w *world) check() {
	w.client.checkOutcomes()
	w.server.checkOutbound()
	if w.client.sess.Busy() {
		w.violate("the session is busy at rest: %d in flight, %d queued", w.client.sess.InFlight(), w.client.sess.Queued())
	}
	if n := w.client.sess.Held(); n != 0 {
		w.violate("%d bytes of packets are held at rest", n)
	}
	if w.save {
		w.client.checkStore()
	}
}
