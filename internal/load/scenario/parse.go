package scenario

import (
	"fmt"
	"math"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"dunlin/internal/feed"
	"dunlin/internal/yamlfile"
)

// Defaults of files and modes.
const (
	defaultSize      = 64
	defaultInFlight  = 100
	defaultKeepAlive = time.Minute
	defaultDrain     = 10 * time.Second
	defaultClientID  = "{{.Group}}-{{.Client}}"
)

// Limits of numbers, which are far above what a machine can do.
const (
	mostClients  = 10_000_000
	mostMessages = 1 << 40
	mostTimes    = 1000 // what a phase multiplies rates with
)

// Parse reads a scenario file, in YAML. The name is for errors, which say line and column, and for a load that has none of its own.
func Parse(name string, text []byte) (Scenario, error) {
	f, err := yamlfile.Open(name, text)
	if err != nil {
		return Scenario{}, err
	}
	p := &parser{name: strings.TrimSuffix(filepath.Base(name), filepath.Ext(name)), at: map[place]*yamlfile.Mapping{}}
	p.scenario(f.Root().Mapping())
	if err := f.Err(); err != nil {
		return Scenario{}, err
	}
	for _, found := range p.s.problems() {
		p.fault(found)
	}
	if err := f.Err(); err != nil {
		return Scenario{}, err
	}
	return p.s, nil
}

// parser makes a scenario of a file, and remembers where its parts stand.
type parser struct {
	name string // of a load to which the file gives none
	s    Scenario
	at   map[place]*yamlfile.Mapping // places without a key
}

// fault notes a problem at the key that it is about.
func (p *parser) fault(found problem) {
	key := found.key
	found.key = ""
	m := p.at[found.place]
	if m == nil { // nothing was written there
		m = p.at[place{}]
	}
	m.Fault(key, "%s", found.text)
}

func (p *parser) scenario(m *yamlfile.Mapping) {
	p.at[place{}] = m
	p.s = Scenario{
		Name:    m.Text("name", p.name),
		Warmup:  m.Duration("warmup", 0),
		Drain:   m.Duration("drain", defaultDrain),
		Latency: m.Text("latency", ""),
		Seed:    m.Seed("seed", 0),
	}
	for i, v := range m.List("groups") {
		p.s.Groups = append(p.s.Groups, p.group(v.Mapping(), i))
	}
	duration := m.Duration("duration", 0)
	phases := m.List("phases")
	for i, v := range phases {
		p.s.Phases = append(p.s.Phases, p.phase(v.Mapping(), i))
	}
	switch {
	case len(phases) == 0:
		p.s.Phases = []Phase{{Name: "load", Duration: duration, From: 1, To: 1, Drops: p.s.drops()}}
	case m.Has("duration"):
		m.Fault("duration", "there is a duration for the whole and there are phases with their own; leave one away")
	}
	m.End()
	if p.s.Latency == "" {
		p.s.Latency = p.s.mainLatency()
	}
}

func (p *parser) group(m *yamlfile.Mapping, index int) Group {
	at := place{part: "group", group: index}
	p.at[at] = m
	g := Group{
		Name:          m.Text("name", ""),
		Clients:       m.Whole("clients", 1, 1, mostClients),
		First:         m.Whole("first", 1, 0, mostClients),
		Rate:          rate(m, "connect_rate", "as fast as the broker takes them"),
		ClientID:      Name(m.Text("client_id", defaultClientID)),
		Username:      Name(m.Text("username", "")),
		KeepSession:   m.Flag("keep_session", false),
		SessionExpiry: m.Duration("session_expiry", 0),
		KeepAlive:     m.Duration("keep_alive", defaultKeepAlive),
		Echo:          m.Flag("echo", false),
	}
	if g.KeepAlive == 0 {
		g.KeepAlive = NoPings
	}
	if will := m.Mapping("will"); will != nil {
		p.at[place{part: "will", group: index}] = will
		message := p.message(will)
		will.End()
		g.Will = &message
	}
	for i, v := range m.List("publish") {
		g.Publish = append(g.Publish, p.publish(v.Mapping(), place{part: "publish", group: index, index: i}))
	}
	for i, v := range m.List("subscribe") {
		g.Subscribe = append(g.Subscribe, p.subscribe(v.Mapping(), place{part: "subscribe", group: index, index: i}))
	}
	if drop := m.Mapping("drop"); drop != nil {
		p.at[place{part: "drop", group: index}] = drop
		g.Drop = &Drop{Every: drop.Duration("every", 0), For: drop.Duration("for", 0), Share: drop.Part("clients", 0, 1)}
		drop.End()
	}
	m.End()
	return g
}

