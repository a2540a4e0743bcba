package engine

import (
	"math"
	"math/big"
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
	one := vm.rt.ToValue(big.NewInt(1))
	vm.bigInt = inside(&one).kind
	vm.mendNumber()
	vm.mendDates()
}

// mendParseInt has parseInt('-0') give -0, and long texts the nearest number.
func (vm *VM) mendParseInt() {
	parse, _ := vm.ToFunc(vm.rt.Get("parseInt"))
	method := vm.NewNative("parseInt", 2, func(c goja.FunctionCall) goja.Value {
		v := parse.call(c)
		f := v.ToFloat()
		switch {
		case f != 0 && math.Abs(f) < 1<<53 || math.IsNaN(f):
		case !goja.IsString(c.Argument(0)) && !goja.IsNumber(c.Argument(0)) || len(c.Arguments) > 1 && !goja.IsNumber(c.Arguments[1]) && !goja.IsUndefined(c.Arguments[1]):
		case f == 0:
			if goja.IsString(c.Argument(0)) && strings.HasPrefix(strings.TrimSpace(c.Argument(0).String()), "-") {
				return vm.rt.ToValue(math.Copysign(0, -1))
			}
		default:
			if n, ok := nearestInteger(strings.TrimSpace(vm.text(c.Argument(0))), int(int32(c.Argument(1).ToInteger()))); ok {
				return vm.rt.ToValue(n)
			}
		}
		return v
	})
	vm.SetGlobal("parseInt", method)
	number := vm.rt.Get("Number").ToObject(vm.rt)
	vm.define(number, "parseInt", method, goja.FLAG_FALSE)
}

// nearestInteger is the number nearest to the digits that a text begins with.
func nearestInteger(text string, radix int) (float64, bool) {
	digits := strings.TrimLeft(text, "+-")
	if len(digits) > 1 && (radix == 0 || radix == 16) && (digits[:2] == "0x" || digits[:2] == "0X") {
		radix, digits = 16, digits[2:]
	}
	if radix == 0 {
		radix = 10
	}
	n := 0
	for n < len(digits) && digitOf(digits[n]) < radix {
		n++
	}
	whole, ok := new(big.Int).SetString(digits[:n], radix)
	if !ok {
		return 0, false
	}
	f, _ := new(big.Float).SetInt(whole).Float64()
	if strings.HasPrefix(text, "-") {
		f = -f
	}
	return f, true
}

func digitOf(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'z':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'Z':
		return int(c-'A') + 10
	}
	return 99
}

// mendNumber has Number know large values of BigInt, and long texts of digits that are not decimal.
func (vm *VM) mendNumber() {
	class := vm.rt.Get("Number").ToObject(vm.rt)
	call, _ := vm.ToFunc(class)
	old := call.call
	vm.SetCall(class, func(c goja.FunctionCall) goja.Value {
		if len(c.Arguments) > 0 {
			if v := vm.numberOf(c.Arguments[0]); v != nil {
				return v
			}
		}
		return old(c)
	})
}

// numberOf is a value as a number, nil where goja is right.
func (vm *VM) numberOf(v goja.Value) goja.Value {
	switch inside(&v).kind {
	case vm.bigInt:
		whole, _ := v.Export().(*big.Int)
		f, _ := new(big.Float).SetInt(whole).Float64()
		return vm.rt.ToValue(f)
	case vm.instructions.ascii:
		if s := strings.TrimSpace(v.String()); len(s) > 17 && s[0] == '0' {
			radix := map[byte]int{'x': 16, 'X': 16, 'o': 8, 'O': 8, 'b': 2, 'B': 2}[s[1]]
			if whole, ok := new(big.Int).SetString(s[2:], max(radix, 2)); ok && radix != 0 && digitOf(s[2]) < radix {
				f, _ := new(big.Float).SetInt(whole).Float64()
				return vm.rt.ToValue(f)
			}
		}
	}
	return nil
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

// mendDates has toISOString write years of more than four digits with six.
func (vm *VM) mendDates() {
	proto := vm.rt.Get("Date").ToObject(vm.rt).Get("prototype").ToObject(vm.rt)
	old, _ := vm.ToFunc(proto.Get("toISOString"))
	vm.NativeMethod(proto, "toISOString", 0, func(c goja.FunctionCall) goja.Value {
		v := old.call(c)
		text := v.String()
		if len(text) == 0 || text[0] != '+' && text[0] != '-' {
			return v
		}
		year, rest, _ := strings.Cut(text[1:], "-")
		if len(year) >= 6 {
			return v
		}
		return vm.rt.ToValue(text[:1] + strings.Repeat("0", 6-len(year)) + year + "-" + rest)
	})
}
