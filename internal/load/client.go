package load

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"

	"dunlin/internal/load/scenario"
	"dunlin/mqtt"
)

// client is one client of a group. There are ten thousand, so it is small.
type client struct {
	g         *group
	number    int // in the group, from Group.First on
	slot      *slot
	mq        *mqtt.Client
	receivers []*receiver
	sources   []*source
	link      *link // nil unless the scenario breaks links
	before    bool  // it was connected before; of the callbacks alone
}

// link is the connection of a client whose links are broken.
type link struct {
	mu      sync.Mutex
	conn    net.Conn
	dropped bool      // by the scenario, and not noticed yet
	away    time.Time // until when it stays away
}

// Times between attempts to come back: links are lost for real, too, and then a server is not to be stormed.
const (
	backoff     = 100 * time.Millisecond
	backoffMost = 5 * time.Second
)

// config is what the client connects with.
func (c *client) config(names *names) (mqtt.Config, error) {
	g := c.g
	cfg := g.r.o.Config
	values := scenario.Values{Client: c.number, Group: g.Name}
	var err error
	if cfg.ClientID, err = names.clientID.text(&values, cfg.ClientID); err != nil {
		return cfg, err
	}
	values.ClientID = cfg.ClientID
	if cfg.Username, err = names.username.text(&values, cfg.Username); err != nil {
		return cfg, err
	}
	values.Username = cfg.Username
	c.session(&cfg)
	if g.Will != nil {
		if cfg.Will, err = names.makeWill(g.Will, &values); err != nil {
			return cfg, err
		}
	}
	cfg.Reconnect = names.reconnect
	if g.isAlone() {
		cfg.Reconnect = nil
		cfg.Transport.ReadBuffer = smallBuffer
	}
	c.limits(&cfg)
	cfg.OnConnect, cfg.OnDisconnect = c.connected, c.disconnected
	c.transport(&cfg.Transport)
	return cfg, nil
}

// transport says how the client dials.
func (c *client) transport(t *mqtt.Transport) {
	g := c.g
	if ways := g.r.o.Ways; len(ways) > 0 {
		t.Dial = ways[(g.before+c.number-g.First)%len(ways)]
	}
	if g.Drop == nil {
		return
	}
	c.link = &link{}
	t.Dial = c.dialer(t.Dial)
	if need := g.Drop.For + mqtt.DefaultConnectTimeout; t.ConnectTimeout >= 0 && t.ConnectTimeout < need {
		t.ConnectTimeout = need // the time away is spent in dialling
	}
}

// session says for how long the server keeps what. In MQTT 5 a session ends with its connection unless a time is given.
func (c *client) session(cfg *mqtt.Config) {
	g := c.g
	cfg.KeepSession = g.KeepSession
	if g.KeepSession && (cfg.Version == mqtt.V5 || cfg.Version == mqtt.VersionAuto) {
		cfg.Properties.SessionExpiry = cmp.Or(g.SessionExpiry, cfg.Properties.SessionExpiry, mqtt.NeverExpires)
	}
	if g.KeepAlive != 0 {
		cfg.KeepAlive = g.KeepAlive
	}
}

// limits says how much may wait in the client.
func (c *client) limits(cfg *mqtt.Config) {
	cfg.Limits.Drain = -1 // the run has waited already
	switch {
	case c.g.keepsRate():
		cfg.Limits.SendBytes = sendBytes
	case c.g.onlyFloods():
		cfg.Limits.SendBytes = floodBytes
	}
	cfg.Limits.Queue.Messages = queueMessages
	cfg.Limits.Queue.Bytes = queueBytes
}

// keepsRate reports whether the group sends at a rate, whatever the server does.
func (g *group) keepsRate() bool {
	return slices.ContainsFunc(g.Publish, func(p scenario.Publish) bool { return p.Rate > 0 })
}

// onlyFloods reports whether all that the group sends is sent at QoS 0, as fast as the socket takes it.
func (g *group) onlyFloods() bool {
	return len(g.Publish) > 0 && !g.Echo && !slices.ContainsFunc(g.Publish, func(p scenario.Publish) bool { return !floods(&p) })
}

// What may wait in one client: where a server does not keep up with a rate, messages wait here, and their latency says so.
const (
	sendBytes     = 8 << 20
	floodBytes    = 64 << 10 // stays in the processor's cache, and is not counted long before it leaves
	queueMessages = 10_000_000
	queueBytes    = 1 << 30
)

