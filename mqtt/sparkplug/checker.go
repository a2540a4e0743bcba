package sparkplug

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"dunlin/internal/sparkplugb"
	"dunlin/mqtt"
)

// CheckerConfig says what a Checker looks at, and whom it tells.
type CheckerConfig struct {
	// Groups are those that StartChecker subscribes to; none: all.
	Groups []string
	// Only says of which topics messages are looked at; nil: of all.
	Only func(topic string) bool
	// FromStart says that the checker listens before any edge node connects, so that a node or device whose birth was not seen has
	// not sent any.
	FromStart bool
	// OnBreak is told of each break as it is found, one at a time. It may call the checker.
	OnBreak func(b Break)
	// Keep is how many breaks Report lists, the first ones; default 1,000. All are counted.
	Keep int
	// MaxMetrics is how many metrics, nodes and devices the checker remembers; default 1,000,000. What is beyond it is
	// looked at by itself, without its birth.
	MaxMetrics int
	// MQTT is how StartChecker reaches the server. In MQTT 5 the retain flag of each message is seen, before it only that
	// of old ones.
	MQTT mqtt.Config
	// Now is the clock of Break.Time; nil: time.Now.
	Now func() time.Time
}

// Break is a rule that somebody has broken.
type Break struct {
	// Rule is the assertion of the specification, such as "tck-id-payloads-nbirth-seq". Where several say the same it is one
	// of them.
	Rule string
	// Should says that the rule is a recommendation.
	Should bool
	Topic  string
	What   string // in words, with the values seen
	Time   time.Time
}

// String returns all of it but the time, on a line.
func (b Break) String() string {
	return fmt.Sprintf("%s: %s (%s)", b.Topic, b.What, b.Rule)
}

// CheckReport is what a Checker has seen.
type CheckReport struct {
	Messages map[MessageType]int // by type
	Nodes    int                 // whose births were seen
	Devices  int                 // whose births were seen
	Online   int                 // nodes that are online now
	Births   int                 // of nodes: sessions and rebirths
	Rebirths int                 // births that came after a host had asked for them
	Late     int                 // messages that a host would have had to put in order
	Should   int                 // breaks of recommendations
	Must     int                 // all other breaks
	Count    map[string]int      // breaks by rule
	Breaks   []Break             // the first ones
}

// Checker is a subscriber that knows the rules of Sparkplug and reports each break of them that a subscriber can see: what
// somebody subscribes to, or says in a CONNECT, it cannot see. Its methods may be called from any goroutine.
type Checker struct {
	cfg    CheckerConfig
	outbox outbox
	client *mqtt.Client

	mu     sync.Mutex
	nodes  map[ID]*checkedNode
	lower  map[string]string // identifiers in small letters, as they were seen first
	size   int
	report CheckReport
}

// checkedNode is what a checker knows of an edge node.
type checkedNode struct {
	checkedPart
	devices map[string]*checkedPart
	aliases map[uint64]string // of node and devices: the part and the name
	shapes  map[string]*sparkplugb.Template
	bdSeq   uint64
	seq     uint8
	counted bool // seq is known
	asked   bool // a host has asked for births
}

// checkedPart is a node or a device.
type checkedPart struct {
	device  string
	born    bool
	died    bool // after a birth that was seen
	types   map[string]uint32
	aliased bool // the birth gave aliases
}

// NewChecker returns a checker that is fed with Check.
func NewChecker(cfg CheckerConfig) *Checker {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Keep == 0 {
		cfg.Keep = 1000
	}
	if cfg.MaxMetrics == 0 {
		cfg.MaxMetrics = 1_000_000
	}
	return &Checker{
		cfg: cfg, nodes: make(map[ID]*checkedNode), lower: make(map[string]string),
		report: CheckReport{Messages: make(map[MessageType]int), Count: make(map[string]int)},
	}
}

// StartChecker returns a checker that is fed by subscriptions at the server at url; they are in force when it returns. While it
// has no connection, with MQTT.Reconnect, it misses messages, and forgets what it knew.
func StartChecker(ctx context.Context, url string, cfg CheckerConfig) (*Checker, error) {
	for _, group := range cfg.Groups {
		if err := validID("group", group); err != nil {
			return nil, argument("Groups", err)
		}
	}
	c := NewChecker(cfg)
	filters := []string{Namespace + "/#"}
	if len(cfg.Groups) > 0 {
		filters = []string{Namespace + "/" + string(STATE) + "/#"}
	}
	for _, group := range cfg.Groups {
		filters = append(filters, Namespace+"/"+group+"/#")
	}
	onDisconnect := cfg.MQTT.OnDisconnect
	cfg.MQTT.OnDisconnect = func(reason error) {
		c.forget()
		if onDisconnect != nil {
			onDisconnect(reason)
		}
	}
	client, err := mqtt.Dial(ctx, url, cfg.MQTT)
	if err != nil {
		return nil, err
	}
	c.client = client
	subs := make([]mqtt.Subscription, len(filters))
	for i, filter := range filters {
		subs[i] = mqtt.Subscription{
			Filter: filter, QoS: mqtt.AtLeastOnce, RetainAsPublished: client.ConnAck().Version == mqtt.V5,
			Handler: func(_ context.Context, m *mqtt.Received) { c.Check(m) },
		}
	}
	if _, err := client.Subscribe(ctx, subs...); err != nil {
		_ = client.Close(ctx)
		return nil, err
	}
	return c, nil
}

// forget forgets all nodes.
func (c *Checker) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.nodes, c.size, c.cfg.FromStart = make(map[ID]*checkedNode), len(c.lower), false
}

// Check looks at a message and returns the rules that it breaks; none for a good one, nor for one whose topic does not begin
// with spBv1.0/, or is not among CheckerConfig.Only. Messages of a node are to come in their order.
func (c *Checker) Check(m *mqtt.Received) []Break {
	if !strings.HasPrefix(m.Topic, Namespace+"/") || c.cfg.Only != nil && !c.cfg.Only(m.Topic) {
		return nil
	}
	defer c.outbox.flush()
	c.mu.Lock()
	defer c.mu.Unlock()
	l := &look{c: c, m: m}
	topic, err := ParseTopic(m.Topic)
	if err != nil {
		l.badTopic(err)
	} else {
		l.topic = topic
		c.report.Messages[topic.Type]++
		l.message()
	}
	for _, b := range l.breaks {
		c.note(b)
	}
	return l.breaks
}

// note counts a break.
func (c *Checker) note(b Break) {
	c.report.Count[b.Rule]++
	if b.Should {
		c.report.Should++
	} else {
		c.report.Must++
	}
	if len(c.report.Breaks) < c.cfg.Keep {
		c.report.Breaks = append(c.report.Breaks, b)
	}
	if f := c.cfg.OnBreak; f != nil {
		c.outbox.post(func() { f(b) })
	}
}

// Report returns what was seen so far.
func (c *Checker) Report() CheckReport {
	c.mu.Lock()
	defer c.mu.Unlock()
	r := c.report
	r.Messages, r.Count, r.Breaks = maps.Clone(r.Messages), maps.Clone(r.Count), slices.Clone(r.Breaks)
	for _, node := range c.nodes {
		if node.types != nil {
			r.Nodes++
		}
		if node.born {
			r.Online++
		}
		r.Devices += len(node.devices)
	}
	return r
}

// Close ends the subscriptions of StartChecker; Report goes on to tell what was seen.
func (c *Checker) Close(ctx context.Context) error {
	if c.client == nil {
		return nil
	}
	return c.client.Close(ctx)
}
