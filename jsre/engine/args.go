package engine

import (
	"fmt"
	"math"

	"github.com/dop251/goja"
)

// NewError makes an Error of a built-in class ("Error", "TypeError", "RangeError", ...) with a
// message and, unless it is empty, a code. extra are further fields: name, value, name, value...
func (vm *VM) NewError(class, code, message string, extra ...any) *goja.Object {
	obj, err := vm.rt.New(vm.rt.Get(class), vm.rt.ToValue(message))
	if err != nil {
		// The script has replaced the class: an error of the engine's own still says what is wrong.
		obj = vm.rt.NewTypeError(message)
	}
	if code != "" {
		_ = obj.Set("code", code)
	}
	for i := 0; i+1 < len(extra); i += 2 {
		name, _ := extra[i].(string)
		_ = obj.Set(name, extra[i+1])
	}
	return obj
}

// Throw throws an Error with a code. It does not return.
func (vm *VM) Throw(code, message string, extra ...any) {
	panic(vm.NewError("Error", code, message, extra...))
}

// ThrowType throws a TypeError, formatted as by fmt.Sprintf. It does not return.
func (vm *VM) ThrowType(format string, args ...any) {
	panic(vm.NewError("TypeError", "ERR_INVALID_ARG_TYPE", fmt.Sprintf(format, args...)))
}

// ThrowRange throws a RangeError, formatted as by fmt.Sprintf. It does not return.
func (vm *VM) ThrowRange(format string, args ...any) {
	panic(vm.NewError("RangeError", "ERR_OUT_OF_RANGE", fmt.Sprintf(format, args...)))
}

// TypeName is how an error names the type of a value: "string", "null", "array", "Buffer"...
func (vm *VM) TypeName(v goja.Value) string {
	switch {
	case v == nil || goja.IsUndefined(v):
		return "undefined"
	case goja.IsNull(v):
		return "null"
	case goja.IsString(v):
		return "string"
	case goja.IsNumber(v):
		return "number"
	case goja.IsBigInt(v):
		return "bigint"
	}
	obj, ok := v.(*goja.Object)
	if !ok {
		if _, ok := v.(*goja.Symbol); ok {
			return "symbol"
		}
		return "boolean"
	}
	if _, ok := goja.AssertFunction(v); ok {
		return "function"
	}
	if vm.IsBuffer(v) {
		return "Buffer"
	}
	if name := obj.ClassName(); name != "Object" {
		return name
	}
	return "object"
}

// Args checks the arguments of one native call. Each method throws an error that names the call
// and the argument, as in "publish: topic must be a string, got number". The name is put together
// for an error alone: most calls are right, and some are made for each message.
type Args struct {
	vm   *VM
	name string
	list []goja.Value
}

// Args wraps the arguments of the native function called name.
func (vm *VM) Args(name string, list []goja.Value) Args { return Args{vm, name, list} }

// Len is the number of arguments given.
func (a Args) Len() int { return len(a.list) }

// Value is argument i, undefined when it was not given.
func (a Args) Value(i int) goja.Value {
	if i < len(a.list) && a.list[i] != nil {
		return a.list[i]
	}
	return goja.Undefined()
}

// Given reports whether argument i is neither undefined nor null.
func (a Args) Given(i int) bool { return Given(a.Value(i)) }

// Given reports whether a value is neither missing nor undefined nor null.
func Given(v goja.Value) bool { return v != nil && !goja.IsUndefined(v) && !goja.IsNull(v) }

// String is argument i, which must be a string.
func (a Args) String(i int, name string) string {
	if v := a.Value(i); goja.IsString(v) {
		return v.String()
	}
	return a.vm.CheckString(a.name+": "+name, a.Value(i))
}

// Int is argument i, which must be a whole number from lo to hi.
func (a Args) Int(i int, name string, lo, hi int64) int64 {
	return a.vm.CheckInt(a.name+": "+name, a.Value(i), lo, hi)
}

// Bool is argument i, which must be a boolean.
func (a Args) Bool(i int, name string) bool {
	return a.vm.CheckBool(a.name+": "+name, a.Value(i))
}

// Func is argument i, which must be a function.
func (a Args) Func(i int, name string) *Func {
	if f, ok := a.vm.ToFunc(a.Value(i)); ok {
		return f
	}
	return a.vm.CheckFunc(a.name+": "+name, a.Value(i))
}

