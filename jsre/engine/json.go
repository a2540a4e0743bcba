package engine

import (
	"errors"
	"reflect"
	"slices"
	"unsafe"

	"github.com/dop251/goja"
	"github.com/dop251/goja/unistring"
)

// JSON.parse and JSON.stringify are our own: goja's report errors in Go's words, lose halves of
// surrogate pairs, and recurse on Go's stack, which ends the process when it outgrows its limit.

// maxJSONDepth is how deep JSON text and values that become it may nest: both functions recurse.
const maxJSONDepth = 10000

// jsonKinds are goja's kinds of objects that JSON text is made of and from, by the first words of their
// interface values, and where an array keeps its elements.
type jsonKinds struct {
	plain, array, proxy  unsafe.Pointer
	property             unsafe.Pointer // a property that is not plain: an accessor, or with other attributes
	elements, properties uintptr        // offsets in goja's arrayObject: its values, how many are not plain
}

var errJSON = errors.New("script engine: goja does not keep objects and arrays as JSON.parse and JSON.stringify were made for; pin the goja version this was written for")

func findJSONKinds(rt *goja.Runtime) (k jsonKinds, err error) {
	if !sameLayout(reflect.TypeFor[object](), reflect.TypeFor[goja.Object]()) {
		return k, errJSON
	}
	plain, array := rt.NewObject(), rt.NewArray(1)
	proxy := rt.ToValue(rt.NewProxy(plain, &goja.ProxyTrapConfig{})).ToObject(rt)
	self := reflect.ValueOf(plain).Elem().FieldByName("self").Elem()
	list := reflect.ValueOf(array).Elem().FieldByName("self").Elem()
	if self.Kind() != reflect.Pointer || list.Kind() != reflect.Pointer || !sameLayout(reflect.TypeFor[baseObject](), self.Type().Elem()) {
		return k, errJSON
	}
	values, ok := list.Type().Elem().FieldByName("values")
	count, ok2 := list.Type().Elem().FieldByName("propValueCount")
	if !ok || !ok2 || values.Type != reflect.TypeFor[[]goja.Value]() || count.Type != reflect.TypeFor[int]() {
		return k, errJSON
	}
	_ = plain.DefineDataProperty("x", rt.ToValue(1), goja.FLAG_FALSE, goja.FLAG_FALSE, goja.FLAG_FALSE)
	k = jsonKinds{
		plain: selfOf(plain).kind, array: selfOf(array).kind, proxy: selfOf(proxy).kind,
		elements: values.Offset, properties: count.Offset,
	}
	property := (*baseObject)(selfOf(plain).data).values["x"]
	k.property = valueWords(property).kind
	if !sameProperty(reflect.TypeOf(property)) {
		return k, errJSON
	}
	return k, nil
}

func selfOf(o *goja.Object) *anyInterface { return &(*object)(unsafe.Pointer(o)).self }

// parsedObject is an object that JSON.parse makes, in one piece of memory.
type parsedObject struct {
	outer object
	inner baseObject
}

// initJSON puts JSON.parse and JSON.stringify in the place of goja's.
func (vm *VM) initJSON() (err error) {
	if vm.json, err = findJSONKinds(vm.rt); err != nil {
		return err
	}
	json := vm.rt.GlobalObject().Get("JSON").ToObject(vm.rt)
	parse := vm.NativeMethod(json, "parse", 2, vm.jsonParse)
	vm.parseJSON, _ = vm.ToFunc(parse)
	vm.NativeMethod(json, "stringify", 3, vm.jsonStringify)
	return nil
}

// NativeMethod defines a native function in the place of one of the language: not enumerable, with
// a length.
func (vm *VM) NativeMethod(obj *goja.Object, name string, length int, f func(goja.FunctionCall) goja.Value) *goja.Object {
	fn := vm.NewNative(name, length, f)
	vm.define(obj, name, fn, goja.FLAG_FALSE)
	return fn
}

// asciiValue is a text that has ASCII only as a string value, which is not looked through again.
func (vm *VM) asciiValue(s string) goja.Value {
	w := anyInterface{vm.texts.ascii, unsafe.Pointer(&s)}
	return *(*goja.Value)(unsafe.Pointer(&w))
}

// isProxy reports whether an object is a proxy.
func (vm *VM) isProxy(o *goja.Object) bool { return selfOf(o).kind == vm.json.proxy }

// isArray is Array.isArray.
func (vm *VM) isArray(o *goja.Object) bool {
	for vm.isProxy(o) {
		p, _ := o.Export().(goja.Proxy)
		if o = p.Target(); o == nil {
			panic(vm.NewError("TypeError", "", "Cannot perform 'IsArray' on a proxy that has been revoked"))
		}
	}
	return o.ClassName() == "Array"
}

func (vm *VM) jsonParse(c goja.FunctionCall) goja.Value {
	var v goja.Value
	if ascii, wide := vm.Units(vm.ToText(c.Argument(0))); wide != nil {
		v = parseJSON(vm, wide)
	} else {
		v = parseJSON(vm, unsafe.Slice(unsafe.StringData(ascii), len(ascii)))
	}
	if reviver, ok := vm.ToFunc(c.Argument(1)); ok {
		root := vm.rt.NewObject()
		_ = root.Set("", v)
		return vm.revive(reviver, root, "", 0)
	}
	return v
}

// revive lets the reviver replace what holder has under name, after all that is inside it.
func (vm *VM) revive(reviver *Func, holder *goja.Object, name string, depth int) goja.Value {
	if depth > maxJSONDepth {
		panic(vm.overflow.error())
	}
	value := holder.Get(name)
	if value == nil {
		value = goja.Undefined()
	}
	if o, ok := value.(*goja.Object); ok {
		for _, key := range vm.ownKeys(o) {
			v := vm.revive(reviver, o, key, depth+1)
			if goja.IsUndefined(v) {
				_ = vm.rt.Try(func() { _ = o.Delete(key) })
				continue
			}
			_ = o.DefineDataProperty(key, v, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_TRUE)
		}
	}
	return reviver.Call(holder, vm.rt.ToValue(name), value)
}

// AddFields adds properties to an array that has just been made and has none of those names.
func (vm *VM) AddFields(array *goja.Object, names []string, values ...goja.Value) {
	if selfOf(array).kind != vm.json.array {
		return
	}
	base := (*baseObject)(selfOf(array).data)
	base.propNames = slices.Grow(base.propNames, len(names))
	for i, name := range names {
		base.values[unistring.String(name)] = values[i]
		base.propNames = append(base.propNames, unistring.String(name))
	}
}
