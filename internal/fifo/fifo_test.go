package fifo_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"dunlin/internal/fifo"
)

func TestQueueAgainstSlice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var q fifo.Queue[int]
		var want []int
		next := 0
		t.Repeat(map[string]func(*rapid.T){
			"push": func(*rapid.T) {
				q.Push(next)
				want = append(want, next)
				next++
			},
			"drop": func(t *rapid.T) {
				n := rapid.IntRange(0, len(want)).Draw(t, "n")
				q.Drop(n)
				want = slices.Delete(want, 0, n)
			},
			"pop": func(t *rapid.T) {
				v, ok := q.Pop()
				if ok != (len(want) > 0) || ok && v != want[0] {
					t.Fatalf("popped %d, %t of %v", v, ok, want)
				}
				want = want[min(1, len(want)):]
			},
			"remove": func(t *rapid.T) {
				if len(want) > 0 {
					i := rapid.IntRange(0, len(want)-1).Draw(t, "i")
					q.Remove(i)
					want = slices.Delete(want, i, i+1)
				}
			},
			"": func(t *rapid.T) {
				if q.Len() != len(want) {
					t.Fatalf("len %d, want %d", q.Len(), len(want))
				}
				for i, v := range want {
					if *q.At(i) != v {
						t.Fatalf("item %d is %d, want %d", i, *q.At(i), v)
					}
				}
			},
		})
	})
}
