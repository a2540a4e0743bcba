package report

import (
	"errors"
	"strings"
	"testing"
)

// TestLoadsAreComparedRoundByRound has a machine that is slower in one round, and a generator that fails in one.
func TestLoadsAreComparedRoundByRound(t *testing.T) {
	l := &Loads{
		Works:      []LoadWork{{Name: "pub0-512"}},
		Generators: []Version{{Name: "dunlin", Title: "dunlin bench"}, {Name: "mqttx", Title: "timers"}, {Name: "broken", Title: "broken"}},
		Idle:       LoadIdle{Clients: 10_000, Peak: 151 << 20},
	}
	for _, slow := range []float64{1, 1, 10} {
		l.Add(TargetMosquitto, "pub0-512", "dunlin", LoadSample{Messages: 400_000, Seconds: slow, CPU: 0.2 * slow}, nil)
		l.Add(TargetMosquitto, "pub0-512", "mqttx", LoadSample{Messages: 100_000, Seconds: slow, CPU: slow}, nil)
	}
	l.Add(TargetMosquitto, "pub0-512", "broken", LoadSample{Messages: 1e9, Seconds: 1}, nil)
	l.Add(TargetMosquitto, "pub0-512", "broken", LoadSample{}, errors.New("it ended"))
	text := strings.Join(strings.Fields(l.String()), " ")
	for _, want := range []string{
		"| dunlin bench | 400,000 (0.50) |", "| timers | 100,000 (10) |", "| broken | failed |",
		"3 times harder than MQTTX CLI's way | 4 × | yes |", "emqtt-bench, as published | 3.64 × | yes |",
		"less CPU a message at Mosquitto than any | 20 × less than timers | yes |", "10,000 clients in 150 MiB | 151 MiB | no |",
		"broken, pub0-512 at Mosquitto: it ended",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, l)
		}
	}
}
