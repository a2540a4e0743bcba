package scenario

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"dunlin/internal/load/result"
)

// Latencies names the histograms that a run of the scenario fills.
func (s Scenario) Latencies() []string {
	has := map[string]bool{result.Connect: true}
	publishes := slices.ContainsFunc(s.Groups, func(g Group) bool { return len(g.Publish) > 0 })
	for i := range s.Groups {
		g := &s.Groups[i]
		for j := range g.Publish {
			acknowledged := g.Publish[j].QoS > 0
			has[result.Publish] = has[result.Publish] || acknowledged
			has[result.Wire] = has[result.Wire] || acknowledged
			has[result.RoundTrip] = has[result.RoundTrip] || g.Publish[j].Answered
			has[result.Subscribe] = has[result.Subscribe] || g.Publish[j].Answered
		}
		if len(g.Subscribe) > 0 {
			has[result.Subscribe] = true
			has[result.Delivery] = has[result.Delivery] || publishes && !g.Echo
		}
	}
	var names []string
	for _, name := range result.Names {
		if has[name] {
			names = append(names, name)
		}
	}
	return names
}

// mainLatency is what percentiles without a name mean if nobody says: what comes closest to what a user of the messages waits for.
func (s Scenario) mainLatency() string {
	names := s.Latencies()
	for _, name := range []string{result.RoundTrip, result.Delivery, result.Publish} {
		for _, has := range names {
			if has == name {
				return name
			}
		}
	}
	return result.Connect
}

// Parameters are the settings of the scenario, for results. What is as it is by itself is left away.
func (s Scenario) Parameters() []result.Parameter {
	d := &description{}
	d.time("warmup", s.Warmup)
	for i := range s.Phases {
		d.add("phase "+s.Phases[i].Name, s.Phases[i].describe())
	}
	if s.Seed != 0 {
		d.add("seed", strconv.FormatUint(s.Seed, 10))
	}
	for i := range s.Groups {
		d.group = s.Groups[i].Name
		s.Groups[i].describe(d)
	}
	return d.all
}

// description gathers parameters.
type description struct {
	group string
	all   []result.Parameter
}

func (d *description) add(name, value string) {
	if value != "" {
		d.all = append(d.all, result.Parameter{Group: d.group, Name: name, Value: value})
	}
}

func (d *description) time(name string, t time.Duration) {
	if t != 0 {
		d.add(name, t.String())
	}
}

func (d *description) rate(name string, rate float64) {
	if rate != 0 {
		d.add(name, rateText(rate))
	}
}

func rateText(rate float64) string { return strconv.FormatFloat(rate, 'g', 6, 64) + "/s" }

func (p *Phase) describe() string {
	text := "until all is sent"
	if p.Duration > 0 {
		text = p.Duration.String()
	}
	switch {
	case p.From != p.To:
		text += fmt.Sprintf(", from %g to %g times the rate", p.From, p.To)
	case p.From != 1:
		text += fmt.Sprintf(", %g times the rate", p.From)
	}
	if len(p.Groups) > 0 {
		text += " of " + strings.Join(p.Groups, ", ")
	}
	if p.Drops {
		text += ", links dropped"
	}
	return text
}

func (g *Group) describe(d *description) {
	d.add(result.Clients, strconv.Itoa(g.Clients))
	d.add(result.First, strconv.Itoa(g.First))
	d.rate(result.ConnectRate, g.Rate)
	d.add("client_id", g.ClientID)
	d.add("username", g.Username)
	if g.KeepSession {
		d.add("keep_session", "true")
	}
	d.time("session_expiry", g.SessionExpiry)
	if g.KeepAlive == NoPings {
		d.add("keep_alive", "none")
	} else {
		d.time("keep_alive", g.KeepAlive)
	}
	if g.Will != nil {
		d.add("will", g.Will.describe())
	}
	for i := range g.Publish {
		d.add(numbered("publish", i, len(g.Publish)), g.Publish[i].describe())
	}
	for i := range g.Subscribe {
		d.add(numbered("subscribe", i, len(g.Subscribe)), g.Subscribe[i].describe())
	}
	if g.Echo {
		d.add("echo", "true")
	}
	if g.Drop != nil {
		text := fmt.Sprintf("every %v for %v", g.Drop.Every, g.Drop.For)
		if g.Drop.Share > 0 {
			text += fmt.Sprintf(", %g%% of the clients", 100*g.Drop.Share)
		}
		d.add("drop", text)
	}
}

// numbered is the name of one of several.
func numbered(name string, i, of int) string {
	if of == 1 {
		return name
	}
	return name + " " + strconv.Itoa(i+1)
}

func (m *Message) describe() string {
	text := fmt.Sprintf("%s, %d bytes, QoS %d", m.Topic, m.Size, m.QoS)
	if m.Payload != "" {
		const shown = 60
		payload := []rune(m.Payload)
		if len(payload) > shown {
			payload = append(payload[:shown:shown], '…')
		}
		text = fmt.Sprintf("%s, payload %q, QoS %d", m.Topic, string(payload), m.QoS)
	}
	if m.Retain {
		text += ", retained"
	}
	return text
}

func (p *Publish) describe() string {
	text := p.Message.describe()
	if p.Rate > 0 {
		text += ", " + rateText(p.Rate)
	} else {
		inFlight := p.InFlight
		if inFlight == 0 {
			inFlight = defaultInFlight
		}
		text += fmt.Sprintf(", %d in flight", inFlight)
	}
	if p.Count > 0 {
		text += fmt.Sprintf(", %d messages", p.Count)
	}
	if p.Topics > 1 {
		text += fmt.Sprintf(", %d topics", p.Topics)
	}
	if p.Answered {
		text += ", answered"
	}
	return text
}

func (s *Subscribe) describe() string {
	text := fmt.Sprintf("%s, QoS %d", s.Filter, s.QoS)
	if s.Share != "" {
		text += ", shared as " + s.Share
	}
	if s.Work > 0 {
		text += fmt.Sprintf(", %v of work a message", s.Work)
	}
	return text
}
