package console

import (
	"strconv"

	"github.com/dop251/goja"
)

// tags are the modules whose console.tag is let through, or not.
type tags struct{ allowed, denied map[string]bool }

// passes reports whether the lines of a module are printed.
func (t tags) passes(id string) bool {
	if len(t.allowed) > 0 {
		return t.allowed[id]
	}
	return !t.denied[id]
}

// jsre defines what JSRE's console has beside that of Node.js.
func (c *console) jsre() {
	vm := c.vm
	c.filter = tags{map[string]bool{}, map[string]bool{}}
	vm.Method(c.obj, "toString", func(call goja.FunctionCall) goja.Value {
		if len(call.Arguments) == 0 {
			return vm.Runtime().ToValue("[object console]")
		}
		return vm.Runtime().ToValue(c.in.Format(call.Arguments, c.in.Defaults()))
	})
	vm.Export(c.obj, "backtrace", func(goja.FunctionCall) goja.Value {
		var out []any
		for _, f := range vm.CallStack() {
			if f.File != "" {
				out = append(out, f.String())
			}
		}
		return vm.Runtime().NewArray(out...)
	})
	vm.Export(c.obj, "drain", func(goja.FunctionCall) goja.Value { return goja.Undefined() })
	_ = c.obj.Set("tagEnable", false)
	vm.Export(c.obj, "tag", func(call goja.FunctionCall) goja.Value {
		a := vm.Args("tag", call.Arguments)
		module := a.Object(0, "module")
		id := module.Get("id")
		if on := c.obj.Get("tagEnable"); id != nil && on != nil && on.ToBoolean() && c.filter.passes(id.String()) {
			c.log(c.out, call.Arguments[1:])
		}
		return goja.Undefined()
	})
	vm.Export(c.obj, "tagFilterAdd", func(call goja.FunctionCall) goja.Value {
		list := c.filter.allowed
		if call.Argument(1).ToBoolean() {
			list = c.filter.denied
		}
		each(call.Argument(0), func(id string) { list[id] = true })
		return goja.Undefined()
	})
	vm.Export(c.obj, "tagFilterDelete", func(call goja.FunctionCall) goja.Value {
		each(call.Argument(0), func(id string) {
			delete(c.filter.allowed, id)
			delete(c.filter.denied, id)
		})
		return goja.Undefined()
	})
}

// each calls f with a name, or with those of an array.
func each(v goja.Value, f func(string)) {
	list, ok := v.(*goja.Object)
	if !ok || list.ClassName() != "Array" {
		f(v.String())
		return
	}
	for i := range list.Get("length").ToInteger() {
		if id := list.Get(strconv.FormatInt(i, 10)); id != nil {
			f(id.String())
		}
	}
}
