package engine

import (
	"math"
	"strings"

	"github.com/dop251/goja"
)

// mendBuiltins adds to goja's built-in objects what they lack of Annex B, and mends what they do with -0.
func (vm *VM) mendBuiltins() {
	vm.addAccessorMethods()
	proto := vm.rt.NewArray().Prototype()
	includes, _ := vm.ToFunc(proto.Get("includes"))
	indexOf, _ := vm.ToFunc(proto.Get("indexOf"))
	method := vm.NewNative("includes", 1, func(c goja.FunctionCall) goja.Value {
		if len(c.Arguments) > 0 && goja.IsNumber(c.Arguments[0]) && c.Arguments[0].ToFloat() == 0 {
			// includes of goja does not find -0, and indexOf does.
			return vm.rt.ToValue(indexOf.call(c).ToInteger() >= 0)
		}
		return includes.call(c)
	})
	vm.define(proto, "includes", method, goja.FLAG_FALSE)
	vm.mendParseInt()
}

// mendParseInt has parseInt('-0') give -0.
func (vm *VM) mendParseInt() {
	parse, _ := vm.ToFunc(vm.rt.Get("parseInt"))
	method := vm.NewNative("parseInt", 2, func(c goja.FunctionCall) goja.Value {
		v := parse.call(c)
		if goja.IsString(c.Argument(0)) && v.ToFloat() == 0 && strings.HasPrefix(strings.TrimSpace(c.Argument(0).String()), "-") {
			return vm.rt.ToValue(math.Copysign(0, -1))
		}
		return v
	})
	vm.SetGlobal("parseInt", method)
	number := vm.rt.Get("Number").ToObject(vm.rt)
	vm.define(number, "parseInt", method, goja.FLAG_FALSE)
}

// addAccessorMethods adds __defineGetter__, __defineSetter__, __lookupGetter__ and __lookupSetter__
// to Object.prototype.
func (vm *VM) addAccessorMethods() {
	class := vm.rt.Get("Object").ToObject(vm.rt)
	define, _ := vm.ToFunc(class.Get("defineProperty"))
	describe, _ := vm.ToFunc(class.Get("getOwnPropertyDescriptor"))
	above, _ := vm.ToFunc(class.Get("getPrototypeOf"))
	for name, key := range map[string]string{"Getter": "get", "Setter": "set"} {
		full := "__define" + name + "__"
		method := vm.NewNative(full, 2, func(c goja.FunctionCall) goja.Value {
			this := c.This.ToObject(vm.rt)
			if _, ok := vm.ToFunc(c.Argument(1)); !ok {
				panic(vm.NewError("TypeError", "", "Object.prototype."+full+": Expecting function"))
			}
			d := vm.rt.NewObject()
			_ = d.Set(key, c.Argument(1))
			_ = d.Set("enumerable", true)
			_ = d.Set("configurable", true)
			define.Call(class, this, c.Argument(0), d)
			return goja.Undefined()
		})
		vm.define(vm.objectProto, full, method, goja.FLAG_FALSE)
		lookup := vm.NewNative("__lookup"+name+"__", 1, func(c goja.FunctionCall) goja.Value {
			for o := goja.Value(c.This.ToObject(vm.rt)); !goja.IsNull(o); o = above.Call(class, o) {
				if d, ok := describe.Call(class, o, c.Argument(0)).(*goja.Object); ok {
					if f := d.Get(key); f != nil {
						return f
					}
					return goja.Undefined()
				}
			}
			return goja.Undefined()
		})
		vm.define(vm.objectProto, "__lookup"+name+"__", lookup, goja.FLAG_FALSE)
	}
}
