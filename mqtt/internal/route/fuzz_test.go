package route

import (
	"slices"
	"testing"
)

// FuzzMatch compares Match and the table with the reference, for whatever
// ValidateFilter lets through, and sees to it that neither panics on the rest.
func FuzzMatch(f *testing.F) {
	for _, pair := range [][2]string{
		{"a/+/#", "a/b/c"},
		{"#", "$SYS/x"},
		{"+/x", "$SYS/x"},
		{"$share/g/a/#", "a"},
		{"/+", "/"},
		{"a//b", "a//b"},
		{"$queue/+", "q"},
		{"a/#/b", "a"},
		{"\xff", "\x00"},
		{"", ""},
	} {
		f.Add(pair[0], pair[1])
	}
	f.Fuzz(func(t *testing.T, filter, topic string) {
		matched := Match(filter, topic)
		if ValidateFilter(filter) != nil || ValidateTopic(topic) != nil {
			return
		}
		plain := filter
		if _, rest, shared := SplitShare(filter); shared {
			plain = rest
		}
		if want := reference(filter, topic); matched != want {
			t.Fatalf("Match(%q, %q) = %v", filter, topic, matched)
		}
		var table Table[int]
		table.Add(filter, 1)
		table.Add("x/"+plain, 2)
		if got := slices.Contains(table.Match(topic, nil), 1); got != matched {
			t.Fatalf("the table with %q matches %q: %v", filter, topic, got)
		}
		if !table.Remove(filter) || slices.Contains(table.Match(topic, nil), 1) {
			t.Fatalf("%q is still there", filter)
		}
	})
}
