package ui

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"dunlin/internal/feed"
	"dunlin/internal/publish"
	"dunlin/internal/subscribe"
	"dunlin/internal/ui/protocol"
	"dunlin/mqtt"
)

const (
	// maxCount is how many messages are published at once.
	maxCount = 10_000
	// longestInterval is the longest time between two of them, in milliseconds.
	longestInterval = 3_600_000
	// longestAnswer is how long an answer is waited for at most, in milliseconds.
	longestAnswer = 600_000
)

// errStoppedPublishing ends what a person stops.
var errStoppedPublishing = errors.New("stopped, as you asked")

// errUnacknowledged ends a publish that takes too long.
var errUnacknowledged = errors.New("the broker has not acknowledged it within 30 s")

// publish publishes what the page asks, and waits until the broker has it.
func (v *viewer) publish(ask *protocol.Publish) (any, error) {
	c, client, err := v.hub.client(ask.Connection)
	if err != nil {
		return nil, err
	}
	switch {
	case ask.Count < 0 || ask.Count > maxCount:
		return nil, fmt.Errorf("%d messages are not between 1 and %d; for more there is dunlin pub, or dunlin bench", ask.Count, maxCount)
	case ask.Interval < 0 || ask.Interval > longestInterval:
		return nil, fmt.Errorf("an interval of %d ms is not between 0 and %d", ask.Interval, longestInterval)
	case ask.Answer < 0 || ask.Answer > longestAnswer:
		return nil, fmt.Errorf("%d ms are not between 0 and %d, for which an answer is waited for", ask.Answer, longestAnswer)
	case ask.Answer > 0 && ask.Count > 1:
		return nil, errors.New("a request is one message; ask for one, or for no answer")
	}
	m, err := messageOf(ask)
	if err != nil {
		return nil, err
	}
	ctx, done := v.stoppable(ask.Connection)
	defer done()
	if ask.Answer > 0 {
		return v.request(ctx, c, client, ask, m)
	}
	return v.send(ctx, c, client, ask, m)
}

// stoppable returns a context for what is published to a connection, which stopPublish ends.
func (v *viewer) stoppable(connection int) (_ context.Context, done func()) {
	ctx, cancel := context.WithCancelCause(v.ctx)
	v.mu.Lock()
	defer v.mu.Unlock()
	v.publishes++
	number := v.publishes
	v.publishing[number] = publishing{connection, cancel}
	return ctx, func() {
		cancel(nil)
		v.mu.Lock()
		defer v.mu.Unlock()
		delete(v.publishing, number)
	}
}

// publishing is something that is being published.
type publishing struct {
	connection int
	cancel     context.CancelCauseFunc
}

// stopPublish stops what this viewer publishes to a connection, or waits to be answered. What it ends is answered with what became of it.
func (v *viewer) stopPublish(ask *protocol.Only) (any, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, p := range v.publishing {
		if p.connection == ask.Connection {
			p.cancel(errStoppedPublishing)
		}
	}
	return nil, nil
}

// messageOf returns the message that the page asks for.
func messageOf(ask *protocol.Publish) (mqtt.Message, error) {
	if ask.QoS < 0 || ask.QoS > 2 {
		return mqtt.Message{}, fmt.Errorf("the quality of service is 0, 1 or 2, not %d", ask.QoS)
	}
	if !ask.Template && strings.ContainsAny(ask.Topic, "+#") {
		return mqtt.Message{}, fmt.Errorf("%.100q is a filter, for it has + or #; name one topic to publish to", ask.Topic)
	}
	m := mqtt.Message{Topic: ask.Topic, Payload: []byte(ask.Payload), QoS: mqtt.QoS(ask.QoS), Retain: ask.Retain}
	if ask.Bytes != nil {
		m.Payload = ask.Bytes
	}
	var err error
	m.Properties, err = readProperties(ask.Properties)
	return m, err
}

// source returns what gives the messages.
func source(ask *protocol.Publish, m mqtt.Message) (feed.Source, error) {
	messages := feed.Repeat(m, max(ask.Count, 1))
	if !ask.Template {
		return messages, nil
	}
	template, err := feed.ParseTemplate(string(m.Payload), m.Topic, rand64())
	if err != nil {
		return nil, fmt.Errorf("the template cannot be read: %w", err)
	}
	if err := template.Try(m); err != nil {
		return nil, fmt.Errorf("the template fails: %w", err)
	}
	return template.Fill(messages), nil
}

// rand64 returns a random number.
func rand64() (n uint64) {
	var b [8]byte
	_, _ = rand.Read(b[:]) // it does not fail, by its documentation
	for _, digit := range b {
		n = n<<8 | uint64(digit)
	}
	return n
}

// timed is a source that notes when it gave the latest message.
type timed struct {
	feed.Source
	at atomic.Int64
}

// Next returns the next message.
func (t *timed) Next(ctx context.Context) (mqtt.Message, error) {
	m, err := t.Source.Next(ctx)
	t.at.Store(time.Now().UnixNano())
	return m, err
}

