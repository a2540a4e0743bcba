package route

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var (
	longest = strings.Repeat("/", 65535)
	deep    = strings.Repeat("a/", 32700) + "a"
)

func TestValidateTopic(t *testing.T) {
	for _, topic := range []string{"/", "a", "a/b", "//", " ", "$SYS/x", "ä€😀", "\uFEFFa", "\x01", longest} {
		if err := ValidateTopic(topic); err != nil {
			t.Errorf("%.20q: %v", topic, err)
		}
	}
	for topic, want := range map[string]string{
		"":                  "topic is empty: it needs at least one character",
		"a/+":               `topic "a/+" holds the wildcard '+' at byte 2: a message has one exact topic`,
		"a#":                `topic "a#" holds the wildcard '#' at byte 1: a message has one exact topic`,
		"a\x00":             `topic "a\x00" holds U+0000 at byte 1: MQTT forbids it`,
		"\xED\xA0\x80":      `topic "\xed\xa0\x80" is not well-formed UTF-8`,
		longest + "/":       `topic "` + longest[:80] + `"... (65536 bytes) is 65536 bytes long: 65535 are allowed`,
		"\xC0\x80/overlong": `topic "\xc0\x80/overlong" is not well-formed UTF-8`,
	} {
		if err := ValidateTopic(topic); err == nil || err.Error() != want {
			t.Errorf("%.20q: %v, want %s", topic, err, want)
		}
	}
}

func TestValidateFilter(t *testing.T) {
	for _, filter := range []string{
		"#", "+", "a/#", "a/+/b", "/", "+/+", "/#", "+/#", "//", "$SYS/#", "$share", "$shared/a",
		"$share/g/a/#", "$share/g/+", "$share/g//", "$share/g/$SYS/#", "$queue/a/#", "$queue", longest,
	} {
		if err := ValidateFilter(filter); err != nil {
			t.Errorf("%.20q: %v", filter, err)
		}
	}
	for filter, want := range map[string]string{
		"":            "topic filter is empty: it needs at least one character",
		"a#":          `topic filter "a#" has the wildcard '#' inside the level "a#": it must be a level of its own`,
		"a/#/b":       `topic filter "a/#/b" goes on after '#': it must be the last level`,
		"#/":          `topic filter "#/" goes on after '#': it must be the last level`,
		"a+":          `topic filter "a+" has the wildcard '+' inside the level "a+": it must be a level of its own`,
		"+a":          `topic filter "+a" has the wildcard '+' inside the level "+a": it must be a level of its own`,
		"x/##":        `topic filter "x/##" has the wildcard '#' inside the level "##": it must be a level of its own`,
		"$share/":     `topic filter "$share/" has an empty group name: write $share/GROUP/FILTER`,
		"$share//a":   `topic filter "$share//a" has an empty group name: write $share/GROUP/FILTER`,
		"$share/g":    `topic filter "$share/g" has no filter after its group name: write $share/GROUP/FILTER`,
		"$share/g/":   `topic filter "$share/g/" has no filter after its group name: write $share/GROUP/FILTER`,
		"$share/g+/a": `topic filter "$share/g+/a" has a wildcard in its group name "g+"`,
		"$share/#/a":  `topic filter "$share/#/a" has a wildcard in its group name "#"`,
		"$share/g/a#": `topic filter "$share/g/a#" has the wildcard '#' inside the level "a#": it must be a level of its own`,
		"$queue/":     `topic filter "$queue/" has no filter after $queue/`,
		"a\x00":       `topic filter "a\x00" holds U+0000 at byte 1: MQTT forbids it`,
		"a/\xFF":      `topic filter "a/\xff" is not well-formed UTF-8`,
		longest + "/": `topic filter "` + longest[:80] + `"... (65536 bytes) is 65536 bytes long: 65535 are allowed`,
	} {
		if err := ValidateFilter(filter); err == nil || err.Error() != want {
			t.Errorf("%.20q: %v, want %s", filter, err, want)
		}
	}
}

func TestSplitShare(t *testing.T) {
	for filter, want := range map[string][3]string{
		"$share/g/a/#": {"g", "a/#", "shared"},
		"$share/g//":   {"g", "/", "shared"},
		"$queue/a":     {"", "a", "shared"},
		"a/b":          {"", "a/b", ""},
		"$share/g":     {"", "$share/g", ""},
		"$share/g/":    {"", "$share/g/", ""},
		"$share//a":    {"", "$share//a", ""},
		"$queue/":      {"", "$queue/", ""},
		"$sharex/g/a":  {"", "$sharex/g/a", ""},
		"x/$share/g/a": {"", "x/$share/g/a", ""},
	} {
		if group, rest, ok := SplitShare(filter); group != want[0] || rest != want[1] || ok != (want[2] != "") {
			t.Errorf("%q: %q %q %t, want %q", filter, group, rest, ok, want)
		}
	}
}

