package fleet

import (
	"strings"
	"testing"
	"time"

	"dunlin/mqtt"
)

// newTestRun returns a run of a scenario that has no server, with its devices.
func newTestRun(t *testing.T, text string) *run {
	t.Helper()
	s, err := Parse("test.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	r := &run{ctx: t.Context(), options: Options{Speed: 1}, scenario: &s, schedule: newSchedule(), began: time.Now(), byBase: map[string]*device{}}
	r.start = r.began
	for i := range s.Groups {
		m := newModel(&s.Groups[i])
		for n := 1; n <= s.Groups[i].Count; n++ {
			d := r.newDevice(m, n)
			r.devices = append(r.devices, d)
			r.byBase[d.base] = d
		}
	}
	return r
}

const onePlain = "groups: [{name: g, qos: 1, firmware: '1', telemetry: [{values: [{name: v, walk: {}}]}], controls: [{name: fan}, {name: x, kind: number, max: 5}]}]"

// The rules of plain devices find what a device does wrong, one break each.
func TestBreaksOfPlainDevicesAreFound(t *testing.T) {
	t.Parallel()
	const birth, about = "status online", `about {"device":"g-1"}`
	reading := func(n string) string { return `telemetry {"n":` + n + `,"v":50}` }
	for want, messages := range map[string][]string{
		"birth first":       {reading("1"), birth, about, "status offline"},
		"not online, off":   {birth, about, "status on", "status offline"},
		"not the JSON of":   {birth, "about {}", "status offline"},
		"9 comes after 5":   {birth, about, reading("5"), reading("9"), "status offline"},
		"there is no v":     {birth, about, `telemetry {"n":1}`, "status offline"},
		"v is no number":    {birth, about, `telemetry {"n":1,"v":"x"}`, "status offline"},
		"v is 500":          {birth, about, `telemetry {"n":1,"v":500}`, "status offline"},
		"it has no number":  {birth, about, `telemetry {"v":5}`, "status offline"},
		"no JSON object":    {birth, about, "telemetry 5", "status offline"},
		"with an id":        {birth, about, "answer {}", "status offline"},
		"is not installed":  {birth, about, `firmware/status {"installed":false}`, "status offline"},
		"the device has le": {birth, about},
	} {
		var found []string
		rules := newPlainRules(newTestRun(t, onePlain), func(b Break) { found = append(found, b.Rule+": "+b.What) })
		for _, m := range messages {
			below, payload, _ := strings.Cut(m, " ")
			rules.See(&mqtt.Received{Topic: "devices/g-1/" + below, Payload: []byte(payload), QoS: mqtt.AtLeastOnce})
		}
		rules.End()
		if len(found) != 1 || !strings.Contains(found[0], want) {
			t.Errorf("%q: found %q, want %s", messages, found, want)
		}
	}
}

// A server may let a reading of QoS 0 overtake the birth, which is of QoS 1: only one without any birth is a break.
func TestAReadingOfQoS0MayOvertakeTheBirth(t *testing.T) {
	t.Parallel()
	var found []string
	rules := newPlainRules(newTestRun(t, onePlain), func(b Break) { found = append(found, b.Rule) })
	see := func(topic, payload string, qos mqtt.QoS) {
		rules.See(&mqtt.Received{Topic: "devices/g-1/" + topic, Payload: []byte(payload), QoS: qos})
	}
	see("telemetry", `{"n":1,"v":50}`, mqtt.AtMostOnce)
	rules.End()
	if len(found) != 1 || found[0] != "birth first" {
		t.Errorf("without a birth: %q", found)
	}
	see("about", `{"device":"g-1"}`, mqtt.AtLeastOnce)
	rules.End()
	if len(found) != 1 {
		t.Errorf("with the birth behind it: %q", found)
	}
}

// What the check missed while it had no connection is nothing that a device did wrong.
func TestWhatTheCheckMissedIsNoBreak(t *testing.T) {
	t.Parallel()
	var found []string
	r := newTestRun(t, strings.Replace(onePlain, "{name: g,", "{name: g, count: 3,", 1))
	rules := newPlainRules(r, func(b Break) { found = append(found, b.Rule+" "+b.Topic) })
	see := func(topic, payload string) {
		rules.See(&mqtt.Received{Topic: "devices/" + topic, Payload: []byte(payload), QoS: mqtt.AtLeastOnce})
	}
	for _, d := range r.devices {
		d.announcedIf(nil)
	}
	see("g-1/status", "online")
	see("g-1/about", `{"device":"g-1"}`)
	see("g-1/telemetry", `{"n":3,"v":50}`)
	rules.missed()
	see("g-1/telemetry", `{"n":9,"v":50}`) // without those between
	see("g-2/telemetry", `{"n":1,"v":50}`) // without its birth
	rules.End()                            // the last one was not heard of at all
	if len(found) != 0 {
		t.Errorf("%q", found)
	}
	see("g-1/telemetry", `{"n":11,"v":50}`)
	see("g-2/status", "online")
	rules.End()
	if len(found) != 2 {
		t.Errorf("what it did not miss: %q", found)
	}
}

// A device whose link was cut before the server had its birth has broken no rule; one whose birth the server has, and nobody saw, has.
func TestABirthIsMissedOnlyIfTheServerHasIt(t *testing.T) {
	t.Parallel()
	var found []string
	r := newTestRun(t, onePlain)
	rules := newPlainRules(r, func(b Break) { found = append(found, b.What) })
	d := r.devices[0]
	d.born = true
	d.announcedIf(mqtt.ErrNotSent)
	rules.End()
	if len(found) != 0 {
		t.Errorf("before the server has the birth: %q", found)
	}
	d.announcedIf(nil)
	rules.End()
	if len(found) != 1 || found[0] != "the device was never announced" {
		t.Errorf("when the server has it: %q", found)
	}
}

// A plain device answers to the response topic with the correlation data, and says what is wrong with a command.
func TestAPlainDeviceAnswersCommands(t *testing.T) {
	t.Parallel()
	d := newTestRun(t, onePlain).devices[0]
	for command, want := range map[string]string{
		`{"id":"1","name":"fan","value":"ON"}`: `{"id":"1","name":"fan","ok":true,"value":"ON"}`,
		`{"id":"2","name":"ping"}`:             `{"id":"2","name":"ping","ok":true}`,
		`{"id":"3","name":"x","value":"6"}`:    `{"id":"3","name":"x","ok":false,"value":"6","error":"\"6\" is nothing that x can be"}`,
		`{"id":"4","name":"y"}`:                `{"id":"4","name":"y","ok":false,"error":"there is no control \"y\""}`,
		`on`:                                   `{"id":"","name":"","ok":false,"error":"the command is not JSON such as {\"id\":\"1\",\"name\":\"ping\"}"}`,
	} {
		m := &mqtt.Received{Payload: []byte(command), Properties: &mqtt.Properties{ResponseTopic: "back", CorrelationData: []byte("c")}}
		answers, asked := d.group.profile.obey(d, "command", m)
		if !asked || len(answers) != 1 || string(answers[0].Payload) != want || answers[0].Topic != "back" || string(answers[0].Properties.CorrelationData) != "c" {
			t.Errorf("%s: %v %+v", command, asked, answers)
		}
	}
	if d.states[0] != "ON" || d.states[1] != "0" {
		t.Errorf("%q", d.states)
	}
}

// A chunk with a wrong checksum is asked for again, one out of turn is left, and an image that is not the one that was
// offered is not installed.
func TestAChunkThatIsWrongIsNotTaken(t *testing.T) {
	t.Parallel()
	r := newTestRun(t, onePlain)
	d := r.devices[0]
	give := func(below string, payload string) {
		d.mu.Lock()
		defer d.mu.Unlock()
		if !d.firmwareLocked(below, &mqtt.Received{Payload: []byte(payload)}) {
			t.Errorf("%s is not of firmware", below)
		}
	}
	give("firmware/offer", `{"version":"2","size":8,"chunk":4,"sha256":"00"}`)
	give("firmware/chunk/0/00000000", "abcd")
	give("firmware/chunk/4/"+crc([]byte("efgh")), "efgh")
	if r.counts[BadChunks].Load() != 1 || d.download.offset != 0 {
		t.Fatalf("%d bad chunks, offset %d", r.counts[BadChunks].Load(), d.download.offset)
	}
	give("firmware/chunk/0/"+crc([]byte("abcd")), "abcd")
	give("firmware/chunk/4/"+crc([]byte("efgh")), "efgh")
	if r.counts[Spoilt].Load() != 1 || r.counts[Installed].Load() != 0 || d.firmware != "1" || d.download != nil {
		t.Errorf("spoilt %d, installed %d, version %s", r.counts[Spoilt].Load(), r.counts[Installed].Load(), d.firmware)
	}
}
