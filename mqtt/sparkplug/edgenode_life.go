package sparkplug

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"time"

	"dunlin/internal/sparkplugb"
	"dunlin/mqtt"
	mqttdial "dunlin/mqtt/dial"
)

// begin makes a session.
func (n *EdgeNode) begin(ctx context.Context, urls []string, cfg mqtt.Config) error {
	s := new(session)
	n.mu.Lock()
	if n.err != nil {
		n.mu.Unlock()
		return n.err
	}
	n.session, n.subscribed = s, false
	n.mu.Unlock()
	client, err := dial(ctx, urls, cfg, hooks{
		prepare:   func(a *mqtt.Attempt) { n.prepare(s, a) },
		connected: func(c *mqtt.Client) { n.connect(s, c) },
		lost:      func() { n.lose(s) },
		ended:     func(err error) { n.end(s, err) },
	})
	if err != nil {
		return err
	}
	n.mu.Lock()
	s.client = client
	closed := n.err != nil
	n.mu.Unlock()
	if closed {
		return client.Close(ctx)
	}
	err = subscribe(ctx, client, &cfg, n.subscriptions(s), func(err error) { n.subscribe(s, err) })
	if err != nil {
		_ = client.Close(ctx)
	}
	return err
}

// subscriptions are for commands, and for the state of the primary host. QoS 1 is what the specification wants
// [tck-id-message-flow-edge-node-ncmd-subscribe] [tck-id-message-flow-device-dcmd-subscribe].
func (n *EdgeNode) subscriptions(s *session) []mqtt.Subscription {
	on := func(filter string, handler func(ctx context.Context, s *session, m *mqtt.Received)) mqtt.Subscription {
		return mqtt.Subscription{Filter: filter, QoS: mqtt.AtLeastOnce, Handler: func(ctx context.Context, m *mqtt.Received) {
			handler(ctx, s, m)
			n.outbox.flushInTurn(n.done)
		}}
	}
	subs := []mqtt.Subscription{
		on(n.topic(NCMD, ""), n.command),
		on(n.topic(DCMD, "")+"/+", n.command),
	}
	if n.cfg.PrimaryHost != "" {
		subs = append(subs, on(Topic{Type: STATE, Host: n.cfg.PrimaryHost}.String(), n.hostState))
	}
	return subs
}

// topic returns the name of a topic of the node.
func (n *EdgeNode) topic(t MessageType, device string) string {
	return Topic{Type: t, ID: ID{Group: n.cfg.Group, Node: n.cfg.ID, Device: device}}.String()
}

// prepare begins an attempt to connect: with its own bdSeq in the will [tck-id-topics-nbirth-bdseq-increment]. One that could
// not be made, so that no CONNECT left, takes no number.
func (n *EdgeNode) prepare(s *session, a *mqtt.Attempt) {
	defer n.outbox.flush()
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.session != s {
		return
	}
	n.offline()
	var unmade *mqttdial.Error
	if n.attempts > 0 && !errors.As(a.Last, &unmade) {
		n.bdSeq++
	}
	n.attempts++
	if i := slices.Index(n.urls, a.URL); i >= 0 {
		n.server = i
	}
	a.Config.Will = &mqtt.Will{Message: n.death()}
}

// death is the message of the node's death, which has no sequence number [tck-id-topics-ndeath-seq] and bdSeq only
// [tck-id-topics-ndeath-payload].
func (n *EdgeNode) death() mqtt.Message {
	p := sparkplugb.Payload{Metrics: []sparkplugb.Metric{n.birthNumber()}}
	return mqtt.Message{Topic: n.topic(NDEATH, ""), Payload: p.Append(nil), QoS: mqtt.AtLeastOnce}
}

// birthNumber is the metric bdSeq.
func (n *EdgeNode) birthNumber() sparkplugb.Metric {
	return sparkplugb.Metric{
		Name: sparkplugb.Some(bdSeq), Type: sparkplugb.Some(uint32(Int64)),
		Value: sparkplugb.Value{Kind: sparkplugb.Long, Bits: uint64(n.bdSeq)},
	}
}

// connect notes that a connection stands.
func (n *EdgeNode) connect(s *session, c *mqtt.Client) {
	defer n.outbox.flush()
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.session != s {
		return
	}
	s.client = c
	n.connected = true
	if n.cfg.PrimaryHost != "" && len(n.urls) > 1 {
		n.stopTimer()
		n.host.timer = time.AfterFunc(n.cfg.HostTimeout, func() { n.giveUpServer(s) })
	}
	n.tryBirth()
}

