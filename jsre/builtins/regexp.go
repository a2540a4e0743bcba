package builtins

import (
	"errors"
	"fmt"
	"strings"
	"unsafe"

	"github.com/dop251/goja"

	"dunlin/jsre/builtins/regex"
	"dunlin/jsre/engine"
)

// regexps is RegExp of one runtime.
type regexps struct {
	vm    *engine.VM
	rt    *goja.Runtime
	class *goja.Object
	proto *goja.Object
	exec  *goja.Object // RegExp.prototype.exec as it was made
	known map[patternKey]*engine.RegExpPattern
	last  lastMatch
	parts []any // memory for the parts of a match
}

type patternKey struct{ source, flags string }

// maxKnown is how many patterns are kept for the case that they are asked for again.
const maxKnown = 200

// pattern is what goes with a RegExpPattern of the engine.
type pattern struct {
	prog                             *regex.Program
	global, sticky, indices, unicode bool
}

func setRegExps(vm *engine.VM) error {
	x := &regexps{vm: vm, rt: vm.Runtime(), known: map[patternKey]*engine.RegExpPattern{}}
	if err := vm.SetRegExps(x.compile); err != nil {
		return err
	}
	old := x.rt.Get("RegExp").ToObject(x.rt)
	x.proto = old.Get("prototype").ToObject(x.rt)
	x.class = x.rt.ToValue(x.construct).ToObject(x.rt)
	if !vm.SetCall(x.class, x.call) {
		return errors.New("script engine: goja does not keep functions as RegExp was made for; pin the goja version this was written for")
	}
	for name, v := range map[string]any{"name": "RegExp", "length": 2} {
		_ = x.class.DefineDataProperty(name, x.rt.ToValue(v), goja.FLAG_FALSE, goja.FLAG_TRUE, goja.FLAG_FALSE)
	}
	if err := x.class.DefineDataProperty("prototype", x.proto, goja.FLAG_FALSE, goja.FLAG_FALSE, goja.FLAG_FALSE); err != nil {
		return err
	}
	species := vm.NewFunction("get [Symbol.species]", func(c goja.FunctionCall) goja.Value { return c.This })
	if err := x.class.DefineAccessorPropertySymbol(goja.SymSpecies, species, nil, goja.FLAG_TRUE, goja.FLAG_FALSE); err != nil {
		return err
	}
	if err := x.proto.DefineDataProperty("constructor", x.class, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE); err != nil {
		return err
	}
	vm.SetGlobal("RegExp", x.class)
	x.setPrototype()
	x.setLastMatch()
	x.setStringMethods()
	vm.NativeMethod(x.class, "escape", 1, x.escape)
	return nil
}

// compile makes a pattern; the engine calls it for literals, too.
func (x *regexps) compile(source goja.String, flags string) (*engine.RegExpPattern, error) {
	ascii, wide := x.vm.Units(source)
	key := patternKey{ascii, flags}
	if wide == nil {
		if p := x.known[key]; p != nil {
			return p, nil
		}
		wide = make([]uint16, len(ascii))
		for i := range len(ascii) {
			wide[i] = uint16(ascii[i])
		}
	} else {
		key = patternKey{"\x00" + string(unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(wide))), 2*len(wide))), flags}
		if p := x.known[key]; p != nil {
			return p, nil
		}
	}
	f, own, err := parseFlags(flags)
	if err != nil {
		return nil, err
	}
	if own.prog, err = regex.Compile(wide, f); err != nil {
		return nil, fmt.Errorf("Invalid regular expression: /%s/%s: %w", source.String(), x.shownFlags(flags), err) //nolint:staticcheck // the words of V8
	}
	p := &engine.RegExpPattern{Source: source, Flags: sortFlags(flags), Compiled: own}
	if len(x.known) >= maxKnown {
		clear(x.known)
	}
	x.known[key] = p
	return p, nil
}

func (x *regexps) shownFlags(flags string) string { return flags }

const allFlags = "dgimsuvy"

func sortFlags(flags string) string {
	var out []byte
	for i := range len(allFlags) {
		if strings.IndexByte(flags, allFlags[i]) >= 0 {
			out = append(out, allFlags[i])
		}
	}
	return string(out)
}

