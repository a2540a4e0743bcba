package fleet

import (
	"strings"

	"dunlin/mqtt"
)

// homeAssistant is the profile of devices that announce themselves to Home Assistant by MQTT discovery, as its source
// has it (home-assistant/core, components/mqtt/discovery.py and schemas.py, of 2025).
type homeAssistant struct{}

// discoveryPrefix is where Home Assistant looks for configurations, unless it is told otherwise.
const discoveryPrefix = "homeassistant"

// homeStatus is where Home Assistant says that it has started.
const homeStatus = discoveryPrefix + "/status"

// entity is the configuration of one thing that Home Assistant shows.
type entity map[string]any

func (homeAssistant) will(d *device) *mqtt.Will { return plain{}.will(d) }

func (homeAssistant) filters(d *device) []string {
	filters := []string{homeStatus}
	if len(d.group.Controls) > 0 {
		filters = append(filters, d.base+"/set/+")
	}
	if d.group.Firmware != "" {
		filters = append(filters, d.base+"/firmware/offer", d.base+"/firmware/chunk/#")
	}
	return filters
}

func (h homeAssistant) birth(d *device) []mqtt.Message {
	messages := append(d.configurations(), d.aboutLocked(), d.status(statusOnline))
	for i := range d.group.Controls {
		if d.group.Controls[i].Kind != "button" {
			messages = append(messages, d.stateLocked(i))
		}
	}
	return messages
}

// nap says nothing: a device that sleeps stays available, for as long as expire_after says.
func (homeAssistant) nap(*device) []mqtt.Message { return nil }

func (h homeAssistant) obey(d *device, below string, m *mqtt.Received) ([]mqtt.Message, bool) {
	if m.Topic == homeStatus {
		if string(m.Payload) == statusOnline && !m.Retain { // it has started and knows nothing yet
			return h.birth(d), false
		}
		return nil, false
	}
	name, isSet := strings.CutPrefix(below, "set/")
	if !isSet {
		return nil, false
	}
	if d.setLocked(name, string(m.Payload)) != "" {
		return nil, true
	}
	for i := range d.group.Controls {
		if d.group.Controls[i].Name == name && d.group.Controls[i].Kind != "button" {
			return []mqtt.Message{d.stateLocked(i)}, true
		}
	}
	return nil, true
}

func (d *device) stateLocked(control int) mqtt.Message {
	return mqtt.Message{
		Topic: d.base + "/state/" + d.group.Controls[control].Name, Payload: []byte(d.states[control]),
		QoS: mqtt.AtLeastOnce, Retain: true,
	}
}

// configurations are the messages by which Home Assistant learns of the device.
func (d *device) configurations() []mqtt.Message {
	block := entity{"identifiers": []string{d.name}, "name": d.name, "manufacturer": "Dunlin", "model": d.group.Name}
	if d.firmware != "" {
		block["sw_version"] = d.firmware
	}
	origin := entity{"name": "dunlin fleet"}
	entities := d.entities()
	retained := func(topic string, e entity) mqtt.Message {
		return mqtt.Message{Topic: discoveryPrefix + "/" + topic + "/config", Payload: marshal(e), QoS: mqtt.AtLeastOnce, Retain: true}
	}
	if d.group.Discovery == "device" {
		whole := entity{"device": block, "origin": origin, "components": entities}
		d.addAvailability(whole)
		return []mqtt.Message{retained("device/"+d.name, whole)}
	}
	var messages []mqtt.Message
	for _, name := range d.entityNames() {
		e := entities[name]
		platform, _ := e["platform"].(string)
		delete(e, "platform")
		e["device"], e["origin"] = block, origin
		d.addAvailability(e)
		messages = append(messages, retained(platform+"/"+d.name+"/"+name, e))
	}
	return messages
}

// addAvailability says how Home Assistant learns whether the device is there. One that sleeps is not there most of the
// time, and its values count all the same.
func (d *device) addAvailability(e entity) {
	if !d.group.Sleeping() {
		e["availability_topic"] = d.base + "/status"
	}
}

// entityNames are the names of values and controls in their order.
func (d *device) entityNames() []string {
	var names []string
	for i := range d.group.Streams {
		for j := range d.group.Streams[i].Values {
			names = append(names, d.group.Streams[i].Values[j].Name)
		}
	}
	for i := range d.group.Controls {
		names = append(names, d.group.Controls[i].Name)
	}
	return names
}

// entities are the configurations of values and controls by name.
func (d *device) entities() map[string]entity {
	all := map[string]entity{}
	for i := range d.group.Streams {
		s := &d.group.Streams[i]
		for j := range s.Values {
			v := &s.Values[j]
			all[v.Name] = v.entity(d.base + "/" + s.Topic)
			if d.group.Sleeping() && v.Kind != kindTrack {
				all[v.Name]["expire_after"] = int(d.run.real(3*(d.group.Sleep.For+d.group.Sleep.Awake)).Seconds()) + 1
			}
		}
	}
	for i := range d.group.Controls {
		c := &d.group.Controls[i]
		all[c.Name] = c.entity(d.base)
	}
	for name, e := range all {
		e["unique_id"], e["name"] = d.name+"_"+name, name
	}
	return all
}

func (v *Value) entity(topic string) entity {
	e := entity{"platform": "sensor", "state_topic": topic, "value_template": "{{ value_json." + v.Name + " }}"}
	if strings.Contains(v.Name, "-") { // which Jinja would take for a subtraction
		e["value_template"] = "{{ value_json['" + v.Name + "'] }}"
	}
	if v.Class != "" {
		e["device_class"] = v.Class
	}
	if v.Unit != "" && v.IsNumber() { // Home Assistant refuses words that have one
		e["unit_of_measurement"] = v.Unit
	}
	switch {
	case v.Kind == kindTrack:
		delete(e, "state_topic")
		delete(e, "value_template")
		e["platform"], e["json_attributes_topic"] = "device_tracker", topic
	case v.Kind == kindSteps && v.isOnOff():
		e["platform"] = "binary_sensor"
	case v.Kind == kindSteps && !v.numeric:
		e["device_class"], e["options"] = "enum", unique(v.Words) // a word that is there twice comes more often
	case v.Kind == kindCounter:
		e["state_class"] = "total_increasing"
	case v.IsNumber():
		e["state_class"] = "measurement"
	}
	return e
}

// isOnOff reports whether the words are those of a binary sensor.
func (v *Value) isOnOff() bool {
	for _, w := range v.Words {
		if w != "ON" && w != "OFF" {
			return false
		}
	}
	return true
}

func (c *Control) entity(base string) entity {
	e := entity{"platform": c.Kind, "command_topic": base + "/set/" + c.Name}
	if c.Kind != "button" {
		e["state_topic"] = base + "/state/" + c.Name
	}
	switch c.Kind {
	case "number":
		e["min"], e["max"], e["step"] = c.Min, c.Max, c.Step
		if c.Unit != "" {
			e["unit_of_measurement"] = c.Unit
		}
	case "select":
		e["options"] = c.Options
	}
	return e
}
