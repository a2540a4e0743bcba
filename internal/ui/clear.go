package ui

import (
	"context"
	"errors"
	"fmt"
	"time"

	"dunlin/internal/publish"
	"dunlin/internal/retained"
	"dunlin/internal/ui/protocol"
	"dunlin/mqtt"
)

const (
	// clearRate is how many retained messages are deleted a second: brokers have other things to do.
	clearRate = 1000
	// maxPlans is how many deletions are planned at most; the oldest is dropped for a new one.
	maxPlans = 16
	// shownTopics is how many topics of a plan the page gets.
	shownTopics = 1000
	// listPatience is how long the broker may take to list what it keeps.
	listPatience = 2 * time.Minute
)

// plan is a deletion of retained messages that was asked for.
type plan struct {
	id      int
	c       *connection
	filters []string
	topics  []string
}

// planClear asks the broker which retained messages there are at and below a node.
func (v *viewer) planClear(ask *protocol.Clear) (any, error) {
	c, err := v.hub.connection(ask.Connection)
	if err != nil {
		return nil, err
	}
	if _, err := c.live(); err != nil {
		return nil, err
	}
	p := &plan{c: c, filters: []string{"#"}}
	if ask.Node != 0 {
		topic, err := c.tree.Topic(ask.Node, time.Now())
		if err != nil {
			return nil, err
		}
		p.filters = filtersBelow(topic.Topic)
	}
	if p.topics, err = p.list(v.ctx); err != nil {
		return nil, err
	}
	v.hub.keepPlan(p)
	return &protocol.Plan{Plan: p.id, Count: len(p.topics), Topics: p.topics[:min(len(p.topics), shownTopics)]}, nil
}

// filtersBelow returns what matches a topic and all below it.
func filtersBelow(topic string) []string {
	const longest = 65535
	if len(topic)+2 > longest {
		return []string{topic}
	}
	return []string{topic + "/#"}
}

// list asks for the retained messages on a connection of its own: what comes there is nothing new, and stays out of the tree.
func (p *plan) list(ctx context.Context) ([]string, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, listPatience, errors.New("the broker has not sent all that it keeps within 2 minutes"))
	defer cancel()
	client, err := p.c.beside(ctx)
	if err != nil {
		return nil, fmt.Errorf("no second connection to list what the broker keeps: %w", err)
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), goodbye)
		defer cancel()
		_ = client.Close(ctx) // what cannot be ended cleanly is cut
	}()
	found := []string{}
	_, err = retained.Listing{Filters: p.filters}.Run(ctx, client, func(m *mqtt.Received, _ time.Time) error {
		found = append(found, m.Topic)
		return nil
	})
	return found, err
}

// beside makes another connection to the same broker, with the same options, but as another client.
func (c *connection) beside(ctx context.Context) (*mqtt.Client, error) {
	o := c.broker.Connect
	o.Reconnect, o.Servers, o.Will, o.KeepSession = nil, nil, nil, false
	o.IDPrefix = ""
	if o.ClientID = ""; o.Version == mqtt.V31 {
		o.ClientID = fmt.Sprintf("dunlin-%x", rand64())
	}
	o.Properties.Connect.SessionExpiry = 0
	url, cfg, err := o.Prepare(ctx)
	if err != nil {
		return nil, err
	}
	cfg.Transport.MaxPacket = maxPacket
	cfg.Poison = mqtt.PoisonDropped
	return mqtt.Dial(ctx, url, cfg)
}

// keepPlan keeps a plan, and gives it its number if it has none.
func (h *hub) keepPlan(p *plan) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if p.id == 0 {
		h.lastID++
		p.id = h.lastID
	}
	h.plans = append(h.plans, p)
	if len(h.plans) > maxPlans {
		h.plans = append(h.plans[:0], h.plans[1:]...)
	}
}

// takePlan returns a plan, which is carried out once.
func (h *hub) takePlan(id int) (*plan, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for i, p := range h.plans {
		if p.id == id {
			h.plans = append(h.plans[:i], h.plans[i+1:]...)
			return p, nil
		}
	}
	return nil, errors.New("there is no such plan any more; ask anew what would be deleted")
}

// clearNow begins to delete what was planned. It goes on when the page is closed.
func (v *viewer) clearNow(ask *protocol.ClearNow) (any, error) {
	p, err := v.hub.takePlan(ask.Plan)
	if err != nil {
		return nil, err
	}
	client, err := p.c.live()
	if err != nil {
		v.hub.keepPlan(p)
		return nil, err
	}
	v.hub.spawn(func() {
		progress := protocol.Progress{Connection: p.c.id, What: "clear", Plan: p.id, All: len(p.topics)}
		left, err := p.carryOut(client, func(done int) {
			progress.Done = done
			v.tell(progress)
		})
		progress.Done, progress.Ended = len(p.topics)-left, true
		if err != nil {
			progress.Error = v.hub.line(err)
		}
		v.tell(progress)
	})
	return nil, nil
}

// carryOut deletes what was planned, looks again, and returns how many are left.
func (p *plan) carryOut(client *mqtt.Client, told func(done int)) (left int, err error) {
	var refused error
	account, err := publish.Run(p.c.ctx, client, &retained.Removal{Topics: p.topics}, publish.Options{
		Rate: clearRate, KeepGoing: true, Every: 250 * time.Millisecond,
		Completed: func(_ int, m *mqtt.Message, _ mqtt.Answer) { p.c.tree.Cleared(m.Topic) },
		Failed:    func(f publish.Failure) { refused = f.Err },
		Progress:  func(progress publish.Progress) { told(progress.Completed) },
	})
	if err == nil {
		err = refused
	}
	if err != nil {
		return len(p.topics) - account.Completed, err
	}
	there, err := p.list(p.c.ctx)
	if err != nil {
		return 0, fmt.Errorf("all were deleted, as the broker says; whether they are gone could not be seen: %w", err)
	}
	planned := map[string]bool{}
	for _, topic := range p.topics {
		planned[topic] = true
	}
	example := ""
	for _, topic := range there {
		if planned[topic] {
			left, example = left+1, topic
		}
	}
	if left > 0 {
		return left, fmt.Errorf("%d are still there, such as %.100q: the broker does not let this user delete them, or they were published again", left, example)
	}
	return 0, nil
}
