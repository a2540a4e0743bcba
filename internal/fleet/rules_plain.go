package fleet

import (
	"encoding/json"
	"fmt"
	"strings"

	"dunlin/mqtt"
)

// plainRules are what the fleet's own devices keep to, those of Home Assistant included: that they announce themselves
// before they speak, that readings come in order, without a gap at QoS 1 and 2, and are what the scenario says, and that
// their status is true.
type plainRules struct {
	run     *run
	report  func(Break)
	devices map[*device]*plainRecord
}

// plainRecord is what was seen of a device.
type plainRecord struct {
	status string            // the last word; missedStatus: it is not known
	about  bool              // the device has announced itself
	early  string            // topic of a reading of QoS 0 that came before
	last   map[string]uint64 // number of the last reading by topic
}

// missedStatus is the status of a device whose last word may not have been seen.
const missedStatus = "missed"

func newPlainRules(r *run, report func(Break)) *plainRules {
	return &plainRules{run: r, report: report, devices: map[*device]*plainRecord{}}
}

// Filters are those of all groups.
func (p *plainRules) Filters() []string {
	var filters []string
	for i := range p.run.scenario.Groups {
		g := &p.run.scenario.Groups[i]
		if g.Profile == Sparkplug {
			continue
		}
		filters = append(filters, g.filter("status"), g.filter("about"), g.filter("answer"), g.filter("firmware/status"))
		if g.Profile == HomeAssistant {
			filters = append(filters, g.filter("state/+"), discoveryPrefix+"/+/+/config", discoveryPrefix+"/+/+/+/config")
		}
		for j := range g.Streams {
			filters = append(filters, g.filter(g.Streams[j].Topic))
		}
	}
	return filters
}

// See looks at a message of a device.
func (p *plainRules) See(m *mqtt.Received) {
	d, below := p.run.find(m.Topic)
	if d == nil {
		return
	}
	rec := p.record(d)
	switch below {
	case "status":
		p.seeStatus(rec, m)
	case "about":
		rec.about = true
		var a about
		if json.Unmarshal(m.Payload, &a) != nil || a.Device != d.name {
			p.broken("birth", m.Topic, "it is not the JSON of %s: %s", d.name, shown(m.Payload))
		}
	case "answer":
		var a answer
		if json.Unmarshal(m.Payload, &a) != nil || a.ID == "" {
			p.broken("answer", m.Topic, "it is not the JSON of an answer with an id: %s", shown(m.Payload))
		}
	case "firmware/status":
		var s firmwareStatus
		if json.Unmarshal(m.Payload, &s) != nil || !s.Installed {
			p.broken("firmware", m.Topic, "it is not installed: %s", shown(m.Payload))
		}
	default:
		p.seeReading(d, rec, below, m)
	}
}

// record returns what was seen of a device.
func (p *plainRules) record(d *device) *plainRecord {
	rec := p.devices[d]
	if rec == nil {
		rec = &plainRecord{last: map[string]uint64{}}
		p.devices[d] = rec
	}
	return rec
}

// missed says that messages may not have been seen, births among them, for the check had no connection.
func (p *plainRules) missed() {
	for _, d := range p.run.devices {
		rec := p.record(d)
		rec.about, rec.status = true, missedStatus
		clear(rec.last)
	}
}

func (p *plainRules) broken(rule, topic, format string, args ...any) {
	p.report(Break{Rule: rule, Topic: topic, What: fmt.Sprintf(format, args...)})
}

func (p *plainRules) seeStatus(rec *plainRecord, m *mqtt.Received) {
	switch word := string(m.Payload); word {
	case statusOnline, statusOffline, statusAsleep:
		rec.status = word
	default:
		p.broken("status", m.Topic, "it is %s, not online, offline or asleep", shown(m.Payload))
	}
}

// seeReading looks at telemetry.
func (p *plainRules) seeReading(d *device, rec *plainRecord, below string, m *mqtt.Received) {
	s := d.group.stream(below)
	if s == nil {
		return
	}
	if !rec.about || rec.status == "" {
		p.seeEarly(rec, m)
	}
	var reading map[string]any
	if err := json.Unmarshal(m.Payload, &reading); err != nil {
		p.broken("reading", m.Topic, "it is no JSON object: %s", shown(m.Payload))
		return
	}
	number, _ := reading["n"].(float64)
	n, last := uint64(number), rec.last[below]
	switch {
	case n == 0:
		p.broken("reading", m.Topic, "it has no number: %s", shown(m.Payload))
	case n == last && s.QoS > 0: // at least once
	case n <= last && last > 0 && s.QoS != 1: // at QoS 1 some may be sent again after a connection was lost
		p.broken("order", m.Topic, "reading %d comes after %d", n, last)
	case n > last+1 && s.QoS > 0 && last > 0:
		p.broken("no gap", m.Topic, "reading %d comes after %d", n, last)
	}
	rec.last[below] = max(n, last)
	for i := range s.Values {
		p.seeValue(&s.Values[i], m.Topic, reading)
	}
}

// seeEarly looks at a reading that comes before the birth.
func (p *plainRules) seeEarly(rec *plainRecord, m *mqtt.Received) {
	if m.QoS == mqtt.AtMostOnce { // it may have overtaken the birth at the server
		rec.early = m.Topic
		return
	}
	p.broken("birth first", m.Topic, "a reading comes before the birth")
}

// stream returns the stream of a topic below the base, or nil.
func (g *Group) stream(below string) *Stream {
	for i := range g.Streams {
		if g.Streams[i].Topic == below {
			return &g.Streams[i]
		}
	}
	return nil
}

func (p *plainRules) seeValue(v *Value, topic string, reading map[string]any) {
	value := reading[v.Name]
	if value == nil {
		p.broken("value", topic, "there is no %s", v.Name)
		return
	}
	number, isNumber := value.(float64)
	switch {
	case v.IsNumber() && !isNumber:
		p.broken("value", topic, "%s is no number: %v", v.Name, value)
	case v.Kind == kindWalk && (number < v.Min-1 || number > v.Max+1):
		p.broken("value", topic, "%s is %v, not from %v to %v", v.Name, number, v.Min, v.Max)
	}
}

// End looks at the last status of each device: they have all left, with or without a word.
func (p *plainRules) End() {
	for _, d := range p.run.devices {
		rec := p.devices[d]
		switch {
		case rec != nil && rec.about:
		case d.announced.Load():
			p.broken("birth", d.base, "the device was never announced")
		case rec != nil && rec.early != "":
			p.broken("birth first", rec.early, "a reading comes, and no birth")
		}
		if rec != nil && rec.status == statusOnline && (d.group.Profile == Plain || !d.group.Sleeping()) {
			p.broken("status", d.base+"/status", "it is online, and the device has left")
		}
	}
}

// shown is a payload for a line of text.
func shown(payload []byte) string {
	const most = 60
	if len(payload) > most {
		return fmt.Sprintf("%q...", payload[:most])
	}
	return strings.ToValidUTF8(fmt.Sprintf("%q", payload), "?")
}
