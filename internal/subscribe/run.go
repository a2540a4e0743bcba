package subscribe

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"time"

	"dunlin/mqtt"
)

// goodbye bounds the clean end of a connection, and how long what waits may still be written when a
// person wants the end.
const goodbye = 3 * time.Second

// errEnough is the cause of a context that ended because nothing more is wanted.
var errEnough = errors.New("enough")

// run is one call of Run.
type run struct {
	Options
	caller  context.Context
	ctx     context.Context // of caller; ends with the run
	end     context.CancelCauseFunc
	sink    *sink
	result  Result
	redials bool // this connection is not the first
	numbers bool // messages show subscription identifiers: some were asked for

	client atomic.Pointer[mqtt.Client]
	stands atomic.Bool   // the connection, as far as messages were taken
	lost   chan struct{} // tells that stands may have changed

	over                 atomic.Bool  // nothing more is taken
	taken                atomic.Int64 // messages that count
	inSecond, bytesInOne atomic.Int64 // for EachSecond
}

func newRun(ctx context.Context, o Options) *run {
	r := &run{Options: o, caller: ctx, lost: make(chan struct{}, 1)}
	r.numbers = slices.ContainsFunc(o.Subscriptions, func(s mqtt.Subscription) bool { return s.ID != 0 })
	r.ctx, r.end = context.WithCancelCause(ctx)
	r.sink = newSink(o.Out, r.end)
	return r
}

// connections makes one after the other, as long as Redial wants another.
func (r *run) connections(dial Dial) error {
	err := r.connection(dial)
	for r.Redial != nil && r.result.Connected && errors.Is(err, ErrLost) && r.ctx.Err() == nil {
		r.redials = true
		if err = r.Redial(r.ctx, err); err == nil {
			err = r.connection(dial)
		}
	}
	return err
}

// connection makes a connection, subscribes and takes messages until something ends it or the run.
func (r *run) connection(dial Dial) error {
	client, err := dial(r.ctx, mqtt.Config{
		OnMessage: r.message, ManualAck: true, OnConnect: r.connected, OnDisconnect: r.disconnected,
	})
	if err != nil && r.redials {
		return fmt.Errorf("%w: %w", ErrLost, err)
	}
	if err != nil {
		return err
	}
	r.result.Connected = true
	defer r.close(client)
	if err := r.subscribe(client); err != nil {
		r.end(err)
	}
	select {
	case <-r.ctx.Done():
		r.over.Store(true)
		r.sink.drain(r.caller) // while the client can still acknowledge
		return context.Cause(r.ctx)
	case <-client.Done():
		r.awaitHandlers()
		return fmt.Errorf("%w: %w", ErrLost, client.Err())
	}
}

func (r *run) connected(client *mqtt.Client) {
	r.client.Store(client)
	r.stands.Store(true)
}

// disconnected is called in turn with the handlers: what came on the connection has been taken.
func (r *run) disconnected(error) {
	r.stands.Store(false)
	select {
	case r.lost <- struct{}{}:
	default:
	}
}

// awaitHandlers waits until all that came on a connection that is lost has been taken, or the run ends.
func (r *run) awaitHandlers() {
	for r.stands.Load() {
		select {
		case <-r.lost:
		case <-r.ctx.Done():
			return
		}
	}
}

// close says goodbye to the server.
func (r *run) close(client *mqtt.Client) {
	if r.Leave != nil {
		r.Leave(client)
	}
	ctx, cancel := context.WithTimeout(context.Background(), goodbye)
	defer cancel()
	if r.Disconnect != nil && client.ConnAck().Version == mqtt.V5 && client.CloseWith(ctx, *r.Disconnect) == nil {
		return
	}
	_ = client.Close(ctx) // what cannot be ended cleanly is cut, and there is nothing more to do about it
}

// subscribe asks for the subscriptions and returns when the server has answered. What is asked for is
// sent in any case, though messages of an earlier session may have ended the run already.
func (r *run) subscribe(client *mqtt.Client) error {
	asked, left, err := r.ask(client)
	if err == nil && asked == nil && left != nil && r.ExitAfterSubscribe {
		return r.left(client, left)
	}
	if err != nil || asked == nil {
		return unless(client, err)
	}
	select {
	case <-asked.Done():
		return r.answered(client, asked)
	case <-client.Done():
	case <-r.ctx.Done():
		select {
		case <-asked.Done(): // what came behind the answer was enough, and the answer is told even so
			return r.answered(client, asked)
		default:
		}
	}
	return nil
}

// ask sends SUBSCRIBE and each UNSUBSCRIBE, and returns where the answers to the first and to the last of them will be.
func (r *run) ask(client *mqtt.Client) (asked, left *mqtt.Delivery, err error) {
	ctx := context.WithoutCancel(r.ctx)
	wanted, err := r.subscriptions(client)
	if err == nil && len(wanted) > 0 {
		asked, err = client.SubscribeAsync(ctx, wanted, nil)
	}
	for _, filter := range r.Unsubscribe {
		if err != nil {
			break
		}
		left, err = client.UnsubscribeAsync(ctx, []string{filter}, r.warn, r.UnsubscribeUserProperties...)
	}
	return asked, left, err
}

