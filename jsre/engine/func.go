package engine

import (
	"reflect"
	"unsafe"

	"github.com/dop251/goja"
)

// Func is a script function that native code keeps.
type Func struct {
	value goja.Value
	call  func(goja.FunctionCall) goja.Value
}

// ToFunc is v as a function; false when it is none.
func (vm *VM) ToFunc(v goja.Value) (*Func, bool) {
	obj, ok := v.(*goja.Object)
	if !ok {
		return nil, false
	}
	// The exported form lets exceptions pass as panics and saves goja a frame a call; only a proxy
	// has none.
	if name := obj.ClassName(); name == "Function" || name == "AsyncFunction" {
		if f, ok := obj.Export().(func(goja.FunctionCall) goja.Value); ok && f != nil {
			return &Func{obj, f}, true
		}
	}
	callable, ok := goja.AssertFunction(obj)
	if !ok {
		return nil, false
	}
	return &Func{obj, func(c goja.FunctionCall) goja.Value {
		v, err := callable(c.This, c.Arguments...)
		if err != nil {
			panic(err)
		}
		return v
	}}, true
}

// Value is the function as the script knows it.
func (f *Func) Value() goja.Value { return f.value }

// Call calls the function. What it throws is a panic: inside a native call let it pass, elsewhere
// call it within [Loop.Run]. Loop goroutine only.
func (f *Func) Call(this goja.Value, args ...goja.Value) goja.Value {
	return f.call(goja.FunctionCall{This: this, Arguments: args})
}

// Method defines a native function as a property of obj, with a name and not enumerable.
func (vm *VM) Method(obj *goja.Object, name string, f func(goja.FunctionCall) goja.Value) {
	vm.define(obj, name, vm.NewFunction(name, f), goja.FLAG_FALSE)
}

// Export defines a native function as an enumerable property of obj, as module.exports has them.
func (vm *VM) Export(obj *goja.Object, name string, f func(goja.FunctionCall) goja.Value) {
	vm.define(obj, name, vm.NewFunction(name, f), goja.FLAG_TRUE)
}

// NewFunction makes a native function with a name, whose length is 0.
func (vm *VM) NewFunction(name string, f func(goja.FunctionCall) goja.Value) *goja.Object {
	return vm.NewNative(name, 0, f)
}

// NewClass makes a native class. construct gets `this` with its prototype set; what it returns
// replaces this unless it is nil. It may be called without new: NewTarget is nil then.
func (vm *VM) NewClass(name string, construct func(goja.ConstructorCall) *goja.Object) (class, proto *goja.Object) {
	class = vm.rt.ToValue(construct).ToObject(vm.rt)
	_ = class.DefineDataProperty("name", vm.rt.ToValue(name), goja.FLAG_FALSE, goja.FLAG_TRUE, goja.FLAG_FALSE)
	return class, class.Get("prototype").ToObject(vm.rt)
}

// Getter defines a native accessor property without a setter.
func (vm *VM) Getter(obj *goja.Object, name string, get func(this goja.Value) goja.Value) {
	f := vm.NewFunction("get "+name, func(c goja.FunctionCall) goja.Value { return get(c.This) })
	if err := obj.DefineAccessorProperty(name, f, nil, goja.FLAG_TRUE, goja.FLAG_FALSE); err != nil {
		panic(err)
	}
}

func (vm *VM) define(obj *goja.Object, name string, v goja.Value, enumerable goja.Flag) {
	if err := obj.DefineDataProperty(name, v, goja.FLAG_TRUE, goja.FLAG_TRUE, enumerable); err != nil {
		panic(err)
	}
}

// hidden holds a Go value in a property that scripts cannot reach into. It belongs to one object,
// so that an object that inherits from it does not pass for it.
type hidden struct {
	owner *goja.Object
	value any
}

func (*hidden) Get(string) goja.Value       { return nil }
func (*hidden) Set(string, goja.Value) bool { return false }
func (*hidden) Has(string) bool             { return false }
func (*hidden) Delete(string) bool          { return false }
func (*hidden) Keys() []string              { return nil }

// SetSlot ties a Go value to an object, for native classes. There is one slot an object; that it is
// an emitter as well does not use it up.
func (vm *VM) SetSlot(obj *goja.Object, value any) { vm.setHidden(obj, vm.slot, value) }

// Slot is the Go value tied to an object by SetSlot, nil when there is none.
func (vm *VM) Slot(v goja.Value) any { return vm.hiddenValue(v, vm.slot) }

// Internal reports whether a symbol is a key under which the engine ties Go values to objects.
func (vm *VM) Internal(key *goja.Symbol) bool { return key == vm.slot || key == vm.emits }

func (vm *VM) setHidden(obj *goja.Object, key *goja.Symbol, value any) {
	vm.Settle(obj)
	h := vm.rt.NewDynamicObject(&hidden{obj, value})
	if err := obj.DefineDataPropertySymbol(key, h, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE); err != nil {
		panic(err)
	}
}

func (vm *VM) hiddenValue(v goja.Value, key *goja.Symbol) any {
	obj, ok := v.(*goja.Object)
	if !ok {
		return nil
	}
	h, ok := obj.GetSymbol(key).(*goja.Object)
	if !ok {
		return nil
	}
	if d, ok := h.Export().(*hidden); ok && d.owner == obj {
		return d.value
	}
	return nil
}

// NewObject makes a plain object of name, value, name, value...
func (vm *VM) NewObject(fields ...any) *goja.Object {
	o := vm.rt.NewObject()
	for i := 0; i+1 < len(fields); i += 2 {
		name, _ := fields[i].(string)
		_ = o.Set(name, fields[i+1])
	}
	return o
}

// SetCall has a class of [VM.NewClass] do something else when it is called without new, which a
// constructor cannot tell. It reports whether goja's functions are made as it was written for.
func (vm *VM) SetCall(class *goja.Object, call func(goja.FunctionCall) goja.Value) bool {
	self := reflect.ValueOf(class).Elem().FieldByName("self").Elem()
	if self.Kind() != reflect.Pointer || self.Elem().Kind() != reflect.Struct {
		return false
	}
	f, ok := self.Type().Elem().FieldByName("f")
	if !ok || f.Type != reflect.TypeFor[func(goja.FunctionCall) goja.Value]() {
		return false
	}
	*(*func(goja.FunctionCall) goja.Value)(unsafe.Add(self.UnsafePointer(), f.Offset)) = call
	return true
}
