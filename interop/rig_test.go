package interop

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"dunlin/mqtt"
)

// caseLimit bounds one case, and with it every wait for a server.
const caseLimit = time.Minute

// failure is how a case ends early: the rig panics with it and run recovers it.
type failure struct{ error }

// rig is what a case works with: one server, one version of the protocol, and a
// corner of the topic space that no other case uses.
type rig struct {
	t       *testing.T
	ctx     context.Context
	server  *server
	url     string
	version mqtt.Version
	corner  string
	peers   []*peer
	marked  map[string]mqtt.QoS // sessions that have the subscription of until
}

// run runs one case and returns how it failed, or nil.
func (r *rig) run(t *testing.T, limit time.Duration, body func(*rig)) (err error) {
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	r.t, r.ctx = t, ctx
	defer func() {
		for _, p := range r.peers {
			_ = p.Close(ctx) // most are closed already, or were cut on purpose
		}
	}()
	defer func() {
		switch v := recover().(type) {
		case nil:
		case failure:
			err = v.error
		default:
			panic(v)
		}
	}()
	body(r)
	return nil
}

// failf ends the case.
func (r *rig) failf(format string, args ...any) {
	panic(failure{fmt.Errorf(format, args...)})
}

// must ends the case when err is not nil.
func (r *rig) must(what string, err error) {
	if err != nil {
		r.failf("%s: %w", what, err)
	}
}

// same ends the case when got is not want.
func same[T comparable](r *rig, what string, got, want T) {
	if got != want {
		r.failf("%s: got %v, want %v", what, got, want)
	}
}

// highest is the highest QoS that the server has.
func (r *rig) highest() mqtt.QoS {
	if r.server.noQoS2 {
		return 1
	}
	return 2
}

// levels are those that the server has.
func (r *rig) levels() []mqtt.QoS { return []mqtt.QoS{0, 1, 2}[:r.highest()+1] }

// level walks through them.
func (r *rig) level(i int) mqtt.QoS { return mqtt.QoS(i % len(r.levels())) }

func hasQoS2(s *server) bool { return !s.noQoS2 }

// use goes on with another server.
func (r *rig) use(start func(*testing.T) string) { r.url = start(r.t) }

// topic returns a topic, or a filter, in the case's corner.
func (r *rig) topic(name string) string { return r.corner + "/" + name }

// id returns a client identifier that nobody else has. MQTT 3.1 allows 23 bytes.
func (r *rig) id() string {
	return fmt.Sprintf("i%d", identifiers.Add(1))
}

var identifiers atomic.Int64

// peer is a client of the suite with what came for it.
type peer struct {
	*mqtt.Client
	r     *rig
	id    string
	name  string              // id, or one that stands for an empty one
	got   chan *mqtt.Received // of subscriptions without a handler
	ended chan error          // from the Disconnect handler
	wire  *wire               // the latest connection
}

// dial connects a client, or ends the case.
func (r *rig) dial(change ...func(*mqtt.Config)) *peer {
	p, err := r.tryDial(change...)
	r.must("connect", err)
	return p
}

func (r *rig) tryDial(change ...func(*mqtt.Config)) (*peer, error) {
	p := &peer{r: r, got: make(chan *mqtt.Received, 10_000), ended: make(chan error, 1)}
	cfg := mqtt.Config{Version: r.version, ClientID: r.id()}
	cfg.OnMessage = func(_ context.Context, m *mqtt.Received) { p.got <- m }
	cfg.OnDisconnect = func(reason error) { p.ended <- reason }
	cfg.Transport.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		p.wire = &wire{Conn: conn}
		return p.wire, nil
	}
	for _, c := range change {
		c(&cfg)
	}
	var err error
	p.id, p.name = cfg.ClientID, cfg.ClientID
	if p.name == "" {
		p.name = r.id()
	}
	p.Client, err = mqtt.Dial(r.ctx, r.url, cfg)
	if err != nil {
		return nil, err
	}
	r.peers = append(r.peers, p)
	if !cfg.KeepSession {
		delete(r.marked, p.id)
	}
	if !r.server.marksFirst {
		return p, nil
	}
	return p, p.mark(2)
}