// Object is argument i, which must be an object that is not a function.
func (a Args) Object(i int, name string) *goja.Object {
	if obj, ok := plainObject(a.Value(i)); ok {
		return obj
	}
	return a.vm.CheckObject(a.name+": "+name, a.Value(i))
}

// Bytes is argument i, which must be a string (its UTF-8), Buffer, typed array, DataView or
// ArrayBuffer. The bytes of the latter are shared with the script: copy what outlives the call.
func (a Args) Bytes(i int, name string) []byte {
	if b, ok := a.vm.textOrBytes(a.Value(i)); ok {
		return b
	}
	return a.vm.CheckBytes(a.name+": "+name, a.Value(i))
}

// CheckString is v as a string, or throws a TypeError that begins with what.
func (vm *VM) CheckString(what string, v goja.Value) string {
	if !goja.IsString(v) {
		vm.ThrowType("%s must be a string, got %s", what, vm.TypeName(v))
	}
	return v.String()
}

// CheckInt is v as a whole number from lo to hi, or throws a TypeError or RangeError that begins
// with what.
func (vm *VM) CheckInt(what string, v goja.Value, lo, hi int64) int64 {
	if v == nil || !goja.IsNumber(v) {
		vm.ThrowType("%s must be a number, got %s", what, vm.TypeName(v))
	}
	f := v.ToFloat()
	if f != math.Trunc(f) || math.IsInf(f, 0) {
		vm.ThrowRange("%s must be a whole number, got %s", what, v.String())
	}
	if f < float64(lo) || f > float64(hi) {
		vm.ThrowRange("%s must be from %d to %d, got %s", what, lo, hi, v.String())
	}
	return int64(f)
}

// CheckBool is v as a boolean, or throws a TypeError that begins with what.
func (vm *VM) CheckBool(what string, v goja.Value) bool {
	if vm.TypeName(v) != "boolean" {
		vm.ThrowType("%s must be a boolean, got %s", what, vm.TypeName(v))
	}
	return v.ToBoolean()
}

// CheckFunc is v as a function, or throws a TypeError that begins with what.
func (vm *VM) CheckFunc(what string, v goja.Value) *Func {
	f, ok := vm.ToFunc(v)
	if !ok {
		vm.ThrowType("%s must be a function, got %s", what, vm.TypeName(v))
	}
	return f
}

// CheckObject is v as an object that is not a function, or throws a TypeError that begins with
// what.
func (vm *VM) CheckObject(what string, v goja.Value) *goja.Object {
	obj, ok := plainObject(v)
	if !ok {
		vm.ThrowType("%s must be an object, got %s", what, vm.TypeName(v))
	}
	return obj
}

// plainObject is v as an object that is not a function; false for anything else.
func plainObject(v goja.Value) (*goja.Object, bool) {
	obj, ok := v.(*goja.Object)
	if !ok {
		return nil, false
	}
	_, fn := goja.AssertFunction(obj)
	return obj, !fn
}

// CheckBytes is v as bytes, see [Args.Bytes], or throws a TypeError that begins with what.
func (vm *VM) CheckBytes(what string, v goja.Value) []byte {
	b, ok := vm.textOrBytes(v)
	if !ok {
		vm.ThrowType("%s must be a string, Buffer, typed array or ArrayBuffer, got %s", what, vm.TypeName(v))
	}
	return b
}

// textOrBytes is a string's UTF-8, or what [VM.Bytes] gives.
func (vm *VM) textOrBytes(v goja.Value) ([]byte, bool) {
	if goja.IsString(v) {
		return []byte(v.String()), true
	}
	return vm.Bytes(v)
}

// Field is an own or inherited property of an options object, but never one that a script planted
// on Object.prototype: a polluted prototype must not change options that were not given. It is
// undefined when missing. A getter that throws throws on.
func (vm *VM) Field(obj *goja.Object, name string) goja.Value {
	if vm.objectProto.Get(name) != nil && !vm.hasBelowTop(obj, name) {
		return goja.Undefined()
	}
	if v := obj.Get(name); v != nil {
		return v
	}
	return goja.Undefined()
}

// hasBelowTop reports whether obj or one of its prototypes, Object.prototype excepted, has the
// property.
func (vm *VM) hasBelowTop(obj *goja.Object, name string) bool {
	key := vm.rt.ToValue(name)
	for o := obj; o != nil && o != vm.objectProto; o = o.Prototype() {
		if vm.hasOwn.Call(o, key).ToBoolean() {
			return true
		}
	}
	return false
}