func parseFlags(flags string) (f regex.Flags, p *pattern, err error) {
	p = &pattern{}
	for i := range len(flags) {
		if strings.IndexByte(allFlags, flags[i]) < 0 || strings.IndexByte(flags[:i], flags[i]) >= 0 {
			return f, nil, fmt.Errorf("Invalid flags supplied to RegExp constructor '%s'", flags) //nolint:staticcheck // the words of V8
		}
		switch flags[i] {
		case 'd':
			p.indices = true
		case 'g':
			p.global = true
		case 'i':
			f.IgnoreCase = true
		case 'm':
			f.Multiline = true
		case 's':
			f.DotAll = true
		case 'u':
			f.Unicode = true
		case 'v':
			f.Unicode, f.Sets = true, true
		case 'y':
			p.sticky = true
		}
	}
	if strings.Contains(flags, "u") && f.Sets {
		return f, nil, fmt.Errorf("Invalid flags supplied to RegExp constructor '%s'", flags) //nolint:staticcheck // the words of V8
	}
	p.unicode = f.Unicode
	return f, p, nil
}

func (x *regexps) throw(class, format string, args ...any) {
	panic(x.vm.NewError(class, "", fmt.Sprintf(format, args...)))
}

func undefined(v goja.Value) bool { return v == nil || goja.IsUndefined(v) }

// isRegExp is the IsRegExp of the standard.
func (x *regexps) isRegExp(v goja.Value) bool {
	o, ok := v.(*goja.Object)
	if !ok {
		return false
	}
	if m := o.GetSymbol(goja.SymMatch); !undefined(m) {
		return m.ToBoolean()
	}
	return x.vm.Pattern(v) != nil
}

// call is RegExp without new: it gives a RegExp back as it is.
func (x *regexps) call(c goja.FunctionCall) goja.Value {
	if o, ok := c.Argument(0).(*goja.Object); ok && x.isRegExp(o) && undefined(c.Argument(1)) && o.Get("constructor") == goja.Value(x.class) {
		return o
	}
	return x.construct(goja.ConstructorCall{Arguments: c.Arguments})
}

func (x *regexps) construct(c goja.ConstructorCall) *goja.Object {
	source, flags := c.Argument(0), c.Argument(1)
	isRegExp := x.isRegExp(source)
	proto := x.proto
	if c.NewTarget != nil {
		proto = c.This.Prototype()
	}
	if p := x.vm.Pattern(source); p != nil {
		if undefined(flags) {
			return x.vm.NewRegExp(proto, p)
		}
		return x.create(proto, p.Source, x.vm.ToText(flags).String())
	}
	if isRegExp {
		o := source.ToObject(x.rt)
		source = o.Get("source")
		if undefined(flags) {
			flags = o.Get("flags")
		}
	}
	return x.create(proto, x.textOr(source, ""), x.textOr(flags, "").String())
}

// textOr is a value as a string, or a default for undefined.
func (x *regexps) textOr(v goja.Value, text string) goja.String {
	if undefined(v) {
		v = x.rt.ToValue(text)
	}
	return x.vm.ToText(v)
}

func (x *regexps) create(proto *goja.Object, source goja.String, flags string) *goja.Object {
	p, err := x.compile(source, flags)
	if err != nil {
		x.throw("SyntaxError", "%s", err)
	}
	return x.vm.NewRegExp(proto, p)
}

// this is the RegExp that a method is called on.
func (x *regexps) this(c goja.FunctionCall, method string) (*goja.Object, *engine.RegExpPattern) {
	p := x.vm.Pattern(c.This)
	if p == nil {
		x.throw("TypeError", "Method RegExp.prototype.%s called on incompatible receiver %s", method, x.describe(c.This))
	}
	o, _ := c.This.(*goja.Object)
	return o, p
}

func (x *regexps) describe(v goja.Value) (text string) {
	if _, ok := v.(*goja.Symbol); ok || v == nil {
		return "Symbol()"
	}
	if o, ok := v.(*goja.Object); ok && o.ClassName() == "Object" {
		if c, ok := o.Get("constructor").(*goja.Object); ok {
			return "#<" + x.textOr(c.Get("name"), "Object").String() + ">"
		}
	}
	return x.vm.ToText(v).String()
}

// object is `this` as any object, which generic methods take.
func (x *regexps) object(c goja.FunctionCall, method string) *goja.Object {
	o, ok := c.This.(*goja.Object)
	if !ok {
		x.throw("TypeError", "Method RegExp.prototype.%s called on incompatible receiver %s", method, x.describe(c.This))
	}
	return o
}

