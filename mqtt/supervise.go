package mqtt

import (
	"context"
	"fmt"
	"time"

	"dunlin/mqtt/internal/session"
)

// course is what a client remembers beyond one connection.
type course struct {
	base    *Config // as given to Dial
	servers []string
	next    int       // of servers, for the attempt to come
	looping bool      // the connect loop runs, or Dial in its place
	tries   int       // retries in a row
	number  int       // of the attempt to come
	last    error     // why the last connection ended, or did not come about
	since   time.Time // when the server accepted the last one
	accepts int       // connections that it accepted
	parked  []*request
	aside   int  // messages in quarantine
	unsaved bool // the store fails, and that was told
	dropped uint64
}

// dialLasting is Dial for a client that outlives its connection, or its process.
func dialLasting(ctx context.Context, url string, cfg Config) (*Client, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if _, err := reachable(url); err != nil { // at once, also in the background
		return nil, err
	}
	c, err := newLasting(url, cfg)
	if err != nil {
		return nil, err
	}
	go c.deliverLoop()
	if c.store != nil {
		go c.saveLoop()
	}
	if c.retry != nil && c.retry.Background {
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
	base := cfg // each attempt fills it in: what is switched off must not look like a default then
	cfg.fill()
	cfg.Transport.fill()
	c := newClient(cfg.Transport)
	c.dialing = true
	c.course = &course{servers: []string{url}}
	if cfg.Reconnect != nil {
		r := *cfg.Reconnect
		r.fill()
		c.retry = &r
		c.course.servers = append(c.course.servers, r.Servers...)
	}
	c.course.base, c.course.looping = &base, true
	c.cfg, c.remote = cfg, url
	c.version.Store(uint32(cfg.Version))
	c.sess = cfg.newSession()
	c.sess.Suspend(session.Loss{Untouched: func(*session.Entry) bool { return true }})
	if cfg.Store == nil {
		return c, nil
	}
	c.store = cfg.Store
	c.saver.wake = make(chan struct{}, 1)
	c.saved = make(chan struct{})
	if err := c.load(); err != nil {
		c.cancel()
		return nil, err
	}
	return c, nil
}

// stopped returns what is closed when the client's last goroutine ends.
func (c *Client) stopped() <-chan struct{} {
	if c.saved != nil {
		return c.saved
	}
	return c.delivered
}

// cleanStart returns the Clean Start of the CONNECT to come. An MQTT 5 session
// that was to begin clean goes on in later connections of this client, if it
// outlives a connection.
func (c *Client) cleanStart(cfg *Config) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	again := c.course != nil && c.course.accepts > 0 && cfg.Version == V5 && cfg.Properties.SessionExpiry > 0
	return !cfg.KeepSession && !again
}

// attempt makes a connection and connects.
func (c *Client) attempt(ctx context.Context) error {
	a := c.newAttempt()
	ctx, cancel := within(ctx, c.transport.ConnectTimeout, "no connection")
	defer cancel()
	if c.retry != nil && c.retry.Prepare != nil {
		if err := c.retry.Prepare(ctx, &a); err != nil {
			return fmt.Errorf("prepare: %w", err)
		}
	}
	url, cfg := a.URL, &a.Config
	cfg.keep(c.course.base)
	for left := maxRedirects; ; left-- {
		err := c.connectTo(ctx, url, *cfg)
		if err == nil {
			return nil
		}
		next := (*Config)(nil)
		if url, next, err = cfg.redirected(err, left); err != nil {
			return err
		}
		cfg = next
		cfg.keep(c.course.base)
	}
}

// newAttempt returns what Prepare sees.
func (c *Client) newAttempt() Attempt {
	c.mu.Lock()
	defer c.mu.Unlock()
	w := c.course
	a := Attempt{Number: w.number, Last: w.last, URL: w.servers[w.next%len(w.servers)], Config: *w.base}
	w.number++
	w.next++
	return a
}

// keep puts back what is not of an attempt.
func (cfg *Config) keep(base *Config) {
	cfg.Version, cfg.ClientID, cfg.KeepSession = base.Version, base.ClientID, base.KeepSession
	cfg.Limits, cfg.Mode, cfg.Store, cfg.Reconnect = base.Limits, base.Mode, base.Store, base.Reconnect
	cfg.Transport.Handlers, cfg.Transport.Logger = base.Transport.Handlers, base.Transport.Logger
	cfg.Transport.MaxPacket, cfg.Transport.ReadBuffer = base.Transport.MaxPacket, base.Transport.ReadBuffer
}

// connectTo makes one connection to url and connects.
func (c *Client) connectTo(ctx context.Context, url string, cfg Config) error {
	cfg.takeUser(url)
	cfg.Transport.fill()
	if err := cfg.Validate(); err != nil {
		return err
	}
	address, err := reachable(url)
	if err != nil {
		return err
	}
	conn, err := cfg.Transport.open(ctx, address)
	if err != nil {
		return err
	}
	c.mu.Lock()
	if c.byUser {
		c.mu.Unlock()
		_ = conn.Close() // nothing was said on it
		return fmt.Errorf("connect: %w", ErrClosed)
	}
	c.attachLocked(conn, address.String())
	down := c.down
	c.mu.Unlock()
	if err := c.handshake(ctx, cfg); err != nil {
		c.abort(err)
		<-down
		return err
	}
	return nil
}

// settleIn ends Dial's part: from here on the connect loop, if any, makes the
// connections. The first may be lost already.
func (c *Client) settleIn() {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.state != offline:
		c.course.looping = false
	case c.retry == nil || c.byUser:
		c.finalLocked()
	default:
		go c.connectLoop()
	}
}

// connectLoop makes connections until one stands, or there is no point in it.
func (c *Client) connectLoop() {
	for {
		c.mu.Lock()
		if c.state != offline {
			c.course.looping = false
			c.mu.Unlock()
			return
		}
		last, over := c.course.last, c.byUser
		c.mu.Unlock()
		if over || last != nil && (c.retry.GiveUp(last) || !c.pauseBefore(last)) {
			c.giveUp(last, over)
			return
		}
		if err := c.attempt(c.ctx); err != nil {
			c.mu.Lock()
			c.course.last = err
			c.mu.Unlock()
		}
	}
}

// pauseBefore waits before the attempt after one that ended with last, and
// reports false when the client is being closed.
func (c *Client) pauseBefore(last error) bool {
	c.mu.Lock()
	delay := c.retry.delay(c.course.tries)
	c.course.tries++
	if f := c.transport.Handlers.Retry; f != nil {
		r := Retry{Number: c.course.number, Delay: delay, Err: last}
		c.pushEventLocked(func() { f(r) })
	}
	c.log.Info("mqtt: connecting again", "in", delay, "because", last)
	c.mu.Unlock()
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-c.ctx.Done():
		return false
	}
}

// giveUp ends a client that is offline. quiet: whoever has to know knows.
func (c *Client) giveUp(last error, quiet bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !quiet && !c.byUser {
		c.pushErrorLocked(fmt.Errorf("no further attempt: %w", last))
	}
	c.cause = last
	c.finalLocked()
}
