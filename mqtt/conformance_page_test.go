package mqtt_test

import (
	"bytes"
	"fmt"
	"strings"
)

// page writes docs/CONFORMANCE.md: names of tests and files, no lines, so that
// it changes only when what it says does.
func (c *conformance) page() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, `# Conformance

What the client does about each scenario that a server can put it in, about the faults that other clients had, and
about each normative statement of MQTT 3.1.1 and 5. A test builds this page from the names in the comments of code and
tests (%[1]srow ids%[1]s such as CA-11 and %[1]sclauses%[1]s such as MQTT-3.3.1-2) and fails when it is not up to date or when
something that is due has no test:

    go test ./mqtt -run TestConformancePage -update

Tests are those of package mqtt unless a folder is named. "open" is what nobody has shown yet, and only where the
standard leaves the choice.

`, "`")
	c.writeSummary(&b)
	c.writeRows(&b)
	c.writeFaults(&b)
	c.writeStatements(&b)
	return b.Bytes()
}

func (c *conformance) writeSummary(b *bytes.Buffer) {
	b.WriteString("| | all | tested | wait | explained | open |\n| --- | --- | --- | --- | --- | --- |\n")
	count := func(name string, all []scenario) {
		n := make(map[string]int)
		for i := range all {
			n[c.state(&all[i])]++
		}
		fmt.Fprintf(b, "| %s | %d | %d | %d | %d | %d |\n", name, len(all), n["tested"], n["waits"], n["explained"], n["open"])
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
	case s.waits != "":
		return "waits"
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

func (c *conformance) writeRows(b *bytes.Buffer) {
	group := ""
	for i := range c.rows {
		s := &c.rows[i]
		if g, _, _ := strings.Cut(s.id, "-"); g != group {
			group = g
			fmt.Fprintf(b, "\n## %s\n\n| id | what | versions | | shown by |\n| --- | --- | --- | --- | --- |\n", groupNames[g])
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s |\n", s.id, s.what, strings.ReplaceAll(s.versions, "+", ", "), s.severity, c.shownBy(s))
	}
}

var groupNames = map[string]string{
	"CN": "CONNECT", "CA": "CONNACK", "KA": "Keep alive", "P0": "Publish at QoS 0", "P1": "Publish at QoS 1",
	"P2": "Publish at QoS 2", "RX": "Receive", "SR": "Sessions that go on", "SU": "Subscribe", "UN": "Unsubscribe",
	"RT": "Retained messages", "WL": "Wills", "DC": "Disconnect", "ID": "Packet identifiers", "MF": "Malformed and hostile input",
	"TA": "Topic aliases", "AU": "Enhanced authentication", "FC": "Flow control", "TL": "TLS", "FR": "Fragments",
	"TR": "Transport and life cycle", "EE": "Against real servers",
}

func (c *conformance) shownBy(s *scenario) string {
	switch c.state(s) {
	case "tested":
		return strings.Join(c.tags.tests[s.id], ", ")
	case "explained":
		return c.explained[s.id]
	case "waits":
		return "waits for sessions and reconnection (" + s.waits + ")"
	default:
		return "open"
	}
}

func (c *conformance) writeFaults(b *bytes.Buffer) {
	b.WriteString("\n## Faults of other clients\n\nT-A: traps that clients fell into. peer: what users of other Go clients complain about; the numbers that are missing\ndo not concern the protocol.\n\n")
	b.WriteString("| id | fault | kept out by |\n| --- | --- | --- |\n")
	for i := range c.faults {
		s := &c.faults[i]
		fmt.Fprintf(b, "| %s | %s | %s |\n", s.id, s.what, c.shownBy(s))
	}
}

func (c *conformance) writeStatements(b *bytes.Buffer) {
	version := ""
	for i := range c.statements {
		s := &c.statements[i]
		if s.version != version {
			version = s.version
			fmt.Fprintf(b, "\n## Statements of MQTT %s\n\n| number | what | binds | enforced in | tested by |\n| --- | --- | --- | --- | --- |\n", version)
		}
		enforced, tested := strings.Join(c.filesOf(s), ", "), strings.Join(c.proofOf(s), ", ")
		if why := c.explained[s.id()]; why != "" {
			tested = strings.TrimPrefix(tested+"; "+why, "; ")
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s |\n", s.number, s.what, s.binds, strings.ReplaceAll(enforced, "mqtt/", ""), tested)
	}
}

// proofOf returns the scenarios that show s and have tests, and the tests that
// name s itself.
func (c *conformance) proofOf(s *statement) (proof []string) {
	for _, row := range s.rows {
		if len(c.tags.tests[row]) > 0 {
			proof = append(proof, row)
		}
	}
	proof = append(proof, c.tags.tests[s.id()]...)
	return append(proof, c.tags.tests[" "+s.number]...)
}
