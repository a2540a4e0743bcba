package nodeutil

import (
	"slices"

	"github.com/dop251/goja"

	"dunlin/jsre/engine"
)

// objects are the functions that copy and compare objects.
func (u *util) objects() {
	u.export("isDeepStrictEqual", func(a engine.Args) goja.Value {
		return u.rt.ToValue(DeepEqual(u.vm, a.Value(0), a.Value(1), true))
	})
	u.export("clone", func(a engine.Args) goja.Value {
		return u.clone(a.Value(0), map[*goja.Object]*goja.Object{}, 0)
	})
	u.export("_extend", func(a engine.Args) goja.Value { return u.assign(a, func(*goja.Object, string) bool { return true }) })
	u.export("mixin", func(a engine.Args) goja.Value { return u.assign(a, func(*goja.Object, string) bool { return true }) })
	u.export("fillup", func(a engine.Args) goja.Value {
		return u.assign(a, func(target *goja.Object, name string) bool { return !u.owns(target, name) })
	})
	u.export("update", func(a engine.Args) goja.Value {
		return u.assign(a, func(target *goja.Object, name string) bool { return u.owns(target, name) })
	})
	u.export("different", func(a engine.Args) goja.Value {
		target, source := a.Object(0, "target"), a.Object(1, "source")
		return u.rt.ToValue(slices.ContainsFunc(source.Keys(), func(k string) bool {
			return !u.owns(target, k) || !DeepEqual(u.vm, target.Get(k), source.Get(k), true)
		}))
	})
}

// owns reports whether an object has an own property that can be listed.
func (u *util) owns(o *goja.Object, name string) bool { return slices.Contains(o.Keys(), name) }

// assign copies the properties of the further arguments to the first, those that take lets pass.
func (u *util) assign(a engine.Args, take func(target *goja.Object, name string) bool) goja.Value {
	target := a.Object(0, "target")
	for i := 1; i < a.Len(); i++ {
		if !a.Given(i) {
			continue
		}
		source := a.Object(i, "source")
		for _, k := range source.Keys() {
			if take(target, k) {
				if err := target.Set(k, source.Get(k)); err != nil {
					panic(err)
				}
			}
		}
	}
	return target
}

// clone copies objects and arrays, maps and sets, dates and bytes with all that they hold; functions
// and what is made by other classes' natives are shared. The copies have the prototypes of the
// originals.
func (u *util) clone(v goja.Value, done map[*goja.Object]*goja.Object, depth int) goja.Value {
	obj, ok := v.(*goja.Object)
	if !ok || isFunction(obj) {
		return v
	}
	if depth > maxDepth {
		panic(tooDeep(u.vm))
	}
	if c, ok := done[obj]; ok {
		return c
	}
	out := u.shell(obj)
	if out == nil {
		return obj
	}
	done[obj] = out
	u.fill(out, obj, done, depth)
	for _, k := range obj.Keys() {
		if _, bytes := u.vm.Bytes(obj); bytes {
			break
		}
		if err := out.Set(k, u.clone(obj.Get(k), done, depth+1)); err != nil {
			panic(err)
		}
	}
	return out
}

// shell makes an empty object of the kind of another, nil for one that has to be shared.
func (u *util) shell(obj *goja.Object) *goja.Object {
	construct := func(class string, args ...goja.Value) *goja.Object {
		o, err := u.rt.New(u.rt.Get(class), args...)
		if err != nil {
			panic(err)
		}
		return o
	}
	var out *goja.Object
	if b, ok := u.vm.Bytes(obj); ok {
		return u.copyBytes(obj, b, construct)
	}
	switch {
	case obj.ClassName() == "Array":
		out = u.rt.NewArray()
	case obj.ClassName() == "Date" || obj.ClassName() == "RegExp":
		out = construct(obj.ClassName(), obj)
	case isMap(obj):
		out = construct("Map")
	case isSet(obj):
		out = construct("Set")
	case obj.ClassName() == "Object" && boxed(obj) == "" && u.vm.Slot(obj) == nil || obj.ClassName() == "Error":
		out = u.vm.NewObject()
	default:
		return nil
	}
	_ = out.SetPrototype(obj.Prototype())
	return out
}

// copyBytes copies an object that shows bytes; nil for a DataView, which is shared.
func (u *util) copyBytes(obj *goja.Object, b []byte, construct func(string, ...goja.Value) *goja.Object) *goja.Object {
	var out *goja.Object
	switch {
	case u.vm.IsBuffer(obj):
		return u.vm.NewBuffer(slices.Clone(b))
	case u.vm.IsArrayBuffer(obj):
		out, _ = u.rt.ToValue(u.rt.NewArrayBuffer(slices.Clone(b))).(*goja.Object)
	case u.viewKind(obj) == "DataView":
		return nil
	default:
		out = construct(u.viewKind(obj), obj)
	}
	_ = out.SetPrototype(obj.Prototype())
	return out
}

// fill copies the entries of a map or set.
func (u *util) fill(out, obj *goja.Object, done map[*goja.Object]*goja.Object, depth int) {
	if !isMap(obj) && !isSet(obj) {
		return
	}
	add := "add"
	if isMap(obj) {
		add = "set"
	}
	f := u.vm.CheckFunc("clone: "+add, out.Get(add))
	for _, e := range entries(u.vm, obj) {
		if isMap(obj) {
			f.Call(out, u.clone(e[0], done, depth+1), u.clone(e[1], done, depth+1))
		} else {
			f.Call(out, u.clone(e[1], done, depth+1))
		}
	}
}
