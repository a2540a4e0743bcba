package scenario

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"dunlin/internal/feed"
	"dunlin/mqtt"
)

// Check says what is wrong with a scenario: the first fault that would otherwise show during the run.
func (s Scenario) Check() error {
	if found := s.problems(); len(found) > 0 {
		return errors.New(found[0].place.in(&s) + found[0].text)
	}
	return nil
}

// checker gathers problems.
type checker struct {
	s     *Scenario
	found []problem
}

func (c *checker) fault(at place, key, format string, args ...any) {
	at.key = key
	c.found = append(c.found, problem{at, fmt.Sprintf(format, args...)})
}

// problems returns all that is wrong.
func (s *Scenario) problems() []problem {
	c := &checker{s: s}
	if len(s.Groups) == 0 {
		c.fault(place{}, "groups", "there are no groups of clients")
	}
	clients := 0
	for i := range s.Groups {
		c.group(i)
		clients += s.Groups[i].Clients
	}
	if len(s.Groups) > 0 && clients == 0 {
		c.fault(place{}, "groups", "the groups have no clients")
	}
	c.phases()
	if latencies := s.Latencies(); len(c.found) == 0 && !slices.Contains(latencies, s.Latency) {
		c.fault(place{}, "latency", "latency: %q is not measured here; there are %s", s.Latency, strings.Join(latencies, ", "))
	}
	return c.found
}

func (c *checker) group(i int) {
	g, at := &c.s.Groups[i], place{part: "group", group: i}
	c.groupName(g, at)
	if g.Clients < 0 || g.First < 0 || badRate(g.Rate) {
		c.fault(at, "clients", "there cannot be less than no clients, numbered from 0 or more, and a rate that is not negative")
	}
	c.session(g, at)
	c.clientID(g, at)
	if g.Will != nil {
		c.message(g, g.Will, place{part: "will", group: i})
	}
	for j := range g.Publish {
		c.publish(g, &g.Publish[j], place{part: "publish", group: i, index: j})
	}
	for j := range g.Subscribe {
		c.subscribe(g, &g.Subscribe[j], place{part: "subscribe", group: i, index: j})
	}
	if g.Echo && len(g.Subscribe) == 0 {
		c.fault(at, "echo", "an echo has to subscribe to what it answers")
	}
	if d := g.Drop; d != nil && (d.Every <= 0 || d.For < 0 || !(d.Share >= 0 && d.Share <= 1)) {
		c.fault(place{part: "drop", group: i}, "every", "every: links have to be dropped every so often, such as 30s")
	}
}

// groupName checks that a group can be told from the others, and its name be part of topics.
func (c *checker) groupName(g *Group, at place) {
	for _, before := range c.s.Groups[:at.group] {
		if before.Name == g.Name {
			c.fault(at, "name", "there are two groups with the name %q", g.Name)
		}
	}
	switch {
	case g.Name == "":
		c.fault(at, "name", "the group has no name")
	case strings.ContainsAny(g.Name, "/+#\x00\n"):
		c.fault(at, "name", "the name of a group cannot hold /, + or #, as %q does", g.Name)
	}
}

func badRate(rate float64) bool { return !(rate >= 0 && rate <= math.MaxInt32) } // which NaN is not

func (c *checker) session(g *Group, at place) {
	switch {
	case g.SessionExpiry > 0 && !g.KeepSession:
		c.fault(at, "session_expiry", "session_expiry is for keep_session: true")
	case g.SessionExpiry < 0 || g.SessionExpiry.Seconds() > math.MaxUint32:
		c.fault(at, "session_expiry", "session_expiry: %v is more than MQTT can say", g.SessionExpiry)
	case g.KeepAlive < NoPings || g.KeepAlive.Seconds() > math.MaxUint16:
		c.fault(at, "keep_alive", "keep_alive: %v is more than MQTT can say, which is 18h12m15s", g.KeepAlive)
	case g.KeepAlive > 0 && g.KeepAlive%time.Second != 0:
		c.fault(at, "keep_alive", "keep_alive: %v is not a number of whole seconds, as MQTT has it", g.KeepAlive)
	}
}

// clientID checks that clients have names of their own.
func (c *checker) clientID(g *Group, at place) {
	id := c.names(g.ClientID, clientFields)
	if id.err != nil {
		c.fault(at, "client_id", "client_id: %v", id.err)
		return
	}
	if g.Clients > 1 && g.ClientID != "" && id.of(g, 0) == id.of(g, 1) {
		c.fault(at, "client_id", "client_id: %q is the same for all clients, which end each other; put {{.Client}} into it", g.ClientID)
	}
	for i := range c.s.Groups[:at.group] {
		c.sameIDs(g, &c.s.Groups[i], at)
	}
	if user := c.names(g.Username, clientFields); user.err != nil {
		c.fault(at, "username", "username: %v", user.err)
	}
}

// sameIDs checks that a group's clients are called otherwise than those of another group.
func (c *checker) sameIDs(g, other *Group, at place) {
	first := max(g.First, other.First)
	if g.ClientID == "" || g.Name == other.Name || first >= min(g.First+g.Clients, other.First+other.Clients) {
		return
	}
	a, b := c.names(g.ClientID, clientFields), c.names(other.ClientID, clientFields)
	if a.err == nil && b.err == nil && a.of(g, first-g.First) == b.of(other, first-other.First) {
		c.fault(at, "client_id", "client_id: clients of the groups %s and %s have the same, and end each other; put {{.Group}} into it", other.Name, g.Name)
	}
}

// What topics and filters may name.
var (
	clientFields = []string{"Client", "Group", "Run"}
	topicFields  = []string{"Client", "Run", "TopicNumber", "Group", "ClientID", "Username"}
	filterFields = []string{"Client", "Run", "Group", "ClientID", "Username"}
)

