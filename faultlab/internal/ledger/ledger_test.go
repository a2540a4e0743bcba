package ledger

import (
	"slices"
	"testing"
)

func TestPayload(t *testing.T) {
	for i := range uint32(500) {
		n := NewNumber(i/7, i)
		payload := AppendPayload(nil, n)
		if got, ok := ParsePayload(payload); !ok || got != n || got.Stream() != i/7 || got.Index() != i {
			t.Fatalf("%v %t, want %v", got, ok, n)
		}
		if i > 20 {
			continue
		}
		for cut := range payload {
			if _, ok := ParsePayload(payload[:cut]); ok {
				t.Fatalf("a part of %d bytes passed for %v", cut, n)
			}
			wrong := slices.Clone(payload)
			wrong[cut] ^= 1
			if _, ok := ParsePayload(wrong); ok {
				t.Fatalf("a wrong byte %d passed for %v", cut, n)
			}
		}
		if _, ok := ParsePayload(append(payload, 0)); ok {
			t.Fatal("a byte too many passed")
		}
	}
}

func TestCounts(t *testing.T) {
	l := New()
	l.Reserve(0, 10)
	n := func(i uint32) Number { return NewNumber(0, i) }
	for i := range uint32(5) {
		l.Accept(n(i))
	}
	l.Accept(n(4)) // said twice
	l.Arrive(n(9), true)
	l.Accept(n(9)) // it came before it was said
	l.Arrive(n(0), true)
	l.Arrive(n(0), true)
	l.Arrive(n(0), true)
	l.Arrive(n(1), false)
	l.Arrive(n(1), false)
	l.ArrivePayload(AppendPayload(nil, n(8)), true)
	l.ArrivePayload([]byte("?"), true)
	if got, want := l.Counts(), (Counts{Accepted: 6, Arrived: 4, Lost: 3, Duplicated: 2, Repeated: 1, Wrong: 1}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got, want := l.Missing(2), []Number{n(2), n(3)}; !slices.Equal(got, want) {
		t.Errorf("missing %v, want %v", got, want)
	}
}
