package topics

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestNumbersInNamesCountAsNumbers(t *testing.T) {
	names := []string{"", "$SYS", "01", "1", "2", "10", "a", "a1", "a1b", "a2", "a9", "a10", "a10b", "a12345678901234567890", "a123456789012345678901", "ab", "b", "é"}
	got := slices.Clone(names)
	slices.Reverse(got)
	slices.SortFunc(got, compareNatural)
	if !slices.Equal(got, names) {
		t.Errorf("%q", got)
	}
}

// Sorting by keys gives the order of comparing, and so does merging.
func TestSortingByKeysIsSortingByNames(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringMatching(`(sensor|a{0,20})?[a0-9é]{0,12}[0-9]{0,12}`)
		names := rapid.SliceOfNDistinct(name, 1, 40, func(s string) string { return s }).Draw(t, "names")
		var all nodes
		var ids []uint32
		for _, name := range names {
			ids = append(ids, all.add(node{name: name}))
		}
		want := slices.SortedFunc(slices.Values(ids), func(a, b uint32) int { return compareNatural(all.at(a).name, all.at(b).name) })
		if got := sortByName(&all, ids); !slices.Equal(got, want) {
			t.Fatalf("%v, not %v of %q", got, want, names)
		}
		first := rapid.IntRange(1, len(ids)).Draw(t, "first")
		if first == len(ids) {
			return
		}
		if got := mergeByName(&all, sortByName(&all, ids[:first]), ids[first:]); !slices.Equal(got, want) {
			t.Fatalf("%v, not %v of %q", got, want, names)
		}
	})
}

// The order is one: it turns with the names, two names are never equal in it, and the first of three is before the last.
func TestNaturalOrderIsAnOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringMatching(`[a0-2]{0,6}`)
		a, b, c := name.Draw(t, "a"), name.Draw(t, "b"), name.Draw(t, "c")
		if compareNatural(a, b) != -compareNatural(b, a) || (compareNatural(a, b) == 0) != (a == b) {
			t.Fatalf("%q and %q: %d and %d", a, b, compareNatural(a, b), compareNatural(b, a))
		}
		names := []string{a, b, c}
		slices.SortFunc(names, compareNatural)
		if compareNatural(names[0], names[2]) > 0 {
			t.Fatalf("%q", names)
		}
	})
}
