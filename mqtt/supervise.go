package mqtt

import (
	"context"
	"errors"
	"fmt"
	"time"

	"dunlin/mqtt/dial"
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
	aside   int     // messages in quarantine
	odd     []error // records of the store that make no sense
	unsaved bool    // the store fails, and that was told
	dropped uint64
}

// dialLasting is Dial for a client that outlives its connection, or its process.
func dialLasting(ctx context.Context, url string, cfg Config) (*Client, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if CurrentMode() == ModeOff {
		return nil, fmt.Errorf("dial: mode is off: %w", ErrNotPermitted)
	}
	if _, err := dial.ParseAddress(url); err != nil {
		return nil, &ArgumentError{Name: "url", What: err.Error()}
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
	for _, err := range c.course.odd {
		if f := c.transport.Handlers.Error; f != nil {
			c.pushEventLocked(func() { f(fmt.Errorf("store: %w", err)) })
		}
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
	address, err := dial.ParseAddress(url)
	if err != nil {
		return &ArgumentError{Name: "url", What: err.Error()}
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
	if f := c.transport.Handlers.Error; f != nil && !quiet && !c.byUser {
		c.pushEventLocked(func() { f(fmt.Errorf("no further attempt: %w", last)) })
	}
	c.cause = last
	c.finalLocked()
}

// detachLocked tells a lasting client that its connection has ended.
func (c *Client) detachLocked() {
	if c.accepted {
		c.course.last = c.cause
		if time.Since(c.course.since) >= c.steady() {
			c.course.tries = 0
		}
		c.farewellLocked()
	}
	c.suspendLocked()
	switch {
	case c.course.looping: // who does will see
	case c.byUser || c.retry == nil:
		c.finalLocked()
	default:
		c.course.looping = true
		go c.connectLoop()
	}
}

// steady is how long a connection has to last to count as a good one.
func (c *Client) steady() time.Duration {
	if c.retry == nil {
		return 0
	}
	return c.retry.Stable
}

// suspendLocked keeps what the session has for a connection to come, and ends
// what cannot go on without this one.
func (c *Client) suspendLocked() {
	c.failWaitersLocked(c.causeLocked())
	requests := c.sess.Suspend(session.Loss{Untouched: c.untouchedLocked, ByServer: c.accepted && endedByServer(c.cause)})
	c.giveUpOnLocked(c.sess.TakeOutcasts())
	for _, e := range requests {
		if d, ok := e.Owner.(*Delivery); ok {
			if d.end > c.out.start { // the write loop had not even taken it
				d.end = 0
			}
			c.course.parked = append(c.course.parked, d.more.request)
		}
	}
	c.out.abandon()
	c.pings, c.reauth = nil, nil
	c.state = offline
	c.out.makeRoom() // to whoever does not want to wait for a connection
	c.kickSaverLocked()
}

// untouchedLocked reports whether no byte of e's packet was written.
func (c *Client) untouchedLocked(e *session.Entry) bool {
	d, ok := e.Owner.(*Delivery)
	if !ok {
		return false
	}
	d.more.last = 0
	if d.end > c.out.start {
		d.end = 0
	}
	return d.end == 0
}

// resumeLocked goes on with the session after CONNACK.
func (c *Client) resumeLocked(present bool, now time.Time) {
	c.course.accepts++
	c.course.since = now
	buf, failed := c.sess.Resume(c.out.buf, session.Resumption{
		Present: present, Republish: c.retry != nil && c.retry.Republish, Fits: c.fitsLocked, Now: now,
	})
	c.out.buf = buf
	for _, f := range failed {
		outcome := ErrNotSent
		if f.Entry.Again() || errors.Is(f.Err, ErrSessionLost) {
			outcome = ErrInDoubt
		}
		c.failEntryLocked(f.Entry, outcome, f.Err)
	}
	c.pumpedLocked()
	c.resumeRequestsLocked(present)
	c.kickIfAppendedLocked()
}

// fitsLocked returns why the server of this connection does not take e.
func (c *Client) fitsLocked(e *session.Entry) error {
	if what := c.connAck.obstacle(QoS(e.QoS()), e.Retain(), e.Size()); what != "" {
		return errors.New(what)
	}
	return nil
}

// span is what a connection that ended had not written, as positions in the
// stream of all connections. From start on the write loop had not even taken it.
type span struct{ written, start, end uint64 }

// maxSpans bounds how many of them are told apart.
const maxSpans = 64

// outcome tells what became of the packet that ends at position.
func (s *span) outcome(position uint64) error {
	if position > s.start {
		return ErrNotSent
	}
	return ErrInDoubt
}

// losing returns the span in which position is, or nil.
func (o *outbox) losing(position uint64) *span {
	for i := range o.lost {
		if s := &o.lost[i]; position > s.written && position <= s.end {
			return s
		}
	}
	return nil
}

// abandon begins the out-buffer of another connection: what was not written never
// will be.
func (o *outbox) abandon() {
	if end := o.end(); end > o.written {
		if len(o.lost) == maxSpans { // the oldest two become one
			o.lost[1].written = o.lost[0].written
			o.lost = append(o.lost[:0], o.lost[1:]...)
		}
		o.lost = append(o.lost, span{o.written, o.start, end})
		o.start, o.written = end, end
	}
	o.buf, o.other, o.waiters = nil, nil, nil
	o.idle, o.last = false, false
}
