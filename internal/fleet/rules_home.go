package fleet

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"dunlin/mqtt"
)

// HomeAssistantRules are those of MQTT discovery: topics and configurations that Home Assistant takes, and states that
// are what the configuration promises. They need to know nothing of the devices beforehand.
type HomeAssistantRules struct {
	report   func(Break)
	topics   map[string][]*homeEntity // by state and availability topic
	byConfig map[string][]*homeEntity // by topic of the configuration
	ids      map[string]string        // unique_id of a platform to the topic of its configuration
}

// homeEntity is what one configuration says.
type homeEntity struct {
	config    string // its topic
	platform  string
	fields    map[string]any
	state     string
	available string
}

// NewHomeAssistantRules returns rules that report to report.
func NewHomeAssistantRules(report func(Break)) *HomeAssistantRules {
	return &HomeAssistantRules{
		report: report, topics: map[string][]*homeEntity{}, byConfig: map[string][]*homeEntity{}, ids: map[string]string{},
	}
}

// configTopic is the form that Home Assistant takes: component, node where there is one, object.
var configTopic = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^` + discoveryPrefix + `/(\w+)/(?:([a-zA-Z0-9_-]+)/)?([a-zA-Z0-9_-]+)/config$`)
})

// components are those that Home Assistant discovers by MQTT; device holds several.
var components = []string{
	"alarm_control_panel", "binary_sensor", "button", "camera", "climate", "cover", "device", "device_automation", "device_tracker",
	"event", "fan", "humidifier", "image", "lawn_mower", "light", "lock", "notify", "number", "scene", "select", "sensor", "siren",
	"switch", "tag", "text", "update", "vacuum", "valve", "water_heater",
}

// required are the topics without which a component is refused. In one with several alternatives, one of them is.
var required = map[string][]string{
	"sensor": {"state_topic"}, "binary_sensor": {"state_topic"}, "event": {"state_topic"}, "switch": {"command_topic"},
	"number": {"command_topic"}, "select": {"command_topic"}, "button": {"command_topic"}, "text": {"command_topic"},
	"light": {"command_topic"}, "fan": {"command_topic"}, "lock": {"command_topic"}, "siren": {"command_topic"},
	"notify": {"command_topic"}, "scene": {"command_topic"}, "camera": {"topic"}, "tag": {"topic"},
	"device_tracker": {"state_topic|json_attributes_topic"}, "image": {"image_topic|url_topic"},
}

// Filters are those of the configurations, and all others: what the states are is learned only later.
func (h *HomeAssistantRules) Filters() []string { return []string{"#"} }

// See looks at a configuration, or at a state of one that was seen.
func (h *HomeAssistantRules) See(m *mqtt.Received) {
	if strings.HasPrefix(m.Topic, discoveryPrefix+"/") && strings.HasSuffix(m.Topic, "/config") {
		h.seeConfig(m.Topic, m.Payload)
		return
	}
	for _, e := range h.topics[m.Topic] {
		if m.Topic == e.available {
			h.seeAvailability(e, m)
		}
		if m.Topic == e.state {
			h.seeState(e, m)
		}
	}
}

// End has nothing to add: an entity that never has a state is allowed.
func (*HomeAssistantRules) End() {}

func (h *HomeAssistantRules) broken(rule, topic, format string, args ...any) {
	h.report(Break{Rule: "homeassistant " + rule, Topic: topic, What: fmt.Sprintf(format, args...)})
}

func (h *HomeAssistantRules) seeConfig(topic string, payload []byte) {
	parts := configTopic().FindStringSubmatch(topic)
	if parts == nil {
		h.broken("topic", topic, "it is not %s/COMPONENT/[NODE/]OBJECT/config with letters, digits, _ and - in NODE and OBJECT", discoveryPrefix)
		return
	}
	if !slices.Contains(components, parts[1]) {
		h.broken("component", topic, "%q is none that Home Assistant discovers", parts[1])
		return
	}
	h.forget(topic)
	if len(payload) == 0 {
		return // the device is gone
	}
	var fields map[string]any
	if err := json.Unmarshal(payload, &fields); err != nil {
		h.broken("payload", topic, "it is no JSON object: %s", shown(payload))
		return
	}
	expand(fields)
	h.seeDevice(topic, fields, parts[1])
	if parts[1] != "device" {
		h.addEntity(topic, parts[1], fields)
		return
	}
	all, _ := fields["components"].(map[string]any)
	if len(all) == 0 {
		h.broken("components", topic, "a device has no components")
	}
	for name, c := range all {
		h.addComponent(topic, name, c, fields)
	}
}

// forget drops what an earlier configuration of the topic said.
func (h *HomeAssistantRules) forget(topic string) {
	for _, e := range h.byConfig[topic] {
		for _, t := range []string{e.state, e.available} {
			h.topics[t] = slices.DeleteFunc(h.topics[t], func(other *homeEntity) bool { return other == e })
		}
		if id, _ := e.fields["unique_id"].(string); h.ids[e.platform+" "+id] == topic {
			delete(h.ids, e.platform+" "+id)
		}
	}
	delete(h.byConfig, topic)
}

// seeDevice looks at the blocks device and origin. In a device's configuration both have to be there.
func (h *HomeAssistantRules) seeDevice(topic string, fields map[string]any, component string) {
	whole := component == "device"
	device, there := fields["device"].(map[string]any)
	switch {
	case !there && whole:
		h.broken("device", topic, "there is no device block")
	case there && empty(device["identifiers"]) && empty(device["connections"]):
		h.broken("device", topic, "the device block has neither identifiers nor connections")
	case there && empty(fields["unique_id"]) && !whole && isEntity(component):
		h.broken("unique_id", topic, "there is a device block and no unique_id")
	}
	origin, there := fields["origin"].(map[string]any)
	if (whole || there) && empty(origin["name"]) {
		h.broken("origin", topic, "there is no origin with a name")
	}
}

// isEntity reports whether a component is an entity, which has a unique_id. Triggers and tags of a device are none.
func isEntity(component string) bool { return component != "device_automation" && component != "tag" }

// empty reports whether a value is not there or says nothing.
func empty(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case string:
		return v == ""
	case []any:
		return len(v) == 0
	}
	return false
}

// addComponent takes one of the components of a device.
func (h *HomeAssistantRules) addComponent(topic, name string, c any, device map[string]any) {
	fields, ok := c.(map[string]any)
	if !ok {
		h.broken("components", topic, "component %q is no JSON object", name)
		return
	}
	expand(fields)
	platform, _ := fields["platform"].(string)
	if !slices.Contains(components, platform) || platform == "device" {
		h.broken("platform", topic, "component %q has the platform %q, which is none", name, platform)
		return
	}
	if len(fields) == 1 {
		return // it is taken away
	}
	for _, shared := range []string{"availability", "availability_topic", "payload_available", "payload_not_available", "state_topic", "command_topic"} {
		if _, own := fields[shared]; !own && device[shared] != nil {
			fields[shared] = device[shared]
		}
	}
	if empty(fields["unique_id"]) && isEntity(platform) {
		h.broken("unique_id", topic, "component %q has none", name)
	}
	h.addEntity(topic, platform, fields)
}

// addEntity takes one entity, and looks at what its platform wants.
func (h *HomeAssistantRules) addEntity(topic, platform string, fields map[string]any) {
	e := &homeEntity{config: topic, platform: platform, fields: fields}
	e.state, _ = fields["state_topic"].(string)
	e.available, _ = fields["availability_topic"].(string)
	h.byConfig[topic] = append(h.byConfig[topic], e)
	for _, t := range []string{e.state, e.available} {
		if t != "" {
			h.topics[t] = append(h.topics[t], e)
		}
	}
	for _, alternatives := range required[platform] {
		names := strings.Split(alternatives, "|")
		if !slices.ContainsFunc(names, func(name string) bool { return !empty(fields[name]) }) {
			h.broken("topics", topic, "a %s has no %s", platform, strings.Join(names, " and no "))
		}
	}
	if id, _ := fields["unique_id"].(string); id != "" {
		if other, taken := h.ids[platform+" "+id]; taken {
			h.broken("unique_id", topic, "%q is that of %s, too", id, other)
		}
		h.ids[platform+" "+id] = topic
	}
	h.seeFields(e)
}

// seeFields looks at the values of a configuration.
func (h *HomeAssistantRules) seeFields(e *homeEntity) {
	f := e.fields
	for name, value := range f {
		if !strings.HasSuffix(name, "_topic") && name != "topic" {
			continue
		}
		t, isText := value.(string)
		if !isText || t == "" || strings.HasSuffix(name, "command_topic") && strings.ContainsAny(t, "+#") {
			h.broken("topics", e.config, "%s is %v, which is no topic", name, value)
		}
	}
	h.seeChoices(e)
}

// seeChoices looks at values that exclude each other, or are of a few.
func (h *HomeAssistantRules) seeChoices(e *homeEntity) {
	f := e.fields
	if f["availability"] != nil && f["availability_topic"] != nil {
		h.broken("availability", e.config, "there are availability and availability_topic; only one may be")
	}
	class, _ := f["device_class"].(string)
	switch e.platform {
	case "sensor":
		if f["options"] != nil && (class != "enum" || f["state_class"] != nil || f["unit_of_measurement"] != nil) {
			h.broken("sensor", e.config, "options go with device_class enum, and without state_class and unit_of_measurement")
		}
		if state, there := f["state_class"].(string); there && !slices.Contains([]string{"measurement", "measurement_angle", "total", "total_increasing"}, state) {
			h.broken("sensor", e.config, "state_class %q is none", state)
		}
	case "select":
		if empty(f["options"]) {
			h.broken("select", e.config, "there are no options")
		}
	case "number":
		if least, most := numberOr(f["min"], 1), numberOr(f["max"], 100); least > most {
			h.broken("number", e.config, "min %v is above max %v", least, most)
		}
	}
}

func numberOr(v any, otherwise float64) float64 {
	if x, ok := v.(float64); ok {
		return x
	}
	return otherwise
}
