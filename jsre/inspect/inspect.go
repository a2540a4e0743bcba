// Package inspect shows script values to people, in the way Node.js does: what console.log and
// util.inspect print. It runs no code of the script, except for the hook
// Symbol.for('nodejs.util.inspect.custom').
package inspect

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/dop251/goja"

	"dunlin/jsre/engine"
)

// maxDepth is the most levels that are shown: the text of n levels takes time that grows with the
// cube of n.
const maxDepth = 500

// Options say how much is shown. Take [Defaults] and change it.
type Options struct {
	Depth       int  // levels of objects inside objects
	Colors      bool // terminal colours
	BreakLength int  // longest line of an object shown in one line
	Compact     int  // levels of objects that one line may hold
	MaxArray    int  // elements shown of an array, set or map
	MaxString   int  // characters shown of a string inside an object
	ShowHidden  bool // also properties that are not enumerable
}

// Defaults are the options of Node.js.
func Defaults() Options {
	return Options{Depth: 2, BreakLength: 80, Compact: 3, MaxArray: 100, MaxString: 10000}
}

// Inspector shows values of one VM. Loop goroutine only.
type Inspector struct {
	vm     *engine.VM
	rt     *goja.Runtime
	custom *goja.Symbol

	describe *engine.Func            // Object.getOwnPropertyDescriptor
	source   *engine.Func            // Function.prototype.toString
	eachMap  *engine.Func            // Map.prototype.forEach
	eachSet  *engine.Func            // Set.prototype.forEach
	isoDate  *engine.Func            // Date.prototype.toISOString
	stringOf *engine.Func            // String
	asJSON   *engine.Func            // JSON.stringify
	valueOf  map[string]*engine.Func // of the classes of primitives
}

type key struct{}

// Of is the inspector of a VM. The first call must come before a script can replace the built-in
// functions it takes: from a module's Setup.
func Of(vm *engine.VM) *Inspector {
	in, _ := vm.Shared(key{}, func() any { return newInspector(vm) }).(*Inspector)
	return in
}

func newInspector(vm *engine.VM) *Inspector {
	in := &Inspector{vm: vm, rt: vm.Runtime()}
	find := func(path ...string) *engine.Func {
		o := in.rt.GlobalObject()
		for _, p := range path[:len(path)-1] {
			o = o.Get(p).ToObject(in.rt)
		}
		f, _ := vm.ToFunc(o.Get(path[len(path)-1]))
		return f
	}
	in.describe = find("Object", "getOwnPropertyDescriptor")
	in.source = find("Function", "prototype", "toString")
	in.eachMap = find("Map", "prototype", "forEach")
	in.eachSet = find("Set", "prototype", "forEach")
	in.isoDate = find("Date", "prototype", "toISOString")
	in.stringOf = find("String")
	in.asJSON = find("JSON", "stringify")
	in.valueOf = map[string]*engine.Func{}
	for _, class := range []string{"Number", "String", "Boolean", "Symbol", "BigInt"} {
		in.valueOf[class] = find(class, "prototype", "valueOf")
	}
	in.custom, _ = find("Symbol", "for").Call(goja.Undefined(), in.rt.ToValue("nodejs.util.inspect.custom")).(*goja.Symbol)
	return in
}

// Custom is the symbol of the method that shows an object its own way.
func (in *Inspector) Custom() *goja.Symbol { return in.custom }

// Inspect is the text of a value; strings are quoted.
func (in *Inspector) Inspect(v goja.Value, o Options) (text string) {
	p := &printer{in: in, Options: o, refs: map[*goja.Object]int{}}
	if ex := in.rt.Try(func() { text = p.value(v, 0, false) }); ex != nil {
		return "[cannot be shown: " + ex.Error() + "]"
	}
	return text
}

// printer is one inspection.
type printer struct {
	Options
	in     *Inspector
	seen   []*goja.Object
	refs   map[*goja.Object]int // objects that something inside them refers to
	indent int
	level  int // depth of the object that was begun last
}

// style wraps text in a terminal colour.
func (p *printer) style(text, kind string) string {
	if !p.Colors {
		return text
	}
	code, ok := map[string][2]int{
		"number": {33, 39}, "boolean": {33, 39}, "string": {32, 39}, "symbol": {32, 39}, "undefined": {90, 39},
		"null": {1, 22}, "special": {36, 39}, "date": {35, 39}, "regexp": {31, 39},
	}[kind]
	if !ok {
		return text
	}
	return fmt.Sprintf("\x1b[%dm%s\x1b[%dm", code[0], text, code[1])
}

// value shows any value. typed: inside a typed array, where only numbers occur.
func (p *printer) value(v goja.Value, depth int, typed bool) string {
	obj, ok := v.(*goja.Object)
	if !ok {
		return p.primitive(v)
	}
	for proxy, is := export[goja.Proxy](obj); is; proxy, is = export[goja.Proxy](obj) {
		if obj = proxy.Target(); obj == nil {
			return p.style("<Revoked Proxy>", "special")
		}
	}
	if text, ok := p.customText(obj, depth); ok && !typed {
		return text
	}
	for _, s := range p.seen {
		if s == obj {
			n, ok := p.refs[obj]
			if !ok {
				n = len(p.refs) + 1
				p.refs[obj] = n
			}
			return p.style(fmt.Sprintf("[Circular *%d]", n), "special")
		}
	}
	return p.object(obj, depth)
}

