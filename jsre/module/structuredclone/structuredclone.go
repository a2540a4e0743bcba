// Package structuredclone is the global structuredClone: copies of values with all that they lead to.
package structuredclone

import (
	"bytes"
	"math/big"
	"reflect"
	"strings"

	"github.com/dop251/goja"

	"dunlin/jsre/engine"
	"dunlin/jsre/module/domexception"
	"dunlin/jsre/nodeerr"
)

// maxDepth is how deep values may nest.
const maxDepth = 5000

// Module defines the global.
func Module() engine.Module {
	return engine.Module{Name: "structuredclone", Setup: func(vm *engine.VM) error {
		vm.LazyGlobal("structuredClone", func() goja.Value { return newFunction(vm) })
		return nil
	}}
}

// natives are functions and prototypes of the engine as they were when they were first wanted.
type natives struct {
	vm                        *engine.VM
	rt                        *goja.Runtime
	mapEach, setEach, getTime *engine.Func
	views                     map[bool]view           // of typed arrays, and of DataView
	protos                    map[*goja.Object]string // of built-in classes, to their names
}

// view are the getters of a view, which a script cannot shadow.
type view struct{ buffer, offset, length *engine.Func }

// getters finds the getters of a prototype.
func (n *natives) getters(proto *goja.Object, length string) view {
	describe, _ := n.vm.ToFunc(n.class("Object").Get("getOwnPropertyDescriptor"))
	get := func(name string) *engine.Func {
		f, _ := n.vm.ToFunc(describe.Call(goja.Undefined(), proto, n.rt.ToValue(name)).ToObject(n.rt).Get("get"))
		return f
	}
	return view{get("buffer"), get("byteOffset"), get(length)}
}

func newFunction(vm *engine.VM) goja.Value {
	n := &natives{vm: vm, rt: vm.Runtime(), protos: map[*goja.Object]string{}}
	proto := func(class string) *goja.Object { return n.class(class).Get("prototype").ToObject(n.rt) }
	n.mapEach, _ = vm.ToFunc(proto("Map").Get("forEach"))
	n.setEach, _ = vm.ToFunc(proto("Set").Get("forEach"))
	n.getTime, _ = vm.ToFunc(proto("Date").Get("getTime"))
	n.views = map[bool]view{false: n.getters(proto("Uint8Array").Prototype(), "length"), true: n.getters(proto("DataView"), "byteLength")}
	for name := range strings.FieldsSeq("Int8Array Uint8Array Uint8ClampedArray Int16Array Uint16Array Int32Array Uint32Array Float32Array Float64Array BigInt64Array BigUint64Array DataView " +
		"Map Set WeakMap WeakSet Promise Error EvalError RangeError ReferenceError SyntaxError TypeError URIError") {
		n.protos[proto(name)] = name
	}
	return vm.NewFunction("structuredClone", func(c goja.FunctionCall) goja.Value {
		if len(c.Arguments) == 0 {
			nodeerr.Throw(vm, "TypeError", "ERR_MISSING_ARGS", "The value argument must be specified")
		}
		cl := &cloner{natives: n, seen: map[*goja.Object]*goja.Object{}}
		given := cl.transfer(c.Argument(1))
		out := cl.value(c.Argument(0), 0)
		for _, b := range given {
			b.Detach()
		}
		return out
	})
}

func (n *natives) class(name string) *goja.Object { return n.rt.Get(name).ToObject(n.rt) }

func (n *natives) construct(class string, args ...any) *goja.Object {
	values := make([]goja.Value, len(args))
	for i, a := range args {
		values[i] = n.rt.ToValue(a)
	}
	obj, err := n.rt.New(n.class(class), values...)
	if err != nil {
		panic(err)
	}
	return obj
}

// cloner is one call.
type cloner struct {
	*natives
	seen map[*goja.Object]*goja.Object // copies by what they were made of
}

func (c *cloner) refuse(text string) {
	panic(domexception.New(c.vm, text, "DataCloneError"))
}