// matches is section 4.7 of the standard in examples. Match and Table must agree on it.
var matches = []struct {
	filter, topic string
	want          bool
}{
	{"sport/#", "sport", true},
	{"sport/#", "sport/tennis/player1", true},
	{"sport/#", "sports", false},
	{"sport/#", "sport/", true},
	{"sport/tennis/player1/#", "sport/tennis/player1", true},
	{"sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon", true},
	{"#", "a/b", true},
	{"#", "/", true},
	{"sport/+", "sport", false},
	{"sport/+", "sport/", true},
	{"sport/+", "sport/tennis", true},
	{"sport/+", "sport/tennis/ball", false},
	{"+", "/a", false},
	{"/+", "/a", true},
	{"+/+", "/a", true},
	{"+", "a", true},
	{"+/tennis/#", "sport/tennis", true},
	{"sport/+/player1", "sport/tennis/player1", true},
	{"a/+/b", "a//b", true},
	{"a//b", "a//b", true},
	{"a/b", "a//b", false},
	{"foo/+/#", "foo/bar", true},
	{"foo/+/#", "foo", false},
	{"foo/+/#", "foo/bar/baz/x", true},
	{"/#", "/", true},
	{"/#", "", true}, // the empty level of the empty topic, which no packet carries
	{"/", "/", true},
	{"/", "//", false},
	{"a", "A", false},
	{"a", "a ", false},
	{"#", "$SYS/x", false},
	{"+/x", "$SYS/x", false},
	{"+", "$SYS", false},
	{"$SYS/#", "$SYS/x", true},
	{"$SYS/#", "$SYS", true},
	{"$SYS/+", "$SYS/x", true},
	{"$SYS/monitor/+", "$SYS/monitor/clients", true},
	{"a/#", "a/$SYS", true},
	{"$share/g/f", "f", true},
	{"$share/g/f", "$share/g/f", false},
	{"$share/g/#", "a/b", true},
	{"$share/g/#", "$SYS/x", false},
	{"$share/g/$SYS/#", "$SYS/x", true},
	{"$queue/a/+", "a/b", true},
}

func TestMatch(t *testing.T) {
	for _, x := range matches {
		if got := Match(x.filter, x.topic); got != x.want {
			t.Errorf("Match(%q, %q) is %t", x.filter, x.topic, got)
		}
		var table Table[string]
		table.Add(x.filter, x.filter)
		if got := table.Match(x.topic, nil); (len(got) == 1) != x.want {
			t.Errorf("Table with %q finds %q for %q, want found %t", x.filter, got, x.topic, x.want)
		}
	}
}

// reference is the standard's rule as plainly as it can be written: it splits both and
// compares level by level.
func reference(filter, topic string) bool {
	if rest, queue := strings.CutPrefix(filter, "$queue/"); queue {
		filter = rest
	} else if parts := strings.SplitN(filter, "/", 3); len(parts) == 3 && parts[0] == "$share" && parts[1] != "" && parts[2] != "" {
		filter = parts[2]
	}
	f, l := strings.Split(filter, "/"), strings.Split(topic, "/")
	if strings.HasPrefix(topic, "$") && (f[0] == "+" || f[0] == "#") {
		return false
	}
	if f[len(f)-1] == "#" {
		f = f[:len(f)-1]
		if len(l) < len(f) {
			return false
		}
		l = l[:len(f)]
	}
	return slices.EqualFunc(f, l, func(a, b string) bool { return a == "+" || a == b })
}

var (
	anyTopic  = rapid.StringMatching(`(\$S|a|b|)(/(a|b|c|)){0,5}`).Filter(func(s string) bool { return s != "" })
	anyFilter = rapid.StringMatching(`(\$share/[gh]/|\$queue/)?(\$S|a|b|\+|)(/(a|b|\+|)){0,4}(/#)?|#|\$share/g/#`).
			Filter(func(s string) bool { return ValidateFilter(s) == nil })
)

func TestMatchProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		filter, topic := anyFilter.Draw(t, "filter"), anyTopic.Draw(t, "topic")
		if got, want := Match(filter, topic), reference(filter, topic); got != want {
			t.Fatalf("Match(%q, %q) is %t, want %t", filter, topic, got, want)
		}
	})
}

// TestHostileTopics: time and stack stay small for the deepest topics there can be.
func TestHostileTopics(t *testing.T) {
	start := time.Now()
	plus := strings.TrimSuffix(strings.Repeat("+/", 32700), "/") + "/+"
	for _, x := range []struct {
		filter, topic string
		want          bool
	}{
		{plus, deep, true},
		{plus + "/#", deep, true},
		{plus + "/a", deep, false},
		{"+/#", longest, true},
		{longest, longest, true},
		{"a/+/#", longest, false},
		{deep, deep + "/", false},
	} {
		if got := Match(x.filter, x.topic); got != x.want {
			t.Errorf("%.20q on %.20q: %t", x.filter, x.topic, got)
		}
		var table Table[int]
		table.Add(x.filter, 1)
		if got := table.Match(x.topic, nil); (len(got) == 1) != x.want {
			t.Errorf("table with %.20q on %.20q: %v", x.filter, x.topic, got)
		}
		if !table.Remove(x.filter) || table.root.plus != nil || len(table.root.literal) > 0 {
			t.Errorf("table with %.20q is not empty after Remove", x.filter)
		}
	}
	if took := time.Since(start); took > time.Minute {
		t.Errorf("took %s", took)
	}
}
