package result_test

import (
	"maps"
	"testing"

	"dunlin/internal/load/result"
)

func TestEventsAreCountedByCause(t *testing.T) {
	all := result.Causes([]result.Event{
		{Time: 5, Group: "a", Kind: "refused", Detail: "bad"},
		{Time: 1, Group: "a", Kind: "connected"},
		{Time: 2, Group: "a", Kind: "lost", Detail: "EOF"},
		{Time: 9, Group: "a", Kind: "lost", Detail: "EOF"},
		{Time: 3, Group: "b", Kind: "lost", Detail: "EOF"},
	})
	if len(all) != 3 || all[0] != (result.Cause{Group: "a", Kind: "lost", Detail: "EOF", Times: 2, First: 2, Last: 9}) {
		t.Errorf("causes: %+v", all)
	}
}

func TestFaultsOfAllPartsAreAdded(t *testing.T) {
	a, b := part(1, "pub", 1), part(2, "pub", 6)
	a.Faults = map[string]int64{"rejected": 2}
	b.Faults = map[string]int64{"rejected": 3, "not sent": 1}
	for _, parts := range [][]*result.Result{{a, b}, {b, a}} {
		got, err := result.Join(again(t, parts[0]), again(t, parts[1]))
		if err != nil {
			t.Fatal(err)
		}
		if want := map[string]int64{"rejected": 5, "not sent": 1}; !maps.Equal(got.Faults, want) {
			t.Errorf("got %v, want %v", got.Faults, want)
		}
	}
}
