package engine

import (
	"reflect"
	"strings"
	"unicode"
	"unsafe"

	"github.com/dop251/goja"
	"github.com/dop251/goja/unistring"

	"dunlin/jsre/engine/lower"
)

// goja's errors say less than V8's: what was undefined, not what it was called. Their texts are
// replaced here, by what the instruction that fails works on, and by the script's own text at its
// place.

// used is an expression of the script, as an error shows it.
type used struct{ text, property string }

// failure is the instruction that goja makes an error for.
type failure struct {
	m      *errorMaker
	at     site
	name   string       // the type of the instruction
	value  string       // the instruction's own text: the name of a property
	number int          // or its number: how many arguments
	stack  []goja.Value // up to its topmost value
	depth  int          // len(stack)
	text   string       // goja's
}

// ownText is the message of an error that goja makes, as V8 has it.
func (m *errorMaker) ownText(args []goja.Value) []goja.Value {
	text, ok := args[0].(goja.String)
	if !ok || m.busy {
		return args
	}
	better := m.v8Text(text.String())
	if better == "" {
		return args
	}
	return []goja.Value{m.vm.rt.ToValue(better)}
}

func (m *errorMaker) v8Text(text string) string {
	if plain, ok := plainTexts[text]; ok {
		return plain
	}
	if strings.HasPrefix(text, "Could not convert ") {
		return "Cannot convert object to primitive value" // goja's has what its objects are in memory
	}
	if plain := plainText(text); plain != "" {
		return plain
	}
	if f := m.failure(text); f != nil {
		return f.better()
	}
	return m.nativeText(text)
}

// failure looks at the instruction that goja runs; nil in a native function.
func (m *errorMaker) failure(text string) *failure {
	l := &m.in.vm
	prg := *(**goja.Program)(unsafe.Add(m.machine, l.prg))
	if prg == nil {
		return nil
	}
	pc := *(*int)(unsafe.Add(m.machine, l.pc))
	list := *(*[]anyInterface)(unsafe.Add(unsafe.Pointer(prg), m.in.code))
	if pc < 0 || pc >= len(list) {
		return nil
	}
	stack := *(*[]goja.Value)(unsafe.Add(m.machine, l.stack))
	sp := *(*int)(unsafe.Add(m.machine, l.sp))
	f := &failure{m: m, at: site{prg, pc}, name: m.in.kind(&list[pc]).name, text: text, stack: stack[:min(max(sp, 0), len(stack))]}
	f.depth = len(f.stack)
	switch v := reflect.NewAt(m.in.exec, unsafe.Pointer(&list[pc])).Elem().Elem(); v.Kind() {
	case reflect.String:
		f.value = unistring.String(v.String()).String()
	case reflect.Uint32:
		f.number = int(v.Uint())
	}
	return f
}

// top is a value on the stack, 1 for the topmost.
func (f *failure) top(i int) goja.Value {
	if i > f.depth || f.stack[f.depth-i] == nil {
		return goja.Undefined()
	}
	return f.stack[f.depth-i]
}

// better is the text for a failure; empty when goja's is good.
func (f *failure) better() string {
	switch {
	case strings.HasPrefix(f.text, "Cannot read property '"):
		return f.read()
	case f.text == "Cannot access a variable before initialization":
		return f.beforeInit()
	case f.text == "Value is not object coercible":
		return f.destructured()
	case f.text == "object is not iterable":
		return f.iterated(false)
	case f.text == "Class constructor cannot be invoked without 'new'":
		return f.class()
	case strings.HasPrefix(f.text, "Cannot assign to read only property '"):
		return f.readOnly()
	case f.text == "Cannot convert undefined or null to object":
		if key, base, ok := f.written(); ok {
			return "Cannot set properties of " + f.m.vm.text(base) + " (setting '" + key + "')"
		}
		return f.iterated(true)
	case f.text == "Class extends value is not a constructor or null":
		return "Class extends value " + f.m.shownValue(f.top(1)) + " is not a constructor or null"
	case strings.HasPrefix(f.text, "Receiver is not an object: "):
		if key, base, ok := f.written(); ok {
			return "Cannot create property '" + key + "' on " + typeOf(base) + " '" + f.m.vm.text(base) + "'"
		}
	case strings.HasSuffix(f.text, " of [object Object]"):
		return strings.Replace(f.text, "[object Object]", "#<Object>", 1)
	}
	return f.called()
}

// shownValue is a value as V8's texts have it.
func (m *errorMaker) shownValue(v goja.Value) string {
	if o, ok := v.(*goja.Object); ok && o.ClassName() != "Function" {
		return "#<Object>"
	}
	return m.vm.text(v)
}

