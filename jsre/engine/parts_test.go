package engine

import (
	"reflect"
	"testing"
	"unsafe"

	"github.com/dop251/goja"
)

// TestOtherPartsAreRefused: what is laid out otherwise than ours, or is called otherwise, is not taken for
// it, so that another goja ends the start of a script and nothing is read as what it is not.
func TestOtherPartsAreRefused(t *testing.T) {
	ours := reflect.TypeFor[struct {
		bytes []byte
		any   anyInterface
		table unsafe.Pointer
		size  int
	}]()
	for name, tc := range map[string]struct {
		theirs reflect.Type
		same   bool
	}{
		"the same": {reflect.TypeFor[struct {
			bytes []byte
			any   error
			table map[string]int
			size  int
		}](), true},
		"one more field": {reflect.TypeFor[struct {
			bytes []byte
			any   error
			table map[string]int
			size  int
			more  bool
		}](), false},
		"one less": {reflect.TypeFor[struct {
			bytes []byte
			any   error
			table map[string]int
		}](), false},
		"another name": {reflect.TypeFor[struct {
			data  []byte
			any   error
			table map[string]int
			size  int
		}](), false},
		"another order": {reflect.TypeFor[struct {
			bytes []byte
			any   error
			size  int
			table map[string]int
		}](), false},
		"another type": {reflect.TypeFor[struct {
			bytes []byte
			any   error
			table map[string]int
			size  uint
		}](), false},
		"no interface": {reflect.TypeFor[struct {
			bytes []byte
			any   [2]uintptr
			table map[string]int
			size  int
		}](), false},
		"not a struct": {reflect.TypeFor[int](), false},
	} {
		if got := sameLayout(ours, tc.theirs); got != tc.same {
			t.Errorf("%s: taken as the same %v", name, got)
		}
	}
	if sameLayout(reflect.TypeFor[*object](), reflect.TypeFor[*goja.Runtime]()) {
		t.Error("a pointer to something else is taken as the same")
	}
}

// TestPartsOfOtherObjectsAreRefused: so are objects of another kind.
func TestPartsOfOtherObjectsAreRefused(t *testing.T) {
	rt := goja.New()
	object := func(src string) *goja.Object {
		v, err := rt.RunString(src)
		if err != nil {
			t.Fatal(err)
		}
		return v.ToObject(rt)
	}
	buffer := object("view = new Uint8Array(4)")
	memory, dynamic := object("view.buffer"), rt.NewDynamicObject(&hidden{})
	if _, err := newParts(buffer, memory, dynamic); err != nil {
		t.Errorf("goja's own: %v", err)
	}
	for name, o := range map[string][3]*goja.Object{
		"an array for the view":  {object("[]"), memory, dynamic},
		"an object for memory":   {buffer, object("({})"), dynamic},
		"memory of another view": {buffer, object("new ArrayBuffer(4)"), dynamic},
		"a proxy for a dynamic":  {buffer, memory, object("new Proxy({}, {})")},
	} {
		if _, err := newParts(o[0], o[1], o[2]); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}
