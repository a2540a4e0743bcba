package interop

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"dunlin/mqtt"
	_ "dunlin/mqtt/dial/ws"
)

var connectCases = []testCase{
	{name: "connect and disconnect", body: connectAndDisconnect},
	{name: "connect without an identifier", body: connectAnonymous, from: mqtt.V311},
	{name: "connect over WebSocket", body: connectWebSocket, only: func(s *server) bool { return s.startWebSocket != nil }},
	{name: "ping", body: pingServer},
	{
		name: "keep alive of 1 s holds an idle connection", body: func(r *rig) { keepAliveHolds(r, time.Second) }, timed: true,
		// The half second of grace that others give is too short on a busy machine.
		only: func(s *server) bool { return s.name == "mochi" || s.name == "dunlin broker" },
	},
	{name: "keep alive of 2 s holds an idle connection", body: func(r *rig) { keepAliveHolds(r, 2*time.Second) }, timed: true},
	{name: "keep alive ends a silent client", body: keepAliveEnds, timed: true},
	{name: "takeover", body: takeover},
	{name: "takeover is told", body: takeoverTold, from: mqtt.V5},
	{name: "fifty clients", body: manyClients},
	{name: "will", body: will},
	{name: "will, retained", body: willRetained},
	{name: "no will after close", body: noWill},
}

func connectAndDisconnect(r *rig) {
	p := r.dial()
	same(r, "connected", p.IsConnected(), true)
	same(r, "session present", p.ConnAck().SessionPresent, false)
	same(r, "client identifier", p.ConnAck().ClientID, p.id)
	p.close()
	same(r, "connected after close", p.IsConnected(), false)
	same(r, "error after close", errors.Is(p.Err(), mqtt.ErrClosed), true)
}

func connectAnonymous(r *rig) {
	p, q := r.dial(named("")), r.dial(named(""))
	p.subscribe("t", 1)
	q.publish("t", "x", 1)
	p.expect(q, 1, "t=x/1")
}

func connectWebSocket(r *rig) {
	r.use(r.server.startWebSocket)
	p := r.dial()
	p.subscribe("t", 2)
	for _, qos := range r.levels() {
		p.publish("t", "x", qos)
		p.expect(p, qos, fmt.Sprintf("t=x/%d", qos))
	}
}

func pingServer(r *rig) {
	d, err := r.dial().Ping(r.ctx)
	r.must("ping", err)
	if d <= 0 {
		r.failf("ping took %v", d)
	}
}

func keepAliveHolds(r *rig, interval time.Duration) {
	p := r.dial(func(cfg *mqtt.Config) { cfg.KeepAlive = interval })
	idle := time.NewTimer(3*interval + interval/2)
	defer idle.Stop()
	select {
	case err := <-p.ended:
		r.failf("an idle connection with pings ended: %w", err)
	case <-idle.C:
	}
	same(r, "connected", p.IsConnected(), true)
}

// keepAliveEnds lets a client go dumb: the server ends it after one and a half
// of its keep alive, and publishes its will.
func keepAliveEnds(r *rig) {
	watcher := r.dial()
	watcher.subscribe("will", 1)
	p := r.dial(func(cfg *mqtt.Config) {
		cfg.KeepAlive = time.Second
		cfg.Limits.PingTimeout = time.Minute // the server is to be the first
		cfg.Will = &mqtt.Will{Message: mqtt.Message{Topic: r.topic("will"), Payload: []byte("gone"), QoS: 1}}
	})
	p.wire.dumb.Store(true)
	if err := p.end(); errors.Is(err, mqtt.ErrKeepAlive) {
		r.failf("the client was faster: %w", err)
	}
	same(r, "will", r.show(watcher.next()), "will=gone/1")
}

func takeover(r *rig) {
	first := r.dial()
	second := r.dial(named(first.id))
	_ = first.end()
	second.subscribe("t", 1)
	second.publish("t", "x", 1)
	second.expect(second, 1, "t=x/1")
}

// takeoverTold: a DISCONNECT says why [MQTT-3.1.4-3].
func takeoverTold(r *rig) {
	first := r.dial()
	r.dial(named(first.id))
	reason := first.end()
	var told *mqtt.DisconnectError
	if !errors.As(reason, &told) {
		r.failf("no DISCONNECT came: %w", reason)
	}
	same(r, "reason code", told.Code, 0x8E)
}

func manyClients(r *rig) {
	const clients = 50
	var wg sync.WaitGroup
	peers := make([]*peer, clients)
	for i := range peers {
		peers[i] = r.dial()
		peers[i].subscribe("all", 1)
	}
	errs := make([]error, clients)
	for i, p := range peers {
		wg.Go(func() {
			errs[i] = p.Publish(r.ctx, mqtt.Message{Topic: r.topic("all"), Payload: fmt.Append(nil, i), QoS: 1})
		})
	}
	wg.Wait()
	r.must("publish", errors.Join(errs...))
	for i, p := range peers {
		seen := make(map[string]bool)
		for range clients {
			seen[string(p.next().Payload)] = true
		}
		same(r, fmt.Sprintf("different messages at client %d", i), len(seen), clients)
	}
}

func will(r *rig) {
	for _, qos := range r.levels() {
		watcher := r.dial()
		watcher.subscribe("will", 2)
		p := r.dial(func(cfg *mqtt.Config) {
			cfg.Will = &mqtt.Will{Message: mqtt.Message{Topic: r.topic("will"), Payload: []byte("gone"), QoS: qos}}
		})
		p.cut()
		same(r, "will", r.show(watcher.next()), fmt.Sprintf("will=gone/%d", qos))
		watcher.close()
	}
}

func willRetained(r *rig) {
	watcher := r.dial()
	watcher.subscribe("will", 1)
	p := r.dial(func(cfg *mqtt.Config) {
		cfg.Will = &mqtt.Will{Message: mqtt.Message{Topic: r.topic("will"), Payload: []byte("gone"), QoS: 1, Retain: true}}
	})
	p.cut()
	same(r, "live will", r.show(watcher.next()), "will=gone/1")
	late := r.dial()
	late.subscribe("will", 1)
	same(r, "retained will", r.show(late.next()), "will=gone/1/retain")
	late.send(mqtt.Message{Topic: r.topic("will"), Retain: true, QoS: 1})
}

func noWill(r *rig) {
	watcher := r.dial()
	watcher.subscribe("will", 1)
	p := r.dial(func(cfg *mqtt.Config) {
		cfg.Will = &mqtt.Will{Message: mqtt.Message{Topic: r.topic("will"), Payload: []byte("gone"), QoS: 1}}
	})
	p.close()
	// When the identifier is taken again the server is through with its last owner.
	again := r.dial(named(p.id))
	watcher.expect(again, 1)
}