// connected is OnConnect.
func (c *client) connected(*mqtt.Client) {
	c.slot.connects.Add(1)
	c.slot.online.Add(1)
	kind := eventConnected
	if c.before {
		kind = eventBack
	}
	c.before = true
	c.g.r.events.add(c, kind, "")
}

// disconnected is OnDisconnect.
func (c *client) disconnected(reason error) {
	c.slot.online.Add(-1)
	for _, s := range c.sources {
		s.broken()
	}
	if c.link != nil && c.link.takeDropped() {
		return // the event is there already
	}
	c.slot.lost.Add(1)
	c.g.r.events.add(c, eventLost, detailOf(reason))
	if c.g.isAlone() {
		c.g.r.redial(c)
	}
}

func (l *link) takeDropped() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	was := l.dropped
	l.dropped = false
	return was
}

// dialer returns a way to dial that remembers the connection, and that waits while the client has to stay away.
func (c *client) dialer(base func(context.Context, string, string) (net.Conn, error)) func(context.Context, string, string) (net.Conn, error) {
	if base == nil {
		base = (&net.Dialer{}).DialContext
	}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		l := c.link
		l.mu.Lock()
		away := time.Until(l.away)
		l.mu.Unlock()
		if !pause(ctx, away) {
			return nil, context.Cause(ctx)
		}
		conn, err := base(ctx, network, address)
		if err == nil {
			l.mu.Lock()
			l.conn = conn
			l.mu.Unlock()
		}
		return conn, err
	}
}

// pause waits for d and reports whether ctx has not ended by then.
func pause(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// drop breaks the link, as a cable that is pulled would, and has the client stay away.
func (c *client) drop(away time.Duration) {
	l := c.link
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.conn == nil || l.dropped || !c.mq.IsConnected() {
		return
	}
	l.dropped, l.away = true, time.Now().Add(away)
	if tcp, ok := l.conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // a reset, and no orderly end; without it the end is orderly
	}
	_ = l.conn.Close()
	l.conn = nil
	c.slot.dropped.Add(1)
	c.g.r.events.add(c, eventDropped, "")
}

// template is a name, or nothing.
type template struct{ *scenario.Template }

func (t template) text(v *scenario.Values, otherwise string) (string, error) {
	if t.Template == nil {
		return otherwise, nil
	}
	b, err := t.Append(nil, v)
	return string(b), err
}

// names are the templates of a group, for the one goroutine that makes its clients.
type names struct {
	mu                     sync.Mutex
	clientID, username     template
	willTopic, willPayload template
	topics                 []template // by publication
	filters                []template
	reconnect              *mqtt.Reconnect
}

func newNames(g *group) (*names, error) {
	n := &names{reconnect: &mqtt.Reconnect{}}
	if base := g.r.o.Config.Reconnect; base != nil {
		*n.reconnect = *base // which servers there are
	}
	n.reconnect.MinDelay, n.reconnect.MaxDelay = backoff, backoffMost
	type part struct {
		text string
		to   *template
	}
	parts := []part{{g.ClientID, &n.clientID}, {g.Username, &n.username}}
	if g.Will != nil {
		parts = append(parts, part{g.Will.Topic, &n.willTopic}, part{g.Will.Payload, &n.willPayload})
	}
	n.topics, n.filters = make([]template, len(g.Publish)), make([]template, len(g.Subscribe))
	for i := range g.Publish {
		parts = append(parts, part{g.Publish[i].Topic, &n.topics[i]})
	}
	for i := range g.Subscribe {
		parts = append(parts, part{g.Subscribe[i].Filter, &n.filters[i]})
	}
	for _, p := range parts {
		if p.text == "" {
			continue
		}
		t, err := scenario.ParseTemplate(p.text, g.r.s.Seed)
		if err != nil {
			return nil, fmt.Errorf("group %s: %q: %w", g.Name, p.text, err)
		}
		p.to.Template = t
	}
	return n, nil
}

func (n *names) makeWill(m *scenario.Message, v *scenario.Values) (*mqtt.Will, error) {
	topic, err := n.willTopic.text(v, "")
	if err != nil {
		return nil, err
	}
	payload, err := n.willPayload.text(v, string(make([]byte, m.Size)))
	if err != nil {
		return nil, err
	}
	return &mqtt.Will{Message: mqtt.Message{Topic: topic, Payload: []byte(payload), QoS: mqtt.QoS(m.QoS), Retain: m.Retain}}, nil
}
