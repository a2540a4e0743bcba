package sparkplug

import (
	"context"
	"errors"
	"testing"
)

// A joined context ends with either of its two, with its cause, whether or not somebody waits already.
func TestAJoinedContextEndsWithEither(t *testing.T) {
	enough := errors.New("enough")
	for _, waits := range []bool{false, true} {
		for _, which := range []int{0, 1} {
			one, endOne := context.WithCancelCause(t.Context())
			two, endTwo := context.WithCancelCause(t.Context())
			j := &joined{Context: one, also: two}
			if waits {
				select {
				case <-j.Done():
					t.Error("it has ended at once")
				default:
				}
			}
			if j.Err() != nil {
				t.Error(j.Err())
			}
			[]context.CancelCauseFunc{endOne, endTwo}[which](enough)
			select {
			case <-j.Done():
			case <-t.Context().Done():
			}
			if !errors.Is(j.Err(), context.Canceled) || !errors.Is(context.Cause(j), enough) {
				t.Errorf("waits %t, end of %d: %v because of %v", waits, which, j.Err(), context.Cause(j))
			}
			j.release()
			endOne(nil)
			endTwo(nil)
		}
	}
}

// What a message costs does not grow with contexts: Done is where they cost.
func TestAJoinedContextCostsNothingUntilSomebodyWaits(t *testing.T) {
	one, endOne := context.WithCancel(t.Context())
	defer endOne()
	var j joined
	if n := testing.AllocsPerRun(100, func() {
		j = joined{Context: one, also: t.Context()}
		if j.Err() != nil || j.Value("key") != nil {
			t.Error("it is not as wanted")
		}
		j.release()
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
