// Package inspect shows script values to people, in the way Node.js does: what console.log and
// util.inspect print. It runs no code of the script, except for the method
// Symbol.for('nodejs.util.inspect.custom'), tags given by a getter, and getters when asked to.
package inspect

import (
	"fmt"
	"reflect"

	"github.com/dop251/goja"

	"dunlin/jsre/engine"
)

// Inspector shows values of one VM. Loop goroutine only.
type Inspector struct {
	vm       *engine.VM
	rt       *goja.Runtime
	custom   *goja.Symbol
	defaults Options
	function *goja.Object // util.inspect, made when first asked for
	styles   *goja.Object // util.inspect.styles
	colors   *goja.Object // util.inspect.colors

	describe *engine.Func            // Object.getOwnPropertyDescriptor
	symbols  *engine.Func            // Object.getOwnPropertySymbols
	source   *engine.Func            // Function.prototype.toString
	eachMap  *engine.Func            // Map.prototype.forEach
	eachSet  *engine.Func            // Set.prototype.forEach
	isoDate  *engine.Func            // Date.prototype.toISOString
	regText  *engine.Func            // RegExp.prototype.toString
	stringOf *engine.Func            // String
	asJSON   *engine.Func            // JSON.stringify
	valueOf  map[string]*engine.Func // of the classes of primitives
	natives  *goja.Object            // Error.prototype
}

type key struct{}

// Of is the inspector of a VM. The first call must come before a script can replace the built-in
// functions it takes: from a module's Setup.
func Of(vm *engine.VM) *Inspector {
	in, _ := vm.Shared(key{}, func() any { return newInspector(vm) }).(*Inspector)
	return in
}

func newInspector(vm *engine.VM) *Inspector {
	in := &Inspector{vm: vm, rt: vm.Runtime(), defaults: Defaults()}
	find := func(path ...string) *engine.Func {
		o := in.rt.GlobalObject()
		for _, p := range path[:len(path)-1] {
			o = o.Get(p).ToObject(in.rt)
		}
		f, _ := vm.ToFunc(o.Get(path[len(path)-1]))
		return f
	}
	in.describe = find("Object", "getOwnPropertyDescriptor")
	in.symbols = find("Object", "getOwnPropertySymbols")
	in.source = find("Function", "prototype", "toString")
	in.stringOf = find("String")
	in.eachMap = find("Map", "prototype", "forEach")
	in.eachSet = find("Set", "prototype", "forEach")
	in.isoDate = find("Date", "prototype", "toISOString")
	in.regText = find("RegExp", "prototype", "toString")
	in.asJSON = find("JSON", "stringify")
	in.valueOf = map[string]*engine.Func{}
	for _, class := range []string{"Number", "String", "Boolean", "Symbol", "BigInt"} {
		in.valueOf[class] = find(class, "prototype", "valueOf")
	}
	in.natives, _ = in.rt.Get("Error").ToObject(in.rt).Get("prototype").(*goja.Object)
	in.custom, _ = find("Symbol", "for").Call(goja.Undefined(), in.rt.ToValue("nodejs.util.inspect.custom")).(*goja.Symbol)
	return in
}

// Custom is the symbol of the method that shows an object its own way.
func (in *Inspector) Custom() *goja.Symbol { return in.custom }

// Defaults are the options that a script may have changed by util.inspect.defaultOptions.
func (in *Inspector) Defaults() Options { return in.defaults }

// Inspect is the text of a value; strings are quoted. What a method of the script throws is shown.
func (in *Inspector) Inspect(v goja.Value, o Options) (text string) {
	if ex := in.rt.Try(func() { text = in.MustInspect(v, o) }); ex != nil {
		return "[cannot be shown: " + ex.Error() + "]"
	}
	return text
}

// MustInspect is Inspect inside a native call: what a method of the script throws passes on.
func (in *Inspector) MustInspect(v goja.Value, o Options) string {
	p := &printer{in: in, Options: o, refs: map[*goja.Object]int{}}
	return p.value(v, 0, false)
}

// maxText is how much text one inspection may make before it stops going into objects: shared objects
// can make a value of a few lines a text without end.
const maxText = 1 << 24

// printer is one inspection.
type printer struct {
	Options
	in     *Inspector
	seen   []*goja.Object
	refs   map[*goja.Object]int // objects that something inside them refers to
	indent int
	level  int // depth of the object that was begun last
	spent  int // bytes of text made
}

// value shows any value that lies depth levels deep. typed: inside a typed array.
func (p *printer) value(v goja.Value, depth int, typed bool) string {
	obj, ok := v.(*goja.Object)
	if !ok {
		return p.primitive(v)
	}
	context := obj
	for proxy, is := export[goja.Proxy](obj); is; proxy, is = export[goja.Proxy](obj) {
		if proxy.Target() == nil {
			return p.style("<Revoked Proxy>", "special")
		}
		if p.ShowProxy {
			return p.proxy(proxy, depth)
		}
		obj = proxy.Target()
	}
	if text, ok := p.customText(obj, context, depth); ok {
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
	p.in.vm.CheckStop()
	text := p.object(obj, depth, typed)
	if p.spent += len(text); p.spent > maxText {
		p.Depth = -1
	}
	return text
}

// proxy shows target and handler of a proxy.
func (p *printer) proxy(proxy goja.Proxy, depth int) string {
	if depth > p.Depth {
		return p.style("Proxy [Array]", "special")
	}
	p.indent += 2
	entries := []string{p.value(proxy.Target(), depth+1, false), p.value(proxy.Handler(), depth+1, false)}
	p.indent -= 2
	return p.layout(shape{open: "Proxy [", close: "]", entries: entries, kind: extras, level: depth + 1})
}

// export gives the Go form of an object when that is of type T, without running script code.
func export[T any](obj *goja.Object) (v T, ok bool) {
	if obj.ExportType() != reflect.TypeFor[T]() {
		return v, false
	}
	v, ok = obj.Export().(T)
	return v, ok
}

// customText asks the object itself, when it has the method for that. context is the proxy, where
// there is one.
func (p *printer) customText(obj, context *goja.Object, depth int) (string, bool) {
	if !p.CustomInspect {
		return "", false
	}
	f, ok := p.in.vm.ToFunc(obj.GetSymbol(p.in.custom))
	if !ok || p.in.function != nil && f.Value() == goja.Value(p.in.function) || p.isPrototype(obj) {
		return "", false
	}
	left := goja.Null()
	if p.Depth < maxDepth {
		left = p.in.rt.ToValue(p.Depth - depth)
	}
	v := f.Call(context, left, p.in.optionsObject(p.Options), p.in.Function())
	if v == goja.Value(context) {
		return "", false
	}
	text := ""
	if o, ok := v.(*goja.Object); ok {
		text = p.value(o, depth, false)
	} else {
		text = p.in.stringOf.Call(goja.Undefined(), v).String()
	}
	return indented(text, p.indent), true
}

// isPrototype reports whether an object is the prototype of its own constructor.
func (p *printer) isPrototype(obj *goja.Object) bool {
	d, ok := p.property(obj, p.in.rt.ToValue("constructor"))
	if !ok {
		return false
	}
	class, ok := d.value.(*goja.Object)
	if !ok {
		return false
	}
	proto, ok := p.property(class, p.in.rt.ToValue("prototype"))
	return ok && proto.value == goja.Value(obj)
}
