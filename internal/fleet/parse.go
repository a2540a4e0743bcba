package fleet

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"dunlin/internal/yamlfile"
)

// Most of everything that a file can ask for.
const (
	mostDevices  = 1_000_000
	mostFirmware = 64 << 20
	mostChunk    = 1 << 20
	mostDelay    = 10 * time.Second
	mostNumber   = 1e15
)

// Parse reads a fleet's file. The name is for errors, which have line and column.
func Parse(name string, text []byte) (Scenario, error) {
	file, err := yamlfile.Open(name, text)
	if err != nil {
		return Scenario{}, err
	}
	m := file.Root().Mapping()
	s := Scenario{
		Name: m.Text("name", strings.TrimSuffix(name, ".yaml")), About: m.Text("about", ""), Seed: m.Seed("seed", 1), Clock: clock(m),
		Ramp: m.Duration("ramp", time.Second), Duration: m.Duration("duration", 0),
	}
	if service := m.Mapping("service"); service != nil {
		s.Service = parseService(service)
	}
	groups := m.List("groups")
	if len(groups) == 0 {
		m.Fault("groups", "a fleet needs groups, and there is none")
	}
	for _, v := range groups {
		s.Groups = append(s.Groups, parseGroup(v.Mapping()))
	}
	m.End()
	if err := file.Err(); err != nil {
		return Scenario{}, err
	}
	seen := map[string]string{}
	for i := range s.Groups {
		g := &s.Groups[i]
		if g.Name == "" {
			g.Name = "group" + strconv.Itoa(i+1)
		}
		if err := g.check(seen); err != nil {
			groups[i].Fault("group %q: %v", g.Name, err)
		}
	}
	return s, file.Err()
}

func clock(m *yamlfile.Mapping) time.Time {
	text := m.Text("clock", "")
	if text == "" {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		m.Fault("clock", "clock: %q is not a time such as 2026-06-01T06:00:00Z", text)
	}
	return t
}

func parseService(m *yamlfile.Mapping) Service {
	s := Service{Commands: m.Duration("commands", 0)}
	if f := m.Mapping("firmware"); f != nil {
		s.Firmware = &Firmware{
			Version: f.Text("version", "2.0.0"), Size: f.Bytes("size", 1<<20, mostFirmware), Chunk: f.Bytes("chunk", 16<<10, mostChunk),
		}
		if s.Firmware.Size == 0 || s.Firmware.Chunk == 0 {
			f.Fault("size", "firmware has a size, and chunks have one, too")
		}
		f.End()
	}
	m.End()
	return s
}

// word returns one of a few words.
func word(m *yamlfile.Mapping, key string, words ...string) string {
	w := m.Text(key, words[0])
	if !slices.Contains(words, w) {
		m.Fault(key, "%s: %q is not one of %s", key, w, strings.Join(words, ", "))
	}
	return w
}

// span returns a time that is not shorter than least.
func span(m *yamlfile.Mapping, key string, otherwise, least time.Duration) time.Duration {
	d := m.Duration(key, otherwise)
	if m.Has(key) && d < least {
		m.Fault(key, "%s: %v is shorter than %v", key, d, least)
	}
	return d
}

// keepAlive returns what MQTT can say.
func keepAlive(m *yamlfile.Mapping) time.Duration {
	d := span(m, "keep_alive", time.Minute, time.Second)
	if d > time.Second && d%time.Second != 0 || d > math.MaxUint16*time.Second {
		m.Fault("keep_alive", "keep_alive: %v is not a number of whole seconds up to 18h12m15s, as MQTT has it", d)
	}
	return d
}

func parseGroup(m *yamlfile.Mapping) Group {
	g := Group{
		Name: m.Text("name", ""), Count: m.Whole("count", 1, 1, mostDevices), Profile: word(m, "profile", Plain, HomeAssistant, Sparkplug),
		Device: m.Text("device", "{group}-{n}"), Base: m.Text("base", "devices/{device}"), ClientID: m.Text("client_id", "{device}"),
		Username: m.Text("username", ""), QoS: byte(m.Whole("qos", 0, 0, 2)), KeepAlive: keepAlive(m),
		Firmware: m.Text("firmware", ""), Discovery: word(m, "discovery", "device", "component"),
		SparkplugGroup: m.Text("sparkplug_group", "dunlin"), Devices: m.Whole("devices", 0, 0, 1000), PrimaryHost: m.Text("primary_host", ""),
	}
	for _, v := range m.List("telemetry") {
		g.Streams = append(g.Streams, parseStream(v.Mapping(), g.QoS))
	}
	for _, v := range m.List("controls") {
		g.Controls = append(g.Controls, parseControl(v.Mapping()))
	}
	if s := m.Mapping("sleep"); s != nil {
		g.Sleep = &Sleep{
			For: span(s, "for", time.Minute, time.Second), Awake: span(s, "awake", 5*time.Second, time.Second),
			Expiry: span(s, "expiry", time.Hour, time.Second),
		}
		s.End()
	}
	if l := m.Mapping("link"); l != nil {
		g.Link = &Link{Cut: span(l, "cut", 0, time.Second), Away: l.Duration("away", 5*time.Second), Delay: l.Duration("delay", 0)}
		if g.Link.Delay > mostDelay {
			l.Fault("delay", "delay: %v is above %v", g.Link.Delay, mostDelay)
		}
		l.End()
	}
	m.End()
	return g
}

func parseStream(m *yamlfile.Mapping, qos byte) Stream {
	s := Stream{
		Topic: m.Text("topic", "telemetry"), Every: span(m, "every", 10*time.Second, 10*time.Millisecond),
		QoS: byte(m.Whole("qos", int(qos), 0, 2)), Retain: m.Flag("retain", false),
	}
	for _, v := range m.List("values") {
		s.Values = append(s.Values, parseValue(v.Mapping()))
	}
	if len(s.Values) == 0 {
		m.Fault("values", "telemetry needs values, and there is none")
	}
	m.End()
	return s
}

func parseControl(m *yamlfile.Mapping) Control {
	c := Control{
		Name: m.Text("name", ""), Kind: word(m, "kind", "switch", "number", "select", "button"), Unit: m.Text("unit", ""),
		Min: m.Number("min", 0, -mostNumber, mostNumber), Max: m.Number("max", 100, -mostNumber, mostNumber),
		Step: m.Number("step", 1, 0, mostNumber), Options: texts(m, "options"),
	}
	switch {
	case c.Name == "":
		m.Fault("name", "a control needs a name")
	case c.Kind == "number" && (c.Max <= c.Min || c.Step <= 0 || math.IsInf((c.Max-c.Min)/c.Step, 0)):
		m.Fault("max", "control %q: max is to be above min, and step above 0", c.Name)
	case c.Kind == "select" && len(c.Options) == 0:
		m.Fault("options", "control %q: a select needs options", c.Name)
	}
	m.End()
	return c
}

func texts(m *yamlfile.Mapping, key string) []string {
	var all []string
	for _, v := range m.List(key) {
		all = append(all, v.Text())
	}
	return all
}