// left waits for the answer to the last of the filters that are unsubscribed, where nothing is subscribed.
func (r *run) left(client *mqtt.Client, last *mqtt.Delivery) error {
	select {
	case <-last.Done():
		if last.Err() != nil { // which Warn was told
			return unless(client, last.Err())
		}
		return errEnough
	case <-r.ctx.Done():
	case <-client.Done():
	}
	return nil
}

// unless returns err if the client has not ended, which would be the reason to tell.
func unless(client *mqtt.Client, err error) error {
	if client.Err() != nil {
		return nil
	}
	return err
}

// subscriptions returns what is asked for, with the messages for OnMessage.
func (r *run) subscriptions(client *mqtt.Client) ([]mqtt.Subscription, error) {
	wanted := slices.Clone(r.Subscriptions)
	if r.Choose != nil {
		chosen, err := r.Choose(client)
		if err != nil {
			return nil, err
		}
		wanted = slices.Clone(chosen)
	}
	for i := range wanted {
		wanted[i].Handler, wanted[i].BatchHandler, wanted[i].ManualAck = nil, nil, false
	}
	return wanted, nil
}

// answered looks at what the server said to the subscriptions.
func (r *run) answered(client *mqtt.Client, asked *mqtt.Delivery) error {
	codes := asked.Answer().Codes
	if len(codes) == 0 {
		return unless(client, asked.Err())
	}
	r.result.Refused = 0
	for _, code := range codes {
		if code >= 0x80 {
			r.result.Refused++
		}
	}
	if r.Granted != nil {
		r.Granted(codes)
	}
	switch {
	case r.result.Refused == len(codes):
		return fmt.Errorf("%w: %w", ErrAllRefused, asked.Err())
	case r.ExitAfterSubscribe:
		return errEnough
	}
	return nil
}

// warn tells of what failed, unless nothing did.
func (r *run) warn(err error) {
	if err != nil && r.Warn != nil && r.ctx.Err() == nil {
		r.Warn(err)
	}
}

// message takes a message, or passes it over. One that is neither is not acknowledged: the server gives it
// to the next run, if it keeps the session.
func (r *run) message(_ context.Context, m *mqtt.Received) {
	switch {
	case r.over.Load():
	case r.RetainedOnly && !m.Retain:
		r.finish(errEnough)
	case r.NoStale && m.Retain, MatchesAny(r.FilterOut, m.Topic), r.Wanted != nil && !r.Wanted(m):
		_ = m.Ack() // one that cannot be acknowledged comes again, and is passed over again
	default:
		r.take(m)
	}
}

// finish ends the run, and takes nothing more.
func (r *run) finish(cause error) {
	r.over.Store(true)
	r.end(cause)
}

func (r *run) take(m *mqtt.Received) {
	if r.RemoveRetained && m.Retain {
		r.remove(m.Topic)
	}
	switch {
	case r.EachSecond != nil:
		r.inSecond.Add(1)
		r.bytesInOne.Add(int64(len(m.Payload)))
		r.taken.Add(1)
		_ = m.Ack()
		return
	case r.RandomFilter > 0 && rand.Float64()*100 >= r.RandomFilter: // a sample, no secret
		_ = m.Ack()
	default:
		if !r.numbers {
			hideNumbers(m)
		}
		if err := r.sink.put(m, r.Append); err != nil {
			r.finish(err)
			return
		}
	}
	if n := r.taken.Add(1); n == r.Count {
		r.finish(errEnough)
	}
}

// hideNumbers takes off m the subscription identifiers, which the client has chosen to find handlers, and
// nobody who sees the message has.
func hideNumbers(m *mqtt.Received) {
	if len(m.SubscriptionIDs()) == 0 {
		return
	}
	p := m.Properties
	m.Properties = nil
	const identifier = 0x0B
	order := slices.DeleteFunc(slices.Clone(p.Order), func(id byte) bool { return id == identifier })
	if len(order) == 0 && !p.PayloadIsText && p.MessageExpiry == nil && p.ContentType == "" && p.ResponseTopic == "" &&
		p.CorrelationData == nil && p.UserProperties == nil && p.TopicAlias == 0 {
		return
	}
	m.Properties = &mqtt.Properties{
		PayloadIsText: p.PayloadIsText, MessageExpiry: p.MessageExpiry, ContentType: p.ContentType,
		ResponseTopic: p.ResponseTopic, CorrelationData: p.CorrelationData, UserProperties: p.UserProperties,
		TopicAlias: p.TopicAlias, Order: order,
	}
}

// remove has the server forget the retained message of a topic.
func (r *run) remove(topic string) {
	m := mqtt.Message{Topic: topic, QoS: mqtt.AtLeastOnce, Retain: true}
	if _, err := r.client.Load().PublishAsync(r.ctx, m, r.warn); err != nil {
		r.warn(err)
	}
}

// countSeconds writes of the messages of each second, until the run ends.
func (r *run) countSeconds() {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
		case <-r.ctx.Done():
			return
		}
		s := Second{Messages: r.inSecond.Swap(0), Bytes: r.bytesInOne.Swap(0), Total: r.taken.Load()}
		r.sink.append(func(dst []byte) []byte { return r.EachSecond(dst, s) })
	}
}

// outcome is what Run returns: the run's context knows how it ended, unless err came on its own.
func (r *run) outcome(err error) (Result, error) {
	r.result.Messages = r.taken.Load()
	if r.ctx.Err() != nil {
		err = context.Cause(r.ctx)
	}
	if errors.Is(err, errEnough) {
		return r.result, nil
	}
	return r.result, err
}
