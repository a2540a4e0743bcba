package devices_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"dunlin/jsre"
	"dunlin/mqtt"
)

// TestEveryScriptIsTested checks that no script here lacks a test.
func TestEveryScriptIsTested(t *testing.T) {
	files, err := filepath.Glob("*.js")
	if err != nil || len(files) != len(plays)+1 {
		t.Errorf("%d scripts, %d tested", len(files), len(plays)+1)
	}
	for _, f := range files {
		if _, ok := plays[f]; !ok && f != "shelly2-switch.js" {
			t.Errorf("%s is not tested", f)
		}
	}
}

// TestPicturesAreKeptWhole compares the file that the Frigate script writes with the payload.
func TestPicturesAreKeptWhole(t *testing.T) {
	b := startBroker(t)
	s := run(t, b, "frigate-snapshots.js", play{args: []string{"pictures"}})
	s.await(t, "watching\n")
	sent := family(t, "frigate")
	publish(t, dial(t, b, mqtt.V5), sent)
	s.await(t, "131072 bytes")
	s.stop()
	<-s.done
	files, err := filepath.Glob(filepath.Join(s.dir, "pictures", "*"))
	if err != nil || len(files) != 1 || !regexp.MustCompile(`yard-person-\d{4}-.*Z\.jpg$`).MatchString(files[0]) {
		t.Fatalf("files %q, %v", files, err)
	}
	got, err := os.ReadFile(files[0])
	if err != nil || !bytes.Equal(got, sent[5].Payload) {
		t.Errorf("%d bytes, want %d (%v)", len(got), len(sent[5].Payload), err)
	}
}

// TestScriptsHearWhatWasKept starts scripts after their devices have spoken.
func TestScriptsHearWhatWasKept(t *testing.T) {
	for _, tc := range []struct{ script, family, prints string }{
		{"owntracks-presence.js", "owntracks", "ann is home\n"},
		{"shelly1-leak-alarm.js", "shelly1", "wet: shellyflood-0000A1\n"},
		{"esphome-fan.js", "esphome", "bathroom is offline\n"},
		{"zigbee-batteries.js", "zigbee2mqtt", "cellar/door is silent\n"},
	} {
		t.Run(tc.script, func(t *testing.T) {
			b := startBroker(t)
			client := dial(t, b, mqtt.V5)
			for _, m := range family(t, tc.family) {
				if m.Retain {
					publish(t, client, []mqtt.Message{m})
				}
			}
			s := run(t, b, tc.script, play{})
			s.await(t, tc.prints)
			s.stop()
			<-s.done
		})
	}
}

// rarer are what devices send less often than what their families hold. The last message of each prints.
var rarer = []struct {
	name, script string
	messages     [][2]string       // topic and payload
	prints, says string            // all that the script prints and publishes, this up to an error's text
	files        map[string]string // that it writes
}{
	{
		name: "a zone that is entered later", script: "frigate-snapshots.js", messages: [][2]string{
			{"frigate/events", `{"type":"update","before":{"label":"person","entered_zones":["street"]},"after":{"label":"person","entered_zones":["street"]}}`},
			{"frigate/events", `{"type":"update","before":{"label":"person","camera":"yard","entered_zones":["street"]},` +
				`"after":{"label":"person","camera":"yard","score":0.9,"entered_zones":["street","gate"]}}`},
		}, prints: "person at gate (yard, 90 %)\n", says: "home/alerts/camera person at gate (yard, 90 %)",
	},
	{
		name: "a lamp that is switched and asked", script: "zigbee-batteries.js", messages: [][2]string{
			{"zigbee2mqtt/hall lamp/set", "ON"}, {"zigbee2mqtt/hall lamp/get", ""}, {"zigbee2mqtt/hall lamp/availability", `{"state":"offline"}`},
		}, prints: "hall lamp is silent\n",
	},
	{
		name: "a plug with two meters", script: "tasmota-energy.js", messages: [][2]string{
			{"tele/strip/SENSOR", `{"Time":"2026-03-02T08:15:00","ENERGY":{"Total":1.5,"Power":[7,8]}}`},
		}, prints: "strip: 7,8 W\n", files: map[string]string{"energy.csv": "time,device,watt,kilowatt hours\n2026-03-02T08:15:00,strip,\"7,8\",1.5\n"},
	},
	{
		name: "no job", script: "aws-jobs.js", messages: [][2]string{
			{"$aws/things/valve-7/jobs/$next/get/accepted", `{"clientToken":"valve-7","execution":{}}`},
		}, prints: "nothing to do\n",
	},
	{
		name: "a thing without a shadow", script: "aws-shadow.js", messages: [][2]string{
			{"$aws/things/valve-7/shadow/get/rejected", `{"code":404,"message":"No shadow exists with name: 'valve-7'"}`},
		}, prints: "refused: No shadow exists with name: 'valve-7' (404)\n",
	},
	{
		name: "a method without a payload", script: "azure-twin.js", messages: [][2]string{{"$iothub/methods/POST/restart/?$rid=9", ""}},
		prints: "restart: 200\n", says: `$iothub/methods/res/200/?$rid=9 {"restarting":"in 0 s"}`,
	},
	{
		name: "a method with a payload that is no JSON", script: "azure-twin.js", messages: [][2]string{{"$iothub/methods/POST/restart/?$rid=9", "now"}},
		prints: "restart: 400\n", says: `$iothub/methods/res/400/?$rid=9 {"error":"`,
	},
}

