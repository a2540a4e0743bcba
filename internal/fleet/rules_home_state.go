package fleet

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"dunlin/mqtt"
)

// textOr returns a field's text as Home Assistant has it, or what counts without the field.
func textOr(v any, otherwise string) string {
	if v == nil {
		return otherwise
	}
	return rendered(v)
}

// rendered writes a value of JSON as a template does, which is in Python's words: a configuration may say "payload_on": true
// of messages with true in them.
func rendered(v any) string {
	switch v := v.(type) {
	case nil:
		return unknownState
	case bool:
		if v {
			return "True"
		}
		return "False"
	}
	return fmt.Sprint(v)
}

// unknownState is what a template makes of null: Home Assistant shows the entity as unknown.
const unknownState = "None"

func (h *HomeAssistantRules) seeAvailability(e *homeEntity, m *mqtt.Received) {
	yes, no := textOr(e.fields["payload_available"], "online"), textOr(e.fields["payload_not_available"], "offline")
	if e.fields["availability_template"] != nil {
		return
	}
	if word := string(m.Payload); word != yes && word != no {
		h.broken("availability", m.Topic, "it is %s, not %q or %q", shown(m.Payload), yes, no)
	}
}

// member is the one form of template that is understood here: the member of a JSON object.
var member = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^\{\{\s*value_json(?:\.(\w+)|\['([^']+)'\])\s*\}\}$`)
})

// stateOf returns the state that a message means; false: a template says, that is not understood here.
func (e *homeEntity) stateOf(payload []byte) (state string, understood bool, err error) {
	template, there := e.fields["value_template"].(string)
	if !there {
		return string(payload), true, nil
	}
	parts := member().FindStringSubmatch(template)
	if parts == nil {
		return "", false, nil
	}
	var object map[string]any
	if err := json.Unmarshal(payload, &object); err != nil {
		return "", true, fmt.Errorf("value_template wants a JSON object, and it is %s", shown(payload))
	}
	name := parts[1] + parts[2]
	value, there := object[name]
	if !there {
		return "", true, fmt.Errorf("value_template wants %q, and there is none", name)
	}
	return rendered(value), true, nil
}

func (h *HomeAssistantRules) seeState(e *homeEntity, m *mqtt.Received) {
	state, understood, err := e.stateOf(m.Payload)
	if err != nil {
		h.broken("state", m.Topic, "%v (configuration %s)", err, e.config)
		return
	}
	if !understood || e.fields["schema"] == "json" {
		return
	}
	switch e.platform {
	case "sensor":
		h.seeSensor(e, m.Topic, state)
	case "number":
		x, err := strconv.ParseFloat(state, 64)
		if least, most := numberOr(e.fields["min"], 1), numberOr(e.fields["max"], 100); state != unknownState && (err != nil || x < least || x > most) {
			h.broken("state", m.Topic, "%s is no number from %v to %v", state, least, most)
		}
	case "select":
		if !strings.EqualFold(state, unknownState) {
			h.seeOption(e, m.Topic, state)
		}
	case "binary_sensor", "switch":
		h.seeOnOff(e, m.Topic, state)
	}
}

func (h *HomeAssistantRules) seeOnOff(e *homeEntity, topic, state string) {
	on, off := textOr(e.fields["payload_on"], "ON"), textOr(e.fields["payload_off"], "OFF")
	on, off = textOr(e.fields["state_on"], on), textOr(e.fields["state_off"], off)
	if state != on && state != off && state != unknownState {
		h.broken("state", topic, "%s is not %q or %q", state, on, off)
	}
}

func (h *HomeAssistantRules) seeSensor(e *homeEntity, topic, state string) {
	if e.fields["options"] != nil {
		h.seeOption(e, topic, state)
		return
	}
	if e.fields["state_class"] == nil && e.fields["unit_of_measurement"] == nil {
		return
	}
	if _, err := strconv.ParseFloat(state, 64); err != nil && state != "" && state != unknownState {
		h.broken("state", topic, "%s is no number, and a sensor with a unit or a state_class has one", state)
	}
}

func (h *HomeAssistantRules) seeOption(e *homeEntity, topic, text string) {
	options, _ := e.fields["options"].([]any)
	if !slices.ContainsFunc(options, func(o any) bool { return rendered(o) == text }) {
		h.broken("state", topic, "%q is not one of the options %v", text, options)
	}
}
