package fleet

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"dunlin/mqtt"
)

// plainName is what names may be that become a part of topics and of identifiers of Home Assistant.
var plainName = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[a-zA-Z0-9_-]+$`)
})

// placeholder is something in braces.
var placeholder = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`\{[^}]*\}`)
})

// check finds what is wrong with a group as a whole, and with what others have: seen.
func (g *Group) check(seen map[string]string) error {
	for _, step := range []func() error{g.checkTemplates, g.checkNames, g.checkProfile, g.checkStreams} {
		if err := step(); err != nil {
			return err
		}
	}
	for _, t := range []struct {
		what string
		name func(n int) string
	}{{"device", g.deviceName}, {"base", g.base}, {"client_id", g.clientID}} {
		name := t.name(1)
		if g.Count > 1 && name == t.name(2) {
			return fmt.Errorf("%s is %q for all its devices; put {n} or {device} into it", t.what, name)
		}
		if other, there := seen[t.what+" "+name]; there {
			return fmt.Errorf("%s %q is used by group %q, too", t.what, name, other)
		}
		seen[t.what+" "+name] = g.Name
	}
	return nil
}

// checkTemplates finds what stands in braces and for nothing.
func (g *Group) checkTemplates() error {
	for _, pair := range [][2]string{{"device", g.Device}, {"base", g.Base}, {"client_id", g.ClientID}, {"username", g.Username}} {
		what, t := pair[0], pair[1]
		for _, p := range placeholder().FindAllString(t, -1) {
			if p != "{n}" && p != "{group}" && (p != "{device}" || what == "device") {
				return fmt.Errorf("%s %q: there is no %s; {n} is the number, {group} the group's name, {device} the device's", what, t, p)
			}
		}
	}
	if !plainName().MatchString(g.deviceName(1)) {
		return fmt.Errorf("device %q is to be of letters, digits, _ and -", g.deviceName(1))
	}
	return validTopic("base", g.base(1))
}

func validTopic(what, topic string) error {
	if topic == "" || strings.HasPrefix(topic, "/") || strings.HasSuffix(topic, "/") {
		return fmt.Errorf("%s %q: a topic here neither is empty nor begins or ends with /", what, topic)
	}
	w := mqtt.Will{Message: mqtt.Message{Topic: topic}}
	if err := w.Validate(mqtt.V311); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// checkNames finds names that are used twice, or by the devices themselves.
func (g *Group) checkNames() error {
	taken := map[string]bool{"time": true, "n": true}
	for i := range g.Streams {
		for j := range g.Streams[i].Values {
			v := &g.Streams[i].Values[j]
			if !plainName().MatchString(v.Name) {
				return fmt.Errorf("value %q: a name is of letters, digits, _ and -", v.Name)
			}
			if taken[v.Name] {
				return fmt.Errorf("value %q: the name is taken", v.Name)
			}
			taken[v.Name] = true
		}
	}
	for _, c := range g.Controls {
		if !plainName().MatchString(c.Name) {
			return fmt.Errorf("control %q: a name is of letters, digits, _ and -", c.Name)
		}
		if taken[c.Name] || c.Name == "ping" {
			return fmt.Errorf("control %q: the name is taken", c.Name)
		}
		taken[c.Name] = true
	}
	return nil
}

func (g *Group) checkProfile() error {
	if g.Profile != Sparkplug {
		if g.Devices > 0 {
			return fmt.Errorf("devices is for the profile %s", Sparkplug)
		}
		return nil
	}
	switch {
	case g.Sleep != nil:
		return fmt.Errorf("an edge node of Sparkplug does not sleep: its session is clean and its death is told at once")
	case g.Firmware != "":
		return fmt.Errorf("firmware is for the profiles %s and %s", Plain, HomeAssistant)
	case len(g.Streams) == 0:
		return fmt.Errorf("an edge node of Sparkplug needs telemetry")
	case strings.ContainsAny(g.SparkplugGroup+g.PrimaryHost, "/+#") || g.SparkplugGroup == "":
		return fmt.Errorf("sparkplug_group %q is empty, or it or primary_host %q holds one of / + #", g.SparkplugGroup, g.PrimaryHost)
	}
	return nil
}

// own are the topics below its base that a device has itself.
var own = []string{"status", "about", "command", "answer", "firmware", "state", "set"}

func (g *Group) checkStreams() error {
	topics := map[string]bool{}
	for _, name := range own {
		topics[name] = true
	}
	for i := range g.Streams {
		s := &g.Streams[i]
		if err := validTopic("topic", s.Topic); err != nil {
			return err
		}
		if first, _, _ := strings.Cut(s.Topic, "/"); topics[first] || topics[s.Topic] {
			return fmt.Errorf("telemetry topic %q is taken", s.Topic)
		}
		topics[s.Topic] = true
		tracks := 0
		for j := range s.Values {
			if s.Values[j].Kind == kindTrack {
				tracks++
			}
		}
		if tracks > 1 {
			return fmt.Errorf("telemetry topic %q has two tracks; a message has one place", s.Topic)
		}
	}
	return nil
}

// fill puts the number of a device and the names into a template.
func (g *Group) fill(template, device string, n int) string {
	if !strings.Contains(template, "{") {
		return template
	}
	return strings.NewReplacer("{n}", strconv.Itoa(n), "{group}", g.Name, "{device}", device).Replace(template)
}

func (g *Group) deviceName(n int) string { return g.fill(g.Device, "", n) }
func (g *Group) base(n int) string       { return g.fill(g.Base, g.deviceName(n), n) }
func (g *Group) clientID(n int) string   { return g.fill(g.ClientID, g.deviceName(n), n) }

// filter returns what subscribes to a topic below the bases of all devices of the group.
func (g *Group) filter(below string) string {
	levels := strings.Split(g.Base, "/")
	for i, level := range levels {
		if strings.Contains(level, "{") {
			levels[i] = "+"
		}
	}
	return strings.Join(levels, "/") + "/" + below
}
