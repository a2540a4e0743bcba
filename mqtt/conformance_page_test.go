package mqtt_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// page writes docs/CONFORMANCE.md: names of tests and no lines, so that it changes
// only when what it says does.
func (c *conformance) page() []byte {
	var b bytes.Buffer
	b.WriteString(`# Conformance

Which tests show that the client keeps the normative statements of MQTT 3.1.1 and 5, copes with the scenarios that a
server can put it in, and is free of faults that other clients had. Tests are those of package mqtt unless a folder is
named. What statements and scenarios say is in mqtt/testdata, statements.tsv and rows.tsv; their numbers stand in the
comments of the code and of the tests, where a search finds them (MQTT-3.3.1-2, CA-11).

A malformed packet ends the connection, as 4.8.0-1 of 3.1.1 and section 4.13 of 5 want. A client with Reconnect does so once
for a kind of fault, unless Config.Poison is PoisonEnds: see RELIABILITY.md.

This page is built by a test, which fails when it is out of date or when something that is due has no test:

    go test ./mqtt -run TestConformancePage -update

`)
	c.writeSummary(&b)
	c.writeStatements(&b)
	c.writeGroups(&b)
	return b.Bytes()
}

func (c *conformance) writeSummary(b *bytes.Buffer) {
	b.WriteString("| | all | tested | explained | open |\n| --- | --- | --- | --- | --- |\n")
	count := func(name string, all []scenario) {
		n := make(map[string]int)
		for i := range all {
			n[c.state(&all[i])]++
		}
		fmt.Fprintf(b, "| %s | %d | %d | %d | %d |\n", name, len(all), n["tested"], n["explained"], n["open"])
	}
	for _, severity := range []string{"MUST", "SHOULD", "nice"} {
		var some []scenario
		for _, s := range c.rows {
			if s.severity == severity {
				some = append(some, s)
			}
		}
		count("scenarios, "+severity, some)
	}
	count("faults of other clients", c.faults)
	b.WriteString("\n| statements | all | the server's | enforced and tested | enforced | tested | explained |\n| --- | --- | --- | --- | --- | --- | --- |\n")
	for _, version := range []string{"3.1.1", "5"} {
		n := make(map[string]int)
		for i := range c.statements {
			if s := &c.statements[i]; s.version == version {
				n["all"]++
				n[c.standing(s)]++
			}
		}
		fmt.Fprintf(b, "| MQTT %s | %d | %d | %d | %d | %d | %d |\n", version, n["all"], n["server"], n["both"], n["enforced"], n["tested"], n["explained"])
	}
}

// state says how far a scenario is.
func (c *conformance) state(s *scenario) string {
	switch {
	case len(c.tags.tests[s.id]) > 0:
		return "tested"
	case c.explained[s.id] != "":
		return "explained"
	default:
		return "open"
	}
}

// standing says how far a statement is.
func (c *conformance) standing(s *statement) string {
	enforced, tested := len(c.filesOf(s)) > 0, len(c.testsOf(s)) > 0
	switch {
	case s.binds == "server":
		return "server"
	case enforced && tested:
		return "both"
	case enforced:
		return "enforced"
	case tested:
		return "tested"
	default:
		return "explained"
	}
}

// filesOf returns the code that names s.
func (c *conformance) filesOf(s *statement) []string {
	return append(append([]string(nil), c.tags.code[s.id()]...), c.tags.code[" "+s.number]...)
}

var groupNames = map[string]string{
	"CN": "CONNECT", "CA": "CONNACK", "KA": "Keep alive", "P0": "Publish at QoS 0", "P1": "Publish at QoS 1",
	"P2": "Publish at QoS 2", "RX": "Receive", "SR": "Sessions that go on", "SU": "Subscribe", "UN": "Unsubscribe",
	"RT": "Retained messages", "WL": "Wills", "DC": "Disconnect", "ID": "Packet identifiers", "MF": "Malformed and hostile input",
	"TA": "Topic aliases", "AU": "Enhanced authentication", "FC": "Flow control", "TL": "TLS", "FR": "Fragments",
	"TR": "Transport and life cycle", "EE": "Against real servers",
	"T": "Traps that clients fell into", "peer": "Complaints of users of other Go clients",
}

// mostTests is how many tests a statement is shown with: who wants to see all looks for
// its number.
const mostTests = 3

func (c *conformance) writeStatements(b *bytes.Buffer) {
	version := ""
	var servers []string
	for i := range c.statements {
		s := &c.statements[i]
		if s.version != version {
			writeServers(b, servers)
			version, servers = s.version, nil
			fmt.Fprintf(b, "\n## Statements of MQTT %s\n\n| statement | shown by |\n| --- | --- |\n", version)
		}
		if s.binds == "server" {
			servers = append(servers, s.number)
			continue
		}
		fmt.Fprintf(b, "| %s | %s |\n", s.number, c.proofOf(s))
	}
	writeServers(b, servers)
}

func writeServers(b *bytes.Buffer, numbers []string) {
	if len(numbers) > 0 {
		fmt.Fprintf(b, "\nThose that bind the server alone: %s.\n", strings.Join(numbers, ", "))
	}
}

// proofOf returns the tests of s, those that name it before those of its scenarios, or
// why there is none.
func (c *conformance) proofOf(s *statement) string {
	tests := append(append([]string(nil), c.tags.tests[s.id()]...), c.tags.tests[" "+s.number]...)
	for _, test := range c.testsOf(s) {
		if !slices.Contains(tests, test) {
			tests = append(tests, test)
		}
	}
	if len(tests) > mostTests {
		return fmt.Sprintf("%s, %d more", strings.Join(tests[:mostTests], ", "), len(tests)-mostTests)
	}
	if len(tests) > 0 {
		return strings.Join(tests, ", ")
	}
	if files := c.filesOf(s); len(files) > 0 {
		return "no test; enforced in " + strings.Join(files, ", ")
	}
	return c.explained[s.id()]
}

// writeGroups writes a row for each family of scenarios: its tests, and each scenario
// that has none.
func (c *conformance) writeGroups(b *bytes.Buffer) {
	b.WriteString("\n## Scenarios and faults of other clients\n\n| about | how many | shown by |\n| --- | --- | --- |\n")
	all := slices.Concat(c.rows, c.faults)
	for len(all) > 0 {
		group := groupOf(all[0].id)
		n := slices.IndexFunc(all, func(s scenario) bool { return groupOf(s.id) != group })
		if n < 0 {
			n = len(all)
		}
		fmt.Fprintf(b, "| %s (%s) | %d | %s |\n", groupNames[group], group, n, c.shownBy(all[:n]))
		all = all[n:]
	}
}

// groupOf returns CN of CN-01, T of T-A1 and peer of peer 4.3.
func groupOf(id string) string {
	return id[:strings.IndexAny(id, "- ")]
}

// shownBy returns the tests of scenarios, and how those stand that have none.
func (c *conformance) shownBy(group []scenario) string {
	var tests, without []string
	for i := range group {
		switch s := &group[i]; c.state(s) {
		case "tested":
			tests = append(tests, c.tags.tests[s.id]...)
		case "explained":
			without = append(without, s.id+": "+c.explained[s.id])
		default:
			without = append(without, s.id+" is open")
		}
	}
	slices.Sort(tests)
	shown := strings.Join(slices.Compact(tests), ", ")
	return strings.TrimPrefix(strings.Join(append([]string{shown}, without...), ". "), ". ")
}

func TestConformanceTagsAreRead(t *testing.T) {
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

func TestConformanceGapsAreFound(t *testing.T) {
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
