package mqtt

import (
	"context"
	"fmt"
	"net"
	"time"

	"dunlin/mqtt/dial"
	"dunlin/mqtt/internal/life"
	"dunlin/mqtt/internal/session"
)

// supervisor makes the connections of a client that outlives them, or its process.
// The client's mutex guards what changes.
type supervisor struct {
	retry   *Reconnect // nil: there is one connection, and a store
	base    Config     // as given to Dial
	spoken  spoken     // by servers, with VersionAuto
	servers rotation
	turns   turns
	number  int // of the attempt to come
	tries   int // retries in a row
	renewal renewal

	takeovers int  // connections in a row that ended as when another client takes the session over
	running   bool // Dial, or the connect loop, makes connections now
}

// lost notes the end of a connection that the server at remote had accepted, after it lasted, by err.
func (s *supervisor) lost(remote string, lasted time.Duration, err error) {
	s.servers.lost(remote, err)
	if s.retry != nil && lasted >= s.retry.Stable {
		s.tries = 0
	}
}

// Before MQTT 5 a DISCONNECT of the server gives no reason. It is called another client with the
// same client identifier after takeoversSeen connections in a row of which none lasted for longer
// than takeoverTime, none was waiting for an answer, and each could be replaced at the first
// attempt. It is only called so: servers behind a load balancer that restart one by one look the
// same, and the waits between the connections grow anyhow.
const (
	takeoversSeen = 4
	takeoverTime  = time.Minute
)

// disconnectedLocked returns what a DISCONNECT without a reason means. The error is as it stays:
// others see it before the connection has ended.
func (c *Client) disconnectedLocked() error {
	left := &DisconnectError{Version: c.cfg.Version}
	s := c.supervisor
	switch {
	case s == nil:
	case time.Since(c.life.Since()) > takeoverTime || c.sess.Unanswered() || c.blamedLocked() != nil:
		s.takeovers = 0
	default:
		s.takeovers++
		left.repeated = s.takeovers >= takeoversSeen
	}
	return left
}

// dialLasting is Dial for a client that outlives its connection, or its process.
func dialLasting(ctx context.Context, url string, cfg Config) (*Client, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	address, err := reachable(url, cfg.Mode) // at once, also in the background
	if err != nil {
		return nil, err
	}
	c, err := newLasting(url, cfg)
	if err != nil {
		return nil, err
	}
	c.conn.remote = address.String()
	if c.saver != nil {
		go c.saveLoop()
	}
	if retry := c.supervisor.retry; retry != nil && retry.Background {
		go c.connectLoop()
		return c, nil
	}
	if err := c.attempt(ctx); err != nil {
		c.giveUp(err, true)
		<-c.stopped()
		return nil, err
	}
	c.settleIn()
	return c, nil
}

// newLasting returns a client that is offline, with what its store has.
func newLasting(url string, cfg Config) (*Client, error) {
	s := &supervisor{servers: rotation{urls: []string{url}}, running: true}
	s.base = cfg               // each attempt fills it in: what is switched off must not look like a default then
	newest := cfg.speaking(V5) // of what a store holds nothing may be lost before a server has answered
	newest.fill()
	cfg = cfg.speaking(V311) // and nothing taken that only MQTT 5 can say
	cfg.fill()
	c := newClient(&cfg, life.Kind{Reconnects: cfg.Reconnect != nil, Saves: cfg.Store != nil, Dialed: true})
	c.supervisor = s
	if cfg.Reconnect != nil {
		r := *cfg.Reconnect
		r.fill()
		s.retry = &r
		s.servers.follow(&r)
	}
	c.version.Store(uint32(cfg.Version))
	c.sess = session.New(newest.session())
	c.sess.Suspend(session.Loss{Untouched: func(*session.Entry) bool { return true }})
	if cfg.Store == nil {
		return c, nil
	}
	c.saver = newSaver(cfg.Store)
	if err := c.load(); err != nil {
		c.cancel()
		return nil, err
	}
	return c, nil
}

// stopped returns what is closed when the client's last goroutine ends.
func (c *Client) stopped() <-chan struct{} {
	if c.saver != nil {
		return c.saver.done
	}
	return c.recv.done.given()
}

// cleanStart returns the Clean Start of the CONNECT to come. An MQTT 5 session
// that was to begin clean goes on in later connections of this client, if it
// outlives a connection.
func (c *Client) cleanStart(cfg *Config) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	again := c.life.Accepts() > 0 && cfg.Version == V5 && cfg.Properties.SessionExpiry > 0
	return !cfg.KeepSession && !again
}

// attempt makes a connection and connects.
func (c *Client) attempt(ctx context.Context) error {
	a := c.newAttempt()
	ctx, cancel := within(ctx, c.opened.Transport.ConnectTimeout, "no connection")
	defer cancel()
	if retry := c.supervisor.retry; retry != nil && retry.Prepare != nil {
		if err := contained(func() error { return retry.Prepare(ctx, &a) }); err != nil {
			return fmt.Errorf("prepare: %w", err)
		}
	}
	url, cfg := a.URL, &a.Config
	cfg.keep(&c.supervisor.base)
	for left := maxRedirects; ; left-- {
		err := c.connectTo(ctx, url, *cfg)
		if err == nil {
			return nil
		}
		next := (*Config)(nil)
		refusal := err
		err = contained(func() error {
			url, next, err = cfg.redirected(refusal, left)
			return err
		})
		if err != nil {
			return err
		}
		cfg = next
		cfg.keep(&c.supervisor.base)
	}
}

// newAttempt returns what Prepare sees.
func (c *Client) newAttempt() Attempt {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.supervisor
	a := Attempt{Number: s.number, Last: c.life.Last(), URL: s.servers.take(), Config: s.base}
	s.number++
	return a
}

