package mqtt

import (
	"context"
	"slices"

	"dunlin/mqtt/internal/life"
	"dunlin/mqtt/internal/wire"
)

// Unsubscribe ends the subscriptions to filters and waits for the server's
// answer; messages for them alone are not delivered after it.
func (c *Client) Unsubscribe(ctx context.Context, filters ...string) error {
	d, err := c.unsubscribe(ctx, c.newRequest("unsubscribe", slices.Clone(filters), nil), true)
	if err != nil {
		return err
	}
	return c.awaitRequest(ctx, d)
}

// UnsubscribeAsync is Unsubscribe without waiting. done, unless nil, is called
// once with the outcome, in turn with the handlers. When UnsubscribeAsync
// returns an error nothing was sent and done is not called. A ctx that has ended is such
// an error; after that it does not count.
//
// user goes into the packet as user properties; MQTT 5 only.
func (c *Client) UnsubscribeAsync(ctx context.Context, filters []string, done func(error), user ...UserProperty) (*Delivery, error) {
	r := c.newRequest("unsubscribe", slices.Clone(filters), done)
	r.user = user
	return c.unsubscribe(ctx, r, false)
}

// unsubscribe sends r; awaited says that the caller waits for the answer.
func (c *Client) unsubscribe(ctx context.Context, r *request, awaited bool) (*Delivery, error) {
	if err := checkFilters(r.filters); err != nil {
		return nil, err
	}
	if ctx.Err() != nil {
		return nil, r.failure(ErrNotSent, context.Cause(ctx))
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.life.Refusal(life.Subscribe); err != nil {
		return nil, r.failure(ErrNotSent, err)
	}
	if r.user != nil && c.cfg.Version < V5 {
		return nil, &ArgumentError{Name: "user properties", What: "need MQTT 5"}
	}
	if err := c.checkUnsubscribeLocked(r); err != nil {
		return nil, err
	}
	for _, filter := range r.filters {
		r.subs = append(r.subs, c.subs.get(filter))
	}
	d, err := c.beginLocked(r)
	if awaited {
		c.writeHereLocked()
	}
	return d, err
}

// checkUnsubscribeLocked finds what cannot be sent, or is too much for the server.
func (c *Client) checkUnsubscribeLocked(r *request) error {
	v := wire.Version(c.cfg.Version)
	p := r.unsubscribePacket()
	if err := p.Validate(v); err != nil { // what is left: the user properties
		return &ArgumentError{Name: "user properties", What: whatIsWrong(err)}
	}
	return c.checkSizeLocked("topic filter", p.Length(v), "use several calls")
}

func (r *request) unsubscribePacket() wire.Unsubscribe {
	return wire.Unsubscribe{PacketID: 1, Filters: r.filters, Properties: appendUser(nil, r.user)}
}
