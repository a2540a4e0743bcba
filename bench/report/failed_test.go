package report

import (
	"strings"
	"testing"

	"dunlin/bench/drive"
	"dunlin/bench/work"
)

// results is a report in which those clients failed, and those took a second for a
// thousand messages, each written as CLIENT/WORK.
func results(failed, measured string) *Report {
	r := new(Report)
	for _, c := range work.Clients() {
		r.Clients = append(r.Clients, Version{Name: c.Name, Title: c.Title})
	}
	samples := []Sample{{Report: drive.Report{Seconds: 1, Count: 1000, P99: 1}}}
	for _, s := range strings.Fields(failed) {
		client, name, _ := strings.Cut(s, "/")
		r.Results = append(r.Results, Result{Work: name, Client: client, Samples: samples, Fault: "it broke"})
	}
	for _, s := range strings.Fields(measured) {
		client, name, _ := strings.Cut(s, "/")
		r.Results = append(r.Results, Result{Work: name, Client: client, Samples: samples})
	}
	return r
}

// squeeze makes text independent of the width of columns.
func squeeze(text string) string { return strings.Join(strings.Fields(text), " ") }

// TestAllFailed has a table in which nobody has a figure take the place of the old
// one.
func TestAllFailed(t *testing.T) {
	for _, test := range []struct{ table, failed, row, line string }{
		{work.Speed, "dunlin/pub0 limit/pub0", "| pub0 | failed | failed | - | - |", "Failed: Dunlin in pub0: it broke"},
		{work.Speed, "paho3/pub0 paho5/pub1", "| pub1 | - | failed | - |", "Failed: paho.golang in pub1: it broke"},
		{work.Durable, "paho3/durable-always", "| durable-always | failed | - |", "Failed: paho.mqtt.golang in durable-always: it broke"},
		{
			work.Idle, "dunlin/idle-10k", "| Dunlin | 10,000 | failed | failed | failed | failed | failed |",
			"Failed: Dunlin in idle-10k: it broke",
		},
		{work.Growth, "dunlin/subs-10", "receiving at QoS 0 | - | failed | - | - | - | - |", "Failed: Dunlin in subs-10: it broke"},
	} {
		old := begin(test.table) + "\nold\n" + end(test.table) + "\n"
		page, err := results(test.failed, "").Fill(old)
		if err != nil {
			t.Fatal(err)
		}
		got := squeeze(page)
		if strings.Contains(got, "old") || !strings.Contains(got, test.row) || !strings.Contains(got, test.line) {
			t.Errorf("%s failed; got:\n%s", test.failed, page)
		}
	}
}

// TestFailedBesideFigures has failures named in the tables that show them elsewhere
// than in a row of their work.
func TestFailedBesideFigures(t *testing.T) {
	r := results("dunlin/idle dunlin/flight-10", "paho3/idle dunlin/flight-100")
	got := squeeze(r.String())
	for _, want := range []string{
		"| Dunlin | 1,000 | failed | failed | failed | failed | failed | | paho.mqtt.golang | 1,000 | - | - |",
		"in flight | - | failed | 1,000 | - | - | - |",
		"Failed: Dunlin in idle: it broke", "Failed: Dunlin in flight-10: it broke",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q; got:\n%s", want, r)
		}
	}
}

func TestGoalsOfWhoFailed(t *testing.T) {
	for _, test := range []struct{ failed, measured, want string }{
		{"dunlin/pub0", "", "| pub0: at most 0.12 µs | Dunlin failed | no |"},
		{"dunlin/pub0", "limit/pub0", "| pub0: at most 2.5 times the limit | Dunlin failed | no |"},
		{"limit/pub0", "dunlin/pub0", "| pub0: at most 2.5 times the limit | limit failed | no |"},
		{"dunlin/pub0", "paho3/pub0", "| pub0: 40 times faster than paho.mqtt.golang | Dunlin failed | no |"},
		{"dunlin/pub0", "", "| pub0: at most 1 allocations a message | Dunlin failed | no |"},
		{"dunlin/idle", "", "| idle: heap a client at most 6 KiB | Dunlin failed | no |"},
		{"dunlin/pub1-1k", "paho3/pub1-1k", "| pub1-1k: ahead of every client | Dunlin failed | no |"},
		{"dunlin/rtt0", "paho3/rtt0", "| rtt0: 99th percentile no worse than the best client's | Dunlin failed | no |"},
		{"script/recv1", "mqttjs/recv1", "| recv1: a script 5 times faster than MQTT.js | script failed | no |"},
		{"dunlin/flight-1000", "dunlin/flight-100 dunlin/flight-10000", "from 100 on | Dunlin failed | no |"},
		{"dunlin/flight-10", "dunlin/flight-100 dunlin/flight-1000", "from 100 on | 1 × | yes |"},

		{"paho3/pub0", "dunlin/pub0", "| pub0: 40 times faster than paho.mqtt.golang | paho.mqtt.golang failed | no |"},
		{"mqttjs/recv1", "script/recv1", "| recv1: a script 5 times faster than MQTT.js | MQTT.js failed | no |"},
		{
			"libmosquitto/recv0-1k", "dunlin/recv0-1k paho3/recv0-1k",
			"| recv0-1k: ahead of every client | 1 × (without libmosquitto, which failed) | no |",
		},
		{
			"paho5/rtt1 libmosquitto/rtt1", "dunlin/rtt1 paho3/rtt1",
			"the best client's | 1 × (without paho.golang and libmosquitto, which failed) | yes |",
		},
		{"paho3/recv0-1k", "dunlin/recv0-1k", "| recv0-1k: ahead of every client | paho.mqtt.golang failed | no |"},
	} {
		if got := results(test.failed, test.measured).goals(); !strings.Contains(squeeze(got), test.want) {
			t.Errorf("%s failed, no %q; got:\n%s", test.failed, test.want, got)
		}
	}
	if got := results("paho3/pub0 mqttjs/pub0 paho3/pub0-1k", "").goals(); strings.Contains(got, "pub0") {
		t.Errorf("goals of what nobody tried; got:\n%s", got)
	}
}
