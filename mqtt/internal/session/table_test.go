package session

import (
	"maps"
	"testing"

	"pgregory.net/rapid"
)

func TestTableAgainstMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var tab table[int]
		want := map[uint16]int{}
		ids := rapid.OneOf(rapid.Uint16Range(1, 300), rapid.SampledFrom([]uint16{301, 1 << 14, 1 << 15, 3 << 14, 65535}))
		t.Repeat(map[string]func(*rapid.T){
			"put": func(t *rapid.T) {
				id := ids.Draw(t, "id")
				if _, there := want[id]; !there {
					value := rapid.Int().Draw(t, "value")
					at := tab.put(id)
					if *at != 0 {
						t.Fatalf("a new place has %d", *at)
					}
					want[id], *at = value, value
				}
			},
			"remove": func(t *rapid.T) {
				id := ids.Draw(t, "id")
				tab.remove(id)
				delete(want, id)
			},
			"": func(t *rapid.T) {
				if int(tab.n) != len(want) {
					t.Fatalf("n %d, want %d", tab.n, len(want))
				}
				got := map[uint16]int{}
				for id, value := range tab.all() {
					got[id] = *value
				}
				if !maps.Equal(got, want) {
					t.Fatalf("all are %v, want %v", got, want)
				}
				for id := range uint16(302) {
					value := tab.find(id)
					if w, there := want[id]; (value != nil) != there || there && *value != w {
						t.Fatalf("find(%d) differs", id)
					}
				}
			},
		})
	})
}

// TestTableHoldsEachIdentifier fills a table and empties it.
func TestTableHoldsEachIdentifier(t *testing.T) {
	var tab table[uint16]
	for id := uint16(maxIDs); id > 0; id-- {
		*tab.put(id) = id
	}
	if len(tab.places) != maxIDs+1 {
		t.Errorf("%d places", len(tab.places))
	}
	for id := uint16(1); id != 0; id++ {
		if value := tab.find(id); value == nil || *value != id {
			t.Fatalf("find(%d) differs", id)
		}
		if tab.remove(id); tab.find(id) != nil {
			t.Fatalf("%d is still there", id)
		}
	}
	if tab.trim(); tab.n != 0 || tab.places != nil {
		t.Errorf("%d values and %d places are left", tab.n, len(tab.places))
	}
}

// TestTableStaysSmall has values come and go beside one that stays, once around the identifiers.
func TestTableStaysSmall(t *testing.T) {
	var tab table[byte]
	tab.put(5)
	for id := uint16(6); id != 5; id++ {
		if id > 0 {
			tab.put(id)
			tab.remove(id)
		}
	}
	if len(tab.places) > 4*minPlaces {
		t.Errorf("%d places for two values", len(tab.places))
	}
}

// TestTableExpectsTheLastBurst: after a burst the table lets go of its room, and takes as much at
// once when it is needed again.
func TestTableExpectsTheLastBurst(t *testing.T) {
	var tab table[byte]
	for i, n := range []uint16{1000, 100, 200, 100} {
		for id := range n {
			tab.put(id + 1)
		}
		if room, want := len(tab.places), []int{1024, 1024, 256, 256}[i]; room != want {
			t.Errorf("burst %d: room for %d, want %d", i+1, room, want)
		}
		for id := range n {
			tab.remove(id + 1)
		}
		if tab.trim(); len(tab.places) > idlePlaces {
			t.Errorf("burst %d: room for %d is kept", i+1, len(tab.places))
		}
	}
}
