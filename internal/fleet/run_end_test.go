package fleet

import (
	"strings"
	"testing"
	"time"

	"dunlin/mqtt"
)

// Each device that the server refuses for good is named, but of thousands only the first ones are.
func TestRefusedDevicesAreNamed(t *testing.T) {
	t.Parallel()
	var told []string
	r := newTestRun(t, onePlain)
	r.options.OnError = func(err error) { told = append(told, err.Error()) }
	for range 30 {
		if !r.reconnectOf("g-1").GiveUp(&mqtt.ConnectError{Version: mqtt.V311, Code: 5}) {
			t.Fatal("it tries again")
		}
	}
	if r.reconnectOf("g-1").GiveUp(mqtt.ErrNotConnected) {
		t.Error("it is given up for a lost connection")
	}
	if len(told) != mostNamed+1 || !strings.HasPrefix(told[0], "device g-1 is given up: ") || !strings.Contains(told[mostNamed], "more devices are refused") {
		t.Errorf("%q", told)
	}
	if r.counts[Failures].Load() != 30 || r.counts[Errors].Load() != 30 {
		t.Errorf("%d failures, %d errors", r.counts[Failures].Load(), r.counts[Errors].Load())
	}
}

// At a speed so low that the end is more than a time can say away, it does not come at once.
func TestTheSlowestFleetDoesNotEndAtOnce(t *testing.T) {
	t.Parallel()
	r := newTestRun(t, onePlain)
	for _, speed := range []float64{1e-300, 1e-9, 1} {
		r.options.Speed = speed
		if lasts := r.real(time.Hour); lasts < time.Hour {
			t.Errorf("speed %v: an hour lasts %v", speed, lasts)
		}
	}
}
