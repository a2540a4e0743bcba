package engine

import (
	"reflect"
	"runtime"
	"sync"
	"unsafe"
	"weak"

	"github.com/dop251/goja"
	"github.com/dop251/goja/unistring"
)

// As in V8 under Node.js, the property stack of an error gets its text when it is first looked at.
// goja does that too, in the methods of its error objects. Our errors have a table of methods in
// which those come here first, and find the property made when they go on to goja's.

// gojaError are goja's methods that make the property.
var gojaError struct {
	get    func(self unsafe.Pointer, name unistring.String, receiver goja.Value) goja.Value
	getOwn func(self unsafe.Pointer, name unistring.String) goja.Value
	set    func(self unsafe.Pointer, name unistring.String, v goja.Value, throw bool) bool
	setFor func(self unsafe.Pointer, name unistring.String, v, receiver goja.Value, throw bool) (bool, bool)
	define func(self unsafe.Pointer, name unistring.String, d goja.PropertyDescriptor, throw bool) bool
	remove func(self unsafe.Pointer, name unistring.String, throw bool) bool
	each   func(self unsafe.Pointer) func()
}

// errorTable is the table of methods of our errors, made of goja's when that is first seen.
type errorTable struct {
	once  sync.Once
	words []uintptr
	added uintptr // where goja notes that the property is made
}

var theErrorTable errorTable

// makers finds the errorMaker of a runtime. It does not keep either alive.
var makers sync.Map // of weak.Pointer[errorMaker], by the address of the runtime

func (m *errorMaker) register() {
	own := registered{uintptr(unsafe.Pointer(m.vm.rt)), weak.Make(m)}
	makers.Store(own.runtime, own.maker)
	runtime.AddCleanup(m.vm.rt, registered.forget, own)
}

// registered is an entry of makers.
type registered struct {
	runtime uintptr
	maker   weak.Pointer[errorMaker]
}

// forget takes the entry out, but not that of a later runtime, which may have got the same address before this is called.
func (r registered) forget() { makers.CompareAndDelete(r.runtime, r.maker) }

// tableFor gives the table for errors, nil when goja's is not as expected.
func (t *errorTable) tableFor(goja unsafe.Pointer, methods reflect.Type, added uintptr) unsafe.Pointer {
	t.once.Do(func() { t.make(goja, methods, added) })
	return unsafe.Pointer(unsafe.SliceData(t.words))
}

func (t *errorTable) make(table unsafe.Pointer, methods reflect.Type, added uintptr) {
	t.added = added
	const head = unsafe.Offsetof(methodTable{}.exec)
	const word = unsafe.Sizeof(uintptr(0))
	words := make([]uintptr, head/word+uintptr(methods.NumMethod()))
	copy(words, unsafe.Slice((*uintptr)(table), len(words)))
	replaced := 0
	swap := func(name string, old, ours any) {
		method, ok := methods.MethodByName(name)
		if !ok {
			return
		}
		at := &words[head/word+uintptr(method.Index)]
		// A function value is a pointer to where its code's address stands.
		original := new(uintptr)
		*original = *at
		*(**uintptr)(reflect.ValueOf(old).UnsafePointer()) = original
		*at = reflect.ValueOf(ours).Pointer()
		replaced++
	}
	swap("getStr", &gojaError.get, errorGet)
	swap("getOwnPropStr", &gojaError.getOwn, errorGetOwn)
	swap("setOwnStr", &gojaError.set, errorSet)
	swap("setForeignStr", &gojaError.setFor, errorSetForeign)
	swap("defineOwnPropertyStr", &gojaError.define, errorDefine)
	swap("deleteStr", &gojaError.remove, errorDelete)
	swap("iterateStringKeys", &gojaError.each, errorEach)
	if replaced == 7 {
		t.words = words
	}
}

// settle makes the property stack of an error if it is asked for and missing.
func settle(self unsafe.Pointer, name unistring.String) {
	if name != "stack" || *(*bool)(unsafe.Add(self, theErrorTable.added)) {
		return
	}
	o := (*baseObject)(self).val
	w, _ := makers.Load(uintptr(unsafe.Pointer((*object)(unsafe.Pointer(o)).runtime)))
	if w, ok := w.(weak.Pointer[errorMaker]); ok {
		if m := w.Value(); m != nil {
			m.settle(o)
		}
	}
}

func errorGet(self unsafe.Pointer, name unistring.String, receiver goja.Value) goja.Value {
	settle(self, name)
	return gojaError.get(self, name, receiver)
}

func errorGetOwn(self unsafe.Pointer, name unistring.String) goja.Value {
	settle(self, name)
	return gojaError.getOwn(self, name)
}

func errorSet(self unsafe.Pointer, name unistring.String, v goja.Value, throw bool) bool {
	settle(self, name)
	return gojaError.set(self, name, v, throw)
}

func errorSetForeign(self unsafe.Pointer, name unistring.String, v, receiver goja.Value, throw bool) (res, handled bool) {
	settle(self, name)
	return gojaError.setFor(self, name, v, receiver, throw)
}

func errorDefine(self unsafe.Pointer, name unistring.String, d goja.PropertyDescriptor, throw bool) bool {
	settle(self, name)
	return gojaError.define(self, name, d, throw)
}

func errorDelete(self unsafe.Pointer, name unistring.String, throw bool) bool {
	settle(self, name)
	return gojaError.remove(self, name, throw)
}

func errorEach(self unsafe.Pointer) func() {
	settle(self, "stack")
	return gojaError.each(self)
}
