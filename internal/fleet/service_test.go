package fleet_test

import (
	"bytes"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"dunlin/internal/fleet"
	"dunlin/internal/mosquitto"
	"dunlin/mqtt"
)

// runAt runs a fleet at an address, which may lead over a way with faults, until enough says so.
func runAt(t *testing.T, url, text string, version mqtt.Version, check bool, enough func(count func(fleet.Count) int64) bool) fleet.Result {
	t.Helper()
	return runWith(t, fleet.Options{URL: url, Config: mqtt.Config{Version: version}, Speed: 20, Check: check}, text, enough)
}

const oneObedient = `
ramp: 10ms
groups: [{name: g, firmware: "1", qos: 1, telemetry: [{every: 2s, values: [{name: v, walk: {}}]}], controls: [{name: fan}]}]
service: {commands: 1s, firmware: {size: 1KiB}}
`

// An answer that is lost with the connection of the service, while the device stays connected, does not leave the command without one.
func TestACommandWhoseAnswerWasLostIsSentAgain(t *testing.T) {
	t.Parallel()
	var lost atomic.Bool
	url := behind(t, mosquitto.Start(t, mosquitto.Options{}), func(_ []byte, cut func()) way {
		return way{down: func(packet []byte) bool {
			if !bytes.Contains(packet, []byte("/answer")) || !lost.CompareAndSwap(false, true) {
				return true
			}
			cut()
			return false
		}}
	})
	r := runAt(t, url, strings.Replace(oneObedient, `firmware: "1", `, "", 1), mqtt.V5, false, func(count func(fleet.Count) int64) bool {
		return count(fleet.Answered) > 2
	})
	if !lost.Load() || r.Get(fleet.Unanswered) != 0 || r.Get(fleet.Commands) > r.Get(fleet.Asked)+1 {
		t.Errorf("an answer was lost: %v; %+v", lost.Load(), r.Counts)
	}
}

// A device that sleeps has its command in its session, and a service that comes back makes no others.
func TestASleeperGetsNoCopiesWhereTheServiceComesBack(t *testing.T) {
	t.Parallel()
	for name, version := range map[string]mqtt.Version{"MQTT 5": mqtt.V5, "MQTT 3.1.1": mqtt.V311} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var sent atomic.Bool
			var connections atomic.Int64 // of the service
			var cutFirst atomic.Pointer[func()]
			url := behind(t, mosquitto.Start(t, mosquitto.Options{}), func(connect []byte, cut func()) way {
				if bytes.Contains(connect, []byte("g-1")) {
					return way{down: func(packet []byte) bool { // the first command does not come before the device sleeps
						if !bytes.Contains(packet, []byte("/command")) || !sent.CompareAndSwap(false, true) {
							return true
						}
						(*cutFirst.Load())()
						return false
					}}
				}
				n := connections.Add(1)
				cutFirst.CompareAndSwap(nil, &cut)
				return way{down: func(packet []byte) bool {
					const suback = 0x90
					if packet[0] == suback && n > 1 && n < 4 {
						cut()
					}
					return true
				}}
			})
			text := strings.NewReplacer(`firmware: "1"`, "sleep: {for: 10h, awake: 60s}", ", firmware: {size: 1KiB}", "").Replace(oneObedient)
			r := runAt(t, url, text, version, false, func(func(fleet.Count) int64) bool { return connections.Load() == 4 })
			// At QoS 1 each connection that was cut may have had it once, and it may be sent once more when the device wakes.
			if r.Get(fleet.Unanswered) != 0 || r.Get(fleet.Commands) > r.Get(fleet.Asked)+connections.Load() {
				t.Errorf("%+v", r.Counts)
			}
		})
	}
}

