package nodeutil

import (
	"math"
	"math/big"
	"reflect"

	"github.com/dop251/goja"

	"dunlin/jsre/engine"
)

var (
	mapType = reflect.TypeFor[[][2]any]()
	setType = reflect.TypeFor[[]any]()
)

// test defines a function that tells whether its argument is of a kind.
func (u *util) test(o *goja.Object, name string, is func(goja.Value) bool) {
	u.vm.Export(o, name, func(c goja.FunctionCall) goja.Value { return u.rt.ToValue(is(c.Argument(0))) })
}

// tests are the tests of the module itself, which JSRE and old scripts use.
func (u *util) tests() {
	object := func(v goja.Value) bool {
		_, ok := v.(*goja.Object)
		return ok && !isFunction(v)
	}
	kind := func(name string) func(goja.Value) bool { return func(v goja.Value) bool { return classOf(v) == name } }
	whole := func(v goja.Value) bool {
		return goja.IsNumber(v) && v.ToFloat() == math.Trunc(v.ToFloat()) && !math.IsInf(v.ToFloat(), 0)
	}
	for _, t := range []struct {
		name string
		is   func(goja.Value) bool
	}{
		{"isArray", kind("Array")},
		{"isBoolean", func(v goja.Value) bool { return u.vm.TypeName(v) == "boolean" }},
		{"isBuffer", u.vm.IsBuffer},
		{"isDate", kind("Date")},
		{"isError", func(v goja.Value) bool { return isError(u.vm, v) }},
		{"isFinite", func(v goja.Value) bool {
			return goja.IsNumber(v) && !math.IsNaN(v.ToFloat()) && !math.IsInf(v.ToFloat(), 0)
		}},
		{"isFunction", isFunction},
		{"isInteger", whole},
		{"isNull", goja.IsNull},
		{"isNullOrUndefined", func(v goja.Value) bool { return !engine.Given(v) }},
		{"isNumber", goja.IsNumber},
		{"isObject", object},
		{"isPrimitive", func(v goja.Value) bool { _, ok := v.(*goja.Object); return !ok }},
		{"isRegExp", kind("RegExp")},
		{"isString", goja.IsString},
		{"isSymbol", func(v goja.Value) bool { _, ok := v.(*goja.Symbol); return ok }},
		{"isUndefined", goja.IsUndefined},
	} {
		u.test(u.o, t.name, t.is)
	}
}

func isFunction(v goja.Value) bool {
	_, ok := goja.AssertFunction(v)
	return ok
}

// classOf is the built-in class of an object, empty for anything else.
func classOf(v goja.Value) string {
	if obj, ok := v.(*goja.Object); ok {
		return obj.ClassName()
	}
	return ""
}

// isError reports whether a value inherits from Error.
func isError(vm *engine.VM, v goja.Value) bool {
	obj, ok := v.(*goja.Object)
	if !ok {
		return false
	}
	return obj.ClassName() == "Error" || vm.Runtime().InstanceOf(obj, vm.Original("Error"))
}

// exported reports whether goja's Go form of an object is of a type.
func exported(v goja.Value, t reflect.Type) bool {
	obj, ok := v.(*goja.Object)
	return ok && obj.ExportType() == t
}

func isMap(v goja.Value) bool { return exported(v, mapType) }

func isSet(v goja.Value) bool {
	return exported(v, setType) && classOf(v) != "Array" && classOf(v) != "Arguments"
}

// boxed is the kind of primitive in an object such as new Number(1), empty for others.
func boxed(v goja.Value) string {
	switch name := classOf(v); {
	case name == "Number" || name == "String" || name == "Boolean":
		return name
	case name == "Object" && exported(v, reflect.TypeFor[*big.Int]()):
		return "BigInt"
	case name == "Object" && exported(v, reflect.TypeFor[string]()):
		return "Symbol"
	}
	return ""
}

