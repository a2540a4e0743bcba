package fleet

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"dunlin/mqtt"
)

// Rules are those of a profile. They look at all messages, in their order, and tell of each rule that is broken.
type Rules interface {
	// Filters are what has to be subscribed to.
	Filters() []string
	// See looks at a message.
	See(m *mqtt.Received)
	// End says what is wrong when nothing more comes.
	End()
}

// breaksKept is how many breaks a result names; all are counted.
const breaksKept = 100

// checker is a subscriber that knows the rules.
type checker struct {
	run    *run
	client *mqtt.Client
	atHome map[string]bool // names of devices that Home Assistant discovers

	mu     sync.Mutex
	rules  []Rules
	plain  *plainRules // one of them
	known  bool        // it had a connection before
	breaks []Break
}

// startCheck connects the checker, if there is to be one.
func (r *run) startCheck(ctx context.Context) (part, error) {
	if !r.options.Check || len(r.devices) == 0 {
		return nil, nil //nolint:nilnil // there is none
	}
	c := &checker{run: r, atHome: map[string]bool{}}
	for _, d := range r.devices {
		if d.group.Profile == HomeAssistant {
			c.atHome[d.name] = true
		}
	}
	plainOnes, atHome := newPlainRules(r, c.broken), NewHomeAssistantRules(c.broken)
	if len(c.atHome) > 0 {
		c.rules = append(c.rules, atHome) // which sees the devices' states by the filters of the others
	}
	c.plain, c.rules = plainOnes, append(c.rules, plainOnes)
	list := subscriptionsFor(plainOnes.Filters())
	var err error
	if c.client, err = r.beside(ctx, "check", mqtt.Config{OnMessage: c.received, OnConnect: c.connected}); err != nil {
		return nil, err
	}
	if _, err := c.client.Subscribe(ctx, list...); err != nil {
		r.close(r.ctx, c.client)
		return nil, fmt.Errorf("the check: %w", err)
	}
	return c, nil
}

// subscriptionsFor makes subscriptions of filters, but of those that others cover: a server may send what two match twice.
func subscriptionsFor(filters []string) []mqtt.Subscription {
	var list []mqtt.Subscription
	for i, filter := range filters {
		covered := false
		for j, other := range filters {
			covered = covered || covers(other, filter) && (other != filter || j < i)
		}
		if !covered {
			list = append(list, mqtt.Subscription{Filter: filter, QoS: mqtt.AtLeastOnce})
		}
	}
	return list
}

// covers reports whether all topics that b matches are matched by a.
func covers(a, b string) bool {
	as, bs := strings.Split(a, "/"), strings.Split(b, "/")
	for i, level := range as {
		switch {
		case level == "#":
			return true
		case i >= len(bs) || bs[i] == "#" || level != "+" && level != bs[i]:
			return false
		}
	}
	return len(as) == len(bs)
}

// connected notes that what came since the connection before was not seen.
func (c *checker) connected(*mqtt.Client) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.known {
		c.plain.missed()
	}
	c.known = true
}

func (c *checker) received(_ context.Context, m *mqtt.Received) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if m.Retain || !c.ours(m.Topic) { // it is of an earlier run, or of others
		return
	}
	c.run.counts.add(Seen)
	for _, rules := range c.rules {
		rules.See(m)
	}
}

// ours reports whether a topic is of a device of the fleet.
func (c *checker) ours(topic string) bool {
	if d, _ := c.run.find(topic); d != nil {
		return true
	}
	levels := strings.SplitN(topic, "/", 4) // homeassistant, component, device, what is below
	return len(levels) == 4 && levels[0] == discoveryPrefix && c.atHome[levels[2]]
}

// broken notes a break. mu is held, for Rules run under it.
func (c *checker) broken(b Break) {
	c.run.counts.add(Violations)
	if len(c.breaks) < breaksKept {
		c.breaks = append(c.breaks, b)
	}
	if c.run.options.OnBreak != nil {
		c.run.options.OnBreak(b)
	}
}

func (*checker) stop(context.Context) {}

// awaitLast returns when all that the devices have said was seen, or an error of the connection. The server had it before. The answer to a
// ping overtakes what the server keeps back until others are acknowledged, so pings are sent until nothing more comes between two of them.
func (c *checker) awaitLast(ctx context.Context) error {
	before, wasQuiet := int64(0), false
	for {
		if _, err := c.client.Ping(ctx); err != nil {
			return err
		}
		seen, handling := c.run.counts[Seen].Load(), c.client.Stats().Received > 0
		if wasQuiet && !handling && seen == before {
			return nil
		}
		before, wasQuiet = seen, !handling
	}
}

// end takes what is still under way, and says what has not come.
func (c *checker) end(ctx context.Context, result *Result) {
	gone := c.awaitLast(ctx)
	c.run.close(c.run.ctx, c.client)
	c.mu.Lock()
	defer c.mu.Unlock()
	if gone != nil { // who was heard of last as online may have left as it should
		c.run.failed(fmt.Errorf("the check did not see how the devices left: %w", gone))
	} else {
		for _, rules := range c.rules {
			rules.End()
		}
	}
	result.Breaks = append(result.Breaks, c.breaks...)
}
