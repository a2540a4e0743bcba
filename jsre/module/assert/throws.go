package assert

import (
	"github.com/dop251/goja"

	"dunlin/jsre/engine"
)

// expectation is what the script says of an exception or rejection.
type expectation struct {
	name    string     // of the function
	error   goja.Value // what is expected
	message goja.Value
}

// throws is throws(fn[, error][, message]) and doesNotThrow.
func (m *asserts) throws(name string, a engine.Args) goja.Value {
	f, ok := m.vm.ToFunc(a.Value(0))
	if !ok {
		m.wrongType("fn", "of type function", a.Value(0))
	}
	var thrown goja.Value
	if ex := m.rt.Try(func() { f.Call(goja.Undefined()) }); ex != nil {
		thrown = ex.Value()
	}
	m.judge(expectation{name, a.Value(1), a.Value(2)}, thrown, a.Len())
	return goja.Undefined()
}

// rejects is rejects(promise or function[, error][, message]) and doesNotReject.
func (m *asserts) rejects(name string, a engine.Args) goja.Value {
	out, resolve, reject := m.rt.NewPromise()
	judge := func(thrown goja.Value) {
		if ex := m.rt.Try(func() { m.judge(expectation{name, a.Value(1), a.Value(2)}, thrown, a.Len()) }); ex != nil {
			_ = reject(ex.Value())
			return
		}
		_ = resolve(goja.Undefined())
	}
	if ex := m.rt.Try(func() { m.wait(a.Value(0), judge) }); ex != nil {
		_ = reject(ex.Value())
	}
	return m.rt.ToValue(out)
}

// wait calls back with the reason of a promise that is rejected, nil for one that is kept.
func (m *asserts) wait(v goja.Value, done func(goja.Value)) {
	if f, ok := m.vm.ToFunc(v); ok {
		v = f.Call(goja.Undefined())
		if _, ok := thenable(m.vm, v); !ok {
			panic(m.vm.NewError("TypeError", "ERR_INVALID_RETURN_VALUE",
				`Expected instance of Promise to be returned from the "promiseFn" function but got `+m.received(v)+"."))
		}
	}
	then, ok := thenable(m.vm, v)
	if !ok {
		m.wrongType("promiseFn", "of type function or an instance of Promise", v)
	}
	kept := m.vm.NewFunction("", func(goja.FunctionCall) goja.Value { done(nil); return goja.Undefined() })
	broken := m.vm.NewFunction("", func(c goja.FunctionCall) goja.Value { done(c.Argument(0)); return goja.Undefined() })
	then.Call(v, kept, broken)
}

func thenable(vm *engine.VM, v goja.Value) (*engine.Func, bool) {
	obj, ok := v.(*goja.Object)
	if !ok {
		return nil, false
	}
	then, ok := vm.ToFunc(obj.Get("then"))
	_, ok2 := vm.ToFunc(obj.Get("catch"))
	return then, ok && ok2
}

// judge compares what was thrown, nil for nothing, with what the script expects.
func (m *asserts) judge(e expectation, thrown goja.Value, args int) {
	if e.name == "throws" || e.name == "rejects" {
		m.expects(e, thrown, args)
		return
	}
	if thrown == nil {
		return
	}
	if goja.IsString(e.error) {
		e.error, e.message = goja.Undefined(), e.error
	}
	if e.error.ToBoolean() && !m.isMeant(e.error, thrown) {
		panic(thrown)
	}
	kind := "exception"
	if e.name == "doesNotReject" {
		kind = "rejection"
	}
	said := "undefined"
	if obj, ok := thrown.(*goja.Object); ok {
		said = get(obj, "message").String()
	} else if !thrown.ToBoolean() {
		said = thrown.String()
	}
	text := "Got unwanted " + kind + m.details(e.message) + "\nActual message: \"" + said + "\""
	m.fail(failure{actual: thrown, expected: e.error, message: m.rt.ToValue(text), operator: e.name})
}

func (m *asserts) details(message goja.Value) string {
	if message.ToBoolean() {
		return ": " + message.String()
	}
	return "."
}