// viewKind is the class of a typed array or a DataView, empty for others.
func (u *util) viewKind(v goja.Value) string {
	obj, ok := v.(*goja.Object)
	if _, bytes := u.vm.Bytes(v); !ok || !bytes || u.vm.IsArrayBuffer(v) {
		return ""
	}
	if u.vm.IsBuffer(v) {
		return "Uint8Array"
	}
	if obj.ExportType().Kind() != reflect.Slice {
		return "DataView"
	}
	if tag := obj.GetSymbol(goja.SymToStringTag); tag != nil {
		return tag.String()
	}
	return ""
}

// types is util.types.
func (u *util) types() *goja.Object {
	o := u.vm.NewObject()
	tagged := func(tag string) func(goja.Value) bool {
		return func(v goja.Value) bool {
			obj, ok := v.(*goja.Object)
			if !ok {
				return false
			}
			t := obj.GetSymbol(goja.SymToStringTag)
			return t != nil && goja.IsString(t) && t.String() == tag
		}
	}
	never := func(goja.Value) bool { return false }
	for _, t := range []struct {
		name string
		is   func(goja.Value) bool
	}{
		{"isExternal", never},
		{"isDate", func(v goja.Value) bool { return classOf(v) == "Date" }},
		{"isArgumentsObject", func(v goja.Value) bool { return classOf(v) == "Arguments" }},
		{"isNativeError", func(v goja.Value) bool { return classOf(v) == "Error" }},
		{"isRegExp", func(v goja.Value) bool { return classOf(v) == "RegExp" }},
		{"isAsyncFunction", func(v goja.Value) bool { return isFunction(v) && tagged("AsyncFunction")(v) }},
		{"isGeneratorFunction", func(v goja.Value) bool { return isFunction(v) && tagged("GeneratorFunction")(v) }},
		{"isGeneratorObject", tagged("Generator")},
		{"isPromise", func(v goja.Value) bool { return exported(v, reflect.TypeFor[*goja.Promise]()) }},
		{"isMap", isMap},
		{"isSet", isSet},
		{"isMapIterator", tagged("Map Iterator")},
		{"isSetIterator", tagged("Set Iterator")},
		{"isWeakMap", u.has("WeakMap")},
		{"isWeakSet", u.has("WeakSet")},
		{"isArrayBuffer", u.vm.IsArrayBuffer},
		{"isAnyArrayBuffer", u.vm.IsArrayBuffer},
		{"isSharedArrayBuffer", never},
		{"isDataView", func(v goja.Value) bool { return u.viewKind(v) == "DataView" }},
		{"isProxy", func(v goja.Value) bool { return exported(v, reflect.TypeFor[goja.Proxy]()) }},
		{"isModuleNamespaceObject", never},
		{"isBoxedPrimitive", func(v goja.Value) bool { return boxed(v) != "" }},
		{"isArrayBufferView", func(v goja.Value) bool { return u.viewKind(v) != "" }},
		{"isTypedArray", func(v goja.Value) bool { k := u.viewKind(v); return k != "" && k != "DataView" }},
		{"isKeyObject", never},
		{"isCryptoKey", never},
	} {
		u.test(o, t.name, t.is)
	}
	for _, class := range []string{"BigInt", "Boolean", "Number", "String", "Symbol"} {
		u.test(o, "is"+class+"Object", func(v goja.Value) bool { return boxed(v) == class })
	}
	for _, class := range []string{
		"Uint8Array", "Uint8ClampedArray", "Uint16Array", "Uint32Array", "Int8Array", "Int16Array", "Int32Array",
		"Float32Array", "Float64Array", "BigInt64Array", "BigUint64Array",
	} {
		u.test(o, "is"+class, func(v goja.Value) bool { return u.viewKind(v) == class })
	}
	return o
}

// has tells a weak collection by its method has, which refuses what is none.
func (u *util) has(class string) func(goja.Value) bool {
	proto := u.rt.Get(class).ToObject(u.rt).Get("prototype").ToObject(u.rt)
	f, _ := u.vm.ToFunc(proto.Get("has"))
	return func(v goja.Value) bool {
		obj, ok := v.(*goja.Object)
		return ok && u.rt.Try(func() { f.Call(obj, u.vm.NewObject()) }) == nil
	}
}
