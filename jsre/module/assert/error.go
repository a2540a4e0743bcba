package assert

import (
	"strings"

	"github.com/dop251/goja"

	"dunlin/jsre/engine"
	"dunlin/jsre/inspect"
)

// failure is an assertion that does not hold.
type failure struct {
	actual, expected goja.Value
	message          goja.Value // undefined: the message is generated
	operator         string     // what was compared, and how
	shown            string     // the operator of the error, when it is another
	generated        bool
}

// fail throws the AssertionError of a failure, or the error that the script gave for it.
func (m *asserts) fail(f failure) {
	if err, ok := f.message.(*goja.Object); ok && err.ClassName() == "Error" {
		panic(err)
	}
	obj := m.rt.CreateObject(m.proto)
	panic(m.build(obj, f))
}

// defineError makes the class AssertionError.
func (m *asserts) defineError() {
	m.class, m.proto = m.vm.NewClass("AssertionError", func(c goja.ConstructorCall) *goja.Object {
		opts, ok := c.Argument(0).(*goja.Object)
		if !ok {
			m.wrongType("options", "of type object", c.Argument(0))
		}
		f := failure{
			actual: m.vm.Field(opts, "actual"), expected: m.vm.Field(opts, "expected"), message: m.vm.Field(opts, "message"),
			operator: "undefined",
		}
		if v := m.vm.Field(opts, "operator"); engine.Given(v) {
			f.operator = v.String()
		}
		return m.build(c.This, f)
	})
	base := m.vm.Original("Error")
	_ = m.proto.SetPrototype(base.Get("prototype").ToObject(m.rt))
	_ = m.class.SetPrototype(base)
	text := m.vm.NewFunction("toString", func(c goja.FunctionCall) goja.Value {
		this, ok := c.This.(*goja.Object)
		if !ok {
			return goja.Undefined()
		}
		return m.rt.ToValue(get(this, "name").String() + " [" + get(this, "code").String() + "]: " + get(this, "message").String())
	})
	_ = m.proto.DefineDataProperty("toString", text, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE)
}

// build makes the error of a failure, with the prototype of like.
func (m *asserts) build(like *goja.Object, f failure) *goja.Object {
	if f.message == nil {
		f.message = goja.Undefined()
	}
	given := engine.Given(f.message)
	text := ""
	if given {
		text = f.message.String()
	}
	err := m.vm.NewError("Error", "", m.text(f, text, given))
	_ = err.SetPrototype(like.Prototype())
	stack := m.vm.CleanStack(get(err, "stack").String())
	hide := func(name, v string) {
		_ = err.DefineDataProperty(name, m.rt.ToValue(v), goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE)
	}
	hide("name", "AssertionError")
	if rest, ok := strings.CutPrefix(stack, "Error"); ok {
		hide("stack", "AssertionError [ERR_ASSERTION]"+rest)
	}
	operator := f.operator
	if f.shown != "" {
		operator = f.shown
	}
	_ = err.Set("generatedMessage", !given || f.generated)
	_ = err.Set("code", "ERR_ASSERTION")
	_ = err.Set("actual", f.actual)
	_ = err.Set("expected", f.expected)
	_ = err.Set("operator", operator)
	if f.operator == "undefined" {
		_ = err.Set("operator", goja.Undefined())
	}
	return err
}

// headlines say what was expected.
var headlines = map[string]string{
	"deepStrictEqual":      "Expected values to be strictly deep-equal:",
	"strictEqual":          "Expected values to be strictly equal:",
	"strictEqualObject":    `Expected "actual" to be reference-equal to "expected":`,
	"deepEqual":            "Expected values to be loosely deep-equal:",
	"notDeepStrictEqual":   `Expected "actual" not to be strictly deep-equal to:`,
	"notStrictEqual":       `Expected "actual" to be strictly unequal to:`,
	"notStrictEqualObject": `Expected "actual" not to be reference-equal to "expected":`,
	"notDeepEqual":         `Expected "actual" not to be loosely deep-equal to:`,
}

// text is the message of a failure; what the script said stands in place of the headline, or alone.
func (m *asserts) text(f failure, said string, given bool) string {
	strict := f.operator == "deepStrictEqual" || f.operator == "strictEqual"
	if given && !strict {
		return said
	}
	if !given {
		f.actual, f.expected = m.withoutStacks(f.actual, f.expected)
	}
	if strict {
		return m.difference(f, said)
	}
	actual := m.lines(f.actual)
	if f.operator == "notDeepStrictEqual" || f.operator == "notStrictEqual" {
		return unequalText(f, actual)
	}
	one, other := strings.Join(actual, "\n"), strings.Join(m.lines(f.expected), "\n")
	if f.operator == "notDeepEqual" && one == other {
		return cut(headlines["notDeepEqual"]+"\n\n"+one, 1024)
	}
	one, other = cut(one, 512), cut(other, 512)
	switch f.operator {
	case "deepEqual":
		return headlines["deepEqual"] + "\n\n" + one + "\n\nshould loosely deep-equal\n\n" + other
	case "notDeepEqual":
		return "Expected values not to be loosely deep-equal:\n\n" + one + "\n\nshould not loosely deep-equal\n\n" + other
	}
	return one + " " + f.operator + " " + other
}

// cut shortens a text to n characters.
func cut(text string, n int) string {
	if r := []rune(text); len(r) > n {
		return string(r[:n-3]) + "..."
	}
	return text
}

// unequalText is the message of values that are equal and must not be.
func unequalText(f failure, lines []string) string {
	head := headlines[f.operator]
	if _, ok := f.actual.(*goja.Object); ok && f.operator == "notStrictEqual" {
		head = headlines["notStrictEqualObject"]
	}
	lines = shortened(lines)
	switch {
	case len(lines) > 1:
		return head + "\n\n" + strings.Join(lines, "\n") + "\n"
	case len(lines[0]) > 5:
		return head + "\n\n" + lines[0]
	}
	return head + " " + lines[0]
}

// shortened leaves the end of a long text out.
func shortened(lines []string) []string {
	const most, kept = 50, 46
	if len(lines) <= most {
		return lines
	}
	return append(lines[:kept:kept], "...")
}

// lines show a value with each property in a line of its own, in order.
func (m *asserts) lines(v goja.Value) []string {
	o := inspect.Defaults()
	o.Compact, o.CustomInspect, o.Depth, o.MaxArray, o.Sorted, o.Getters = 0, false, 1000, 1e9, true, "all"
	return strings.Split(m.in.MustInspect(v, o), "\n")
}

// withoutStacks copies two errors without their stacks, which always differ.
func (m *asserts) withoutStacks(a, b goja.Value) (goja.Value, goja.Value) {
	one, ok := a.(*goja.Object)
	two, ok2 := b.(*goja.Object)
	if !ok || !ok2 || one.ClassName() != "Error" || two.ClassName() != "Error" {
		return a, b
	}
	bare := func(err *goja.Object) *goja.Object {
		out := m.rt.CreateObject(err.Prototype())
		for _, k := range err.Keys() {
			_ = out.Set(k, err.Get(k))
		}
		_ = out.DefineDataProperty("message", get(err, "message"), goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE)
		return out
	}
	return bare(one), bare(two)
}