// isMeant reports whether doesNotThrow speaks of what was thrown.
func (m *asserts) isMeant(expected, thrown goja.Value) bool {
	obj, ok := expected.(*goja.Object)
	f, isFunc := m.vm.ToFunc(expected)
	switch {
	case ok && obj.ClassName() == "RegExp":
		return m.matches(obj, m.rt.ToValue(m.string(thrown)))
	case !isFunc:
		m.wrongType("expected", "of type function or an instance of RegExp", expected)
	case m.isInstance(thrown, obj):
		return true
	case m.isErrorClass(obj):
		return false
	}
	v := f.Call(m.vm.NewObject(), thrown)
	return v.StrictEquals(m.rt.ToValue(true))
}

func (m *asserts) isInstance(v goja.Value, class *goja.Object) bool {
	return !goja.IsUndefined(get(class, "prototype")) && m.rt.InstanceOf(v, class)
}

// isErrorClass reports whether a function is Error or inherits from it.
func (m *asserts) isErrorClass(f *goja.Object) bool {
	base := m.vm.Original("Error")
	for o := f.Prototype(); o != nil; o = o.Prototype() {
		if o == base {
			return true
		}
	}
	return false
}

// string is String(v).
func (m *asserts) string(v goja.Value) string {
	if s, ok := v.(*goja.Symbol); ok {
		return "Symbol(" + s.String() + ")"
	}
	return v.String()
}

// expects is the part of throws and rejects.
func (m *asserts) expects(e expectation, thrown goja.Value, args int) {
	if goja.IsString(e.error) {
		e = m.onlyMessage(e, thrown, args)
	} else if _, ok := e.error.(*goja.Object); !ok && engine.Given(e.error) {
		m.wrongType("error", "of type function or an instance of Error, RegExp, or Object", e.error)
	}
	if thrown == nil {
		details := ""
		if obj, ok := e.error.(*goja.Object); ok && get(obj, "name").ToBoolean() {
			details = " (" + get(obj, "name").String() + ")"
		}
		kind := "exception"
		if e.name == "rejects" {
			kind = "rejection"
		}
		text := "Missing expected " + kind + details + m.details(e.message)
		m.fail(failure{actual: goja.Undefined(), expected: e.error, message: m.rt.ToValue(text), operator: e.name})
	}
	if obj, ok := e.error.(*goja.Object); ok {
		m.expected(e, obj, thrown)
	}
}

// onlyMessage takes a second argument that is a string for the message. It must not be the message of
// the error, which it may have been meant to check.
func (m *asserts) onlyMessage(e expectation, thrown goja.Value, args int) expectation {
	if args == 3 {
		m.wrongType("error", "of type function or an instance of Error, RegExp, or Object", e.error)
	}
	text := ""
	obj, ok := thrown.(*goja.Object)
	switch {
	case ok && get(obj, "message").SameAs(e.error):
		text = `The error message "` + e.error.String() + `" is identical to the message.`
	case !ok && thrown != nil && thrown.SameAs(e.error):
		text = `The error "` + e.error.String() + `" is identical to the message.`
	}
	if text != "" {
		panic(m.vm.NewError("TypeError", "ERR_AMBIGUOUS_ARGUMENT", `The "error/message" argument is ambiguous. `+text))
	}
	e.error, e.message = goja.Undefined(), e.error
	return e
}

// expected compares what was thrown with a regular expression, a class, a function or an object.
func (m *asserts) expected(e expectation, want *goja.Object, thrown goja.Value) {
	f := failure{actual: thrown, expected: want, message: e.message, operator: e.name}
	check, isFunc := m.vm.ToFunc(want)
	switch {
	case want.ClassName() == "RegExp":
		text := m.rt.ToValue(m.string(thrown))
		if m.matches(want, text) {
			return
		}
		m.generate(&f, "The input did not match the regular expression "+m.show(want)+". Input:\n\n"+m.show(text)+"\n")
	case isFunc && m.isInstance(thrown, want):
		return
	case isFunc && m.isErrorClass(want):
		m.generate(&f, m.wrongClass(want, thrown))
	case isFunc:
		v := check.Call(m.vm.NewObject(), thrown)
		if v.StrictEquals(m.rt.ToValue(true)) {
			return
		}
		m.generate(&f, m.notTrue(want, v, thrown))
	default:
		m.properties(e, want, thrown)
		return
	}
	m.fail(f)
}

