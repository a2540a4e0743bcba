package mqtt

import (
	"context"
	"fmt"
	"time"

	"dunlin/mqtt/internal/session"
	"dunlin/mqtt/internal/wire"
)

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
		p.Will = &wire.Will{Topic: w.Topic, Payload: w.Payload, QoS: byte(w.QoS), Retain: w.Retain, Properties: w.encode()}
	}
	if cfg.Version == V5 {
		p.Properties = cfg.Properties.encode(&cfg.Limits, maxPacket)
	}
	return p
}

// Connect asks the server for a session and waits for its answer. A server that
// refuses gives a *ConnectError; then, and when ctx ends first, the client is
// closed. OnConnect runs before any message of the session is delivered. Connect
// can be called once.
//
// What Open was to have, and what only Dial can do, Connect does not accept.
func (c *Client) Connect(ctx context.Context, cfg Config) error {
	if err := cfg.checkConnect(); err != nil {
		return err
	}
	if err := cfg.Validate(); err != nil {
		return err
	}
	if err := cfg.Mode.checkOn("connect"); err != nil {
		return err
	}
	cfg.fill()
	cfg.keepOpened(c.opened)
	return c.handshake(ctx, &cfg)
}

// handshake is Connect with a valid cfg that is filled in and is not changed any more.
func (c *Client) handshake(ctx context.Context, cfg *Config) error {
	if cfg.Will != nil && stricter(cfg.Mode) != ModePublisher {
		return fmt.Errorf("connect: a will needs mode publisher: %w", ErrNotPermitted)
	}
	ctx, cancel := c.patience(ctx)
	defer cancel()
	if cfg.Auth != nil {
		var release context.CancelFunc
		ctx, release = c.boundToConnection(ctx)
		defer release()
		if err := c.takeAuth(ctx); err != nil {
			return fmt.Errorf("connect: %w", err)
		}
		defer c.releaseAuth()
	}
	conn, err := c.sendConnect(ctx, cfg)
	if err != nil {
		return c.whyNotSent(conn, cfg, err)
	}
	if err := c.authenticate(ctx, conn, cfg.Auth, conn.answered.given()); err != nil {
		c.abandon(conn, err)
		<-conn.answered.given()
	}
	if cfg.Auth != nil {
		if err := c.finishConnectAuth(ctx, conn, cfg.Auth); err != nil {
			return err
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if conn.accepted {
		return nil
	}
	if c.life.Closed() {
		return fmt.Errorf("connect: %w", ErrClosed)
	}
	return conn.connectError(cfg)
}

// abandon cuts conn unless the server has accepted the session.
func (c *Client) abandon(conn *connection, cause error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !conn.accepted && c.conn == conn {
		c.cutLocked(cause)
	}
}

// ownReceiveMaximum is what an MQTT 5 server was told; 0: no maximum.
func (cfg *Config) ownReceiveMaximum() int {
	if cfg.Version < V5 {
		return 0
	}
	return cfg.Limits.ReceiveMaximum
}

// finishConnectAuth checks the server's proof that came with its consent.
func (c *Client) finishConnectAuth(ctx context.Context, conn *connection, auth Authenticator) error {
	c.mu.Lock()
	accepted, data := conn.accepted, conn.auth.data
	c.mu.Unlock()
	if !accepted {
		return nil // Connect tells why
	}
	if err := auth.Finish(ctx, data); err != nil {
		c.refuseAuth(conn, err)
		<-conn.down.given()
		return fmt.Errorf("connect %s: authentication %s: %w", conn.remote, auth.Method(), err)
	}
	return nil
}

// session returns what a session of cfg, defaults filled in, is made with.
func (cfg *Config) session() session.Config {
	return session.Config{
		Version: wire.Version(cfg.Version), Window: cfg.Limits.InFlight, Window2: cfg.Limits.InFlightQoS2,
		AliasMaximum: cfg.Limits.TopicAliases, ReceiveMaximum: cfg.ownReceiveMaximum(),
		Keep: cfg.Reconnect != nil || cfg.Store != nil, Save: cfg.Store != nil,
	}
}

// whyNotSent returns why CONNECT was not sent, for which sendConnect gave err. A connection that was made for this attempt may have ended
// already: in TLS 1.3 a server refuses a certificate when the client takes the connection for made. What ended it is why the attempt
// failed, and not what ended an earlier one.
func (c *Client) whyNotSent(conn *connection, cfg *Config, err error) error {
	c.mu.Lock()
	over := conn != nil && c.supervisor != nil && !c.life.Closed()
	c.mu.Unlock()
	if !over {
		return err
	}
	<-conn.down.given()
	c.mu.Lock()
	defer c.mu.Unlock()
	return conn.connectError(cfg)
}

// sendConnect puts CONNECT into the out-buffer, and returns the connection that it
// is sent on, or was to be sent on where that has ended.
func (c *Client) sendConnect(ctx context.Context, cfg *Config) (*connection, error) {
	most := c.opened.Transport.MaxPacket
	if c.opened.OnLargeMessage != nil || most == maxPacketSize {
		most = 0 // a larger PUBLISH is welcome, or there is none
	}
	p := cfg.packet(most)
	p.CleanStart = c.cleanStart(cfg)
	if cfg.Auth != nil {
		data, err := cfg.Auth.Start(ctx)
		if err != nil {
			return nil, fmt.Errorf("connect: authentication %s: %w", cfg.Auth.Method(), err)
		}
		p.Properties = authProperties(p.Properties, cfg.Auth.Method(), data)
		if err := p.Validate(); err != nil {
			return nil, &ArgumentError{Name: "Auth", What: whatIsWrong(err)}
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	conn := c.conn
	if err := c.life.Connect(); err != nil {
		return conn, err
	}
	c.cfg, conn.clean = cfg, p.CleanStart
	c.recv.limits = &cfg.Limits
	if cfg.Auth != nil {
		conn.auth = &authentication{challenges: make(chan []byte, 1)}
	}
	conn.version.Store(uint32(cfg.Version))
	conn.link.SetVersion(p.Version)
	if c.sess == nil {
		c.sess = session.New(cfg.session())
	}
	if !c.negotiates() { // else the server is to agree first
		c.version.Store(uint32(cfg.Version))
	}
	c.send.buf = wire.AppendConnect(c.send.buf, &p)
	c.flushLocked()
	return conn, nil
}