// keep puts back what is not of an attempt.
func (cfg *Config) keep(base *Config) {
	cfg.Version, cfg.ClientID, cfg.KeepSession = base.Version, base.ClientID, base.KeepSession
	cfg.Limits, cfg.Mode, cfg.Store, cfg.Reconnect, cfg.Poison = base.Limits, base.Mode, base.Store, base.Reconnect, base.Poison
	cfg.keepCallbacks(base)
	cfg.Transport.Logger = base.Transport.Logger
	cfg.Transport.MaxPacket, cfg.Transport.ReadBuffer = base.Transport.MaxPacket, base.Transport.ReadBuffer
}

// connectTo makes one connection to url and connects.
func (c *Client) connectTo(ctx context.Context, url string, cfg Config) error {
	cfg.takeUser(url)
	if err := cfg.Validate(); err != nil {
		return err
	}
	address, err := reachable(url, cfg.Mode)
	if err != nil {
		return err
	}
	var before error
	return cfg.negotiate(c.knownVersion(address), func(as Config) error {
		as.fill()
		c.tryVersion(address, as.Version, before)
		before = c.connectAs(ctx, address, &as)
		c.noteVersion(address, as.Version, before)
		return before
	})
}

// connectAs makes one connection to address and connects by cfg, which is valid, filled in and not
// changed any more.
func (c *Client) connectAs(ctx context.Context, address dial.Address, cfg *Config) error {
	begun, s := time.Now(), c.supervisor
	several := len(s.servers.urls) > 1
	ctx, cancel := c.turn(ctx, several && !address.IsSRV()) // the servers of a domain give way to each other while they are dialed
	defer cancel()
	conn, at, err := cfg.Transport.open(ctx, address, func(ctx context.Context, address dial.Address, r *net.Resolver) ([]dial.Address, error) {
		found, err := c.lookUp(ctx, address, r)
		several = several || len(found) > 1
		return found, err
	})
	if err != nil {
		c.noteFailure(address, err, false)
		return err
	}
	c.mu.Lock()
	attached := c.attachLocked(conn, at)
	made := c.conn
	c.mu.Unlock()
	if !attached {
		_ = conn.Close() // nothing was said on it
		return fmt.Errorf("connect: %w", ErrClosed)
	}
	ctx, cancel = c.turn(ctx, several && address.IsSRV())
	defer cancel()
	if err := contained(func() error { return c.handshake(ctx, cfg) }); err != nil {
		c.abort(err)
		<-made.down.given()
		c.noteFailure(address, &dial.Error{Address: at.String(), Err: err}, true)
		return err
	}
	c.mu.Lock()
	s.turns.accepted(time.Since(begun))
	c.mu.Unlock()
	return nil
}

// lookUp finds the servers of address, in the order in which they are to be tried. A name server that is silent holds up the other servers
// of a list no longer than a server that is.
func (c *Client) lookUp(ctx context.Context, address dial.Address, r *net.Resolver) ([]dial.Address, error) {
	ctx, cancel := c.turn(ctx, len(c.supervisor.servers.urls) > 1 && address.IsSRV())
	defer cancel()
	found, err := dial.LookUp(ctx, address, r)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.supervisor.servers.failedLast(found)
	return found, err
}

// noteFailure notes that an attempt at address failed with err; asked: CONNECT was sent.
func (c *Client) noteFailure(address dial.Address, err error, asked bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.supervisor.servers.failedAt(address, err)
	c.supervisor.noteFailure(err, asked)
}

// settleIn ends Dial's part: from here on the connect loop, if any, makes the
// connections. The first may be lost already.
func (c *Client) settleIn() {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch c.life.Settle() {
	case life.Wait: // the connection stands, and its end will start the loop
		c.supervisor.running = false
	case life.Reconnect:
		go c.connectLoop()
	case life.Finish:
		c.finishLocked(nil)
	}
}

// connectLoop makes connections until one stands, or there is no point in it.
func (c *Client) connectLoop() {
	for {
		c.mu.Lock()
		next := c.life.Settle()
		if next == life.Wait {
			c.supervisor.running = false
			c.mu.Unlock()
			return
		}
		last := c.life.Last()
		c.mu.Unlock()
		if over := next == life.Finish; over || last != nil && (c.supervisor.givesUp(last) || !c.pauseBefore(last)) {
			c.giveUp(last, over)
			return
		}
		if err := c.attempt(c.ctx); err != nil {
			c.mu.Lock()
			c.supervisor.takeovers = 0 // the server was away
			c.life.Fail(err)
			c.mu.Unlock()
		}
	}
}

// givesUp asks the application. One that panics has not said so.
func (s *supervisor) givesUp(last error) (over bool) {
	_ = contained(func() error { over = s.retry.GiveUp(last); return nil })
	return over
}

// pauseBefore waits before the attempt after one that ended with last, and
// reports false when the client is being closed.
func (c *Client) pauseBefore(last error) bool {
	c.mu.Lock()
	s := c.supervisor
	delay := s.retry.delay(s.tries / len(s.servers.urls)) // the other servers are not to wait for the one that was away
	s.tries++
	if f := c.opened.OnRetry; f != nil && !c.recv.overfull() {
		r := Retry{Number: s.number, Delay: delay, Err: last}
		c.recv.pushEventOf(last, func() { f(r) })
	}
	c.mu.Unlock()
	c.opened.Transport.Logger.Info("mqtt: connecting again", "in", delay, "because", last)
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-c.ctx.Done():
		return false
	}
}

// giveUp ends a client that has no transport. quiet: whoever has to know knows.
func (c *Client) giveUp(last error, quiet bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !quiet {
		c.recv.pushError(fmt.Errorf("no further attempt: %w", last))
	}
	c.finishLocked(last)
}
