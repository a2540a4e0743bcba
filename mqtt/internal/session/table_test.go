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
