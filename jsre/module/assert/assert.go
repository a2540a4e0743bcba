// Package assert is the module assert, with the messages of Node.js.
package assert

import (
	"github.com/dop251/goja"

	"dunlin/jsre/engine"
	"dunlin/jsre/inspect"
	"dunlin/jsre/module/nodeutil"
)

// Module is require('assert').
func Module() engine.Module {
	return engine.Module{Name: "assert", Load: func(vm *engine.VM) goja.Value { return of(vm).loose }}
}

// Strict is require('assert/strict'): assert with equal and deepEqual strict.
func Strict() engine.Module {
	return engine.Module{Name: "assert/strict", Load: func(vm *engine.VM) goja.Value { return of(vm).strict }}
}

type key struct{}

// asserts is the module.
type asserts struct {
	vm     *engine.VM
	rt     *goja.Runtime
	in     *inspect.Inspector
	class  *goja.Object // AssertionError
	proto  *goja.Object
	loose  *goja.Object
	strict *goja.Object
}

func of(vm *engine.VM) *asserts {
	m, _ := vm.Shared(key{}, func() any {
		m := &asserts{vm: vm, rt: vm.Runtime(), in: inspect.Of(vm)}
		m.defineError()
		m.loose = m.okFunction("ok")
		m.strict = m.okFunction("strict")
		m.define()
		return m
	}).(*asserts)
	return m
}

// define fills both forms of the module.
func (m *asserts) define() {
	both := func(name string, v any) {
		_ = m.loose.Set(name, v)
		_ = m.strict.Set(name, v)
	}
	both("fail", m.vm.NewFunction("fail", func(c goja.FunctionCall) goja.Value { return m.failed(c.Arguments) }))
	both("AssertionError", m.class)
	both("ok", m.loose)
	compare := map[string]*goja.Object{}
	for _, t := range comparisons {
		compare[t.name] = m.comparison(t)
		both(t.name, compare[t.name])
	}
	for weak, strong := range map[string]string{
		"equal": "strictEqual", "notEqual": "notStrictEqual", "deepEqual": "deepStrictEqual", "notDeepEqual": "notDeepStrictEqual",
	} {
		_ = m.strict.Set(weak, compare[strong])
	}
	for name, f := range map[string]func(string, engine.Args) goja.Value{
		"throws": m.throws, "doesNotThrow": m.throws, "rejects": m.rejects, "doesNotReject": m.rejects,
		"match": m.match, "doesNotMatch": m.match, "ifError": m.ifError,
	} {
		both(name, m.vm.NewFunction(name, func(c goja.FunctionCall) goja.Value { return f(name, m.vm.Args(name, c.Arguments)) }))
	}
	both("strict", m.strict)
}

// comparisonKind is an assertion about two values.
type comparisonKind struct {
	name, operator string
	holds          func(vm *engine.VM, a, b goja.Value) bool
}

var comparisons = []comparisonKind{
	{"equal", "==", looselyEqual},
	{"notEqual", "!=", func(vm *engine.VM, a, b goja.Value) bool { return !looselyEqual(vm, a, b) }},
	{"strictEqual", "strictEqual", func(_ *engine.VM, a, b goja.Value) bool { return a.SameAs(b) }},
	{"notStrictEqual", "notStrictEqual", func(_ *engine.VM, a, b goja.Value) bool { return !a.SameAs(b) }},
	{"deepEqual", "deepEqual", func(vm *engine.VM, a, b goja.Value) bool { return nodeutil.DeepEqual(vm, a, b, false) }},
	{"notDeepEqual", "notDeepEqual", func(vm *engine.VM, a, b goja.Value) bool { return !nodeutil.DeepEqual(vm, a, b, false) }},
	{"deepStrictEqual", "deepStrictEqual", func(vm *engine.VM, a, b goja.Value) bool { return nodeutil.DeepEqual(vm, a, b, true) }},
	{"notDeepStrictEqual", "notDeepStrictEqual", func(vm *engine.VM, a, b goja.Value) bool { return !nodeutil.DeepEqual(vm, a, b, true) }},
}

func looselyEqual(_ *engine.VM, a, b goja.Value) bool {
	return a.Equals(b) || goja.IsNumber(a) && goja.IsNumber(b) && a.SameAs(b)
}

func (m *asserts) comparison(t comparisonKind) *goja.Object {
	return m.vm.NewFunction(t.name, func(c goja.FunctionCall) goja.Value {
		if len(c.Arguments) < 2 {
			panic(m.vm.NewError("TypeError", "ERR_MISSING_ARGS", `The "actual" and "expected" arguments must be specified`))
		}
		if a, b := c.Argument(0), c.Argument(1); !t.holds(m.vm, a, b) {
			m.fail(failure{actual: a, expected: b, message: c.Argument(2), operator: t.operator})
		}
		return goja.Undefined()
	})
}