// read is for a property of undefined or null.
func (f *failure) read() string {
	base, key := f.top(1), f.value
	switch f.name {
	case "_getElem", "_getKey", "_getElemCallee", "_getElemRecvCallee":
		base, key = f.top(2), keyText(f.top(1))
	case "_getElemRecv":
		key = keyText(f.top(2))
	case "getProp", "getPropRecv", "getPropRecvCallee", "getPropCallee":
	default:
		return ""
	}
	return "Cannot read properties of " + f.m.vm.text(base) + " (reading '" + key + "')"
}

func keyText(v goja.Value) string {
	if s, ok := v.(*goja.Symbol); ok {
		return "Symbol(" + s.String() + ")"
	}
	if _, ok := v.(*goja.Object); ok {
		return "#<Object>"
	}
	return v.String()
}

// written gives the property and the base of an assignment.
func (f *failure) written() (key string, base goja.Value, ok bool) {
	switch {
	case strings.HasPrefix(f.name, "setPropRecv"):
		return f.value, f.top(2), true
	case strings.HasPrefix(f.name, "setProp"):
		return f.value, f.top(2), true
	case strings.HasPrefix(f.name, "_setElemRecv"):
		return keyText(f.top(3)), f.top(2), true
	case strings.HasPrefix(f.name, "_setElem"):
		return keyText(f.top(2)), f.top(3), true
	}
	return "", nil, false
}

// readOnly names the object of an assignment, if it is at hand.
func (f *failure) readOnly() string {
	_, base, ok := f.written()
	if !ok {
		return ""
	}
	obj, ok := base.(*goja.Object)
	if !ok {
		return f.text + " of " + typeOf(base) + " '" + f.m.vm.text(base) + "'"
	}
	if obj.ClassName() == "Array" {
		return f.text + " of object '[object Array]'"
	}
	return f.text + " of object '#<" + f.m.className(obj) + ">'"
}

// className is the name of an object's constructor, without asking the script.
func (m *errorMaker) className(obj *goja.Object) string {
	if c, ok := m.vm.property(obj, "constructor").(*goja.Object); ok {
		if name := m.functionName(c); name != "" {
			return name
		}
	}
	return "Object"
}

func (m *errorMaker) functionName(f *goja.Object) string {
	if name := m.vm.property(f, "name"); name != nil && goja.IsString(name) {
		return name.String()
	}
	return ""
}

// typeOf is what typeof gives for a value that is no object.
func typeOf(v goja.Value) string {
	switch {
	case goja.IsString(v):
		return "string"
	case goja.IsNumber(v):
		return "number"
	case goja.IsBigInt(v):
		return "bigint"
	case goja.IsUndefined(v):
		return "undefined"
	case goja.IsNull(v):
		return "object"
	}
	if _, ok := v.(*goja.Symbol); ok {
		return "symbol"
	}
	return "boolean"
}

// called is for a call of what is no function, and for an operator whose right side is no object.
func (f *failure) called() string {
	value := strings.HasPrefix(f.text, "Value is not an object: ")
	switch {
	case f.name == "_op_instanceof" && value:
		return "Right-hand side of 'instanceof' is not an object"
	case strings.HasPrefix(f.text, "Expecting a function in instanceof check"):
		return "Right-hand side of 'instanceof' is not callable"
	case f.name == "_op_instanceof" && f.text == "prototype is not an object":
		return "Function has non-object prototype 'undefined' in instanceof check"
	case f.name == "_op_in" && value:
		return "Cannot use 'in' operator to search for '" + keyText(f.top(2)) + "' in " + f.m.vm.text(f.top(1))
	case strings.HasPrefix(f.name, "_new"):
		return f.constructed(value)
	case !strings.HasPrefix(f.name, "call") && !strings.HasPrefix(f.name, "_call"):
		return ""
	case value, strings.HasPrefix(f.text, "Object has no member '"), strings.HasPrefix(f.text, "Not a function: "):
		return f.expression(lower.Called) + " is not a function"
	}
	return ""
}

// constructed is for new of what is no constructor, and of a native one that refuses its argument.
func (f *failure) constructed(value bool) string {
	callee, ok := f.top(f.number + 1).(*goja.Object)
	switch {
	case f.name == "_new" && value && ok && f.m.functionName(callee) == "Promise":
		return "Promise resolver " + objectText(strings.TrimPrefix(f.text, "Value is not an object: ")) + " is not a function"
	case f.name == "_new" && value && ok:
		return ""
	case value, f.text == "Value is not a constructor":
		return f.expression(lower.Constructed) + " is not a constructor"
	case f.text == "object is not iterable":
		return f.text + " (cannot read property Symbol(Symbol.iterator))"
	}
	return ""
}

