package engine

import (
	"maps"
	"strconv"
	"testing"

	"github.com/dop251/goja"
)

// TestNativeFunctionsAreFunctions: a native function of ours, which takes little memory, is to scripts what goja's
// own are.
func TestNativeFunctionsAreFunctions(t *testing.T) {
	vm, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	f := func(c goja.FunctionCall) goja.Value { return vm.rt.ToValue(len(c.Arguments)) }
	_ = vm.rt.Set("ours", func(goja.FunctionCall) goja.Value { return vm.NewNative("add", 2, f) })
	_ = vm.rt.Set("theirs", func(goja.FunctionCall) goja.Value { return vm.newFullFunction("add", 2, f) })
	for _, src := range []string{
		"typeof f", "f(1, 2, 3)", "f.call(null, 1)", "f.apply(null, [1, 2])", "f.bind(null, 1)(2)", "f.bind(null).name", "String(f)",
		"f instanceof Function", "Object.getPrototypeOf(f) === Function.prototype", "Object.prototype.toString.call(f)",
		"JSON.stringify(Object.getOwnPropertyDescriptors(f))", "Object.getOwnPropertyNames(f).sort().join()", "Object.keys(f).length",
		"'prototype' in f", "'name' in f", "f.hasOwnProperty('length')", "try { new f() } catch (e) { e.name }",
		"'use strict'; try { f.name = 'x' } catch (e) { e.name }", "f.name = 'x'; f.name", "delete f.name; delete f.length; f.name + f.length + Object.getOwnPropertyNames(f).length",
		"f.more = 1; Object.keys(f).join() + f.more", "Object.defineProperty(f, 'name', { value: 'new' }).name + f.name",
		"Object.isFrozen(Object.freeze(f)) + f.name", "Object.setPrototypeOf(f, null); f.call", "f[Symbol.iterator] = 1; Object.getOwnPropertySymbols(f).length",
		"Object.isExtensible(Object.preventExtensions(f)); f.x = 1; f.x", "(() => { let n = 0; for (const k in f) n++; return n; })()", "Reflect.ownKeys(f).length", "(() => { class A extends Function {} return f instanceof A; })()",
		"f === f && f !== 1", "new Map([[f, 1]]).get(f)", "structured = Object.assign({}, f); Object.keys(structured).length",
	} {
		got, want := run(t, vm, "ours", src), run(t, vm, "theirs", src)
		if got != want {
			t.Errorf("%s: %q, want %q", src, got, want)
		}
	}
}

// run is the last value of a script in which f is a new function.
func run(t *testing.T, vm *VM, maker, src string) string {
	t.Helper()
	v, err := vm.rt.RunString("f = " + maker + "();\n" + src)
	if err != nil {
		t.Fatalf("%s: %v", src, err)
	}
	return v.String()
}

// TestNamesThatScriptsMakeUpAreNotKept: the templates of native functions are shared by all runtimes for good, so
// that there is an end to them.
func TestNamesThatScriptsMakeUpAreNotKept(t *testing.T) {
	vm, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	before := templates.known
	templates.known = maps.Clone(before)
	t.Cleanup(func() { templates.known = before })
	for i := range maxTemplates + 10 {
		name := "made up " + strconv.Itoa(i)
		f := vm.NewFunction(name, func(goja.FunctionCall) goja.Value { return vm.rt.ToValue(i) })
		if got := f.Get("name").String(); got != name {
			t.Fatalf("a function is called %q, want %q", got, name)
		}
	}
	if n := len(templates.known); n > maxTemplates {
		t.Errorf("%d templates are kept, want %d at most", n, maxTemplates)
	}
}