// send publishes one or more messages, and tells how far it is.
func (v *viewer) send(ctx context.Context, c *connection, client *mqtt.Client, ask *protocol.Publish, m mqtt.Message) (any, error) {
	from, err := source(ask, m)
	if err != nil {
		return nil, err
	}
	count := max(ask.Count, 1)
	interval := time.Duration(ask.Interval) * time.Millisecond
	ctx, cancel := context.WithTimeoutCause(ctx, patience+time.Duration(count)*(interval+50*time.Millisecond), errUnacknowledged)
	defer cancel()
	messages := &timed{Source: from}
	var result protocol.Published
	o := publish.Options{
		Completed: func(_ int, _ *mqtt.Message, answer mqtt.Answer) {
			result.Took = float64(time.Now().UnixNano()-messages.at.Load()) / 1e6
			result.Reason = reasonOf(answer)
		},
		Every: 250 * time.Millisecond,
	}
	if interval > 0 {
		o.Rate = float64(time.Second) / float64(interval)
	}
	progress := protocol.Progress{Connection: c.id, What: "publish", All: count}
	if count > 1 {
		o.Progress = func(p publish.Progress) {
			progress.Done = p.Completed
			v.tell(progress)
		}
	}
	account, err := publish.Run(ctx, client, messages, o)
	result.Count = account.Completed
	if count > 1 {
		progress.Done, progress.Ended = account.Completed, true
		if err != nil {
			progress.Error = v.hub.line(err)
		}
		v.tell(progress)
	}
	if err != nil && count > 1 {
		return nil, fmt.Errorf("%d of %d were published: %w", account.Completed, count, err)
	}
	return &result, err
}

// reasonOf returns what a broker said besides that it has a message; empty: nothing.
func reasonOf(answer mqtt.Answer) string {
	if len(answer.Codes) == 0 || answer.Codes[0] == 0 && answer.ReasonString == "" {
		return ""
	}
	reason := answer.Codes[0].Name()
	if answer.ReasonString != "" {
		reason += ": " + answer.ReasonString
	}
	return reason
}

// request publishes a message and waits for the answer, which comes into the tree, as every message does.
func (v *viewer) request(ctx context.Context, c *connection, client *mqtt.Client, ask *protocol.Publish, m mqtt.Message) (any, error) {
	five := client.ConnAck().Version == mqtt.V5
	var given mqtt.Properties
	if m.Properties != nil {
		given = *m.Properties
	}
	topic := cmp.Or(ask.ResponseTopic, given.ResponseTopic)
	if topic == "" && !five {
		return nil, errors.New("before MQTT 5 a request cannot say where its answer is expected; give the response topic that both sides know")
	}
	asking, cancel := context.WithTimeoutCause(ctx, patience, errUnacknowledged)
	defer cancel()
	topic, done, err := c.expect(asking, client, topic)
	if err != nil {
		return nil, err
	}
	defer done()
	if five {
		given.ResponseTopic = topic
		if given.CorrelationData == nil {
			given.CorrelationData = []byte(rand.Text())
		}
		m.Properties = &given
	}
	w := &waiter{topic: topic, wants: answers(given.CorrelationData), found: make(chan found, 1)}
	defer c.wait(w)()
	one := *ask
	one.Count = 1
	sent, err := v.send(ctx, c, client, &one, m)
	if err != nil {
		return nil, err
	}
	published, _ := sent.(*protocol.Published)
	return v.awaitAnswer(ctx, c, w, time.Duration(ask.Answer)*time.Millisecond, published)
}

// awaitAnswer waits for the answer to what was published, and puts it there.
func (v *viewer) awaitAnswer(ctx context.Context, c *connection, w *waiter, wait time.Duration, published *protocol.Published) (any, error) {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case f := <-w.found:
		response, err := c.tree.Read(v.hub.reader, protocol.Read{Connection: c.id, Node: f.node, Number: f.number})
		published.Response, published.Node = &response, f.node
		return published, err
	case <-timer.C:
		if published.Reason != "" {
			return nil, fmt.Errorf("there is no answer within %d ms, and the broker said: %s", wait.Milliseconds(), published.Reason)
		}
		return nil, fmt.Errorf("there is no answer within %d ms; does what is to answer run, and know the response topic?", wait.Milliseconds())
	case <-c.ctx.Done():
		return nil, context.Cause(c.ctx)
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// answers returns what tells whether a message answers a request with such correlation data. An answer without any may be one of
// a device that does not know of it.
func answers(correlation []byte) func(m *mqtt.Received) bool {
	return func(m *mqtt.Received) bool {
		if correlation == nil || m.Properties == nil || m.Properties.CorrelationData == nil {
			return true
		}
		return string(m.Properties.CorrelationData) == string(correlation)
	}
}

// expect sees to it that messages of a topic come, and returns what ends that. Without a topic it is one of this connection's own,
// which stays subscribed to.
func (c *connection) expect(ctx context.Context, client *mqtt.Client, topic string) (_ string, done func(), err error) {
	own := topic == ""
	c.mu.Lock()
	if own {
		c.answers = cmp.Or(c.answers, "dunlin/response/"+rand.Text())
		topic = c.answers
	}
	c.mu.Unlock()
	if subscribe.MatchesAny(c.subscribed(), topic) {
		return topic, func() {}, nil
	}
	s := mqtt.Subscription{Filter: topic, QoS: mqtt.AtLeastOnce, RetainHandling: mqtt.RetainedNever}
	active, err := client.Subscribe(ctx, s)
	if err != nil {
		return "", nil, fmt.Errorf("the answer would not come: %w", err)
	}
	if own {
		return topic, func() {}, nil
	}
	return topic, func() {
		ctx, cancel := context.WithTimeout(c.ctx, goodbye)
		defer cancel()
		_ = active.Close(ctx) // what comes even so stands in the tree
	}, nil
}