func TestScriptsTakeRarerMessages(t *testing.T) {
	for _, tc := range rarer {
		t.Run(tc.name, func(t *testing.T) {
			b := startBroker(t)
			client := dial(t, b, mqtt.V311)
			heard := listen(t, client, []string{"home/#", "$iothub/methods/res/#"})
			s := run(t, b, tc.script, play{})
			s.await(t, "watching\n")
			for _, m := range tc.messages {
				publish(t, client, []mqtt.Message{{Topic: m[0], Payload: []byte(m[1]), QoS: mqtt.AtLeastOnce}})
			}
			s.await(t, lastLine(tc.prints))
			if tc.says != "" {
				if r := next(t, heard); !strings.HasPrefix(r.Topic+" "+string(r.Payload), tc.says) {
					t.Errorf("published %s %s", r.Topic, r.Payload)
				}
			}
			s.stop()
			<-s.done
			if got := strings.TrimPrefix(s.String(), "watching\n"); got != tc.prints || s.errors.String() != "" {
				t.Errorf("printed %q, errors %q", got, s.errors.String())
			}
			checkFiles(t, s.dir, tc.files)
		})
	}
}

// shelly answers requests to a Shelly's topic with the frames of its family.
func shelly(t *testing.T, client *mqtt.Client, answers []mqtt.Message) <-chan string {
	t.Helper()
	asked := make(chan string, len(answers))
	_, err := client.Subscribe(t.Context(), mqtt.Subscription{Filter: "shellyplus1pm-0200000000c3/rpc", Handler: func(ctx context.Context, m *mqtt.Received) {
		asked <- string(m.Payload)
		if err := client.Publish(ctx, answers[len(asked)-1]); err != nil {
			t.Error(err)
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	return asked
}

func TestShellySwitch(t *testing.T) {
	frames := family(t, "shelly2")[4:]
	refusal := frames[2]
	refusal.Payload = bytes.Replace(refusal.Payload, []byte(`"id":3`), []byte(`"id":1`), 1)
	for _, tc := range []struct {
		name, prints string
		args         []string
		answers      []mqtt.Message
		asks         []string
		status       int
	}{
		{
			name: "on", args: []string{"shellyplus1pm-0200000000c3", "on"}, answers: frames[:2],
			prints: "was off, is on, draws 612.3 W\n",
			asks: []string{
				`{"id":1,"src":"boiler-switch","method":"Switch.Set","params":{"id":0,"on":true}}`,
				`{"id":2,"src":"boiler-switch","method":"Switch.GetStatus","params":{"id":0}}`,
			},
		},
		{
			name: "refused", args: []string{"shellyplus1pm-0200000000c3", "off", "4"}, answers: []mqtt.Message{refusal},
			prints: "failed: Argument 'id', value 4 not found! (-105)\n", status: 1,
			asks: []string{`{"id":1,"src":"boiler-switch","method":"Switch.Set","params":{"id":4,"on":false}}`},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := startBroker(t)
			asked := shelly(t, dial(t, b, mqtt.V311), tc.answers)
			s := run(t, b, "shelly2-switch.js", play{args: tc.args})
			err := <-s.done
			var exit *jsre.ExitError
			failed := errors.As(err, &exit)
			if failed && exit.Code != tc.status || !failed && (err != nil || tc.status != 0) || s.String() != tc.prints {
				t.Errorf("printed %q and ended with %v", s, err)
			}
			for _, want := range tc.asks {
				if got := <-asked; strings.TrimSpace(got) != want {
					t.Errorf("asked %s, want %s", got, want)
				}
			}
		})
	}
}
