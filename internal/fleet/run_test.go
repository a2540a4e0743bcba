package fleet_test

import (
	"context"
	"testing"
	"time"

	"dunlin/internal/fleet"
	"dunlin/internal/mosquitto"
	"dunlin/mqtt"
)

// run runs a fleet against a real Mosquitto, with a check, until enough says so, and returns its result.
func run(t *testing.T, version mqtt.Version, speed float64, text string, enough func(count func(fleet.Count) int64) bool) fleet.Result {
	t.Helper()
	return runWith(t, fleet.Options{
		URL: mosquitto.Start(t, mosquitto.Options{}).URL(), Config: mqtt.Config{Version: version}, Speed: speed, Check: true,
		OnError: func(err error) { t.Errorf("error: %v", err) },
	}, text, enough)
}

// runWith runs a fleet with options until enough says so, and returns its result.
func runWith(t *testing.T, o fleet.Options, text string, enough func(count func(fleet.Count) int64) bool) fleet.Result {
	t.Helper()
	s, err := fleet.Parse("test.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	reached := false
	o.OnBreak = func(b fleet.Break) { t.Errorf("%s: %s: %s", b.Rule, b.Topic, b.What) }
	o.Progress = func(p fleet.Progress) {
		if enough(p.Count) {
			reached = true
			cancel()
		}
	}
	result, err := fleet.Run(ctx, o, s)
	if err != nil {
		t.Fatal(err)
	}
	if !reached {
		t.Errorf("what the test waits for has not come: %+v", result.Counts)
	}
	for _, c := range fleet.Counts() {
		if n := result.Get(c); n != 0 {
			t.Logf("%7d %s", n, c.Text())
		}
	}
	return result
}

const plainFleet = `
name: plain
clock: 2026-06-01T06:00:00Z
ramp: 100ms
groups:
  - name: meter
    count: 20
    qos: 1
    firmware: 1.0.0
    telemetry:
      - every: 10s
        values:
          - {name: temperature, daily: {mean: 20, swing: 5, noise: 0.2, spread: 1}, unit: °C}
          - {name: humidity, walk: {start: 50, step: 2}}
          - {name: energy, counter: {rate: 1.5/h}, decimals: 3}
          - {name: position, track: {latitude: 52.5, longitude: 13.4, radius: 3km, speed: 40km/h}}
          - {name: valve, steps: {words: [open, shut], hold: 1m}}
    controls:
      - {name: fan}
      - {name: level, kind: number, min: 0, max: 10}
service: {commands: 2s, firmware: {size: 100KiB, chunk: 16KiB}}
`

func TestPlainDevicesSpeakAnswerAndUpdate(t *testing.T) {
	t.Parallel()
	for name, version := range map[string]mqtt.Version{"MQTT 5": mqtt.V5, "MQTT 3.1.1": mqtt.V311} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := run(t, version, 20, plainFleet, func(count func(fleet.Count) int64) bool {
				return count(fleet.Answered) > 10 && count(fleet.Installed) == 20 && count(fleet.Telemetry) > 60
			})
			if r.Get(fleet.Unanswered) != 0 || r.Get(fleet.Confirmed) != r.Get(fleet.Telemetry) || r.Get(fleet.Violations) != 0 {
				t.Errorf("%+v", r.Counts)
			}
		})
	}
}

// Watch looks at devices that are not of a fleet, by what they publish alone.
func TestWatchFindsBreaksOfOthers(t *testing.T) {
	t.Parallel()
	server := mosquitto.Start(t, mosquitto.Options{})
	client, err := mqtt.Dial(t.Context(), server.URL(), mqtt.Config{Version: mqtt.V5})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close(context.Background())
	for profile, m := range map[string]mqtt.Message{
		fleet.HomeAssistant: {Topic: "homeassistant/switch/lamp/config", Payload: []byte(`{"state_topic":"lamp"}`), Retain: true},
		fleet.Sparkplug:     {Topic: "spBv1.0/g/NDATA/n", Payload: []byte("no protobuf"), Retain: true},
	} {
		if err := client.Publish(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		var found []fleet.Break
		seen, err := fleet.Watch(ctx, client, profile, func(b fleet.Break) {
			found = append(found, b)
			cancel()
		})
		if err != nil || seen == 0 || len(found) == 0 || found[0].Topic != m.Topic {
			t.Errorf("%s: %d seen, %+v, %v", profile, seen, found, err)
		}
		cancel()
	}
}

// Who does not see the end, for the server is gone, does not say that devices left without a word.
func TestACheckWithoutAServerDoesNotBlameDevices(t *testing.T) {
	t.Parallel()
	s, err := fleet.Parse("test.yaml", []byte("ramp: 100ms\ngroups: [{name: g, count: 20, telemetry: [{values: [{name: v, walk: {}}]}]}]"))
	if err != nil {
		t.Fatal(err)
	}
	server := mosquitto.Start(t, mosquitto.Options{})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	result, err := fleet.Run(ctx, fleet.Options{
		URL: server.URL(), Config: mqtt.Config{Version: mqtt.V5}, Speed: 20, Check: true,
		Progress: func(p fleet.Progress) {
			switch {
			case p.Count(fleet.Lost) > 0:
				cancel()
			case p.Count(fleet.Births) == 20:
				server.Stop()
			}
		},
	}, s)
	if err != nil || result.Get(fleet.Violations) != 0 || result.Get(fleet.Errors) == 0 {
		t.Errorf("%+v, %+v, %v", result.Counts, result.Breaks, err)
	}
}

// Devices under the same topics that are not the fleet's own are not counted, whatever they do.
func TestDevicesOfOthersAreNotChecked(t *testing.T) {
	t.Parallel()
	s, err := fleet.Parse("test.yaml", []byte("ramp: 100ms\nservice: {commands: 1s}\ngroups: [{name: own, profile: sparkplug, "+
		"telemetry: [{every: 1s, values: [{name: v, walk: {}}]}], controls: [{name: pump}]}, "+
		"{name: home, profile: homeassistant, telemetry: [{every: 1s, values: [{name: v, walk: {}}]}], controls: [{name: fan}]}]"))
	if err != nil {
		t.Fatal(err)
	}
	server := mosquitto.Start(t, mosquitto.Options{})
	other, err := mqtt.Dial(t.Context(), server.URL(), mqtt.Config{Version: mqtt.V5})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close(context.Background())
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	told := false
	result, err := fleet.Run(ctx, fleet.Options{
		URL: server.URL(), Config: mqtt.Config{Version: mqtt.V5}, Speed: 20, Check: true,
		OnBreak: func(b fleet.Break) { t.Errorf("%s: %s: %s", b.Rule, b.Topic, b.What) },
		Progress: func(p fleet.Progress) {
			for _, topic := range []string{"spBv1.0/dunlin/NDATA/other", "spBv1.0/dunlin/NFOO/other", "spBv1.0/STATE/other", "homeassistant/sensor/other/v/config"} {
				if err := other.Publish(ctx, mqtt.Message{Topic: topic, Payload: []byte("no protobuf"), QoS: mqtt.AtLeastOnce}); err != nil {
					t.Error(err)
				}
			}
			if told && p.Count(fleet.Answered) > 5 {
				cancel()
			}
			told = true
		},
	}, s)
	if err != nil || result.Get(fleet.Violations) != 0 || result.Get(fleet.Seen) == 0 {
		t.Errorf("%+v, %v", result.Counts, err)
	}
}
