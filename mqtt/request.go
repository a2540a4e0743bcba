package mqtt

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"

	"dunlin/mqtt/internal/life"
	"dunlin/mqtt/internal/route"
	"dunlin/mqtt/internal/wire"
)

// requester is the client's side of request and response (MQTT 5 section 4.10):
// one response topic, subscribed at the first request.
type requester struct {
	topic   string
	sub     *Delivery // of the subscription
	pending map[string]chan *Received
}

// Request publishes m with a response topic and correlation data of its own and
// waits for the answer. It needs MQTT 5. m's ResponseTopic and CorrelationData
// are set by Request and must be empty.
//
// The response topic is one a client, under ConnAck.ResponseInformation when the
// server proposed it, and not to be guessed; it is subscribed at the first
// request, with QoS 1. An answer that comes after ctx ended is discarded. One above
// Transport.MaxPacket is not taken for an answer. Request may be called inside a handler.
// With Reconnect a lost connection does not end the wait, for the answer may come on the next
// one: give ctx a deadline.
func (c *Client) Request(ctx context.Context, m Message) (*Received, error) {
	if m.Properties != nil && (m.Properties.ResponseTopic != "" || m.Properties.CorrelationData != nil) {
		return nil, &ArgumentError{Name: "request to " + route.Quote(m.Topic), What: "ResponseTopic and CorrelationData must be empty; Request sets its own"}
	}
	r, err := c.responseTopic(ctx)
	if err != nil {
		return nil, fmt.Errorf("request to %s: %w", route.Quote(m.Topic), err)
	}
	correlation, answer := c.expectAnswer(r)
	defer c.forgetAnswer(r, correlation)
	var p Properties
	if m.Properties != nil {
		p = *m.Properties
	}
	p.ResponseTopic, p.CorrelationData = r.topic, []byte(correlation)
	m.Properties = &p
	if err := c.Publish(ctx, m); err != nil {
		return nil, fmt.Errorf("request: %w", err)
	}
	c.enterWait()
	defer c.leaveWait()
	select {
	case a := <-answer:
		return a, nil
	case <-c.Done():
		return nil, fmt.Errorf("request to %s: %w: %w", route.Quote(m.Topic), ErrInDoubt, c.Err())
	case <-ctx.Done():
		return nil, fmt.Errorf("request to %s: no answer: %w: %w", route.Quote(m.Topic), ErrInDoubt, context.Cause(ctx))
	}
}

// responseTopic returns the subscribed response topic. The first caller
// subscribes; each waits as long as its own ctx says. A refusal is forgotten, so
// that a later request tries again.
func (c *Client) responseTopic(ctx context.Context) (*requester, error) {
	r, err := c.subscribeResponses()
	if err != nil {
		return nil, err
	}
	if !r.sub.await(ctx) {
		return nil, fmt.Errorf("%w: %w", ErrNotSent, context.Cause(ctx))
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := r.sub.op.err; err != nil {
		if c.requests == r {
			c.requests = nil
		}
		return nil, err
	}
	return r, nil
}

// subscribeResponses returns the requester, subscribed at the first call.
func (c *Client) subscribeResponses() (*requester, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.life.Refusal(life.Exchange); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotSent, err)
	}
	if c.cfg.Version < V5 {
		return nil, &ArgumentError{Name: "version", What: "request and response need MQTT 5, the connection is " + c.cfg.Version.String()}
	}
	if c.requests != nil {
		return c.requests, nil
	}
	r := c.newRequester()
	// Answers are taken as they come, before any handler: see takeAnswer.
	sub, err := c.subscribeLocked([]Subscription{{Filter: r.topic, QoS: AtLeastOnce}}, []string{r.topic}, nil)
	if err != nil {
		return nil, err
	}
	r.sub = sub
	c.requests = r
	return r, nil
}

func (c *Client) newRequester() *requester {
	base := c.conn.connAck.ResponseInformation
	if base == "" {
		base = "dunlin/response"
	}
	return &requester{
		topic:   strings.TrimSuffix(base, "/") + "/" + rand.Text(),
		pending: make(map[string]chan *Received),
	}
}

// expectAnswer reserves correlation data that nobody can guess.
func (c *Client) expectAnswer(r *requester) (correlation string, answer chan *Received) {
	c.mu.Lock()
	defer c.mu.Unlock()
	correlation, answer = rand.Text(), make(chan *Received, 1)
	r.pending[correlation] = answer
	return correlation, answer
}

func (c *Client) forgetAnswer(r *requester, correlation string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(r.pending, correlation)
}

// takeAnswer hands p to the request that it answers, and reports whether it came
// to the response topic. It is called as p comes, not from a handler: a handler
// may be what waits for it. What answers no request is late, a repetition, or not
// ours. The client's mutex is held.
func (c *Client) takeAnswer(p *wire.Publish) bool {
	r := c.requests
	if r == nil || p.Topic != r.topic {
		return false
	}
	data, _ := p.Properties.Binary(wire.CorrelationData)
	answer := r.pending[string(data)]
	if answer == nil {
		return true
	}
	delete(r.pending, string(data))
	m := new(Received)
	m.fill(p)
	m.Topic, m.Payload = r.topic, append([]byte{}, p.Payload...)
	answer <- m
	return true
}

// Respond publishes payload as the answer to m, which must have a ResponseTopic:
// with m's correlation data and QoS.
func (c *Client) Respond(ctx context.Context, m *Received, payload []byte) error {
	if m.Properties == nil || m.Properties.ResponseTopic == "" {
		return &ArgumentError{Name: "message", What: "asks for no answer: it has no ResponseTopic"}
	}
	return c.Publish(ctx, Message{
		Topic: m.Properties.ResponseTopic, Payload: payload, QoS: m.QoS,
		Properties: &Properties{CorrelationData: m.Properties.CorrelationData},
	})
}