// transfer moves ArrayBuffers: the copies get their memory, and those given are empty afterwards.
func (c *cloner) transfer(options goja.Value) (given []goja.ArrayBuffer) {
	o, ok := options.(*goja.Object)
	if !ok {
		if engine.Given(options) {
			nodeerr.Throw(c.vm, "TypeError", "ERR_INVALID_ARG_TYPE", "The options argument must be either an object or undefined")
		}
		return nil
	}
	transfer := c.vm.Field(o, "transfer")
	list, ok := transfer.(*goja.Object)
	if !ok {
		if engine.Given(transfer) {
			nodeerr.Throw(c.vm, "TypeError", "ERR_INVALID_ARG_TYPE", "Optional transferList argument must be an iterable")
		}
		return nil
	}
	c.rt.ForOf(list, func(v goja.Value) bool {
		obj, _ := v.(*goja.Object)
		if !c.vm.IsArrayBuffer(v) {
			nodeerr.Throw(c.vm, "TypeError", "ERR_INVALID_TRANSFER_OBJECT", "Found invalid object in transferList")
		}
		b, _ := obj.Export().(goja.ArrayBuffer)
		if c.seen[obj] != nil || b.Detached() {
			c.refuse("An ArrayBuffer is detached and could not be cloned.")
		}
		c.seen[obj] = c.rt.ToValue(c.rt.NewArrayBuffer(b.Bytes())).ToObject(c.rt)
		given = append(given, b)
		return true
	})
	return given
}

func (c *cloner) value(v goja.Value, depth int) goja.Value {
	obj, ok := c.vm.Settle(v).(*goja.Object)
	if !ok {
		if s, symbol := v.(*goja.Symbol); symbol {
			c.refuse("Symbol(" + s.String() + ") could not be cloned.")
		}
		return v
	}
	if depth > maxDepth {
		nodeerr.Throw(c.vm, "RangeError", "", "Maximum call stack size exceeded")
	}
	if depth&0xff == 0 {
		c.vm.CheckStop()
	}
	if copied := c.seen[obj]; copied != nil {
		return copied
	}
	if _, function := goja.AssertFunction(obj); function {
		c.refuse(obj.String() + " could not be cloned.")
	}
	if obj.ExportType() == reflect.TypeFor[goja.Proxy]() {
		c.refuse("#<Object> could not be cloned.")
	}
	if memory := c.memory(obj); memory != nil {
		return memory
	}
	return c.object(obj, depth)
}

// memory copies ArrayBuffers and views of them; nil for anything else.
func (c *cloner) memory(obj *goja.Object) *goja.Object {
	b, ok := c.vm.Bytes(obj)
	if !ok {
		return nil
	}
	if c.vm.IsArrayBuffer(obj) {
		return c.keep(obj, c.rt.ToValue(c.rt.NewArrayBuffer(bytes.Clone(b))).ToObject(c.rt))
	}
	name := c.builtin(obj)
	if name == "" {
		name = "Uint8Array"
	}
	get := c.views[name == "DataView"]
	source := get.buffer.Call(obj).ToObject(c.rt)
	copied := c.seen[source]
	if copied == nil {
		copied = c.memory(source)
	}
	return c.keep(obj, c.construct(name, copied, get.offset.Call(obj), get.length.Call(obj)))
}

// builtin is the name of the built-in class that an object is of, empty for none.
func (n *natives) builtin(obj *goja.Object) string {
	for p := obj.Prototype(); p != nil; p = p.Prototype() {
		if name := n.protos[p]; name != "" {
			return name
		}
	}
	return ""
}

func (c *cloner) keep(obj, copied *goja.Object) *goja.Object {
	c.seen[obj] = copied
	return copied
}

