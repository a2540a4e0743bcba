package interop

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"dunlin/mqtt"
)

const (
	document   = "../docs/INTEROP.md"
	tablesFrom = "<!-- From here on written by `go test -run TestDocument -update` in interop/. -->\n"
)

// TestDocument holds docs/INTEROP.md to the suite and to the deviations.
func TestDocument(t *testing.T) {
	text, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	head, _, found := strings.Cut(string(text), tablesFrom)
	if !found {
		t.Fatalf("%s has no line %q", document, tablesFrom)
	}
	want := head + tablesFrom + results() + departures()
	if want == string(text) {
		return
	}
	if !*update {
		t.Fatalf("%s does not say what the suite does; run `go test -run TestDocument -update` in interop/", document)
	}
	if err := os.WriteFile(document, []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}

// results is a table of the cases: how each server does.
func results() string {
	var b strings.Builder
	b.WriteString("\n## Cases\n\nYes: as the standard says. No: a deviation, below. At times: a deviation that depends on timing.\n")
	b.WriteString("Empty: the server has no such thing. Where versions differ they are named.\n\n| case |")
	for i := range servers {
		fmt.Fprintf(&b, " %s |", servers[i].name)
	}
	b.WriteString("\n| --- |" + strings.Repeat(" --- |", len(servers)) + "\n")
	for i := range cases {
		fmt.Fprintf(&b, "| %s |", cases[i].name)
		for j := range servers {
			b.WriteString(strings.TrimRight(" "+cell(&cases[i], &servers[j]), " ") + " |")
		}
		b.WriteString("\n")
	}
	return b.String()
}

func cell(c *testCase, s *server) string {
	var words []string
	for _, v := range s.versions {
		if !c.runsOn(s, v) {
			continue
		}
		word := "yes"
		if d := findDeviation(s, v, c.name); d != nil && d.sometimes {
			word = "at times"
		} else if d != nil {
			word = "no"
		}
		words = append(words, fmt.Sprintf("%s: %s", v, word))
	}
	if len(words) == 0 {
		return ""
	}
	_, first, _ := strings.Cut(words[0], ": ")
	for _, w := range words {
		if _, word, _ := strings.Cut(w, ": "); word != first {
			return strings.Join(words, ", ")
		}
	}
	return first
}

// departures is a table of the deviations.
func departures() string {
	var b strings.Builder
	b.WriteString("\n## Deviations\n\nA reason once for all cases in which it shows; the failure is what the case reports.\n\n| server | what it does | case | failure |\n| --- | --- | --- | --- |\n")
	for i := range deviations {
		d := &deviations[i]
		seen := "`" + d.seen + "`"
		switch {
		case d.sometimes && d.seen == "":
			seen = "at times"
		case d.sometimes:
			seen += " at times"
		}
		fmt.Fprintf(&b, "| %s | %s | %s%s | %s |\n", d.server, d.reason, d.name, versionNames(d.versions), seen)
	}
	return b.String()
}

// versionNames names the versions of an entry that is not for all.
func versionNames(versions []mqtt.Version) string {
	if versions == nil {
		return ""
	}
	names := make([]string, len(versions))
	for i, v := range versions {
		names[i] = v.String()
	}
	return " (" + strings.Join(names, ", ") + ")"
}
