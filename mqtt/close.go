package mqtt

import (
	"context"
	"fmt"
	"time"

	"dunlin/mqtt/internal/life"
	"dunlin/mqtt/internal/wire"
)

// closeTime bounds Close where its context sets no deadline.
const closeTime = 10 * time.Second

// Close ends the client: what waits is sent, publishes get time to be
// acknowledged, then DISCONNECT follows, so that the server does not publish the
// will, and the connection is closed. What is unacknowledged even so ends with
// ErrInDoubt and ErrClosed, or with ErrSaved if it is in the Config.Store. No event
// follows, and what is received is not given to handlers any more, nor
// acknowledged. When Close returns nil no goroutine of the client is left, and no
// handler runs; called from inside a handler it does not wait for that one. An error
// names what has not returned: a handler, the Config.Store, an attempt to connect.
//
// Close may be called at any time, from anywhere, and again. ctx bounds it, or 10 seconds when
// it has no deadline: then the connection is cut, and the error says what was not done in time.
// Publishes get three quarters of that time, or Limits.Drain. With a ctx that has ended already
// the connection is cut at once, without DISCONNECT, and the server publishes the will: at the
// end of a program give Close a context of its own.
func (c *Client) Close(ctx context.Context) error {
	c.drain(ctx)
	c.beginClose(ctx, &wire.Disconnect{})
	return c.join(ctx)
}

// drain waits until everything published is complete, while the connection
// stands and for a part of the time that Close has. Nothing new is taken
// meanwhile.
func (c *Client) drain(ctx context.Context) {
	c.recv.quiet.Store(true)
	left := closeTime
	if deadline, has := ctx.Deadline(); has {
		left = time.Until(deadline)
	}
	left -= left / 4
	c.mu.Lock()
	if d := c.cfg.Limits.Drain; d != 0 {
		left = min(left, max(d, 0))
	}
	c.mu.Unlock()
	if left <= 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, left)
	defer cancel()
	c.enterWait()
	defer c.leaveWait()
	for {
		d, down := c.unfinished()
		if d == nil {
			return
		}
		select {
		case <-d.Done():
		case <-down:
			return
		case <-ctx.Done():
			return
		}
	}
}

// unfinished returns a publish that is not complete, nil when there is none or no
// connection.
func (c *Client) unfinished() (d *Delivery, down <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.sess == nil || !c.sess.Busy() || !c.life.Drain() {
		return nil, nil
	}
	all := c.sess.Unfinished()
	for i := len(all) - 1; i >= 0; i-- {
		if d, ok := all[i].Owner.(*Delivery); ok && d.op.request == nil {
			return d, c.conn.down.given()
		}
	}
	return nil, nil
}

// grace is how much longer than its context Close waits for what ends by itself
// once the connection is cut.
const grace = 250 * time.Millisecond

// join waits for the end of all the client's goroutines.
func (c *Client) join(ctx context.Context) error {
	ctx, cancel := within(ctx, closeTime, "not closed")
	defer cancel()
	c.enterWait()
	defer c.leaveWait()
	if !endedBy(ctx, c.Done()) {
		return c.cutOff(context.Cause(ctx))
	}
	if c.recv.runsHere() || endedBy(ctx, c.stopped()) {
		return nil
	}
	return fmt.Errorf("close %s: %s: %w", c.Remote(), c.straggler(), context.Cause(ctx))
}

// cutOff is join when the time is up, which is cause, and the connection stands, or
// is being made.
func (c *Client) cutOff(cause error) error {
	late := fmt.Errorf("close %s: cut off, what was queued may be lost: %w", c.Remote(), cause)
	c.abort(ErrClosed)
	if endsSoon(c.Done()) && (c.recv.runsHere() || endsSoon(c.stopped())) {
		return late
	}
	return fmt.Errorf("%w; %s, too", late, c.straggler())
}

// endedBy waits for the end that done tells, and reports false when ctx ended
// first. An end that is there counts, whatever became of ctx.
func endedBy(ctx context.Context, done <-chan struct{}) bool {
	select {
	case <-done:
		return true
	default:
	}
	select {
	case <-done:
		return true
	case <-ctx.Done():
		return false
	}
}

// endsSoon waits for the end that done tells, though the time is up, if it follows
// from the cut.
func endsSoon(done <-chan struct{}) bool {
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	return endedBy(ctx, done)
}

