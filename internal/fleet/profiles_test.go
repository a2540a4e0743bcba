package fleet_test

import (
	"testing"

	"dunlin/internal/fleet"
	"dunlin/mqtt"
)

const home = `
name: home
ramp: 100ms
groups:
  - name: thermostat
    count: 10
    profile: homeassistant
    base: home/{device}
    qos: 1
    telemetry:
      - every: 10s
        values:
          - {name: temperature, daily: {mean: 21, swing: 2}, unit: °C, class: temperature}
          - {name: mode-now, steps: {words: [heat, heat, "off"], hold: 1m}, unit: state}
          - {name: make, constant: A, unit: model}
          - {name: window, steps: {words: ["ON", "OFF"], hold: 1m}}
    controls:
      - {name: boost}
      - {name: target, kind: number, min: 5, max: 30, step: 0.5, unit: °C}
      - {name: preset, kind: select, options: [home, away]}
      - {name: restart, kind: button}
  - name: tracker
    count: 5
    profile: homeassistant
    discovery: component
    base: cars/{device}
    telemetry:
      - {topic: place, every: 5s, values: [{name: gps, track: {latitude: 48.1, longitude: 11.6}}]}
service: {commands: 1s}
`

func TestHomeAssistantDevicesKeepTheRulesOfDiscovery(t *testing.T) {
	t.Parallel()
	r := run(t, mqtt.V5, 20, home, func(count func(fleet.Count) int64) bool {
		return count(fleet.Answered) > 15 && count(fleet.Telemetry) > 40
	})
	if r.Get(fleet.Unanswered) != 0 || r.Get(fleet.Violations) != 0 || r.Get(fleet.Seen) < 60 {
		t.Errorf("%+v", r.Counts)
	}
}

const sleepers = `
name: sleepers
ramp: 500ms
groups:
  - name: sleeper
    count: 20
    qos: 1
    firmware: "1"
    telemetry: [{every: 1m, values: [{name: level, walk: {}}]}]
    controls: [{name: valve}]
    sleep: {for: 60s, awake: 1s, expiry: 10m}
service: {commands: 1s, firmware: {size: 400KiB, chunk: 4KiB}}
`

func TestSleepingDevicesFetchWhatWaited(t *testing.T) {
	t.Parallel()
	for name, version := range map[string]mqtt.Version{"MQTT 5": mqtt.V5, "MQTT 3.1.1": mqtt.V311} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := run(t, version, 60, sleepers, func(count func(fleet.Count) int64) bool {
				return count(fleet.Waited) > 20 && count(fleet.Installed) == 20 && count(fleet.Resumed) > 0
			})
			if r.Get(fleet.Unanswered) != 0 || r.Get(fleet.Answered) < 20 || r.Get(fleet.Wakes) < 20 || r.Get(fleet.Unsent) != 0 {
				t.Errorf("%+v", r.Counts)
			}
		})
	}
}

const flaky = `
name: flaky
ramp: 200ms
groups:
  - name: buoy
    count: 20
    qos: 1
    firmware: "1"
    telemetry: [{every: 5s, values: [{name: wave, walk: {start: 2, step: 0.5, max: 8}}]}]
    controls: [{name: lamp}]
    link: {cut: 20s, away: 4s, delay: 200us}
service: {commands: 500ms, firmware: {size: 1MiB, chunk: 4KiB}}
`

func TestDevicesWithFlakyLinksLoseNothingAndResumeDownloads(t *testing.T) {
	t.Parallel()
	r := run(t, mqtt.V5, 10, flaky, func(count func(fleet.Count) int64) bool {
		return count(fleet.Cuts) > 20 && count(fleet.Installed) == 20 && count(fleet.Resumed) > 0
	})
	if r.Get(fleet.Violations) != 0 || r.Get(fleet.Lost) < 20 || r.Get(fleet.Unanswered) != 0 {
		t.Errorf("%+v", r.Counts)
	}
}

const plantFleet = `
name: plant
ramp: 200ms
groups:
  - name: line
    count: 6
    profile: sparkplug
    devices: 2
    primary_host: office
    telemetry:
      - every: 5s
        values:
          - {name: pressure, walk: {start: 4, step: 0.1, max: 10}, unit: bar, decimals: 2}
          - {name: state, steps: {words: [run, idle], hold: 20s}}
    controls: [{name: speed, kind: number}, {name: pump}]
    link: {cut: 60s, away: 3s}
  - name: gate
    count: 3
    profile: sparkplug
    telemetry: [{topic: way, every: 10s, values: [{name: place, track: {latitude: 50, longitude: 8}}]}]
service: {commands: 500ms}
`

func TestEdgeNodesKeepTheRulesOfSparkplug(t *testing.T) {
	t.Parallel()
	for name, version := range map[string]mqtt.Version{"MQTT 5": mqtt.V5, "MQTT 3.1.1": mqtt.V311} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := run(t, version, 20, plantFleet, func(count func(fleet.Count) int64) bool {
				return count(fleet.Answered) > 25 && count(fleet.Cuts) > 1 && count(fleet.Telemetry) > 60
			})
			if r.Get(fleet.Unanswered) != 0 || r.Get(fleet.Births) <= 9 || r.Get(fleet.Seen) < 60 {
				t.Errorf("%+v", r.Counts)
			}
		})
	}
}