// generate gives a failure a message where the script gave none.
func (m *asserts) generate(f *failure, text string) {
	if !f.message.ToBoolean() {
		f.message, f.generated = m.rt.ToValue(text), true
	}
}

func (m *asserts) wrongClass(want *goja.Object, thrown goja.Value) string {
	name := get(want, "name").String()
	text := `The error is expected to be an instance of "` + name + `". Received `
	err, ok := thrown.(*goja.Object)
	if !ok || err.ClassName() != "Error" {
		o := m.in.Defaults()
		o.Depth = -1
		return text + `"` + m.in.MustInspect(thrown, o) + `"`
	}
	got := get(err, "name").String()
	if class, ok := get(err, "constructor").(*goja.Object); ok && get(class, "name").ToBoolean() {
		got = get(class, "name").String()
	}
	if got == name {
		text += "an error with identical name but a different prototype."
	} else {
		text += `"` + got + `"`
	}
	if message := get(err, "message"); message.ToBoolean() {
		text += "\n\nError message:\n\n" + message.String()
	}
	return text
}

func (m *asserts) notTrue(check *goja.Object, v, thrown goja.Value) string {
	name := get(check, "name").String()
	if name != "" {
		name = `"` + name + `" `
	}
	text := "The " + name + `validation function is expected to return "true". Received ` + m.show(v)
	if err, ok := thrown.(*goja.Object); ok && err.ClassName() == "Error" {
		text += "\n\nCaught error:\n\n" + err.String()
	}
	return text
}

// properties compares the properties of an object with those of what was thrown.
func (m *asserts) properties(e expectation, want *goja.Object, thrown goja.Value) {
	err, ok := thrown.(*goja.Object)
	if !ok {
		m.fail(failure{actual: thrown, expected: want, message: e.message, operator: "deepStrictEqual", shown: e.name})
	}
	keys := want.Keys()
	if want.ClassName() == "Error" {
		keys = append(keys, "name", "message")
	} else if len(keys) == 0 {
		panic(m.vm.NewError("TypeError", "ERR_INVALID_ARG_VALUE", "The argument 'error' may not be an empty object. Received {}"))
	}
	same := comparisons[6].holds // deepStrictEqual
	for _, k := range keys {
		v := err.Get(k)
		if pattern, ok := get(want, k).(*goja.Object); ok && pattern.ClassName() == "RegExp" && v != nil && goja.IsString(v) && m.matches(pattern, v) {
			continue
		}
		if v != nil && same(m.vm, v, get(want, k)) {
			continue
		}
		m.differ(e, want, err, keys)
	}
}

// differ fails with the difference of the properties that were compared.
func (m *asserts) differ(e expectation, want, err *goja.Object, keys []string) {
	if e.message.ToBoolean() {
		m.fail(failure{actual: err, expected: want, message: e.message, operator: e.name})
	}
	class, _ := m.vm.NewClass("Comparison", func(goja.ConstructorCall) *goja.Object { return nil })
	pick := func(from, other *goja.Object) *goja.Object {
		out, newErr := m.rt.New(class)
		if newErr != nil {
			panic(newErr)
		}
		for _, k := range keys {
			v := from.Get(k)
			if v == nil {
				continue
			}
			if pattern, ok := v.(*goja.Object); ok && other != nil && pattern.ClassName() == "RegExp" && goja.IsString(get(other, k)) && m.matches(pattern, get(other, k)) {
				v = other.Get(k)
			}
			_ = out.Set(k, v)
		}
		return out
	}
	obj := m.build(m.rt.CreateObject(m.proto), failure{actual: pick(err, nil), expected: pick(want, err), operator: "deepStrictEqual", shown: e.name})
	_ = obj.Set("actual", err)
	_ = obj.Set("expected", want)
	panic(obj)
}