// straggler says what of the application keeps the client from ending.
func (c *Client) straggler() string {
	if c.recv.done.isGiven() {
		return "the store has not returned"
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.recv.ended:
		return "a handler is still running"
	case c.saver != nil && c.saver.last:
		return "the store has not returned"
	default:
		return "an attempt to connect has not returned"
	}
}

// DisconnectOptions is what an MQTT 5 client can say when it leaves.
type DisconnectOptions struct {
	// Code is the reason: 0 Normal disconnection, 0x04 Disconnect with Will
	// Message, or a failure from 0x80 on.
	Code ReasonCode
	// SessionExpiry replaces the one of CONNECT; nil leaves it. A session that
	// was to end with the connection cannot be prolonged [MQTT-3.14.2-2].
	SessionExpiry  *time.Duration
	ReasonString   string
	UserProperties []UserProperty
}

// CloseWith is Close with a DISCONNECT that says more. It needs MQTT 5 on a
// connection that stands, or it is an *ArgumentError and nothing happens.
func (c *Client) CloseWith(ctx context.Context, o DisconnectOptions) error {
	p := wire.Disconnect{Code: wire.ReasonCode(o.Code)}
	if o.SessionExpiry != nil {
		p.Properties = p.Properties.AppendUint(wire.SessionExpiryInterval, seconds(*o.SessionExpiry))
	}
	if o.ReasonString != "" {
		p.Properties = p.Properties.AppendText(wire.ReasonString, o.ReasonString)
	}
	p.Properties = appendUser(p.Properties, o.UserProperties)
	if err := c.checkDisconnect(&o, &p); err != nil {
		return err
	}
	c.drain(ctx)
	c.beginClose(ctx, &p)
	return c.join(ctx)
}

func (c *Client) checkDisconnect(o *DisconnectOptions, p *wire.Disconnect) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	fault := func(name, what string) error { return &ArgumentError{Name: name, What: what} }
	switch {
	case c.life.Refusal(life.Exchange) != nil:
		return fault("DisconnectOptions", "cannot be said: "+c.life.Refusal(life.Exchange).Error())
	case c.cfg.Version < V5:
		return fault("DisconnectOptions", "needs MQTT 5; use Close")
	case o.SessionExpiry != nil && *o.SessionExpiry < 0:
		return fault("SessionExpiry", "is negative")
	case o.SessionExpiry != nil && *o.SessionExpiry > 0 && c.cfg.Properties.SessionExpiry == 0:
		return fault("SessionExpiry", "cannot be prolonged: CONNECT asked for none")
	}
	if o.Code.serverOnly() {
		return fault("Code", o.Code.String()+" is for servers to send")
	}
	if err := p.Validate(wire.V5); err != nil {
		return fault("DisconnectOptions", whatIsWrong(err))
	}
	return c.checkSizeLocked("DisconnectOptions", p.Length(wire.V5), "say less")
}

// serverOnly reports whether only a server may give the code in a DISCONNECT
// (MQTT 5 table 3-10).
func (c ReasonCode) serverOnly() bool {
	switch wire.ReasonCode(c) {
	case wire.NotAuthorized, wire.ServerBusy, wire.ServerShuttingDown, wire.BadAuthenticationMethod,
		wire.KeepAliveTimeout, wire.SessionTakenOver, wire.TopicFilterInvalid:
		return true
	default:
		return wire.ReasonCode(c) >= wire.RetainNotSupported
	}
}

// beginClose sends DISCONNECT to a server that accepted us, and cuts off one
// that did not, or any when the time of Close is up.
func (c *Client) beginClose(ctx context.Context, p *wire.Disconnect) {
	c.recv.quiet.Store(true)
	c.mu.Lock()
	defer c.mu.Unlock()
	defer c.cancel() // ends an attempt to connect, which is then told that Close did it
	switch end := c.life.Close(); {
	case end == life.Cut, end == life.SayDisconnect && ctx.Err() != nil:
		c.cutLocked(ErrClosed)
	case end == life.SayDisconnect:
		c.send.buf = wire.AppendDisconnect(c.send.buf, wire.Version(c.cfg.Version), p) // [MQTT-3.14.4-1]
		c.hangUpLocked(ErrClosed)
	default: // StopDialing or Nothing: the context ends what there is
	}
}
