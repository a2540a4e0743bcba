package fleet

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"time"

	"dunlin/mqtt"
)

// The words of a status.
const (
	statusOnline  = "online"
	statusOffline = "offline"
	statusAsleep  = "asleep"
)

// plain is the profile of devices that speak JSON under topics of their own.
type plain struct{}

// about is what a plain device says of itself.
type about struct {
	Device    string   `json:"device"`
	Model     string   `json:"model"`
	Firmware  string   `json:"firmware,omitempty"`
	Telemetry []string `json:"telemetry,omitempty"`
	Controls  []string `json:"controls,omitempty"`
}

// command is what a plain device obeys: it sets the control of that name, or does nothing with the name ping.
type command struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Value string `json:"value,omitempty"`
}

// answer is what it says to that.
type answer struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	OK    bool   `json:"ok"`
	Value string `json:"value,omitempty"`
	Error string `json:"error,omitempty"`
}

func (plain) will(d *device) *mqtt.Will {
	return &mqtt.Will{Message: d.status(statusOffline)}
}

func (d *device) status(word string) mqtt.Message {
	return mqtt.Message{Topic: d.base + "/status", Payload: []byte(word), QoS: mqtt.AtLeastOnce, Retain: true}
}

func (plain) filters(d *device) []string {
	filters := []string{d.base + "/command"}
	if d.group.Firmware != "" {
		filters = append(filters, d.base+"/firmware/offer", d.base+"/firmware/chunk/#")
	}
	return filters
}

func (plain) birth(d *device) []mqtt.Message {
	return []mqtt.Message{d.status(statusOnline), d.aboutLocked()}
}

func (d *device) aboutLocked() mqtt.Message {
	a := about{Device: d.name, Model: d.group.Name, Firmware: d.firmware}
	for i := range d.group.Streams {
		a.Telemetry = append(a.Telemetry, d.group.Streams[i].Topic)
	}
	for i := range d.group.Controls {
		a.Controls = append(a.Controls, d.group.Controls[i].Name)
	}
	return mqtt.Message{Topic: d.base + "/about", Payload: marshal(a), QoS: mqtt.AtLeastOnce, Retain: true}
}

func (plain) nap(d *device) []mqtt.Message { return []mqtt.Message{d.status(statusAsleep)} }

func (plain) obey(d *device, below string, m *mqtt.Received) ([]mqtt.Message, bool) {
	if below != "command" {
		return nil, false
	}
	var c command
	a := answer{}
	if err := json.Unmarshal(m.Payload, &c); err != nil {
		a.Error = "the command is not JSON such as {\"id\":\"1\",\"name\":\"ping\"}"
	} else {
		a = answer{ID: c.ID, Name: c.Name, Value: c.Value}
		a.Error = d.setLocked(c.Name, c.Value)
	}
	a.OK = a.Error == ""
	reply := mqtt.Message{Topic: d.base + "/answer", Payload: marshal(a), QoS: mqtt.AtLeastOnce}
	if p := m.Properties; p != nil && p.ResponseTopic != "" {
		reply.Topic = p.ResponseTopic
		if p.CorrelationData != nil {
			reply.Properties = &mqtt.Properties{CorrelationData: append([]byte{}, p.CorrelationData...)}
		}
	}
	return []mqtt.Message{reply}, true
}

// setLocked sets a control and returns what is wrong with that, or "".
func (d *device) setLocked(name, value string) string {
	if name == "ping" {
		return ""
	}
	for i := range d.group.Controls {
		c := &d.group.Controls[i]
		if c.Name != name {
			continue
		}
		if !c.takes(value) {
			return strconv.Quote(value) + " is nothing that " + name + " can be"
		}
		d.states[i] = value
		return ""
	}
	return "there is no control " + strconv.Quote(name)
}

// press is the one command that a button takes.
const press = "PRESS"

// first is how a control stands before any command.
func (c *Control) first() string {
	switch c.Kind {
	case "switch":
		return "OFF"
	case "number":
		return trimmed(c.Min)
	case "select":
		return c.Options[0]
	}
	return ""
}

// takes reports whether a control can be set to value.
func (c *Control) takes(value string) bool {
	switch c.Kind {
	case "switch":
		return value == "ON" || value == "OFF"
	case "button":
		return value == press
	case "number":
		x, err := strconv.ParseFloat(value, 64)
		return err == nil && x >= c.Min && x <= c.Max
	}
	for _, option := range c.Options {
		if value == option {
			return true
		}
	}
	return false
}

// some returns a value that the control takes; n chooses which.
func (c *Control) some(n uint64) string {
	switch c.Kind {
	case "switch":
		return [2]string{"ON", "OFF"}[n%2]
	case "button":
		return press
	case "number":
		steps := uint64((c.Max - c.Min) / c.Step)
		return trimmed(c.Min + float64(n%(steps+1))*c.Step)
	}
	return c.Options[n%uint64(len(c.Options))]
}

// trimmed writes a number without zeros at its end.
func trimmed(x float64) string { return strconv.FormatFloat(math.Round(x*1e6)/1e6, 'f', -1, 64) }

// payloadLocked takes a reading of each value of a stream and writes it as JSON.
func (d *device) payloadLocked(stream int, at time.Time) []byte {
	s := &d.group.Streams[stream]
	since := d.run.since(at)
	b := make([]byte, 0, 64+24*len(s.Values))
	b = append(b, `{"time":"`...)
	b = d.run.start.Add(since).UTC().AppendFormat(b, "2006-01-02T15:04:05.000Z")
	b = append(b, `","n":`...)
	b = strconv.AppendUint(b, d.sent[stream], 10)
	d.read(d.group, stream, d.run.start, since, func(v *Value, r Reading) { b = v.appendJSON(b, r) })
	return append(b, '}')
}

// appendJSON writes a reading as members of an object.
func (v *Value) appendJSON(b []byte, r Reading) []byte {
	if v.Kind == kindTrack {
		b = append(b, `,"latitude":`...)
		b = strconv.AppendFloat(b, r.Latitude, 'f', 6, 64)
		b = append(b, `,"longitude":`...)
		b = strconv.AppendFloat(b, r.Longitude, 'f', 6, 64)
		b = append(b, `,"gps_accuracy":10,"`...)
		b = append(b, v.Name...)
		b = append(b, `":{"speed":`...)
		b = strconv.AppendFloat(b, r.Number, 'f', 1, 64)
		b = append(b, `,"course":`...)
		b = strconv.AppendFloat(b, r.Course, 'f', 0, 64)
		return append(b, '}')
	}
	b = append(b, ',', '"')
	b = append(b, v.Name...) // which is of letters, digits, _ and -
	b = append(b, '"', ':')
	switch {
	case v.Words != nil && v.numeric:
		return append(b, trimmed(r.Number)...)
	case v.Words != nil:
		return append(b, marshal(strings.ToValidUTF8(r.Word, "\uFFFD"))...)
	}
	return strconv.AppendFloat(b, r.Number, 'f', v.Decimals, 64)
}
