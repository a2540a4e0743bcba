package engine

import (
	"testing"
	"weak"
)

func TestARuntimeThatEndsLeavesTheEntryOfTheNextAtItsAddress(t *testing.T) {
	const address = 1 // no runtime is there
	earlier, later := &errorMaker{}, &errorMaker{}
	old := registered{address, weak.Make(earlier)}
	makers.Store(old.runtime, old.maker)
	current := registered{address, weak.Make(later)}
	makers.Store(current.runtime, current.maker)
	old.forget()
	if w, ok := makers.Load(current.runtime); !ok || w != current.maker {
		t.Error("the later entry is gone")
	}
	current.forget()
	if _, ok := makers.Load(current.runtime); ok {
		t.Error("an entry stays behind")
	}
}
