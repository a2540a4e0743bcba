package sysfigures_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"dunlin/internal/ui/sysfigures"
)

// said is a message of a broker of itself.
type said struct {
	topic, payload string
	second         int
	retained       bool
}

// shown returns the product, and the tiles in lines.
func shown(messages []said) string {
	f := sysfigures.New()
	begin := time.Unix(1_700_000_000, 0)
	for _, m := range messages {
		f.Take(m.topic, []byte(m.payload), m.retained, begin.Add(time.Duration(m.second)*time.Second))
	}
	s := f.Server()
	if s == nil {
		return "nothing"
	}
	lines := []string{s.Product}
	for _, t := range s.Tiles {
		lines = append(lines, strings.TrimSpace(fmt.Sprintf("%s: %s %s", t.Name, t.Value, t.Unit))+fmt.Sprintf(" (%d)", len(t.Values)))
	}
	return strings.Join(lines, "\n")
}

// TestRateThatNoNumberSaysIsNone: JSON has no infinity, and the page would get no figure at all.
func TestRateThatNoNumberSaysIsNone(t *testing.T) {
	got := shown([]said{
		{topic: "$SYS/broker/bytes/sent", payload: "-1.7e308", second: 1},
		{topic: "$SYS/broker/bytes/sent", payload: "1.7e308", second: 2},
		{topic: "$SYS/broker/clients/connected", payload: "3"},
	})
	if got != "\nclients connected: 3 (1)" {
		t.Errorf("%q", got)
	}
}

// TestTilesOfBrokers makes tiles of what each known broker says, in the order of the table.
func TestTilesOfBrokers(t *testing.T) {
	for name, c := range map[string]struct {
		messages []said
		want     string
	}{
		"Mosquitto": {
			[]said{
				{topic: "$SYS/broker/version", payload: "mosquitto version 2.0.11", retained: true},
				{topic: "$SYS/broker/uptime", payload: "61 seconds", second: 1},
				{topic: "$SYS/broker/clients/connected", payload: "3"},
				{topic: "$SYS/broker/bytes/sent", payload: "1000", second: 10},
				{topic: "$SYS/broker/bytes/sent", payload: "21000", second: 20},
				{topic: "$SYS/broker/load/messages/received/1min", payload: "12.5"},
			},
			"mosquitto version 2.0.11\nclients connected: 3 (1)\nbytes sent: 2 kB/s (1)\nup for: 61 s (1)",
		},
		"EMQX": {
			[]said{
				{topic: "$SYS/brokers/emqx@10.0.0.1/sysdescr", payload: "EMQX"},
				{topic: "$SYS/brokers/emqx@10.0.0.1/version", payload: "5.8.3"},
				{topic: "$SYS/brokers/emqx@10.0.0.1/stats/connections/count", payload: "2"},
				{topic: "$SYS/brokers/emqx@10.0.0.2/stats/connections/count", payload: "5"},
				{topic: "$SYS/brokers/emqx@10.0.0.1/stats/retained.count", payload: "7"},
				{topic: "$SYS/brokers/emqx@10.0.0.1/uptime", payload: "2 hours, 3 minutes"},
			},
			"EMQX 5.8.3\nclients connected, emqx@10.0.0.1: 2 (1)\nclients connected, emqx@10.0.0.2: 5 (1)\n" +
				"messages retained, emqx@10.0.0.1: 7 (1)\nup for, emqx@10.0.0.1: 2 hours, 3 minutes (0)",
		},
		"VerneMQ": {
			[]said{
				{topic: "$SYS/VerneMQ@127.0.0.1/mqtt/publish/received", payload: "100", second: 0},
				{topic: "$SYS/VerneMQ@127.0.0.1/mqtt/publish/received", payload: "125", second: 10},
				{topic: "$SYS/VerneMQ@127.0.0.1/queue/processes", payload: "4"},
			},
			"VerneMQ\nsessions: 4 (1)\nmessages received: 2.5 /s (1)",
		},
		"mochi-mqtt": {
			[]said{
				{topic: "$SYS/broker/version", payload: "2.7.9"},
				{topic: "$SYS/broker/system/memory", payload: "12345678"},
				{topic: "$SYS/broker/uptime", payload: "3725"},
				{topic: "$SYS/broker/retained", payload: "9"},
			},
			"mochi-mqtt 2.7.9\nmessages retained: 9 (1)\nmemory: 12.3 MB (1)\nup for: 1h2m5s (1)",
		},
		"others": {[]said{{topic: "$SYS/broker/nothing/known", payload: "1"}, {topic: "broker/uptime", payload: "1"}}, "nothing"},
	} {
		if got := shown(c.messages); got != c.want {
			t.Errorf("%s:\n%s\nwant:\n%s", name, got, c.want)
		}
	}
}

// TestRatesOfCounters reckons no rate from a retained value, whose time is not known, nor over a start of the broker.
func TestRatesOfCounters(t *testing.T) {
	const topic = "$SYS/broker/publish/messages/received"
	got := shown([]said{
		{topic: topic, payload: "1000", second: 0, retained: true},
		{topic: topic, payload: "2000", second: 1},
		{topic: topic, payload: "2010", second: 11},
		{topic: topic, payload: "4", second: 21},
		{topic: topic, payload: "54", second: 31},
	})
	if want := "\nmessages received: 5 /s (2)"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestFiguresAreBounded keeps a bounded past, and so many figures at most, whatever a broker says.
func TestFiguresAreBounded(t *testing.T) {
	f := sysfigures.New()
	for i := range 1000 {
		at := time.Unix(int64(i), 0)
		f.Take("$SYS/broker/clients/connected", fmt.Append(nil, i), false, at)
		f.Take(fmt.Sprintf("$SYS/brokers/node%d/stats/connections/count", i), []byte("1"), false, at)
		f.Take(fmt.Sprintf("$SYS/brokers/node%d/uptime", i), []byte(strings.Repeat("\xff", 1<<10)), false, at)
	}
	s := f.Server()
	if len(s.Tiles) != 256 {
		t.Errorf("%d tiles, want 256", len(s.Tiles))
	}
	for _, tile := range s.Tiles {
		if len(tile.Values) > 300 || len(tile.Times) != len(tile.Values) || len(tile.Value) > 300 {
			t.Errorf("%s has %d values, %d times, and a text of %d bytes", tile.Topic, len(tile.Values), len(tile.Times), len(tile.Value))
		}
	}
	if s.Tiles[0].Value != "999" || s.Tiles[0].Values[0] != 700 {
		t.Errorf("the first tile is %s with a past from %v on", s.Tiles[0].Value, s.Tiles[0].Values[0])
	}
}