// mark subscribes to the marks of until, unless the session has that already.
func (p *peer) mark(qos mqtt.QoS) error {
	if had, known := p.r.marked[p.name]; known && had >= qos {
		return nil
	}
	if p.r.marked == nil {
		p.r.marked = make(map[string]mqtt.QoS)
	}
	p.r.marked[p.name] = qos
	_, err := p.Subscribe(p.r.ctx, mqtt.Subscription{Filter: p.marks(), QoS: qos})
	return err
}

// marks is the topic of until: for this connection's session alone.
func (p *peer) marks() string { return p.r.topic("mark/" + p.name) }

// named is for a client with that identifier.
func named(id string) func(*mqtt.Config) {
	return func(cfg *mqtt.Config) { cfg.ClientID = id }
}

// kept is for a client whose session outlives the connection.
func kept(id string) func(*mqtt.Config) {
	return func(cfg *mqtt.Config) {
		cfg.ClientID, cfg.KeepSession = id, true
		if cfg.Version == mqtt.V5 {
			cfg.Properties.SessionExpiry = time.Hour
		}
	}
}

// subscribe subscribes to a filter of the case's corner; messages come to got.
func (p *peer) subscribe(name string, qos mqtt.QoS) {
	p.subscribeWith(mqtt.Subscription{Filter: p.r.topic(name), QoS: qos})
}

func (p *peer) subscribeWith(subs ...mqtt.Subscription) {
	_, err := p.Subscribe(p.r.ctx, subs...)
	p.r.must("subscribe", err)
}

// publish publishes in the case's corner and waits for the server.
func (p *peer) publish(name, payload string, qos mqtt.QoS) {
	p.send(mqtt.Message{Topic: p.r.topic(name), Payload: []byte(payload), QoS: qos})
}

// retain publishes a retained message in the case's corner, and returns when it is
// nobody's live message any more.
func (p *peer) retain(name, payload string, qos mqtt.QoS) {
	m := mqtt.Message{Topic: p.r.topic(name), Payload: []byte(payload), QoS: qos, Retain: true}
	if !p.r.server.acksEarly {
		p.send(m)
		return
	}
	witness := p.r.dial()
	defer witness.close()
	witness.subscribeWith(mqtt.Subscription{Filter: m.Topic, QoS: 2, RetainHandling: mqtt.RetainedNever})
	p.send(m)
	for seen := false; !seen; {
		seen = string(witness.next().Payload) == payload
	}
}

func (p *peer) send(m mqtt.Message) {
	p.r.must("publish", p.Publish(p.r.ctx, m))
}

// next returns the next message.
func (p *peer) next() *mqtt.Received {
	select {
	case m := <-p.got:
		return m
	case err := <-p.ended:
		p.ended <- err
		p.r.failf("the connection ended while a message was awaited: %w", err)
	case <-p.r.ctx.Done():
		p.r.failf("no message came in time")
	}
	return nil
}

// until returns what comes to p before a message that from publishes now with
// that QoS: what is not there did not come, and nobody had to wait for nothing.
func (p *peer) until(from *peer, qos mqtt.QoS) []*mqtt.Received {
	p.r.must("subscribe", p.mark(qos))
	from.send(mqtt.Message{Topic: p.marks(), QoS: qos})
	var before []*mqtt.Received
	for {
		m := p.next()
		if m.Topic == p.marks() {
			return before
		}
		before = append(before, m)
	}
}

// late is how long expect waits for messages that a mark has overtaken: servers
// keep the order of one subscription, not of two.
const late = 4 * time.Second

// expect ends the case unless exactly want came, as texts of show, in order.
func (p *peer) expect(from *peer, qos mqtt.QoS, want ...string) {
	p.expectExactly(p.collect(from, qos, len(want)), want...)
}

