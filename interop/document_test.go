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

// TestDocument holds docs/INTEROP.md to the suite, its facts and its deviations.
func TestDocument(t *testing.T) {
	text, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	head, _, found := strings.Cut(string(text), tablesFrom)
	if !found {
		t.Fatalf("%s has no line %q", document, tablesFrom)
	}
	want := head + tablesFrom + advice() + results() + departures()
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

// advice is what users of each server should know, as facts and deviations show it.
func advice() string {
	var b strings.Builder
	b.WriteString("\n## What a user of each server should know\n\nThe case that is named shows it of the version in the first table; what is said of another version was measured once, by hand.\n")
	for i := range servers {
		var lines []string
		for j := range cases {
			if c := &cases[j]; c.says != "" && c.only(&servers[i]) {
				lines = append(lines, fmt.Sprintf("- %s (%s%s)", c.says, c.name, versionNames(c.asked(&servers[i]))))
			}
		}
		for j := range deviations {
			if d := &deviations[j]; d.says != "" && d.isOf(&servers[i]) {
				lines = append(lines, fmt.Sprintf("- %s (%s%s)", d.says, d.name, versionNames(d.versions)))
			}
		}
		if lines != nil {
			fmt.Fprintf(&b, "\n%s:\n\n%s\n", servers[i].name, strings.Join(lines, "\n"))
		}
	}
	return b.String()
}

// asked are the versions in which the case is asked of the server; nil: all.
func (c *testCase) asked(s *server) (in []mqtt.Version) {
	for _, v := range s.versions {
		if c.runsOn(s, v) {
			in = append(in, v)
		}
	}
	if len(in) == len(s.versions) {
		return nil
	}
	return in
}

// results says which cases every server passes, and in a table how each does in the
// others.
func results() string {
	var table strings.Builder
	var passed []string
	for i := range cases {
		if cases[i].says != "" {
			continue
		}
		row := "|"
		others := ""
		for j := range servers {
			word := cell(&cases[i], &servers[j])
			row += strings.TrimRight(" "+word, " ") + " |"
			others += strings.TrimPrefix(word, "yes")
		}
		if others == "" {
			passed = append(passed, cases[i].name)
			continue
		}
		fmt.Fprintf(&table, "| %s %s\n", cases[i].name, row)
	}
	var b strings.Builder
	b.WriteString("\n## Cases\n\nAs the standard says on every server that has such a thing: " + strings.Join(passed, ", ") + ".\n")
	b.WriteString("\nThe others (no: a deviation, below; at times: one that depends on timing; empty: the server has no such thing):\n\n| case |")
	for i := range servers {
		fmt.Fprintf(&b, " %s |", servers[i].name)
	}
	b.WriteString("\n| --- |" + strings.Repeat(" --- |", len(servers)) + "\n")
	return b.String() + table.String()
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

// departures is a table of the deviations, a row for each reason.
func departures() string {
	var order []string
	seenIn := map[string][]string{}
	for i := range deviations {
		d := &deviations[i]
		row := strings.Join(d.servers(), ", ") + " | " + d.reason
		if seenIn[row] == nil {
			order = append(order, row)
		}
		name := d.name + versionNames(d.versions)
		if d.seen != "" {
			name += ": `" + d.seen + "`"
		}
		if d.sometimes {
			name += " at times"
		}
		seenIn[row] = append(seenIn[row], name)
	}
	var b strings.Builder
	b.WriteString("\n## Deviations\n\n| server | what it does | cases, and what they report |\n| --- | --- | --- |\n")
	for _, row := range order {
		fmt.Fprintf(&b, "| %s | %s |\n", row, strings.Join(seenIn[row], "; "))
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
