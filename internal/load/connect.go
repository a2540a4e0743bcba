package load

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"dunlin/internal/load/scenario"
	"dunlin/internal/load/verify"
	"dunlin/mqtt"
)

// dialling is how many clients of a group connect at once.
const dialling = 128

// connectAll connects all clients and makes their subscriptions. It returns an error if there is nothing to go on with.
func (r *run) connectAll(ctx context.Context) error {
	for _, g := range r.groups {
		n, err := newNames(g)
		if err != nil {
			return err
		}
		g.names = n
	}
	first, err := r.connectFirst(ctx)
	if err != nil {
		return err
	}
	var all sync.WaitGroup
	for _, g := range r.groups {
		all.Go(func() {
			from := 0
			if g == first {
				from = 1
			}
			g.connect(ctx, from)
		})
	}
	all.Wait()
	if err := r.fatal(); err != nil {
		return err
	}
	r.sources = nil
	for _, g := range r.groups {
		for _, c := range g.clients {
			r.sources = append(r.sources, c.sources...)
		}
	}
	return nil
}

// connectFirst connects one client by itself: if the server cannot be reached there is no use in trying with ten thousand, and
// the version that it speaks is that of the others.
func (r *run) connectFirst(ctx context.Context) (*group, error) {
	for _, g := range r.groups {
		if g.Clients == 0 {
			continue
		}
		g.clients = make([]*client, g.Clients)
		c, err := g.connectOne(ctx, 0)
		if err != nil {
			return nil, err
		}
		r.o.Config.Version = c.mq.ConnAck().Version
		r.server = c.mq.Remote()
		if n := r.otherServers(); n > 0 { // whichever it was that has taken this one
			r.server = fmt.Sprintf("%s and %d more", r.o.URL, n)
		}
		for _, g := range r.groups {
			for _, p := range g.publications {
				if err := p.carry(); err != nil {
					return nil, fmt.Errorf("group %s: %w", g.Name, err)
				}
			}
		}
		return g, c.begin(ctx)
	}
	return nil, errors.New("the scenario has no clients")
}

// connect connects the clients of a group from one on, at its rate.
func (g *group) connect(ctx context.Context, from int) {
	if len(g.clients) == 0 {
		g.clients = make([]*client, g.Clients)
	}
	var workers sync.WaitGroup
	next := make(chan int)
	for range min(dialling, g.Clients) {
		workers.Go(func() {
			for i := range next {
				c, err := g.connectOne(ctx, i)
				if err == nil {
					err = c.begin(ctx)
				}
				if err != nil && c != nil {
					g.r.fail(err)
				}
			}
		})
	}
	began := time.Now()
	for i := from; i < g.Clients && g.r.fatal() == nil; i++ {
		if g.Rate > 0 && !pause(ctx, time.Until(began.Add(time.Duration(float64(i)/g.Rate*1e9)))) {
			break
		}
		select {
		case next <- i:
			continue
		case <-ctx.Done():
		}
		break
	}
	close(next)
	workers.Wait()
	kept := g.clients[:0]
	for _, c := range g.clients {
		if c != nil {
			kept = append(kept, c)
		}
	}
	g.clients = kept
}

// connectOne connects one client. An error was counted.
func (g *group) connectOne(ctx context.Context, i int) (*client, error) {
	n := g.names
	c := &client{g: g, number: g.First + i, slot: g.slots[i%len(g.slots)]}
	n.mu.Lock()
	cfg, err := c.config(n)
	if err == nil {
		err = c.makeSources(n, i)
	}
	n.mu.Unlock()
	if err != nil {
		g.r.fail(fmt.Errorf("%s/%d: %w", g.Name, c.number, err))
		return nil, err
	}
	began := time.Now()
	mq, err := g.r.dial(ctx, cfg)
	if err != nil {
		if ctx.Err() == nil {
			c.slot.connectErrors.Add(1)
			g.r.events.add(c, eventRefused, detailOf(err))
		}
		return nil, err
	}
	c.slot.histograms[connecting].record(int64(time.Since(began)))
	g.clients[i] = c
	g.r.mu.Lock()
	defer g.r.mu.Unlock()
	if c.mq == nil { // else it was lost already, and is back
		c.mq = mq
	}
	return c, nil
}

