package session

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestFifoAgainstSlice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var f fifo[int]
		var want []int
		next := 0
		t.Repeat(map[string]func(*rapid.T){
			"push": func(*rapid.T) {
				f.push(next)
				want = append(want, next)
				next++
			},
			"drop": func(t *rapid.T) {
				n := rapid.IntRange(0, len(want)).Draw(t, "n")
				f.drop(n)
				want = slices.Delete(want, 0, n)
			},
			"remove": func(t *rapid.T) {
				if len(want) > 0 {
					i := rapid.IntRange(0, len(want)-1).Draw(t, "i")
					f.remove(i)
					want = slices.Delete(want, i, i+1)
				}
			},
			"": func(t *rapid.T) {
				if f.len() != len(want) {
					t.Fatalf("len %d, want %d", f.len(), len(want))
				}
				for i, v := range want {
					if *f.at(i) != v {
						t.Fatalf("item %d is %d, want %d", i, *f.at(i), v)
					}
				}
			},
		})
	})
}

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