// rate reads one that is 0 in a Scenario where none is given. Who writes 0 wants nothing to happen, which is the opposite.
func rate(m *yamlfile.Mapping, key, without string) float64 {
	switch r := m.Rate(key, -1); {
	case r == 0:
		m.Fault(key, "%s: 0 is no rate; without one it is %s", key, without)
		return 0
	default:
		return max(r, 0)
	}
}

// message reads what a publish and a will have in common.
func (p *parser) message(m *yamlfile.Mapping) Message {
	message := Message{
		Topic:   Name(m.Text("topic", "")),
		Payload: m.Text("payload", ""),
		QoS:     byte(m.Whole("qos", 0, 0, 2)),
		Retain:  m.Flag("retain", false),
	}
	size := defaultSize
	if message.Payload != "" {
		size = 0
	}
	message.Size = m.Bytes("size", size, feed.MaxPayload)
	return message
}

func (p *parser) publish(m *yamlfile.Mapping, at place) Publish {
	p.at[at] = m
	out := Publish{
		Message:  p.message(m),
		Rate:     rate(m, "rate", "as fast as in_flight allows; a phase with rate: 0 is silence"),
		Count:    m.Whole("count", 0, 1, int(min(int64(mostMessages), math.MaxInt))),
		InFlight: m.Whole("in_flight", defaultInFlight, 1, 65535),
		Topics:   m.Whole("topics", 0, 1, mostClients),
		Answered: m.Flag("answered", false),
	}
	m.End()
	return out
}

func (p *parser) subscribe(m *yamlfile.Mapping, at place) Subscribe {
	p.at[at] = m
	out := Subscribe{
		Filter: Name(m.Text("filter", "")),
		QoS:    byte(m.Whole("qos", 0, 0, 2)),
		Share:  m.Text("share", ""),
		Work:   m.Duration("work", 0),
	}
	m.End()
	return out
}

func (p *parser) phase(m *yamlfile.Mapping, index int) Phase {
	p.at[place{part: "phase", index: index}] = m
	rate := m.Part("rate", 1, mostTimes)
	out := Phase{
		Name:     m.Text("name", strconv.Itoa(index+1)),
		Duration: m.Duration("duration", 0),
		From:     m.Part("from", rate, mostTimes),
		To:       m.Part("to", rate, mostTimes),
		Drops:    m.Flag("drops", p.s.drops()),
	}
	if m.Has("rate") && (m.Has("from") || m.Has("to")) {
		m.Fault("rate", "rate is for a phase that stays the same, from and to are for a ramp; leave one away")
	}
	for _, v := range m.List("groups") {
		out.Groups = append(out.Groups, v.Text())
	}
	m.End()
	return out
}

// drops says whether a group has links dropped.
func (s *Scenario) drops() bool {
	for i := range s.Groups {
		if s.Groups[i].Drop != nil {
			return true
		}
	}
	return false
}

// place is a part of a scenario, for faults.
type place struct {
	part         string // "", "group", "publish", "subscribe", "will", "drop" or "phase"
	group, index int
	key          string
}

// in names the place for people.
func (p place) in(s *Scenario) string {
	switch p.part {
	case "":
		return ""
	case "phase":
		return fmt.Sprintf("phase %s: ", s.Phases[p.index].Name)
	}
	name := fmt.Sprintf("group %s: ", s.Groups[p.group].Name)
	if p.part == "group" {
		return name
	}
	return name + p.part + ": "
}

// problem is what is wrong at a place.
type problem struct {
	place
	text string
}