// dial connects a client. Where there are several servers each of them is tried once before it fails.
func (r *run) dial(ctx context.Context, cfg mqtt.Config) (*mqtt.Client, error) {
	others := r.otherServers()
	if others == 0 {
		return mqtt.Dial(ctx, r.o.URL, cfg)
	}
	policy, failed := *cfg.Reconnect, 0
	var connected atomic.Bool
	policy.Background = true
	policy.GiveUp = func(err error) bool {
		failed++
		return mqtt.IsPermanent(err) || !connected.Load() && failed > others
	}
	cfg.Reconnect = &policy
	mq, err := mqtt.Dial(ctx, r.o.URL, cfg)
	if err != nil {
		return nil, err
	}
	if err := mq.AwaitConnected(ctx); err != nil {
		_ = mq.Close(ctx) // it is not connected
		return nil, err
	}
	connected.Store(true)
	return mq, nil
}

// begin makes the subscriptions of a client that is connected.
func (c *client) begin(ctx context.Context) error {
	n := c.g.names
	if ctx.Err() != nil {
		return nil
	}
	n.mu.Lock()
	subscriptions, err := c.subscriptions(n)
	n.mu.Unlock()
	if err != nil {
		return fmt.Errorf("%s/%d: %w", c.g.Name, c.number, err)
	}
	if len(subscriptions) == 0 {
		return nil
	}
	began := time.Now()
	if _, err := c.mq.Subscribe(ctx, subscriptions...); err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return fmt.Errorf("%s/%d: %w", c.g.Name, c.number, err)
	}
	c.slot.histograms[subscribing].record(int64(time.Since(began)))
	c.slot.subscribes.Add(int64(len(subscriptions)))
	return nil
}

// subscriptions are those of the scenario, and those to the answers that the client waits for.
func (c *client) subscriptions(n *names) ([]mqtt.Subscription, error) {
	var all []mqtt.Subscription
	values := c.values(n)
	for i := range c.g.Subscribe {
		spec := &c.g.Subscribe[i]
		filter, err := n.filters[i].text(&values, "")
		if err != nil {
			return nil, err
		}
		rc := c.newReceiver(filter, spec)
		if spec.Share != "" {
			filter = "$share/" + spec.Share + "/" + filter
		}
		all = append(all, mqtt.Subscription{Filter: filter, QoS: mqtt.QoS(spec.QoS), BatchHandler: rc.take})
	}
	for _, s := range c.sources {
		if !s.p.spec.Answered {
			continue
		}
		for k := range s.streams {
			topic := s.streams[k].topic + verify.Answer
			rc := c.newReceiver(topic, &scenario.Subscribe{QoS: s.p.spec.QoS})
			rc.answers, rc.wanted.Answers = s, true
			all = append(all, mqtt.Subscription{Filter: topic, QoS: mqtt.QoS(s.p.spec.QoS), BatchHandler: rc.take})
		}
	}
	return all, nil
}

// values are what the templates of a client may name. The caller holds n.
func (c *client) values(n *names) scenario.Values {
	v := scenario.Values{Client: c.number, Group: c.g.Name}
	v.ClientID, _ = n.clientID.text(&v, "") // config has reported the error
	v.Username, _ = n.username.text(&v, c.g.r.o.Config.Username)
	return v
}

// closeAll says goodbye for all clients, within a time for all of them.
func (r *run) closeAll() {
	ctx, cancel := context.WithTimeout(context.Background(), farewell)
	defer cancel()
	var workers sync.WaitGroup
	next := make(chan *client)
	for range dialling {
		workers.Go(func() {
			for c := range next {
				_ = c.mq.Close(ctx) // what was not acknowledged by then has been told to its publish
			}
		})
	}
	for _, g := range r.groups {
		for _, c := range g.clients {
			if c != nil {
				next <- c
			}
		}
	}
	close(next)
	workers.Wait()
}
