package mqtt

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
)

// requester is the client's side of request and response (MQTT 5 section 4.10):
// one response topic, subscribed at the first request.
type requester struct {
	topic   string
	ready   chan struct{} // closed when the subscription was answered
	err     error         // of the subscription; after ready
	pending map[string]chan *Message
}

// Request publishes m with a response topic and correlation data of its own and
// waits for the answer. It needs MQTT 5. m's ResponseTopic and CorrelationData
// are set by Request and must be empty.
//
// The response topic is one a client, under ConnAck.ResponseInformation when the
// server proposed it, and not to be guessed; it is subscribed at the first
// request, with QoS 1. An answer that comes after ctx ended is discarded.
func (c *Client) Request(ctx context.Context, m Message) (*Message, error) {
	if m.Properties != nil && (m.Properties.ResponseTopic != "" || m.Properties.CorrelationData != nil) {
		return nil, &ArgumentError{Name: "ResponseTopic", What: "and CorrelationData are set by Request"}
	}
	r, err := c.responseTopic(ctx)
	if err != nil {
		return nil, fmt.Errorf("request to %s: %w", quoted(m.Topic), err)
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
	case <-c.gone:
		return nil, fmt.Errorf("request to %s: %w", quoted(m.Topic), errors.Join(ErrInDoubt, c.Err()))
	case <-ctx.Done():
		return nil, fmt.Errorf("request to %s: no answer: %w", quoted(m.Topic), errors.Join(ErrInDoubt, context.Cause(ctx)))
	}
}

// responseTopic returns the subscribed response topic. The first caller
// subscribes; the others wait for it. A refusal is forgotten, so that a later
// request tries again.
func (c *Client) responseTopic(ctx context.Context) (*requester, error) {
	c.mu.Lock()
	if err := c.usableLocked(); err != nil {
		c.mu.Unlock()
		return nil, errors.Join(ErrNotSent, err)
	}
	if c.cfg.Version < V5 {
		c.mu.Unlock()
		return nil, &ArgumentError{Name: "version", What: "request and response need MQTT 5, the connection is " + c.cfg.Version.String()}
	}
	r, first := c.requests, false
	if r == nil {
		r, first = c.newRequester(), true
		c.requests = r
	}
	c.mu.Unlock()
	if first {
		r.err = c.Subscribe(ctx, Subscription{Filter: r.topic, QoS: AtLeastOnce, Handler: func(m *Message) { c.takeAnswer(r, m) }})
		c.dropFailedRequester(r)
		close(r.ready)
	}
	select {
	case <-r.ready:
		return r, r.err
	case <-ctx.Done():
		return nil, errors.Join(ErrNotSent, context.Cause(ctx))
	}
}

func (c *Client) newRequester() *requester {
	base := c.connAck.ResponseInformation
	if base == "" {
		base = "dunlin/response"
	}
	return &requester{
		topic:   strings.TrimSuffix(base, "/") + "/" + rand.Text(),
		ready:   make(chan struct{}),
		pending: make(map[string]chan *Message),
	}
}

func (c *Client) dropFailedRequester(r *requester) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if r.err != nil && c.requests == r {
		c.requests = nil
	}
}

// expectAnswer reserves correlation data that nobody can guess.
func (c *Client) expectAnswer(r *requester) (correlation string, answer chan *Message) {
	c.mu.Lock()
	defer c.mu.Unlock()
	correlation, answer = rand.Text(), make(chan *Message, 1)
	r.pending[correlation] = answer
	return correlation, answer
}

func (c *Client) forgetAnswer(r *requester, correlation string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(r.pending, correlation)
}

// takeAnswer hands m to the request that it answers. What answers none is late,
// a repetition, or not ours.
func (c *Client) takeAnswer(r *requester, m *Message) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if m.Properties == nil {
		return
	}
	correlation := string(m.Properties.CorrelationData)
	if answer := r.pending[correlation]; answer != nil {
		delete(r.pending, correlation)
		answer <- m
	}
}

// Respond publishes payload as the answer to m, which must have a ResponseTopic:
// with m's correlation data and QoS.
func (c *Client) Respond(ctx context.Context, m *Message, payload []byte) error {
	if m.Properties == nil || m.Properties.ResponseTopic == "" {
		return &ArgumentError{Name: "message", What: "asks for no answer: it has no ResponseTopic"}
	}
	return c.Publish(ctx, Message{
		Topic: m.Properties.ResponseTopic, Payload: payload, QoS: m.QoS,
		Properties: &Properties{CorrelationData: m.Properties.CorrelationData},
	})
}
