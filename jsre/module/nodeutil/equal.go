package nodeutil

import (
	"bytes"
	"slices"
	"strconv"

	"github.com/dop251/goja"

	"dunlin/jsre/engine"
)

// maxDepth bounds how deep values are compared and copied: what lies deeper is a RangeError, as a call
// stack that ends.
const maxDepth = 5000

func tooDeep(vm *engine.VM) *goja.Object {
	return vm.NewError("RangeError", "", "Maximum call stack size exceeded")
}

// DeepEqual reports whether two values are alike down to their last property: strictly as
// assert.deepStrictEqual means it, or as assert.deepEqual does.
func DeepEqual(vm *engine.VM, a, b goja.Value, strict bool) bool {
	c := &comparison{vm: vm, rt: vm.Runtime(), strict: strict}
	return c.equal(a, b)
}

// comparison is one comparison of two values.
type comparison struct {
	vm     *engine.VM
	rt     *goja.Runtime
	strict bool
	left   []*goja.Object // the objects that are being compared
	right  []*goja.Object
}

func (c *comparison) equal(a, b goja.Value) bool {
	x, xObj := a.(*goja.Object)
	y, yObj := b.(*goja.Object)
	switch {
	case xObj && yObj && x == y:
		return true
	case !xObj || !yObj || isFunction(x) || isFunction(y):
		return c.primitives(a, b, xObj, yObj)
	case c.strict && x.Prototype() != y.Prototype():
		return false
	}
	if kindOf(c.vm, x) != kindOf(c.vm, y) {
		return false
	}
	return c.objects(x, y)
}

// primitives compares what is not two objects.
func (c *comparison) primitives(a, b goja.Value, xObj, yObj bool) bool {
	if c.strict {
		return a.SameAs(b)
	}
	if xObj || yObj {
		return false // also a function, which is like itself alone
	}
	return a.Equals(b) || a.SameAs(b)
}

// kindOf is the text that Object.prototype.toString gives, as far as built-in classes go.
func kindOf(vm *engine.VM, obj *goja.Object) string {
	kind := obj.ClassName()
	switch {
	case isMap(obj):
		kind = "Map"
	case isSet(obj):
		kind = "Set"
	case vm.IsArrayBuffer(obj):
		kind = "ArrayBuffer"
	case boxed(obj) != "":
		kind = boxed(obj)
	}
	if tag := obj.GetSymbol(goja.SymToStringTag); tag != nil && goja.IsString(tag) {
		kind += " " + tag.String()
	}
	return kind
}

func (c *comparison) objects(x, y *goja.Object) bool {
	if !c.same(x, y) {
		return false
	}
	for i := range c.left {
		if c.left[i] == x {
			return c.right[i] == y
		}
	}
	if len(c.left) > maxDepth {
		panic(tooDeep(c.vm))
	}
	c.left, c.right = append(c.left, x), append(c.right, y)
	defer func() { c.left, c.right = c.left[:len(c.left)-1], c.right[:len(c.right)-1] }()
	c.vm.CheckStop()
	switch {
	case isMap(x):
		if !c.maps(entries(c.vm, x), entries(c.vm, y)) {
			return false
		}
	case isSet(x):
		if !c.sets(entries(c.vm, x), entries(c.vm, y)) {
			return false
		}
	}
	return c.properties(x, y)
}

// same compares what a built-in class holds beside its properties.
func (c *comparison) same(x, y *goja.Object) bool {
	text := func(o *goja.Object, name string) string {
		v := o.Get(name)
		if v == nil {
			return "undefined"
		}
		return c.vm.TypeName(v) + v.String()
	}
	switch {
	case x.ClassName() == "Array":
		return text(x, "length") == text(y, "length")
	case x.ClassName() == "Date":
		return x.ToNumber().SameAs(y.ToNumber())
	case x.ClassName() == "RegExp":
		return x.String() == y.String() && text(x, "lastIndex") == text(y, "lastIndex")
	case isError(c.vm, x):
		return text(x, "message") == text(y, "message") && text(x, "name") == text(y, "name") && c.hidden(x, y, "cause") && c.hidden(x, y, "errors")
	case boxed(x) != "":
		return c.unboxed(x).SameAs(c.unboxed(y))
	}
	b, ok := c.vm.Bytes(x)
	if !ok {
		return true
	}
	other, _ := c.vm.Bytes(y)
	return bytes.Equal(b, other)
}

