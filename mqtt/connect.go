package mqtt

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"dunlin/mqtt/internal/session"
	"dunlin/mqtt/internal/wire"
)

// ConnAck is the server's answer to an accepted CONNECT.
type ConnAck struct {
	// SessionPresent: the server goes on with an earlier session of this client.
	SessionPresent bool
	// ClientID in force: the one sent, or the one that an MQTT 5 server assigned.
	ClientID string
	// KeepAlive in force; 0: none.
	KeepAlive time.Duration
	// SessionExpiry in force, MQTT 5 only.
	SessionExpiry time.Duration
	// ReasonString and UserProperties are the server's own words, MQTT 5 only.
	ReasonString   string
	UserProperties []UserProperty
}

// serverLimits is what the server allows, from its CONNACK; before MQTT 5 only
// the keep alive interval differs from the standard's maximum.
type serverLimits struct {
	receiveMaximum int
	maxPacket      int
	maxQoS         QoS
	noRetain       bool
	noWildcards    bool
	noShared       bool
	noSubIDs       bool
	keepAlive      time.Duration
	pingTimeout    time.Duration
}

// Validate reports what cannot be sent, as an *ArgumentError that names the
// field. Dial and Connect call it.
func (cfg *Config) Validate() error {
	c := *cfg
	c.fill()
	if err := c.Limits.check(); err != nil {
		return err
	}
	if err := c.checkRanges(); err != nil {
		return err
	}
	p := c.packet(DefaultMaxPacket)
	if err := p.Validate(); err != nil {
		return &ArgumentError{Name: "Config", What: whatIsWrong(err)}
	}
	return nil
}

// check finds limits under which nothing could ever move.
func (l *Limits) check() error {
	for _, f := range []struct {
		name  string
		value int
	}{
		{"SendBytes", l.SendBytes},
		{"ReceiveMessages", l.ReceiveMessages},
		{"ReceiveBytes", l.ReceiveBytes},
		{"PingTimeout", int(l.PingTimeout)},
	} {
		if f.value < 0 {
			return &ArgumentError{Name: "Limits." + f.name, What: fmt.Sprintf("%d is negative", f.value)}
		}
	}
	return nil
}

func (cfg *Config) checkRanges() error {
	fault := func(name, what string, v any) error {
		return &ArgumentError{Name: name, What: fmt.Sprintf("%v %s", v, what)}
	}
	switch k := cfg.KeepAlive; {
	case k%time.Second != 0:
		return fault("KeepAlive", "is not a whole number of seconds", k)
	case k > 65535*time.Second:
		return fault("KeepAlive", "is longer than 65535 s", k)
	case cfg.Limits.InFlight < 1 || cfg.Limits.InFlight > 65535:
		return fault("Limits.InFlight", "is not between 1 and 65535", cfg.Limits.InFlight)
	case cfg.Will != nil && cfg.Will.QoS > 2:
		return fault("Will.QoS", "is not 0, 1 or 2", cfg.Will.QoS)
	case cfg.Version != V5 && cfg.Will != nil && cfg.Will.Properties != nil:
		return fault("Will.Properties", "needs MQTT 5", "a property")
	case cfg.Version != V5 && (cfg.Properties.SessionExpiry != 0 || cfg.Properties.UserProperties != nil):
		return fault("Properties", "needs MQTT 5", "a property")
	}
	return nil
}

// packet returns cfg, defaults filled in, as the packet to send.
func (cfg *Config) packet(maxPacket int) wire.Connect {
	p := wire.Connect{
		Version:    wire.Version(cfg.Version),
		ClientID:   cfg.ClientID,
		CleanStart: !cfg.KeepSession,
		KeepAlive:  uint16(cfg.KeepAlive / time.Second),
		Username:   cfg.Username, HasUsername: cfg.Username != "",
		Password: cfg.Password, HasPassword: cfg.Password != nil,
	}
	// An empty password that is there goes with an empty user name that is there.
	if p.HasPassword && len(p.Password) == 0 {
		p.HasUsername = true
	}
	if w := cfg.Will; w != nil {
		p.Will = &wire.Will{Topic: w.Topic, Payload: w.Payload, QoS: byte(w.QoS), Retain: w.Retain, Properties: w.Properties.encodeWill()}
	}
	if cfg.Version == V5 {
		p.Properties = cfg.Properties.encode(maxPacket)
	}
	return p
}