// subscribe notes that the server knows what the node listens to. Without commands a node is none.
func (n *EdgeNode) subscribe(s *session, err error) {
	defer n.outbox.flush()
	if err != nil {
		n.end(s, err)
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.session == s {
		n.subscribed = true
		n.tryBirth()
	}
}

func (n *EdgeNode) lose(s *session) {
	defer n.outbox.flush()
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.session == s {
		n.offline()
	}
}

// offline notes that there is no connection, or that the births are not in force any more.
func (n *EdgeNode) offline() {
	n.stopTimer()
	n.connected, n.host = false, hostWatch{}
	n.unborn()
}

func (n *EdgeNode) stopTimer() {
	if n.host.timer != nil {
		n.host.timer.Stop()
		n.host.timer = nil
	}
}

// unborn notes that the births are not in force.
func (n *EdgeNode) unborn() {
	for _, d := range n.devices {
		d.born = false
	}
	if !n.born {
		return
	}
	n.born = false
	n.online = make(chan struct{})
	n.tellOnline(false)
}

func (n *EdgeNode) tellOnline(online bool) {
	if f := n.cfg.OnOnline; f != nil {
		n.outbox.post(func() { f(online) })
	}
}

// report tells of an error that no call returns.
func (n *EdgeNode) report(err error) {
	if f := n.cfg.MQTT.OnError; f != nil {
		n.outbox.post(func() { f(err) })
	}
}

// hostState takes a STATE of the primary host. One that is older than the last is the will of an earlier connection
// [tck-id-operational-behavior-edge-node-termination-host-offline-timestamp].
func (n *EdgeNode) hostState(_ context.Context, s *session, m *mqtt.Received) {
	state, err := UnmarshalHostState(m.Payload)
	n.mu.Lock()
	defer n.mu.Unlock()
	switch {
	case n.session != s:
	case err != nil:
		n.report(err)
	case n.host.known && state.Timestamp.Before(n.host.stamp):
	case state.Online:
		n.stopTimer()
		n.host = hostWatch{online: true, known: true, stamp: state.Timestamp}
		n.tryBirth()
	default:
		n.host.online, n.host.known, n.host.stamp = false, true, state.Timestamp
		if n.born || len(n.urls) > 1 {
			n.walk(s)
		}
	}
}

// giveUpServer goes on to the next server, for the primary host has not come to this one.
func (n *EdgeNode) giveUpServer(s *session) {
	defer n.outbox.flush()
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.session == s && n.connected && !n.host.online {
		n.walk(s)
	}
}

// walk ends the session and begins one with the next server [tck-id-message-flow-edge-node-birth-publish-phid-offline]
// [tck-id-operational-behavior-primary-application-state-with-multiple-servers-walk].
func (n *EdgeNode) walk(s *session) {
	wasBorn, death := n.born, n.death()
	n.offline()
	n.session = nil
	next := (n.server + 1) % len(n.urls)
	urls := slices.Concat(n.urls[next:], n.urls[:next])
	client := s.client
	n.walks.Go(func() {
		ctx, cancel := context.WithTimeout(n.ctx, closeLimit)
		_ = n.leave(ctx, client, wasBorn, death)
		cancel()
		n.pause()
		cfg := n.cfg.MQTT
		r := mqtt.Reconnect{}
		if cfg.Reconnect != nil {
			r = *cfg.Reconnect
		}
		r.Background = true
		cfg.Reconnect = &r
		if err := n.begin(n.ctx, urls, cfg); err != nil {
			n.end(nil, err)
		}
	})
}

// pause waits for a moment, so that nodes that lost their host together do not come back together, and servers
// without it are not asked without end.
func (n *EdgeNode) pause() {
	longest := time.Second
	if r := n.cfg.MQTT.Reconnect; r != nil && r.MinDelay > 0 {
		longest = r.MinDelay
	}
	timer := time.NewTimer(rand.N(longest))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-n.ctx.Done():
	}
}

// leave publishes the death of a node that was born and disconnects
// [tck-id-operational-behavior-edge-node-intentional-disconnect-ndeath]
// [tck-id-payloads-ndeath-will-message-publisher-disconnect-mqtt311].
func (n *EdgeNode) leave(ctx context.Context, c *mqtt.Client, wasBorn bool, death mqtt.Message) error {
	if c == nil {
		return nil
	}
	if wasBorn && c.IsConnected() {
		if err := c.Publish(ctx, death); err != nil { // the server publishes the will, for it gets no DISCONNECT
			return errors.Join(err, c.Close(ended()))
		}
	}
	return closeWithWill(ctx, c)
}

// ended returns a context that has ended, with which Close cuts the connection.
func ended() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

// end notes that the node has ended because of err. s is nil for a node that ends whatever its session is.
func (n *EdgeNode) end(s *session, err error) {
	defer n.outbox.flush()
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.err != nil || s != nil && n.session != s {
		return
	}
	n.offline()
	n.err = err
	n.cancel()
	close(n.done)
	if s != nil && s.client != nil { // refused for its subscriptions, the client is there still
		go func(c *mqtt.Client) {
			ctx, cancel := context.WithTimeout(context.Background(), closeLimit)
			defer cancel()
			_ = c.Close(ctx)
		}(s.client)
	}
}

// Close publishes the node's death and disconnects. ctx bounds it as it does mqtt.Client.Close; when that fails the server
// publishes the death. It may be called again.
func (n *EdgeNode) Close(ctx context.Context) error {
	n.cancel() // whoever waits for room to send has the lock
	n.mu.Lock()
	if n.err != nil {
		n.mu.Unlock()
		return nil
	}
	s, wasBorn, death := n.session, n.born, n.death()
	n.offline()
	n.session, n.err = nil, mqtt.ErrClosed
	close(n.done)
	var client *mqtt.Client
	if s != nil {
		client = s.client
	}
	n.mu.Unlock()
	n.outbox.flush()
	err := n.leave(ctx, client, wasBorn, death)
	n.walks.Wait()
	return err
}
