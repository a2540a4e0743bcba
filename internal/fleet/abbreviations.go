package fleet

import "strings"

// abbreviations are the short names that Home Assistant takes in configurations, of what is looked at here.
var abbreviations = map[string]string{
	"avty": "availability", "avty_t": "availability_topic", "avty_tpl": "availability_template", "cmd_t": "command_topic", "cmps": "components",
	"dev": "device", "dev_cla": "device_class", "img_t": "image_topic", "json_attr_t": "json_attributes_topic", "o": "origin",
	"ops": "options", "p": "platform", "pl_avail": "payload_available", "pl_not_avail": "payload_not_available", "pl_off": "payload_off",
	"pl_on": "payload_on", "stat_cla": "state_class", "stat_off": "state_off", "stat_on": "state_on", "stat_t": "state_topic", "t": "topic",
	"uniq_id": "unique_id", "unit_of_meas": "unit_of_measurement", "url_t": "url_topic", "val_tpl": "value_template",
	"cns": "connections", "ids": "identifiers", "mf": "manufacturer", "mdl": "model", "sw": "sw_version",
}

// expand puts the long names in place of the short ones, and the topic ~ in place of where it is named.
func expand(fields map[string]any) {
	for short, long := range abbreviations {
		if v, there := fields[short]; there {
			delete(fields, short)
			fields[long] = v
		}
	}
	for _, block := range []string{"device", "origin"} {
		if inner, ok := fields[block].(map[string]any); ok {
			expandBlock(inner)
		}
	}
	base, there := fields["~"].(string)
	if !there {
		return
	}
	delete(fields, "~")
	for name, v := range fields {
		t, isText := v.(string)
		if !isText || !strings.HasSuffix(name, "topic") || t == "" {
			continue
		}
		if rest, found := strings.CutPrefix(t, "~"); found {
			fields[name] = base + rest
		} else if rest, found := strings.CutSuffix(t, "~"); found {
			fields[name] = rest + base
		}
	}
}

// expandBlock does that in device and origin, where other short names count.
func expandBlock(block map[string]any) {
	for _, short := range []string{"cns", "ids", "mf", "mdl", "sw"} {
		if v, there := block[short]; there {
			delete(block, short)
			block[abbreviations[short]] = v
		}
	}
}
