package cli_test

import (
	"strings"
	"testing"
	"time"

	"dunlin/internal/mosquitto"
	"dunlin/mqtt"
	"dunlin/mqtt/sparkplug"
)

// A recommendation that is not followed is said, and is no fault; a rule that is broken is one beside it.
func TestACheckTellsRecommendationsFromRules(t *testing.T) {
	t.Parallel()
	typed, err := (&sparkplug.Payload{Timestamp: time.UnixMilli(1_700_000_000_000), Metrics: []sparkplug.Metric{sparkplug.NewMetric("a", int32(1))}}).Marshal()
	if err != nil {
		t.Fatal(err)
	}
	const advice = `spBv1.0/g/NCMD/n: tck-id-payloads-metric-datatype-not-req: metric "a" has a type, which its birth has said (a recommendation)` + "\n"
	for name, c := range map[string]struct {
		qos      mqtt.QoS
		status   int
		out, err string
	}{
		"a recommendation":            {mqtt.AtMostOnce, 0, advice, "dunlin: fleet check: 1 messages, and no rule broken; 1 recommendations not followed\n"},
		"a rule and a recommendation": {mqtt.AtLeastOnce, 12, "spBv1.0/g/NCMD/n: tck-id-payloads-ncmd-qos: it is of QoS 1, not 0\n" + advice, "dunlin: fleet check: 1 breaks of rules in 1 messages; 1 recommendations not followed\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := mosquitto.Start(t, mosquitto.Options{})
			check := start(t, nil, "fleet", "check", "-p", portOf(t, b.Addr()), "-i", "checker", "sparkplug", "--duration", "2s")
			b.WaitLog("Sending SUBACK to checker")
			client, err := mqtt.Dial(t.Context(), b.URL(), mqtt.Config{})
			if err != nil {
				t.Fatal(err)
			}
			if err := client.Publish(t.Context(), mqtt.Message{Topic: "spBv1.0/g/NCMD/n", Payload: typed, QoS: c.qos}); err != nil {
				t.Fatal(err)
			}
			if err := client.Close(t.Context()); err != nil {
				t.Fatal(err)
			}
			if status := check.wait(t); status != c.status || check.stdout.String() != c.out || !strings.HasSuffix(check.stderr.String(), c.err) {
				t.Errorf("status %d, stdout %q, stderr %q; want %d, %q, %q", status, check.stdout.String(), check.stderr.String(), c.status, c.out, c.err)
			}
		})
	}
}