// class is for a class that is called without new.
func (f *failure) class() string {
	return strings.Replace(f.text, "cannot", f.expression(lower.Called)+" cannot", 1)
}

// iterated is for what is not iterable.
func (f *failure) iterated(null bool) string {
	switch {
	case strings.Contains(strings.ToLower(f.name), "spread"), strings.Contains(f.name, "terate"), strings.HasPrefix(f.name, "_yieldDelegate"):
	default:
		return ""
	}
	text := f.lookUp(lower.Iterated).text
	if text == "" && null {
		return "undefined is not iterable (cannot read property Symbol(Symbol.iterator))"
	}
	if text == "" {
		if v := f.top(1); !goja.IsNumber(v) {
			return f.text
		}
		text = f.m.vm.text(f.top(1))
	}
	return text + " is not iterable"
}

// destructured is for undefined and null taken apart.
func (f *failure) destructured() string {
	u := f.lookUp(lower.Destructured)
	value := f.m.vm.text(f.top(1))
	if u.text == "" {
		u.text = value
	}
	property := ""
	if u.property != "" {
		property = "property '" + u.property + "' of "
	}
	return "Cannot destructure " + property + "'" + u.text + "' as it is " + value + "."
}

// beforeInit is for a variable that is used before its declaration: its name stands at the place.
func (f *failure) beforeInit() string {
	src, offset := f.m.source(f.at.prg), f.m.offset(f.at)
	if src == nil || offset < 0 || offset > len(src.Source()) {
		return ""
	}
	rest := src.Source()[offset:]
	end := strings.IndexFunc(rest, func(r rune) bool {
		return r != '$' && r != '_' && r != '\u200c' && r != '\u200d' && !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.Is(unicode.Mn, r)
	})
	if end < 0 {
		end = len(rest)
	}
	if end == 0 || unicode.IsDigit(rune(rest[0])) {
		return ""
	}
	return "Cannot access '" + rest[:end] + "' before initialization"
}

// expression is the text of what is used, or words in its place.
func (f *failure) expression(use lower.Use) string {
	if u := f.lookUp(use); u.text != "" {
		return u.text
	}
	if name, ok := strings.CutPrefix(f.text, "Object has no member '"); ok {
		return "(intermediate value)." + strings.TrimSuffix(name, "'")
	}
	return "(intermediate value)"
}

// lookUp finds what is used, in the source. It parses that, but once for each place.
func (f *failure) lookUp(use lower.Use) used {
	m := f.m
	if u, ok := m.texts[f.at]; ok {
		return u
	}
	var u used
	if tree := m.parsed(m.source(f.at.prg)); tree != nil {
		u.text, u.property = lower.Describe(tree, use, m.offset(f.at))
	}
	if len(m.texts) >= maxSites {
		clear(m.texts)
	}
	m.texts[f.at] = u
	return u
}

// callbackTakers are goja's native functions that refuse a callback that is no function.
var callbackTakers = map[string]bool{
	"map": true, "forEach": true, "filter": true, "some": true, "every": true, "find": true, "findIndex": true, "findLast": true,
	"findLastIndex": true, "reduce": true, "reduceRight": true, "flatMap": true, "from": true,
}

// nativeText is for errors of goja's native functions.
func (m *errorMaker) nativeText(text string) string {
	if text == "" {
		if top := m.vm.rt.CaptureCallStack(1, nil); len(top) > 0 && (top[0].FuncName() == "shift" || top[0].FuncName() == "splice") {
			return "Cannot assign to read only property '0' of object '[object Array]'"
		}
	}
	if v, ok := strings.CutPrefix(text, "Value is not an object: "); ok {
		top := m.vm.rt.CaptureCallStack(1, nil)
		if len(top) > 0 && callbackTakers[top[0].FuncName()] {
			return objectText(v) + " is not a function"
		}
		if len(top) > 0 && top[0].FuncName() == "add" {
			return "Invalid value used in weak set"
		}
	}
	if head, ok := strings.CutSuffix(text, " [object Object]"); ok {
		return head + " #<Object>"
	}
	return ""
}

// objectText shows an object without properties as V8 does.
func objectText(text string) string {
	if text == "[object Object]" {
		return "#<Object>"
	}
	return text
}
