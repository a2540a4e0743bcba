package process

import (
	"slices"
	"strings"

	"github.com/dop251/goja"

	"dunlin/jsre/engine"
)

// environment are the variables that a script may see. They are its own copy: the host's stay as they
// are.
type environment struct {
	vm     *engine.VM
	names  []string
	values map[string]string
	obj    *goja.Object
}

func newEnvironment(vm *engine.VM) *environment { return &environment{vm: vm} }

// fill reads the variables when they are first asked for.
func (e *environment) fill() {
	if e.values != nil {
		return
	}
	e.values = map[string]string{}
	granted := e.vm.Options().Access.Env
	for _, kv := range e.vm.Options().Env {
		if k, v, ok := strings.Cut(kv, "="); ok && k != "" && (granted == nil || granted(k)) {
			e.set(k, v)
		}
	}
}

func (e *environment) set(name, value string) {
	if _, ok := e.values[name]; !ok {
		e.names = append(e.names, name)
	}
	e.values[name] = value
}

// object is process.env.
func (e *environment) object() *goja.Object {
	if e.obj == nil {
		e.obj = e.vm.Runtime().NewDynamicObject(e)
	}
	return e.obj
}

// Get implements goja.DynamicObject.
func (e *environment) Get(name string) goja.Value {
	e.fill()
	if v, ok := e.values[name]; ok {
		return e.vm.Runtime().ToValue(v)
	}
	return nil
}

// Set implements goja.DynamicObject: every value becomes a text.
func (e *environment) Set(name string, v goja.Value) bool {
	e.fill()
	if _, ok := v.(*goja.Symbol); ok {
		e.vm.ThrowType("process.env.%s must be a string, got symbol", name)
	}
	e.set(name, v.String())
	return true
}

// Has implements goja.DynamicObject.
func (e *environment) Has(name string) bool {
	e.fill()
	_, ok := e.values[name]
	return ok
}

// Delete implements goja.DynamicObject.
func (e *environment) Delete(name string) bool {
	e.fill()
	delete(e.values, name)
	e.names = slices.DeleteFunc(e.names, func(n string) bool { return n == name })
	return true
}

// Keys implements goja.DynamicObject.
func (e *environment) Keys() []string {
	e.fill()
	return slices.Clone(e.names)
}

// Getenv is a variable as the script sees it.
func Getenv(vm *engine.VM, name string) (string, bool) {
	e := hostOf(vm).env
	e.fill()
	v, ok := e.values[name]
	return v, ok
}

// variables are JSRE's functions for the environment.
func (h *host) variables() {
	vm, rt := h.vm, h.vm.Runtime()
	export := func(name string, f func(engine.Args) goja.Value) {
		vm.Export(h.obj, name, func(c goja.FunctionCall) goja.Value {
			h.env.fill()
			return f(vm.Args(name, c.Arguments))
		})
	}
	export("getenv", func(a engine.Args) goja.Value {
		if v, ok := h.env.values[a.String(0, "env")]; ok {
			return rt.ToValue(v)
		}
		return goja.Undefined()
	})
	export("setenv", func(a engine.Args) goja.Value {
		name, value := a.String(0, "env"), a.String(1, "value")
		if name == "" || strings.ContainsAny(name, "=\x00") {
			return rt.ToValue(false)
		}
		if h.env.Has(name) && a.Given(2) && !a.Bool(2, "overwrite") {
			return rt.ToValue(false)
		}
		h.env.set(name, value)
		return rt.ToValue(true)
	})
	export("unsetenv", func(a engine.Args) goja.Value {
		name := a.String(0, "env")
		there := h.env.Has(name)
		h.env.Delete(name)
		return rt.ToValue(there)
	})
	export("environ", func(a engine.Args) goja.Value {
		list := []any{}
		out := rt.NewObject()
		for _, k := range h.env.names {
			list = append(list, k+"="+h.env.values[k])
			_ = out.DefineDataProperty(k, rt.ToValue(h.env.values[k]), goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_TRUE)
		}
		if a.Value(0).ToBoolean() {
			return rt.NewArray(list...)
		}
		return out
	})
}
