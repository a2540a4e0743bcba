package devices_test

import (
	"bytes"
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"dunlin/broker"
	"dunlin/jsre"
	"dunlin/mqtt"
)

// play is a script with the messages of its devices and what it has to make of them.
type play struct {
	family  string
	args    []string          // after host and port
	prints  string            // all that it prints after "watching"
	says    []string          // "TOPIC PAYLOAD" of what it publishes, in order
	listens []string          // filters that catch that
	needs   map[string]string // files that it reads
	files   map[string]string // files that it writes
}

var plays = map[string]play{
	"zigbee-batteries.js": {
		family:  "zigbee2mqtt",
		prints:  "cellar/door: battery at 12 %\ncellar/door is silent\n",
		listens: []string{"home/#"},
		says:    []string{`home/alerts/battery {"device":"cellar/door","battery":12}`},
	},
	"tasmota-energy.js": {
		family: "tasmota",
		args:   []string{"log.csv"},
		prints: "washer is online\nwasher: 143 W\nwasher: 1968 W\nwasher is offline\n",
		files:  map[string]string{"log.csv": "time,device,watt,kilowatt hours\n2026-03-02T08:15:00,washer,143,148.213\n2026-03-02T08:20:00,washer,1968,148.377\n"},
	},
	"shelly1-leak-alarm.js": {
		family:  "shelly1",
		prints:  "wet: shellyflood-0000A1\nshellyflood-0000A1 is gone while it is wet\n",
		listens: []string{"home/#", "shellies/+/relay/0/command"},
		says:    []string{"shellies/shelly1pm-0000B2/relay/0/command off", "home/alarm/water wet: shellyflood-0000A1"},
	},
	"esphome-fan.js": {
		family:  "esphome",
		prints:  "bathroom is online\nfan ON\nfan OFF\nbathroom is offline\n",
		listens: []string{"+/switch/fan/command"},
		says:    []string{"bathroom/switch/fan/command ON", "bathroom/switch/fan/command OFF"},
	},
	"homeassistant-temperature.js": {
		family:  "homeassistant",
		args:    []string{"temp", "attic"},
		prints:  "Home Assistant is online\n",
		listens: []string{"attic/#", "homeassistant/sensor/attic/#"},
		says: []string{
			"homeassistant/sensor/attic/temperature/config " + atticConfig, "attic/status online", "attic/temperature 41.5",
			"homeassistant/sensor/attic/temperature/config " + atticConfig, "attic/status online", "attic/temperature 41.5",
		},
		needs: map[string]string{"temp": "41480\n"},
	},
	"frigate-snapshots.js": {
		family:  "frigate",
		args:    []string{"pictures"},
		prints:  "person at gate (yard, 83 %)\nyard: 131072 bytes in yard-person\n",
		listens: []string{"home/#"},
		says:    []string{"home/alerts/camera person at gate (yard, 83 %)"},
	},
	"owntracks-presence.js": {
		family:  "owntracks",
		prints:  "ann is home\nbob is away\nann is away\nbob is home\nbob sends encrypted reports, which this script cannot read\n",
		listens: []string{"presence/#"},
		says: []string{
			"presence/ann home", "presence/anyone home", "presence/bob away", "presence/anyone home",
			"presence/ann away", "presence/anyone away", "presence/bob home", "presence/anyone home",
		},
	},
	"chirpstack-leak.js": {
		family:  "chirpstack",
		prints:  "cellar: dry, 52.8 °C, battery 100 %\ncellar: battery 78 %, margin 17 dB\ncellar: LEAK, 52.7 °C, battery 99 %\n",
		listens: []string{"application/+/device/+/command/#"},
		says:    []string{`application/6f0c4c2e-0000-4000-8000-0000000000a1/device/0101010101010101/command/down {"devEui":"0101010101010101","confirmed":true,"fPort":2,"data":"AQ=="}`},
	},
	"thethingsstack-soil.js": {
		family: "thethingsstack",
		prints: "soil-1: 24.06 %\nsoil-2: 55 %\n",
		files: map[string]string{"soil.csv": "time,device,counter,moisture,temperature,gateway,rssi\n" +
			"2026-03-02T06:10:00.223456789Z,soil-1,1,24.06,3,roof,-101\n2026-03-02T06:21:00Z,soil-2,303,55,2.1,barn,-97\n"},
		listens: []string{"v3/+/devices/+/down/push"},
		says:    []string{`v3/garden@ttn/devices/soil-1/down/push {"downlinks":[{"f_port":15,"frm_payload":"AQ==","priority":"NORMAL"}]}`},
	},
	"sparkplug-watch.js": {
		family: "sparkplug",
		prints: "Plant/press bdSeq = 3\nPlant/press Node Control/Rebirth = false\nPlant/press Temperature = 61.25\n" +
			"Plant/press Strokes = 9007199254740993\nPlant/press Offset = -5\nPlant/press Firmware = 2.1\n" +
			"Plant/press/feeder Speed = 0.5\nPlant/press/feeder Jammed = false\n" +
			"Plant/press Temperature = 61.5\nPlant/press Offset = -6\nPlant/press/feeder Jammed = true\nPlant/press/feeder Speed = null\n" +
			"Plant/press Strokes = 9007199254740994\nPlant/press: message missing before 5\n" +
			"Plant/press/feeder is gone\nPlant/press is gone\n",
		listens: []string{"spBv1.0/+/NCMD/#"},
		says:    []string{"spBv1.0/Plant/NCMD/press \x12\x1a\x0a\x14Node Control/Rebirth\x20\x0b\x70\x01"},
	},
	"aws-shadow.js": {
		family:  "aws",
		prints:  "version 41: {\"interval\":60}\nversion 42: {\"open\":true}\nversion 40 is older than 42\nrefused: Version conflict (409)\n",
		listens: []string{"$aws/things/+/shadow/get", "$aws/things/+/shadow/update"},
		says: []string{
			"$aws/things/valve-7/shadow/get ",
			`$aws/things/valve-7/shadow/update {"state":{"reported":{"interval":60}},"clientToken":"valve-7"}`,
			`$aws/things/valve-7/shadow/update {"state":{"reported":{"open":true}},"clientToken":"valve-7"}`,
		},
	},
	"aws-jobs.js": {
		family:  "aws",
		prints:  "flush-12: IN_PROGRESS\nflush-12: SUCCEEDED\npaint-1: REJECTED\nnothing to do\n",
		listens: []string{"$aws/things/+/jobs/+/get", "$aws/things/+/jobs/+/update"},
		says: []string{
			`$aws/things/valve-7/jobs/$next/get {"clientToken":"valve-7"}`,
			`$aws/things/valve-7/jobs/flush-12/update {"status":"IN_PROGRESS","expectedVersion":1,"clientToken":"valve-7"}`,
			`$aws/things/valve-7/jobs/flush-12/update {"status":"SUCCEEDED","statusDetails":{"flushed":"30"},"expectedVersion":2,"clientToken":"valve-7"}`,
			`$aws/things/valve-7/jobs/paint-1/update {"status":"REJECTED","statusDetails":{"reason":"no operation paint"},"expectedVersion":1,"clientToken":"valve-7"}`,
		},
	},
	"azure-twin.js": {
		family:  "azure",
		prints:  "desired 4: {\"rpm\":1500}\ndesired 5: {\"rpm\":1600}\nreported: 204\nrestart: 200\ndance: 404\nclose the inlet (priority=high)\n",
		listens: []string{"$iothub/methods/res/#", "$iothub/twin/GET/#", "$iothub/twin/PATCH/properties/reported/#"},
		says: []string{
			"$iothub/twin/GET/?$rid=1 ", `$iothub/twin/PATCH/properties/reported/?$rid=2 {"rpm":1500}`,
			`$iothub/twin/PATCH/properties/reported/?$rid=3 {"rpm":1600}`,
			`$iothub/methods/res/200/?$rid=7 {"restarting":"in 5 s"}`, `$iothub/methods/res/404/?$rid=8 {"error":"no method dance"}`,
		},
	},
}