func (c *cloner) object(obj *goja.Object, depth int) goja.Value {
	switch name := obj.ClassName(); name {
	case "Array":
		out := c.keep(obj, c.rt.NewArray())
		_ = out.Set("length", obj.Get("length"))
		return c.members(obj, out, depth)
	case "Date":
		return c.keep(obj, c.construct("Date", c.getTime.Call(obj)))
	case "RegExp":
		return c.keep(obj, c.construct("RegExp", obj.Get("source"), obj.Get("flags")))
	case "Number", "String", "Boolean", "BigInt":
		f, ok := c.vm.ToFunc(c.class(name).Get("prototype").ToObject(c.rt).Get("valueOf"))
		if !ok {
			break
		}
		return c.keep(obj, f.Call(obj).ToObject(c.rt))
	case "Symbol":
		c.refuse("[object Symbol] could not be cloned.")
	case "Generator":
		c.refuse("[object Generator] could not be cloned.")
	case "Error":
		return c.failure(obj, depth)
	case "Object":
		return c.plain(obj, depth)
	}
	c.refuse("#<Object> could not be cloned.")
	return nil
}

// plain copies what goja calls an object: maps, sets and promises are, too.
func (c *cloner) plain(obj *goja.Object, depth int) goja.Value {
	switch name := c.builtin(obj); {
	case name == "Map" && obj.ExportType() == reflect.TypeFor[[][2]any]():
		return c.mapping(obj, depth)
	case name == "Set" && obj.ExportType() == reflect.TypeFor[[]any]():
		out := c.keep(obj, c.construct("Set"))
		add, _ := c.vm.ToFunc(out.Get("add"))
		c.setEach.Call(obj, c.rt.ToValue(func(call goja.FunctionCall) goja.Value {
			return add.Call(out, c.value(call.Argument(0), depth+1))
		}))
		return out
	case name == "WeakMap" || name == "WeakSet" || name == "Promise":
		c.refuse("#<" + name + "> could not be cloned.")
	}
	if obj.ExportType() == reflect.TypeFor[*big.Int]() { // Export of a plain object would make all that it leads to
		return c.keep(obj, c.rt.ToValue(obj.Export()).ToObject(c.rt))
	}
	switch kind := c.vm.InnerKind(obj); {
	case kind == "generatorObject":
		c.refuse("[object Generator] could not be cloned.")
	case strings.HasSuffix(kind, "IterObject"):
		c.refuse("#<Object> could not be cloned.")
	}
	return c.members(obj, c.keep(obj, c.rt.NewObject()), depth)
}

// members copies the enumerable members of an object.
func (c *cloner) members(obj, out *goja.Object, depth int) goja.Value {
	for _, key := range obj.Keys() {
		if v := obj.Get(key); v != nil {
			_ = out.DefineDataProperty(key, c.value(v, depth+1), goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_TRUE)
		}
	}
	return out
}

func (c *cloner) mapping(obj *goja.Object, depth int) goja.Value {
	out := c.keep(obj, c.construct("Map"))
	set, _ := c.vm.ToFunc(out.Get("set"))
	var pairs []goja.Value
	c.mapEach.Call(obj, c.rt.ToValue(func(call goja.FunctionCall) goja.Value {
		pairs = append(pairs, call.Argument(1), call.Argument(0))
		return goja.Undefined()
	}))
	for i := 0; i+1 < len(pairs); i += 2 {
		set.Call(out, c.value(pairs[i], depth+1), c.value(pairs[i+1], depth+1))
	}
	return out
}

// failure copies an error: its class if it is one of the language, message, stack and cause.
func (c *cloner) failure(obj *goja.Object, depth int) goja.Value {
	class := "Error"
	if name := obj.Get("name"); name != nil {
		for _, known := range c.protos {
			if known == name.String() && strings.HasSuffix(known, "Error") {
				class = known
			}
		}
	}
	out := c.keep(obj, c.construct(class))
	own := map[string]bool{}
	for _, name := range obj.GetOwnPropertyNames() {
		own[name] = true
	}
	for _, name := range []string{"stack", "message", "cause"} {
		if v := obj.Get(name); v != nil && (own[name] || name == "message" && v.String() != "") {
			_ = out.DefineDataProperty(name, c.value(v, depth+1), goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE)
		}
	}
	return out
}