// customText asks the object itself, when it has the method for that.
func (p *printer) customText(obj *goja.Object, depth int) (string, bool) {
	f, ok := p.in.vm.ToFunc(obj.GetSymbol(p.in.custom))
	if !ok {
		return "", false
	}
	v := f.Call(obj, p.in.rt.ToValue(p.Depth-depth), p.in.rt.NewObject())
	if goja.IsString(v) {
		return strings.ReplaceAll(v.String(), "\n", "\n"+strings.Repeat(" ", p.indent)), true
	}
	if v == obj {
		return "", false
	}
	return p.value(v, depth, false), true
}

func (p *printer) primitive(v goja.Value) string {
	switch {
	case v == nil || goja.IsUndefined(v):
		return p.style("undefined", "undefined")
	case goja.IsNull(v):
		return p.style("null", "null")
	case goja.IsString(v):
		return p.quoted(v.String())
	case goja.IsBigInt(v):
		return p.style(v.String()+"n", "number")
	case goja.IsNumber(v):
		return p.style(number(v), "number")
	}
	if s, ok := v.(*goja.Symbol); ok {
		return p.style(symbolText(s), "symbol")
	}
	return p.style(v.String(), "boolean")
}

func symbolText(s *goja.Symbol) string { return "Symbol(" + s.String() + ")" }

// number is a number's text; minus zero keeps its sign.
func number(v goja.Value) string {
	f := v.ToFloat()
	if f == 0 && 1/f < 0 {
		return "-0"
	}
	return v.String()
}

func (p *printer) quoted(s string) string {
	tail := ""
	if n := utf8.RuneCountInString(s); n > p.MaxString {
		runes := []rune(s)
		s = string(runes[:p.MaxString])
		tail = fmt.Sprintf("... %d more character%s", n-p.MaxString, plural(n-p.MaxString))
	}
	return p.style(stringLiteral(s), "string") + tail
}

// stringLiteral puts a string into the quotes that it does not contain, single ones if possible.
func stringLiteral(s string) string {
	q := byte('\'')
	if strings.IndexByte(s, '\'') >= 0 {
		switch {
		case strings.IndexByte(s, '"') < 0:
			q = '"'
		case strings.IndexByte(s, '`') < 0 && !strings.Contains(s, "${"):
			q = '`'
		}
	}
	var b strings.Builder
	b.WriteByte(q)
	for _, r := range s {
		short := strings.IndexRune("\b\t\n\v\f\r", r)
		switch {
		case r == rune(q) || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case short >= 0:
			b.WriteString(`\` + "btnvfr"[short:short+1])
		case r < 0x20 || r >= 0x7f && r <= 0x9f:
			fmt.Fprintf(&b, `\x%02X`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte(q)
	return b.String()
}

func plural[N int | int64](n N) string {
	if n == 1 {
		return ""
	}
	return "s"
}

// isIdentifier reports whether a property name needs no quotes.
func isIdentifier(s string) bool {
	for i, r := range s {
		letter := r == '_' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		if !letter && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return s != ""
}

// isIndex reports whether a property name is an array index.
func isIndex(s string) bool {
	n, err := strconv.ParseUint(s, 10, 32)
	return err == nil && strconv.FormatUint(n, 10) == s && n < 1<<32-1
}

// ReadOptions takes the options that a script gave over the given ones: depth, colors, showHidden,
// breakLength, compact, maxArrayLength and maxStringLength.
func (in *Inspector) ReadOptions(from *goja.Object, o Options) Options {
	if v := in.vm.Field(from, "depth"); goja.IsNull(v) {
		o.Depth = maxDepth
	} else if goja.IsNumber(v) {
		o.Depth = int(max(0, min(v.ToFloat(), maxDepth)))
	}
	count := func(name string, to *int) {
		if v := in.vm.Field(from, name); goja.IsNumber(v) {
			*to = int(max(0, min(v.ToFloat(), 1e9)))
		} else if goja.IsNull(v) {
			*to = 1e9
		}
	}
	count("breakLength", &o.BreakLength)
	count("maxArrayLength", &o.MaxArray)
	count("maxStringLength", &o.MaxString)
	switch v := in.vm.Field(from, "compact"); {
	case goja.IsNumber(v):
		count("compact", &o.Compact)
	case !goja.IsUndefined(v) && !v.ToBoolean():
		o.Compact = 0
	}
	if v := in.vm.Field(from, "colors"); !goja.IsUndefined(v) {
		o.Colors = v.ToBoolean()
	}
	o.ShowHidden = o.ShowHidden || in.vm.Field(from, "showHidden").ToBoolean()
	return o
}