const atticConfig = `{"name":"Temperature","unique_id":"attic_temperature","device_class":"temperature","state_class":"measurement",` +
	`"unit_of_measurement":"°C","state_topic":"attic/temperature","availability_topic":"attic/status",` +
	`"device":{"identifiers":["attic"],"name":"attic"},"origin":{"name":"homeassistant-temperature.js"}}`

// console is what a script prints; a test may wait for a part of it.
type console struct {
	mu   sync.Mutex
	text bytes.Buffer
	grew chan struct{}
}

func newConsole() *console { return &console{grew: make(chan struct{}, 1)} }

func (c *console) Write(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	select {
	case c.grew <- struct{}{}: // nil where nobody waits
	default:
	}
	return c.text.Write(b)
}

func (c *console) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.text.String()
}

// await waits until the script has printed text.
func (c *console) await(t *testing.T, text string) {
	t.Helper()
	limit := time.After(time.Minute)
	for !strings.Contains(c.String(), text) {
		select {
		case <-c.grew:
		case <-limit:
			t.Fatalf("%q was not printed, but:\n%s", text, c)
		}
	}
}

// script is a script that runs in a folder of its own.
type script struct {
	*console
	errors console
	dir    string
	stop   context.CancelFunc
	done   chan error
}

func run(t *testing.T, b *broker.Broker, name string, p play) *script {
	t.Helper()
	s := &script{console: newConsole(), dir: t.TempDir(), done: make(chan error, 1)}
	host, port, err := net.SplitHostPort(b.Addr())
	if err != nil {
		t.Fatal(err)
	}
	for file, text := range p.needs {
		if err := os.WriteFile(filepath.Join(s.dir, file), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	rt, err := jsre.New(jsre.Options{Args: append([]string{host, port}, p.args...), Env: []string{"HOME=" + s.dir}, Dir: s.dir, Stdout: s, Stderr: &s.errors})
	if err != nil {
		t.Fatal(err)
	}
	path, err := filepath.Abs(name)
	if err != nil {
		t.Fatal(err)
	}
	var ctx context.Context
	ctx, s.stop = context.WithCancel(t.Context())
	t.Cleanup(s.stop)
	go func() { s.done <- rt.RunFile(ctx, path) }()
	return s
}

// TestScriptsOfDevices gives each script the messages of its devices, and checks all that it prints,
// publishes and writes.
func TestScriptsOfDevices(t *testing.T) {
	for name, p := range plays {
		t.Run(name, func(t *testing.T) { p.test(t, name, nil) })
	}
}

// rubbish is what a topic may bring beside what it is for: nothing, which clears what was kept,
// and what other programs send.
var rubbish = []string{"", "online?", "null", "[", "\xff\xfe\x8d"}

// TestScriptsGoOnAfterRubbish gives each script payloads first that are not as they should be, in
// each topic of JSON or protobuf.
func TestScriptsGoOnAfterRubbish(t *testing.T) {
	for name, p := range plays {
		t.Run(name, func(t *testing.T) {
			var before []mqtt.Message
			for _, m := range family(t, p.family) {
				structured := bytes.HasPrefix(m.Payload, []byte("{")) || p.family == "sparkplug"
				if !structured || strings.Contains(m.Topic, "DEATH/") || strings.HasPrefix(m.Topic, "$iothub/methods/") { // which need no payload
					continue
				}
				for _, text := range rubbish {
					before = append(before, mqtt.Message{Topic: m.Topic, Payload: []byte(text), QoS: mqtt.AtLeastOnce})
				}
			}
			p.test(t, name, before)
		})
	}
}

// test runs the script with what is sent before the messages of its devices, and with these.
func (p play) test(t *testing.T, name string, before []mqtt.Message) {
	b := startBroker(t)
	client := dial(t, b, mqtt.V311)
	var heard <-chan *mqtt.Received
	if p.listens != nil {
		heard = listen(t, client, p.listens)
	}
	s := run(t, b, name, p)
	s.await(t, "watching\n")
	publish(t, client, before)
	for _, m := range family(t, p.family) {
		m.Retain = false // it would come twice if the script asks for what was kept
		publish(t, client, []mqtt.Message{m})
	}
	for i, want := range p.says {
		if r := next(t, heard); r.Topic+" "+string(r.Payload) != want {
			t.Fatalf("published %d: %s %q, want %q", i, r.Topic, r.Payload, want)
		}
	}
	s.await(t, lastLine(p.prints))
	s.stop()
	if err := <-s.done; err == nil || err.Error() != "context canceled" {
		t.Errorf("the script ended with %v", err)
	}
	if got := strings.TrimPrefix(s.String(), "watching\n"); got != p.prints {
		t.Errorf("printed\n%swant\n%s", got, p.prints)
	}
	checkFiles(t, s.dir, p.files)
}

func lastLine(text string) string {
	lines := strings.SplitAfter(text, "\n")
	return lines[len(lines)-2]
}

func checkFiles(t *testing.T, dir string, want map[string]string) {
	t.Helper()
	for name, text := range want {
		got, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || string(got) != text {
			t.Errorf("%s: %v\n%swant\n%s", name, err, got, text)
		}
	}
}