// hidden compares a property that may not be listed.
func (c *comparison) hidden(x, y *goja.Object, name string) bool {
	a, b := x.Get(name), y.Get(name)
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	return c.equal(a, b)
}

func (c *comparison) unboxed(o *goja.Object) goja.Value {
	if v := o.Get("valueOf"); v != nil {
		if f, ok := c.vm.ToFunc(v); ok {
			return f.Call(o)
		}
	}
	return o
}

// properties compares own properties that can be listed, and symbols when strict.
func (c *comparison) properties(x, y *goja.Object) bool {
	keys, other := x.Keys(), y.Keys()
	if _, ok := c.vm.Bytes(x); ok { // the elements are compared already
		isIndex := func(k string) bool { _, err := strconv.ParseUint(k, 10, 32); return err == nil }
		keys, other = slices.DeleteFunc(keys, isIndex), slices.DeleteFunc(other, isIndex)
	}
	if len(keys) != len(other) {
		return false
	}
	there := make(map[string]bool, len(other))
	for _, k := range other {
		there[k] = true
	}
	for _, k := range keys {
		if !there[k] || !c.equal(x.Get(k), y.Get(k)) {
			return false
		}
	}
	return !c.strict || c.symbols(x, y)
}

func (c *comparison) symbols(x, y *goja.Object) bool {
	one, two := x.Symbols(), y.Symbols()
	if len(one) != len(two) {
		return false
	}
	for _, s := range one {
		if !slices.Contains(two, s) || !c.equal(x.GetSymbol(s), y.GetSymbol(s)) {
			return false
		}
	}
	return true
}

// entries are the key and value of each entry of a map; of a set, value and value.
func entries(vm *engine.VM, o *goja.Object) [][2]goja.Value {
	class := "Set"
	if isMap(o) {
		class = "Map"
	}
	proto := vm.Runtime().Get(class).ToObject(vm.Runtime()).Get("prototype").ToObject(vm.Runtime())
	var out [][2]goja.Value
	vm.CheckFunc("forEach", proto.Get("forEach")).Call(o, vm.Runtime().ToValue(func(c goja.FunctionCall) goja.Value {
		out = append(out, [2]goja.Value{c.Argument(1), c.Argument(0)})
		return nil
	}))
	return out
}

// sets finds a partner for each member.
func (c *comparison) sets(x, y [][2]goja.Value) bool {
	return c.pair(x, y, func(a, b [2]goja.Value) bool { return c.equal(a[1], b[1]) })
}

// maps finds a partner for each entry.
func (c *comparison) maps(x, y [][2]goja.Value) bool {
	return c.pair(x, y, func(a, b [2]goja.Value) bool { return c.equal(a[0], b[0]) && c.equal(a[1], b[1]) })
}

// pair looks for a different partner of each entry in the other list: the same key first, then a key
// that is alike.
func (c *comparison) pair(x, y [][2]goja.Value, alike func(a, b [2]goja.Value) bool) bool {
	if len(x) != len(y) {
		return false
	}
	exact := map[any]int{}
	for i, e := range y {
		exact[mapKey(e[0])] = i
	}
	taken := make([]bool, len(y))
	var rest [][2]goja.Value
	for _, e := range x {
		if i, ok := exact[mapKey(e[0])]; ok && !taken[i] && e[0].SameAs(y[i][0]) {
			if !alike(e, y[i]) {
				return false
			}
			taken[i] = true
			continue
		}
		if _, obj := e[0].(*goja.Object); !obj && c.strict {
			return false
		}
		rest = append(rest, e)
	}
	for _, e := range rest {
		i := -1
		for j := range y {
			if !taken[j] && alike(e, y[j]) {
				i = j
				break
			}
		}
		if i < 0 {
			return false
		}
		taken[i] = true
	}
	return true
}

// mapKey makes a key that is the same for the same object, symbol or equal primitive.
func mapKey(v goja.Value) any {
	switch v.(type) {
	case *goja.Object, *goja.Symbol:
		return v
	}
	kind := 'n'
	switch {
	case goja.IsString(v):
		kind = 's'
	case goja.IsBigInt(v):
		kind = 'b'
	}
	return string(kind) + v.String()
}
