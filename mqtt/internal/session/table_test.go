package session

import (
	"testing"

	"pgregory.net/rapid"
)

func TestTableAgainstMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var tab table
		want := map[uint16]*Entry{}
		ids := rapid.Uint16Range(1, 300)
		t.Repeat(map[string]func(*rapid.T){
			"put": func(t *rapid.T) {
				id := ids.Draw(t, "id")
				if want[id] == nil {
					want[id] = &Entry{id: id}
					tab.put(want[id])
				}
			},
			"remove": func(t *rapid.T) {
				id := ids.Draw(t, "id")
				if e := want[id]; e != nil {
					tab.remove(e)
					delete(want, id)
				}
			},
			"": func(t *rapid.T) {
				if tab.n != len(want) {
					t.Fatalf("n %d, want %d", tab.n, len(want))
				}
				for id := uint16(1); id <= 300; id++ {
					if tab.get(id) != want[id] {
						t.Fatalf("get(%d) differs", id)
					}
				}
			},
		})
	})
}