func (c *checker) message(g *Group, m *Message, at place) {
	topic := c.names(m.Topic, topicFields)
	switch {
	case topic.err != nil:
		c.fault(at, "topic", "topic: %v", topic.err)
	default:
		if err := checkTopic(topic.of(g, 0)); err != nil {
			c.fault(at, "topic", "topic: %v", err)
		}
	}
	payload, err := ParseTemplate(m.Payload, 0)
	switch {
	case err != nil:
		c.fault(at, "payload", "payload: %v", err)
	case at.part == "will" && payload.Uses("N"):
		c.fault(at, "payload", "payload: {{.N}} is for messages, and a will is none of them")
	}
	switch {
	case m.Payload != "" && m.Size != 0:
		c.fault(at, "size", "size is for a payload that is made up; leave it or payload away")
	case m.Size < 0 || m.Size > feed.MaxPayload:
		c.fault(at, "size", "size: %d is not between 0 and %d bytes", m.Size, feed.MaxPayload)
	case m.QoS > 2:
		c.fault(at, "qos", "qos: %d is not 0, 1 or 2", m.QoS)
	}
}

func (c *checker) publish(g *Group, p *Publish, at place) {
	c.message(g, &p.Message, at)
	topic, err := ParseTemplate(p.Topic, 0)
	switch numbered := err == nil && topic.Uses("TopicNumber"); {
	case p.Topics > 1 && !numbered:
		c.fault(at, "topics", "topics: the topic has to name {{.TopicNumber}}, or all %d are the same", p.Topics)
	case badRate(p.Rate):
		c.fault(at, "rate", "rate: %v is not a rate", p.Rate)
	case p.Count < 0 || p.Topics < 0 || p.InFlight < 0 || p.InFlight > math.MaxUint16:
		c.fault(at, "count", "count, topics and in_flight cannot be negative, and in_flight not more than 65535")
	}
}

func (c *checker) subscribe(g *Group, s *Subscribe, at place) {
	filter := c.names(s.Filter, filterFields)
	switch {
	case filter.err != nil:
		c.fault(at, "filter", "filter: %v", filter.err)
		return
	case strings.HasPrefix(s.Filter, "$share/"):
		c.fault(at, "filter", "filter: the group of a shared subscription is given as share")
		return
	case strings.ContainsAny(s.Share, "/+#\x00"):
		c.fault(at, "share", "share: a group's name cannot hold /, + or #, as %q does", s.Share)
		return
	}
	if err := checkFilter(filter.of(g, 0)); err != nil {
		c.fault(at, "filter", "filter: %v", err)
	}
	if s.QoS > 2 || s.Work < 0 {
		c.fault(at, "qos", "qos has to be 0, 1 or 2, and work not negative")
	}
}

func (c *checker) phases() {
	if len(c.s.Phases) == 0 {
		c.fault(place{}, "phases", "there is no phase, so the load has no end")
	}
	for i := range c.s.Phases {
		c.phase(i)
	}
	if total := c.s.Length(); total > 0 && c.s.Warmup >= total {
		c.fault(place{}, "warmup", "warmup: %v is as long as the whole load of %v, so that nothing is measured", c.s.Warmup, total)
	}
}

func (c *checker) phase(i int) {
	p, at := &c.s.Phases[i], place{part: "phase", index: i}
	for _, name := range p.Groups {
		if !slices.ContainsFunc(c.s.Groups, func(g Group) bool { return g.Name == name }) {
			c.fault(at, "groups", "groups: there is no group %q; there are %s", name, strings.Join(c.s.groupNames(), ", "))
		}
	}
	if !(p.From >= 0 && p.To >= 0 && p.From <= mostTimes && p.To <= mostTimes) { // which NaN is not
		c.fault(at, "from", "rates cannot be multiplied with less than 0, or with more than %d", mostTimes)
	}
	if p.Drops && !c.s.drops() {
		c.fault(at, "drops", "drops: no group says how links are dropped")
	}
	c.phaseEnd(p, at)
}

// phaseEnd checks that a phase ends.
func (c *checker) phaseEnd(p *Phase, at place) {
	switch {
	case p.Duration < 0:
		c.fault(at, "duration", "duration: %v is negative", p.Duration)
	case p.Duration == 0 && at.index < len(c.s.Phases)-1:
		c.fault(at, "duration", "duration: only the last phase can end with the messages")
	case p.Duration == 0 && !c.s.counted():
		c.fault(at, "duration", "duration: without one, each group that publishes needs a count, or the load has no end")
	case p.Duration == 0 && p.From != p.To:
		c.fault(at, "duration", "duration: a ramp needs one")
	}
}

// counted says whether the load ends by itself, when each message was sent.
func (s *Scenario) counted() bool {
	publishes := 0
	for i := range s.Groups {
		for j := range s.Groups[i].Publish {
			if s.Groups[i].Publish[j].Count == 0 {
				return false
			}
			publishes++
		}
	}
	return publishes > 0
}

func (s *Scenario) groupNames() []string {
	names := make([]string, len(s.Groups))
	for i := range s.Groups {
		names[i] = s.Groups[i].Name
	}
	return names
}

// checkTopic says why nothing can be published to topic.
func checkTopic(topic string) error {
	if topic == "" {
		return errors.New("there is none")
	}
	m := mqtt.Message{Topic: topic}
	return what(m.Validate(mqtt.VersionAuto))
}

// what returns what is wrong with an argument, without the name of the argument.
func what(err error) error {
	if e := (*mqtt.ArgumentError)(nil); errors.As(err, &e) {
		return errors.New(e.What)
	}
	return err
}
