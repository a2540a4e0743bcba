package load

import (
	"context"
	"fmt"
	"time"

	"dunlin/internal/load/scenario"
	"dunlin/internal/load/verify"
	"dunlin/mqtt"
)

// receiver is one subscription of one client.
type receiver struct {
	c       *client
	verify  *verify.Receiver
	wanted  verify.Wanted
	work    time.Duration
	answers *source // whose answers come here; nil: it is a subscription of the scenario

	answerTopics map[string]string // of an echo
	echoed       func(error)
}

// newReceiver makes the receiver of a filter.
func (c *client) newReceiver(filter string, spec *scenario.Subscribe) *receiver {
	g := c.g
	name := fmt.Sprintf("%s/%d", g.Name, c.number)
	if len(g.Subscribe) > 1 {
		name += " " + filter
	}
	var share *verify.Share
	if spec.Share != "" {
		name = "$share/" + spec.Share + "/" + filter
		share = g.r.share(name)
	}
	rc := &receiver{c: c, verify: verify.NewReceiver(name, share), work: spec.Work}
	rc.wanted = verify.Wanted{
		Receiver: name, Filter: filter,
		Unsure: g.Drop != nil && (!g.KeepSession || spec.QoS == 0) && share == nil,
	}
	if g.Echo {
		rc.answerTopics = map[string]string{}
		rc.echoed = rc.echoDone
	}
	c.receivers = append(c.receivers, rc)
	return rc
}

// share returns what the workers of a shared subscription have in common.
func (r *run) share(name string) *verify.Share {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.shares[name] == nil {
		r.shares[name] = verify.NewShare()
	}
	return r.shares[name]
}

// take takes the messages that wait. They all came to the application now: one look at the clock is for all of them.
func (rc *receiver) take(_ context.Context, messages []*mqtt.Received) {
	r, slot := rc.c.g.r, rc.c.slot
	now := r.now()
	size := 0
	rc.verify.Begin()
	for _, m := range messages {
		size += len(m.Payload)
		header, err := headerOf(m)
		rc.look(header, err, now)
	}
	rc.verify.End()
	if rc.answerTopics != nil {
		for _, m := range messages {
			rc.echo(m)
		}
	}
	slot.received.Add(int64(len(messages)))
	slot.bytesIn.Add(int64(size))
	if rc.work > 0 {
		<-time.After(rc.work * time.Duration(len(messages)))
	}
}

// headerOf finds the header of a message.
func headerOf(m *mqtt.Received) (verify.Header, error) {
	if m.Properties != nil {
		for _, p := range m.Properties.UserProperties {
			if p.Name == verify.Property {
				return verify.ReadProperty(p.Value, m.Payload)
			}
		}
	}
	return verify.Read(m.Payload)
}

// look accounts for one message.
func (rc *receiver) look(h verify.Header, err error, now int64) {
	r := rc.c.g.r
	if r.verifies() {
		rc.verify.Take(h, err)
	}
	own := err == nil && h.Stream&^0xFFFFFFFF == r.process
	if s := rc.answers; s != nil {
		rc.answer(s, h, own, now)
	} else if own {
		rc.c.slot.histograms[delivery].record(now - h.Due)
	}
}

// answer takes what an echo has answered.
func (rc *receiver) answer(s *source, h verify.Header, own bool, now int64) {
	if s.p.spec.Rate > 0 {
		if own {
			rc.c.slot.histograms[roundTrip].record(now - h.Due)
		}
		return
	}
	if own && h.Due != s.waiting.Load() {
		return // the answer to an earlier message, which came late or again
	}
	if due, awaited := s.answered(); awaited {
		rc.c.slot.histograms[roundTrip].record(now - due)
		s.credit()
	}
}

// echo answers a message.
func (rc *receiver) echo(m *mqtt.Received) {
	topic := rc.answerTopics[m.Topic]
	if topic == "" {
		topic = m.Topic + verify.Answer
		rc.answerTopics[m.Topic] = topic
	}
	answer := mqtt.Message{Topic: topic, Payload: m.Payload, QoS: m.QoS, Properties: m.Properties}
	slot := rc.c.slot
	ctx := context.Background() // it answers also what came late, for as long as it is connected
	var err error
	if m.QoS == mqtt.AtMostOnce {
		err = rc.c.mq.Enqueue(ctx, answer)
	} else {
		_, err = rc.c.mq.PublishAsync(ctx, answer, rc.echoed)
	}
	slot.due.Add(1)
	if err != nil {
		slot.publishErrors.Add(1)
		rc.c.g.r.faults.add(err)
		return
	}
	slot.published.Add(1)
	slot.bytesOut.Add(int64(len(m.Payload)))
}

// echoDone counts the outcome of an answer.
func (rc *receiver) echoDone(err error) {
	if err != nil {
		rc.c.slot.publishErrors.Add(1)
		rc.c.g.r.faults.add(err)
		return
	}
	rc.c.slot.acknowledged.Add(1)
}