// match runs a pattern; what it gives is only good until the next run.
func (x *regexps) match(own *pattern, s goja.String, at int, sticky bool) []int {
	var found []int
	var err error
	if ascii, wide := x.vm.Units(s); wide != nil {
		found, err = regex.Match(own.prog, wide, at, sticky, x.vm.CheckStop)
	} else {
		found, err = regex.Match(own.prog, unsafe.Slice(unsafe.StringData(ascii), len(ascii)), at, sticky, x.vm.CheckStop)
	}
	if err != nil {
		x.throw("RangeError", "%s", err)
	}
	if found != nil {
		x.last.set(s, found)
	}
	return found
}

// builtinExec is RegExpBuiltinExec: it heeds and sets lastIndex. The result is as that of match.
func (x *regexps) builtinExec(o *goja.Object, own *pattern, s goja.String) []int {
	at := 0
	last := x.vm.LastIndex(o).ToInteger()
	if own.global || own.sticky {
		if last > int64(s.Length()) {
			x.vm.SetLastIndex(o, 0)
			return nil
		}
		at = int(max(last, 0))
	}
	found := x.match(own, s, at, own.sticky)
	switch {
	case found == nil && (own.global || own.sticky):
		x.vm.SetLastIndex(o, 0)
	case found != nil && (own.global || own.sticky):
		x.vm.SetLastIndex(o, found[1])
	}
	return found
}

// part is a capture as a value.
func part(s goja.String, found []int, i int) goja.Value {
	if found[2*i] < 0 {
		return goja.Undefined()
	}
	return s.Substring(found[2*i], found[2*i+1])
}

// resultFields are what the array has beside the match and its captures.
var resultFields = []string{"index", "input", "groups"}

// result makes the array that exec gives.
func (x *regexps) result(own *pattern, s goja.String, found []int) goja.Value {
	if cap(x.parts) < own.prog.Groups {
		x.parts = make([]any, own.prog.Groups)
	}
	parts := x.parts[:own.prog.Groups] // the array copies them
	for i := range parts {
		parts[i] = part(s, found, i)
	}
	out := x.rt.NewArray(parts...)
	x.vm.AddFields(out, resultFields, x.rt.ToValue(found[0]), s, x.groups(own, parts))
	if own.indices {
		pairs := make([]any, len(parts))
		for i := range pairs {
			pairs[i] = goja.Undefined()
			if found[2*i] >= 0 {
				pairs[i] = x.rt.NewArray(found[2*i], found[2*i+1])
			}
		}
		indices := x.rt.NewArray(pairs...)
		_ = indices.Set("groups", x.groups(own, pairs))
		_ = out.Set("indices", indices)
	}
	return out
}

// groups is the object of the captures that have names; of those of one name the one that took part.
func (x *regexps) groups(own *pattern, parts []any) goja.Value {
	if own.prog.Names == nil {
		return goja.Undefined()
	}
	o := x.rt.CreateObject(nil)
	for i, name := range own.prog.Names {
		v, _ := parts[i].(goja.Value)
		if name == "" || undefined(v) && o.Get(name) != nil {
			continue
		}
		_ = o.DefineDataProperty(name, v, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_TRUE)
	}
	return o
}

// plain is the pattern of a RegExp object that nobody has changed; nil for others.
func (x *regexps) plain(o *goja.Object) *pattern {
	p := x.vm.Pattern(o)
	if p == nil || !x.vm.IsPlainRegExp(o, x.proto) || x.proto.Get("exec") != goja.Value(x.exec) {
		return nil
	}
	own, _ := p.Compiled.(*pattern)
	return own
}

// regExpExec is RegExpExec of the standard: an array or what else exec gives, or null.
func (x *regexps) regExpExec(o *goja.Object, s goja.String) goja.Value {
	exec := o.Get("exec")
	if exec == goja.Value(x.exec) || !callable(exec) {
		_, p := x.this(goja.FunctionCall{This: o}, "exec")
		return x.execValue(o, p, s)
	}
	f, _ := x.vm.ToFunc(exec)
	v := f.Call(o, s)
	if _, ok := v.(*goja.Object); !ok && !goja.IsNull(v) {
		x.throw("TypeError", "object null is not a function")
	}
	return v
}

func callable(v goja.Value) bool {
	_, ok := goja.AssertFunction(v)
	return ok
}

func (x *regexps) execValue(o *goja.Object, p *engine.RegExpPattern, s goja.String) goja.Value {
	own, _ := p.Compiled.(*pattern)
	return x.execPattern(o, own, s)
}

func (x *regexps) execPattern(o *goja.Object, own *pattern, s goja.String) goja.Value {
	found := x.builtinExec(o, own, s)
	if found == nil {
		return goja.Null()
	}
	return x.result(own, s, found)
}
