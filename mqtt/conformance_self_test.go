package mqtt_test

import (
	"slices"
	"strings"
	"testing"
)

func TestTagsAreRead(t *testing.T) {
	x := &tagIndex{tests: make(map[string][]string), code: make(map[string][]string)}
	x.readTests("mqtt/a_test.go", strings.Split(`package a

// SU-01 is above nothing.

// TestOne shows KA-01..KA-03.
func TestOne(t *testing.T) { // T-A10, peer 4.3: UTF-8, [MQTT-9.9.9-1] and [MQTT-9.9.9-2] of 5, [MQTT-9.9.9-3]
	f("CA-07 reserved", "not CA-08") // also P1-01..02
	// [MQTT-9.9.9-4] P2-19: the clause, then the scenario.
}

func helper() {
	// FC-01
}

func FuzzTwo(f *testing.F) { g() } // RX-40

func other() {
	// FC-02
}
`, "\n"))
	if !slices.Equal(x.tests["RX-40"], []string{"FuzzTwo"}) {
		t.Errorf("RX-40 is shown by %v", x.tests["RX-40"])
	}
	delete(x.tests, "RX-40")
	for _, id := range []string{
		"KA-01", "KA-02", "KA-03", "T-A10", "peer 4.3", "5 9.9.9-1", "5 9.9.9-2", " 9.9.9-3", " 9.9.9-4", "P2-19", "CA-07", "P1-01", "P1-02",
	} {
		if !slices.Equal(x.tests[id], []string{"TestOne"}) {
			t.Errorf("%s is shown by %v", id, x.tests[id])
		}
		delete(x.tests, id)
	}
	if len(x.tests) != 0 {
		t.Errorf("what else: %v", x.tests)
	}
}

func TestGapsAreFound(t *testing.T) {
	c := &conformance{
		rows: []scenario{
			{id: "CN-01", severity: "MUST", what: "shown"},
			{id: "CN-02", severity: "MUST", what: "not shown"},
			{id: "CN-03", severity: "MUST", what: "shown and explained"},
			{id: "CN-04", severity: "SHOULD"},
			{id: "CN-05", severity: "MUST"},
		},
		statements: []statement{
			{"3.1.1", "1-1", "client", "one thing", []string{"CN-04"}},
			{"5", "1-1", "client", "another", nil},
			{"5", "1-2", "server", "theirs", nil},
			{"5", "1-3", "both", "by a scenario", []string{"CN-01"}},
			{"5", "1-4", "both", "in code", nil},
			{"5", "1-5", "client", "explained", nil},
		},
		explained: map[string]string{"CN-05": "because", "5 1-5": "because", "5 1-6": "of nothing", "CN-03": "later", "5 1-3": "later"},
		tags: &tagIndex{
			tests: map[string][]string{"CN-01": {"TestA"}, "CN-03": {"TestA"}, "CN-09": {"TestB"}},
			code:  map[string][]string{"5 1-4": {"a.go"}, " 1-1": {"b.go"}, " 1-9": {"c.go"}},
		},
	}
	c.tags.code[" 1-1"] = nil
	want := []string{
		"CN-02 (not shown) has no test",
		"explained.tsv has CN-03, which TestA shows",
		"statement 3.1.1 1-1 (one thing) is neither enforced, tested nor explained",
		"statement 5 1-1 (another) is neither enforced, tested nor explained",
		"explained.tsv has 5 1-3, which TestA shows",
		"TestB names CN-09, which does not exist",
		"c.go names MQTT-1-9, which does not exist",
		"explained.tsv names 5 1-6, which does not exist",
	}
	delete(c.tags.code, " 1-1")
	if got := c.gaps(); !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	c.tags.code[" 1-1"] = []string{"b.go"}
	if got := c.gaps(); len(got) != 7 || !strings.Contains(got[4], "say of which") {
		t.Errorf("got\n%s", strings.Join(got, "\n"))
	}
}