// expectAnyOrder is expect for messages whose order is the server's choice.
func (p *peer) expectAnyOrder(from *peer, qos mqtt.QoS, want ...string) {
	got := p.collect(from, qos, len(want))
	slices.SortFunc(got, func(a, b *mqtt.Received) int { return strings.Compare(p.r.show(a), p.r.show(b)) })
	slices.Sort(want)
	p.expectExactly(got, want...)
}

// collect is until that waits on for late messages when fewer than n came.
func (p *peer) collect(from *peer, qos mqtt.QoS, n int) []*mqtt.Received {
	got := p.until(from, qos)
	limit := time.NewTimer(late)
	defer limit.Stop()
	for len(got) < n {
		select {
		case m := <-p.got:
			got = append(got, m)
		case <-limit.C:
			return got
		}
	}
	return got
}

func (p *peer) expectExactly(got []*mqtt.Received, want ...string) {
	texts := make([]string, len(got))
	for i, m := range got {
		texts[i] = p.r.show(m)
	}
	if g, w := strings.Join(texts, ", "), strings.Join(want, ", "); g != w {
		p.r.failf("got [%s], want [%s]", g, w)
	}
}

// settle returns when p has acknowledged all that came.
func (p *peer) settle() {
	p.until(p, 0) // the handlers before have returned
	_, err := p.Ping(p.r.ctx)
	p.r.must("ping", err) // the PUBRELs have come
}

// sessionPresent checks CONNACK's flag, which MQTT 3.1 does not have.
func (p *peer) sessionPresent(want bool, when string) {
	if p.r.version > mqtt.V31 {
		same(p.r, "session present "+when, p.ConnAck().SessionPresent, want)
	}
}

// show returns a message as topic=payload/qos, with /retain when it is retained.
func (r *rig) show(m *mqtt.Received) string {
	s := fmt.Sprintf("%s=%s/%d", strings.TrimPrefix(m.Topic, r.corner+"/"), m.Payload, m.QoS)
	if m.Retain {
		s += "/retain"
	}
	return s
}

// end waits for the end of the connection and returns its reason.
func (p *peer) end() error {
	select {
	case err := <-p.ended:
		return err
	case <-p.r.ctx.Done():
		p.r.failf("the connection did not end in time")
	}
	return nil
}

// close closes the client in an orderly way.
func (p *peer) close() {
	p.r.must("close", p.Close(p.r.ctx))
}

// cut ends the connection without DISCONNECT, and waits until the client knows.
func (p *peer) cut() {
	_ = p.wire.Conn.Close()
	if err := p.end(); err == nil {
		p.r.failf("a connection that was cut ended without a reason")
	}
}

// wire is a connection that can go dumb, and that counts bytes.
type wire struct {
	net.Conn
	dumb      atomic.Bool // from now on nothing leaves
	sent, rcv atomic.Int64
}

// Write sends b unless the wire is dumb.
func (w *wire) Write(b []byte) (int, error) {
	w.sent.Add(int64(len(b)))
	if w.dumb.Load() {
		return len(b), nil
	}
	return w.Conn.Write(b)
}

// Read counts what comes.
func (w *wire) Read(b []byte) (int, error) {
	n, err := w.Conn.Read(b)
	w.rcv.Add(int64(n))
	return n, err
}

// refusal returns the reason code with which the server refused, or ends the case.
func (r *rig) refusal(what string, err error) mqtt.ReasonCode {
	var connect *mqtt.ConnectError
	var publish *mqtt.PublishError
	var subscribe *mqtt.SubscribeError
	switch {
	case errors.As(err, &connect):
		return connect.Code
	case errors.As(err, &publish) && errors.Is(err, mqtt.ErrRejected):
		return publish.Code
	case errors.As(err, &subscribe) && len(subscribe.Codes) > 0:
		return subscribe.Codes[0]
	}
	r.failf("%s: got %v, want a refusal", what, err)
	return 0
}