// failed is assert.fail([message]) or, as in the past, fail(actual, expected[, message[, operator]]).
func (m *asserts) failed(args []goja.Value) goja.Value {
	at := func(i int) goja.Value {
		if i < len(args) {
			return args[i]
		}
		return goja.Undefined()
	}
	f := failure{actual: goja.Undefined(), expected: goja.Undefined(), operator: "fail"}
	switch {
	case len(args) <= 1 && !engine.Given(at(0)):
		f.message, f.generated = m.rt.ToValue("Failed"), true
	case len(args) == 1:
		f.message = at(0)
	default:
		f.actual, f.expected, f.message = at(0), at(1), at(2)
		if len(args) == 2 {
			f.operator = "!="
		}
		if engine.Given(at(3)) {
			f.operator = at(3).String()
		}
	}
	m.fail(f)
	return nil
}

// okFunction is assert itself, and assert.ok.
func (m *asserts) okFunction(name string) *goja.Object {
	return m.vm.NewFunction(name, func(c goja.FunctionCall) goja.Value {
		if len(c.Arguments) > 0 && c.Argument(0).ToBoolean() {
			return goja.Undefined()
		}
		f := failure{actual: c.Argument(0), expected: m.rt.ToValue(true), message: c.Argument(1), operator: "=="}
		switch {
		case len(c.Arguments) == 0:
			f.message, f.generated = m.rt.ToValue("No value argument passed to `assert.ok()`"), true
		case !engine.Given(f.message):
			f.generated = true
			if call := m.callText(); call != "" {
				f.message = m.rt.ToValue("The expression evaluated to a falsy value:\n\n  " + call + "\n")
			}
		}
		m.fail(f)
		return nil
	})
}

// ifError fails with what it is given, unless that is null or undefined.
func (m *asserts) ifError(_ string, a engine.Args) goja.Value {
	if !a.Given(0) {
		return goja.Undefined()
	}
	text := ""
	if obj, ok := a.Value(0).(*goja.Object); ok && goja.IsString(get(obj, "message")) {
		text = get(obj, "message").String()
		if class, ok := get(obj, "constructor").(*goja.Object); ok && text == "" {
			text = get(class, "name").String()
		}
	} else {
		text = m.show(a.Value(0))
	}
	m.fail(failure{actual: a.Value(0), expected: goja.Null(), message: m.rt.ToValue("ifError got unwanted exception: " + text), operator: "ifError"})
	return nil
}

// match is match(string, regexp[, message]) and doesNotMatch.
func (m *asserts) match(name string, a engine.Args) goja.Value {
	pattern, ok := a.Value(1).(*goja.Object)
	if !ok || pattern.ClassName() != "RegExp" {
		m.wrongType("regexp", "an instance of RegExp", a.Value(1))
	}
	text, wanted := a.Value(0), name == "match"
	if goja.IsString(text) && m.matches(pattern, text) == wanted {
		return goja.Undefined()
	}
	f := failure{actual: text, expected: pattern, message: a.Value(2), operator: name}
	if !f.message.ToBoolean() {
		f.generated = true
		said := "The input did not match the regular expression "
		if !wanted {
			said = "The input was expected to not match the regular expression "
		}
		said += m.show(pattern) + ". Input:\n\n" + m.show(text) + "\n"
		if !goja.IsString(text) {
			said = `The "string" argument must be of type string. Received type ` + typeOf(m.vm, text) + " (" + m.show(text) + ")"
		}
		f.message = m.rt.ToValue(said)
	}
	m.fail(f)
	return nil
}

// matches runs a regular expression.
func (m *asserts) matches(pattern *goja.Object, text goja.Value) bool {
	exec := m.vm.CheckFunc("exec of the regular expression", pattern.Get("exec"))
	return !goja.IsNull(exec.Call(pattern, text))
}

// show is a value as util.inspect shows it.
func (m *asserts) show(v goja.Value) string { return m.in.MustInspect(v, m.in.Defaults()) }

func get(obj *goja.Object, name string) goja.Value {
	if v := obj.Get(name); v != nil {
		return v
	}
	return goja.Undefined()
}

// typeOf is typeof v.
func typeOf(vm *engine.VM, v goja.Value) string {
	if _, ok := v.(*goja.Object); !ok && !goja.IsNull(v) {
		return vm.TypeName(v)
	}
	if _, ok := goja.AssertFunction(v); ok {
		return "function"
	}
	return "object"
}

// wrongType throws the error of an argument of the wrong type.
func (m *asserts) wrongType(name, wanted string, v goja.Value) {
	panic(m.vm.NewError("TypeError", "ERR_INVALID_ARG_TYPE", `The "`+name+`" argument must be `+wanted+". Received "+m.received(v)))
}

// received names a value and its type.
func (m *asserts) received(v goja.Value) string {
	shown := m.show(v)
	switch obj, ok := v.(*goja.Object); {
	case !engine.Given(v):
	case ok && typeOf(m.vm, v) == "function":
		return "function " + get(obj, "name").String()
	case ok:
		if class, ok := get(obj, "constructor").(*goja.Object); ok && get(class, "name").ToBoolean() {
			return "an instance of " + get(class, "name").String()
		}
	default:
		return "type " + typeOf(m.vm, v) + " (" + shown + ")"
	}
	return shown
}
