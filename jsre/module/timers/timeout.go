package timers

import (
	"maps"
	"reflect"
	"slices"

	"github.com/dop251/goja"

	"dunlin/jsre/engine"
	"dunlin/jsre/nodeerr"
)

// timeout is a Timeout object and its timer in one. A script may have a million of them, so it is an object of Go's
// rather than one that is tied to something of Go's: it holds what the script sets on it, but for symbols.
type timeout struct {
	engine.Timer
	h    *host
	id   int64 // 0 until the script asks for a number
	call goja.Value
	args []goja.Value
	own  map[string]goja.Value // what the script set; nil: nothing
}

// start makes a Timeout.
func (h *host) start(a engine.Args, repeat bool) goja.Value {
	t := &timeout{h: h, call: nodeerr.Func(h.vm, "callback", a.Value(0)).Value()}
	if n := a.Len() - 2; n > 0 {
		t.args = make([]goja.Value, n)
		for i := range t.args {
			t.args[i] = a.Value(i + 2)
		}
	}
	h.vm.Loop().StartTimer(&t.Timer, delay(a.Value(1)), repeat, t)
	obj := h.vm.Runtime().NewDynamicObject(t)
	_ = obj.SetPrototype(h.timeouts)
	return obj
}

var timeoutType = reflect.TypeFor[*timeout]()

// timeoutOf is the timer behind a Timeout object.
func timeoutOf(v goja.Value) (*timeout, bool) {
	obj, ok := v.(*goja.Object)
	if !ok || obj.ExportType() != timeoutType {
		return nil, false
	}
	t, ok := obj.Export().(*timeout)
	return t, ok
}

// Fire implements engine.Firer.
func (t *timeout) Fire() {
	if t.id != 0 && !t.Repeats() {
		delete(t.h.ids, t.id)
	}
	if f, ok := t.h.vm.ToFunc(t.call); ok {
		f.Call(goja.Undefined(), t.args...)
	}
}

// clear stops a timer given as its object or its number; anything else is ignored.
func (h *host) clear(a engine.Args) goja.Value {
	v := a.Value(0)
	t, ok := timeoutOf(v)
	if !ok && (goja.IsNumber(v) || goja.IsString(v)) {
		t, ok = h.ids[v.ToInteger()]
	}
	if ok {
		t.Cancel()
		delete(h.ids, t.id)
	}
	return goja.Undefined()
}

// Get implements goja.DynamicObject.
func (t *timeout) Get(name string) goja.Value { return t.own[name] }

// Set implements goja.DynamicObject.
func (t *timeout) Set(name string, v goja.Value) bool {
	if t.own == nil {
		t.own = map[string]goja.Value{}
	}
	t.own[name] = v
	return true
}

// Has implements goja.DynamicObject.
func (t *timeout) Has(name string) bool {
	_, ok := t.own[name]
	return ok
}

// Delete implements goja.DynamicObject.
func (t *timeout) Delete(name string) bool {
	delete(t.own, name)
	return true
}

// Keys implements goja.DynamicObject.
func (t *timeout) Keys() []string { return slices.Sorted(maps.Keys(t.own)) }
