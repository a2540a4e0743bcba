package fleet_test

import (
	"strings"
	"testing"

	"dunlin/internal/fleet"
	"dunlin/mqtt"
)

// homeBreaks gives messages, each a topic and a payload, to the rules, and returns what they find.
func homeBreaks(messages ...string) []string {
	var found []string
	rules := fleet.NewHomeAssistantRules(func(b fleet.Break) { found = append(found, b.Rule+": "+b.What) })
	for _, m := range messages {
		topic, payload, _ := strings.Cut(m, " ")
		rules.See(&mqtt.Received{Topic: topic, Payload: []byte(payload)})
	}
	rules.End()
	return found
}

const (
	device = `"device":{"identifiers":["d"]}`
	sensor = `homeassistant/sensor/d/t/config {` + device + `,"unique_id":"t","state_topic":"d/t"`
)

// What Home Assistant would refuse or misread is found, one break each.
func TestBreaksOfDiscoveryAreFound(t *testing.T) {
	t.Parallel()
	for want, messages := range map[string][]string{
		"topic: it is not":                         {"homeassistant/sensor/d.t/config {}"},
		`component: "sensors" is none`:             {"homeassistant/sensors/d/config {}"},
		"payload: it is no JSON object":            {"homeassistant/sensor/d/config on"},
		"topics: a sensor has no state_topic":      {"homeassistant/sensor/d/config {}"},
		"topics: a device_tracker has no":          {"homeassistant/device_tracker/d/config {}"},
		"topics: command_topic is a/#":             {`homeassistant/switch/d/config {"command_topic":"a/#"}`},
		"device: the device block has neither":     {`homeassistant/sensor/d/config {"state_topic":"a","unique_id":"u","device":{"name":"x"}}`},
		"unique_id: there is a device block":       {`homeassistant/sensor/d/config {"state_topic":"a",` + device + `}`},
		`unique_id: "u" is that of`:                {`homeassistant/sensor/a/config {"stat_t":"a","uniq_id":"u"}`, `homeassistant/sensor/b/config {"stat_t":"b","uniq_id":"u"}`},
		"device: there is no device block":         {`homeassistant/device/d/config {"o":{"name":"x"},"cmps":{"a":{"p":"sensor","stat_t":"a","uniq_id":"u"}}}`},
		"origin: there is no origin":               {`homeassistant/device/d/config {` + device + `,"cmps":{"a":{"p":"sensor","stat_t":"a","uniq_id":"u"}}}`},
		`unique_id: component "a" has none`:        {`homeassistant/device/d/config {"o":{"name":"x"},` + device + `,"cmps":{"a":{"p":"sensor","stat_t":"a"}}}`},
		`platform: component "a" has the platform`: {`homeassistant/device/d/config {"o":{"name":"x"},` + device + `,"cmps":{"a":{"uniq_id":"u"}}}`},
		"components: a device has no components":   {`homeassistant/device/d/config {"o":{"name":"x"},` + device + `}`},
		"availability: there are availability and": {`homeassistant/sensor/d/config {"stat_t":"a","avty_t":"b","avty":[{"t":"b"}]}`},
		`availability: it is "on", not "online"`:   {`homeassistant/sensor/d/config {"~":"d","stat_t":"~/a","avty_t":"~/b"}`, "d/b on"},
		"sensor: options go with device_class":     {`homeassistant/sensor/d/config {"stat_t":"a","options":["x"]}`},
		`sensor: state_class "sum" is none`:        {`homeassistant/sensor/d/config {"stat_t":"a","state_class":"sum"}`},
		"select: there are no options":             {`homeassistant/select/d/config {"cmd_t":"a"}`},
		"number: min 9 is above max 3":             {`homeassistant/number/d/config {"cmd_t":"a","min":9,"max":3}`},
		"state: warm is no number":                 {sensor + `,"unit_of_measurement":"°C"}`, "d/t warm"},
		`value_template wants "x", and there is`:   {sensor + `,"value_template":"{{ value_json.x }}"}`, `d/t {"y":1}`},
		"value_template wants a JSON object":       {sensor + `,"value_template":"{{ value_json.x }}"}`, "d/t 5"},
		`state: on is not "ON" or "OFF"`:           {`homeassistant/switch/d/config {"cmd_t":"s","stat_t":"a"}`, "a on"},
		`state: true is not "True" or "False"`:     {`homeassistant/binary_sensor/d/config {"stat_t":"a","pl_on":true,"pl_off":false}`, "a true"},
		"state: 101 is no number from 1 to 100":    {`homeassistant/number/d/config {"cmd_t":"s","stat_t":"a"}`, "a 101"},
		`state: "z" is not one of the options`:     {`homeassistant/select/d/config {"cmd_t":"s","stat_t":"a","ops":["x","y"]}`, "a z"},
	} {
		found := homeBreaks(messages...)
		if len(found) != 1 || !strings.Contains(found[0], want) {
			t.Errorf("%q: found %q, want %s", messages, found, want)
		}
	}
}

func TestWhatHomeAssistantTakesIsNoBreak(t *testing.T) {
	t.Parallel()
	found := homeBreaks(
		sensor+`,"unit_of_measurement":"°C","value_template":"{{ value_json['x'] }}"}`, `d/t {"x":21.5}`,
		sensor+`}`, "d/t warm", // the same entity, configured anew
		`homeassistant/switch/s/config {"cmd_t":"s","stat_t":"a","pl_on":"1","pl_off":"0"}`, "a 1", "a 0",
		"homeassistant/switch/s/config ", "a anything", // it is taken away
		// Components that are no entities, and states in Python's words, as zigbee2mqtt has them.
		`homeassistant/device_automation/d/press/config {"automation_type":"trigger","type":"action","topic":"d/action",`+device+`}`,
		`homeassistant/device/y/config {"o":{"name":"n"},`+device+`,"cmps":{"a":{"p":"tag","topic":"c"}}}`,
		`homeassistant/binary_sensor/o/config {"stat_t":"z","pl_on":true,"pl_off":false,"val_tpl":"{{ value_json.occupancy }}"}`, `z {"occupancy":true}`, `z {"occupancy":null}`,
		`homeassistant/sensor/l/config {"stat_t":"l","unit_of_meas":"lqi","val_tpl":"{{ value_json.linkquality }}"}`, `l {"linkquality":null}`,
		`homeassistant/select/p/config {"cmd_t":"s","stat_t":"p","ops":["x"]}`, "p none",
		`homeassistant/device/x/config {"o":{"name":"n"},"dev":{"cns":[["mac","1"]]},"cmps":{"a":{"p":"button","cmd_t":"c","uniq_id":"u"},"b":{"p":"sensor"}}}`,
	)
	if len(found) > 0 {
		t.Errorf("%q", found)
	}
}