// A device that announces itself while the service has no connection gets commands and firmware all the same.
func TestADeviceThatCameWhileTheServiceWasAwayIsServed(t *testing.T) {
	t.Parallel()
	for name, version := range map[string]mqtt.Version{"MQTT 5": mqtt.V5, "MQTT 3.1.1": mqtt.V311} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			announced := make(chan struct{})
			announce := sync.OnceFunc(func() { close(announced) })
			var cutService atomic.Pointer[func()]
			url := behind(t, mosquitto.Start(t, mosquitto.Options{}), func(connect []byte, cut func()) way {
				if !bytes.Contains(connect, []byte("g-1")) {
					if !cutService.CompareAndSwap(nil, &cut) {
						<-announced
					}
					return way{}
				}
				(*cutService.Load())()
				acknowledged := 0
				return way{down: func(packet []byte) bool {
					const puback = 0x40
					if packet[0] == puback {
						acknowledged++
					}
					if packet[0] == puback && acknowledged == 2 { // status and about
						announce()
					}
					return true
				}}
			})
			r := runAt(t, url, oneObedient, version, false, func(count func(fleet.Count) int64) bool {
				return count(fleet.Answered) > 0 && count(fleet.Installed) > 0
			})
			if r.Get(fleet.Unanswered) != 0 {
				t.Errorf("%+v", r.Counts)
			}
		})
	}
}

// A device that goes to sleep before it gets the last command is woken for it at the end of the run.
func TestADeviceThatFallsAsleepAtTheEndIsWoken(t *testing.T) {
	t.Parallel()
	var sent atomic.Bool
	url := behind(t, mosquitto.Start(t, mosquitto.Options{}), func(connect []byte, _ func()) way {
		if !bytes.Contains(connect, []byte("g-1")) {
			return way{}
		}
		return way{down: func(packet []byte) bool { // the first command does not come before the device sleeps
			return !bytes.Contains(packet, []byte("/command")) || !sent.CompareAndSwap(false, true)
		}}
	})
	r := runAt(t, url, strings.NewReplacer(`firmware: "1"`, "sleep: {for: 10h, awake: 60s}", ", firmware: {size: 1KiB}", "").Replace(oneObedient), mqtt.V5, false,
		func(count func(fleet.Count) int64) bool { return count(fleet.Asked) > 0 && sent.Load() })
	if r.Get(fleet.Unanswered) != 0 {
		t.Errorf("%+v", r.Counts)
	}
}

// A check that has lost its connection, and with it what devices said meanwhile, does not hold that against them.
func TestACheckThatWasAwayBlamesNobody(t *testing.T) {
	t.Parallel()
	var readings atomic.Int64
	var cutCheck atomic.Pointer[func()]
	missed := make(chan struct{})
	url := behind(t, mosquitto.Start(t, mosquitto.Options{}), func(connect []byte, cut func()) way {
		if !bytes.Contains(connect, []byte("g-1")) {
			if !cutCheck.CompareAndSwap(nil, &cut) {
				<-missed
			}
			return way{}
		}
		return way{up: func(packet []byte) bool {
			if bytes.Contains(packet, []byte("/telemetry")) {
				switch readings.Add(1) {
				case 3:
					(*cutCheck.Load())()
				case 10:
					close(missed)
				}
			}
			return true
		}}
	})
	text := strings.NewReplacer(`firmware: "1", `, "", "service: {commands: 1s, firmware: {size: 1KiB}}", "").Replace(oneObedient)
	r := runAt(t, url, text, mqtt.V311, true, func(count func(fleet.Count) int64) bool { return count(fleet.Seen) > 20 })
	if r.Get(fleet.Violations) != 0 {
		t.Errorf("%+v", r.Breaks)
	}
}

// The answer to a ping may overtake what devices said at last, which the check waits for.
func TestTheCheckSeesHowAllDevicesLeave(t *testing.T) {
	t.Parallel()
	server := mosquitto.Start(t, mosquitto.Options{Config: []string{"max_inflight_messages 1"}})
	r := runAt(t, server.URL(), "ramp: 10ms\ngroups: [{count: 300, telemetry: [{every: 1h, values: [{name: v, walk: {}}]}]}]", mqtt.V311, true,
		func(count func(fleet.Count) int64) bool { return count(fleet.Births) == 300 })
	if r.Get(fleet.Violations) != 0 || r.Get(fleet.Seen) < 900 {
		t.Errorf("%+v", r.Counts)
	}
}
