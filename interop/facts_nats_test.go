package interop

import (
	"fmt"
	"strings"
	"time"

	"dunlin/mqtt"
)

var natsFacts = []testCase{
	{
		name: "an unacknowledged message comes again on the same connection", only: on("nats"), body: natsSendsAgain, long: true,
		says: "What is not acknowledged within 30 s (`ack_wait`) comes again while the connection lives, marked as a duplicate at QoS 1: a handler that takes longer gets its message twice. At QoS 2 it gets it once. After a reconnect it comes when the 30 s are over, not at once.",
	},
	{
		name: "topics that the server cannot hold", only: on("nats"), body: natsTopics, long: true,
		says: "No blanks or tabs in topics: the server closes the connection at such a message, and refuses such a filter. A client with Reconnect tells of it (ErrQuarantined) and goes on with the next message.",
	},
	{
		name: "identifiers that the server refuses", only: on("nats"), body: natsIdentifiers,
		says: "No dot, `*`, `>` or blank in client identifiers: they are refused with return code 2, identifier rejected.",
	},
	{
		name: "clients that take each other over", only: on("nats"), body: natsFlapping, long: true,
		says: "An identifier that is taken over again and again is held for a second, and its connection closed without CONNACK; with Reconnect the client comes back.",
	},
	{
		name: "no will at takeover", only: on("nats"), body: natsNoWill,
		says: "A client whose identifier another one takes over leaves no will; one whose connection breaks does.",
	},
	{
		name: "a filter that ends with >", only: on("nats"), body: func(r *rig) { toldUnmatched(r, "more/>", "more/a/b", "more/a/b") },
		says: "`>` as the last level of a filter acts as `#`; what comes by such a filter goes to no handler of it. The client says so once a subscription, and gives it to Config.OnMessage.",
	},
	{
		name: "a filter with * as a level", only: on("nats"), body: func(r *rig) { toldUnmatched(r, "star/*", "star/a", "star/a") },
		says: "`*` as a level of a filter acts as `+`, with the same outcome.",
	},
	{
		name: "a message above the server's limit", only: on("nats"), body: natsLarge, long: true,
		says: "A message above `max_payload`, 1 MiB by default, ends the connection without a word; with Reconnect it is put aside (ErrQuarantined).",
	},
}

// natsSendsAgain holds a message of each QoS for longer than the server waits.
func natsSendsAgain(r *rig) {
	r.use(startPlainNATS)
	from := r.dial()
	p := r.dial(func(cfg *mqtt.Config) { cfg.ManualAck = true })
	p.subscribe("t", 2)
	from.publish("t", "two", 2)
	from.publish("t", "one", 1)
	start := time.Now()
	held := []*mqtt.Received{p.next(), p.next()}
	again := p.next()
	if d := time.Since(start); d < 25*time.Second {
		r.failf("it came again after %v, want about 30 s", d)
	}
	same(r, "what comes again", r.show(again), "t=one/1")
	same(r, "marked as a duplicate", again.Dup, true)
	for _, m := range append(held, again) {
		r.must("acknowledge", m.Ack())
	}
	for _, m := range p.until(from, 2) { // a repeat that was on its way
		same(r, "what comes after it was acknowledged", r.show(m), "t=one/1")
	}
	same(r, "connected", p.IsConnected(), true)
}

func natsTopics(r *rig) {
	r.use(startPlainNATS)
	blank, tab := mqtt.Message{Topic: r.topic("a b")}, mqtt.Message{Topic: r.topic("a\tb")}
	inDoubt(r, blank)
	putAside(r, blank, tab)
}

func natsIdentifiers(r *rig) {
	for _, id := range []string{"a.b", "a*", "a>", "a b"} {
		_, err := r.tryDial(named(id))
		same(r, fmt.Sprintf("reason code for %q (%v)", id, err), r.refusal("connect", err), 2)
	}
}

// natsFlapping: the third owner of an identifier within a second is held, and not let
// in. A client with Reconnect loses its identifier to others as often, and has it in the end.
func natsFlapping(r *rig) {
	r.use(startPlainNATS)
	id := r.id()
	r.dial(named(id))
	var err error
	var took time.Duration
	for i := 0; err == nil && i < 100; i++ { // a busy machine may need more than a second for the first three
		start := time.Now()
		_, err = r.tryDial(named(id))
		took = time.Since(start)
	}
	if err == nil || took < 900*time.Millisecond {
		r.failf("owners one after another: the last ended with %v after %v, want that it is held for a second", err, took)
	}
	if !strings.Contains(err.Error(), "identifier that another client has just used") {
		r.failf("got %v, want a word about the identifier", err)
	}
	p := r.dial(lasting, named(id))
	p.subscribe("t", 1)
	for i := range 3 {
		for p.IsConnected() { // until another one has taken it over
			_, _ = r.tryDial(named(id)) // not let in when it is held
		}
		p.publish("t", fmt.Sprint(i), 1)
		same(r, "message", r.show(p.next()), fmt.Sprintf("t=%d/1", i))
	}
}

func natsNoWill(r *rig) {
	watcher := r.dial()
	watcher.subscribe("will", 1)
	mortal := func(cfg *mqtt.Config) {
		cfg.Will = &mqtt.Will{Message: mqtt.Message{Topic: r.topic("will"), Payload: []byte(cfg.ClientID), QoS: 1}}
	}
	first := r.dial(mortal)
	second := r.dial(named(first.id), mortal)
	_ = first.end()
	watcher.expect(second, 1)
	second.cut()
	same(r, "will after a cut", r.show(watcher.next()), "will="+second.id+"/1")
}

func natsLarge(r *rig) {
	r.use(startPlainNATS)
	putAside(r, mqtt.Message{Topic: r.topic("large"), Payload: make([]byte, 1<<20+1)})
}