// Connect asks the server for a session and waits for its answer. A server that
// refuses gives a *ConnectError; then, and when ctx ends first, the client is
// closed. The Connect handler runs before any message of the session is
// delivered. Connect can be called once.
func (c *Client) Connect(ctx context.Context, cfg Config) error {
	if err := cfg.Validate(); err != nil {
		return err
	}
	if cfg.Will != nil && stricter(cfg.Mode) != ModePublisher {
		return fmt.Errorf("connect: a will needs mode publisher: %w", ErrNotPermitted)
	}
	if err := c.sendConnect(cfg); err != nil {
		return err
	}
	ctx, cancel := within(ctx, c.transport.ConnectTimeout, "no CONNACK")
	defer cancel()
	select {
	case <-c.answered:
	case <-ctx.Done():
		c.abandon(context.Cause(ctx))
		<-c.answered
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.accepted {
		return nil
	}
	if c.byUser {
		return fmt.Errorf("connect: %w", ErrClosed)
	}
	return c.connectErrorLocked()
}

// abandon cuts the connection unless the server has accepted the session.
func (c *Client) abandon(cause error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.accepted && c.state < closed {
		c.cutLocked(cause)
	}
}

// connectErrorLocked returns why no session came about.
func (c *Client) connectErrorLocked() error {
	var refused *ConnectError
	if errors.As(c.cause, &refused) {
		return c.cause
	}
	return fmt.Errorf("connect %s: %w", c.remote, c.cause)
}

// sendConnect puts CONNECT into the out-buffer.
func (c *Client) sendConnect(cfg Config) error {
	cfg.fill()
	p := cfg.packet(c.transport.MaxPacket)
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.state > connected:
		return fmt.Errorf("connect: %w", c.endLocked())
	case c.state != opened:
		return errors.New("connect: Connect was called before; open another client")
	}
	c.cfg = cfg
	c.version.Store(uint32(cfg.Version))
	c.link.SetVersion(p.Version)
	c.sess = session.New(session.Config{Version: p.Version, Window: cfg.Limits.InFlight})
	c.state = connecting
	c.out.buf = wire.AppendConnect(c.out.buf, &p)
	c.kickLocked()
	return nil
}

// handleConnAck ends the handshake [MQTT-3.2.0-1].
func (c *Client) handleConnAck(p *wire.ConnAck, now time.Time) error {
	if p.Code != wire.Success {
		return &ConnectError{
			Version: c.cfg.Version, Code: ReasonCode(p.Code),
			ReasonString: text(p.Properties, wire.ReasonString), Reference: text(p.Properties, wire.ServerReference),
		}
	}
	if p.SessionPresent && !c.cfg.KeepSession { // [MQTT-3.2.2-1], [MQTT-3.2.2-4] of 5
		return protocolError(wire.CONNACK, "a session is present though a clean one was asked for")
	}
	c.server = readLimits(p.Properties, c.cfg.KeepAlive)
	c.connAck = ConnAck{
		SessionPresent: p.SessionPresent, ClientID: c.cfg.ClientID, KeepAlive: c.server.keepAlive,
		SessionExpiry:  c.cfg.Properties.SessionExpiry,
		ReasonString:   text(p.Properties, wire.ReasonString),
		UserProperties: readUser(p.Properties),
	}
	if err := c.adoptID(p.Properties); err != nil {
		return err
	}
	if v, ok := p.Properties.Uint(wire.SessionExpiryInterval); ok {
		c.connAck.SessionExpiry = time.Duration(v) * time.Second
	}
	c.server.pingTimeout = orDefault(c.cfg.Limits.PingTimeout, max(c.server.keepAlive/2, time.Second))
	c.sess.Start(now, session.Server{
		ReceiveMaximum: c.server.receiveMaximum, KeepAlive: c.server.keepAlive, PingTimeout: c.server.pingTimeout,
	})
	c.kickLocked() // to note when the first ping is due
	c.state, c.accepted = connected, true
	close(c.answered)
	if f := c.transport.Handlers.Connect; f != nil {
		c.pushEventLocked(func() { f(c) })
	}
	return nil
}

// adoptID takes the Assigned Client Identifier of an MQTT 5 server, which must
// come when and only when none was sent [MQTT-3.2.2-16].
func (c *Client) adoptID(p wire.Properties) error {
	id, ok := p.Text(wire.AssignedClientIdentifier)
	switch {
	case ok && c.cfg.ClientID != "":
		return protocolError(wire.CONNACK, "assigns a client identifier though one was sent")
	case ok:
		c.connAck.ClientID = strings.Clone(id)
	case c.cfg.ClientID == "" && c.cfg.Version == V5:
		return protocolError(wire.CONNACK, "assigns no client identifier though none was sent")
	}
	return nil
}

func readLimits(p wire.Properties, keepAlive time.Duration) serverLimits {
	s := serverLimits{receiveMaximum: 65535, maxPacket: wire.MaxLength + 5, maxQoS: ExactlyOnce, keepAlive: keepAlive}
	if v, ok := p.Uint(wire.ReceiveMaximum); ok {
		s.receiveMaximum = int(v)
	}
	if v, ok := p.Uint(wire.MaximumPacketSize); ok {
		s.maxPacket = int(min(v, wire.MaxLength+5))
	}
	if v, ok := p.Uint(wire.MaximumQoS); ok {
		s.maxQoS = QoS(v)
	}
	if v, ok := p.Uint(wire.ServerKeepAlive); ok { // also 0, also when none was asked for [MQTT-3.1.2-21]
		s.keepAlive = time.Duration(v) * time.Second
	}
	s.noRetain = isZero(p, wire.RetainAvailable)
	s.noWildcards = isZero(p, wire.WildcardSubscriptionAvailable)
	s.noShared = isZero(p, wire.SharedSubscriptionAvailable)
	s.noSubIDs = isZero(p, wire.SubscriptionIdentifierAvailable)
	return s
}

func isZero(p wire.Properties, id wire.PropertyID) bool {
	v, ok := p.Uint(id)
	return ok && v == 0
}

// ConnAck returns the server's answer to Connect; zero before it came.
func (c *Client) ConnAck() ConnAck {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.connAck
}

func protocolError(t wire.Type, what string) error {
	return &wire.Error{Code: wire.ProtocolError, Type: t, What: what}
}
