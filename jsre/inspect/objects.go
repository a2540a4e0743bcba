package inspect

import (
	"encoding/hex"
	"fmt"
	"reflect"
	"strings"

	"github.com/dop251/goja"
)

// goja exports maps and sets as slices of these types.
var (
	mapType = reflect.TypeFor[[][2]any]()
	setType = reflect.TypeFor[[]any]()
)

// object shows an object that is not part of a cycle.
func (p *printer) object(obj *goja.Object, depth int) string {
	name := p.constructorName(obj)
	if depth > p.Depth {
		return p.tooDeep(obj, name)
	}
	before := p.level
	p.level = depth
	p.seen = append(p.seen, obj)
	p.indent += 2
	s := p.shape(obj, name, depth)
	p.indent -= 2
	p.seen = p.seen[:len(p.seen)-1]
	if len(s.entries) == 0 {
		p.level = before // what holds nothing does not count for the layout of what holds it
	}
	s.obj = obj
	return p.layout(s, depth)
}

// export gives the Go form of an object when that is of type T, without running script code.
func export[T any](obj *goja.Object) (v T, ok bool) {
	if obj.ExportType() != reflect.TypeFor[T]() {
		return v, false
	}
	v, ok = obj.Export().(T)
	return v, ok
}

func (p *printer) tooDeep(obj *goja.Object, name string) string {
	if name == "" {
		name = "Object: null prototype"
	}
	if obj.ClassName() == "Array" {
		name = "Array"
	}
	return p.style("["+name+"]", "special")
}

// descriptor is a property as it is defined, without running its getter.
type descriptor struct {
	value      goja.Value
	get, set   bool
	enumerable bool
}

func (p *printer) property(obj *goja.Object, key goja.Value) (d descriptor, ok bool) {
	desc, ok := p.in.describe.Call(goja.Undefined(), obj, key).(*goja.Object)
	if !ok {
		return d, false
	}
	d.value = desc.Get("value")
	d.get = isFunction(desc.Get("get"))
	d.set = isFunction(desc.Get("set"))
	d.enumerable = desc.Get("enumerable").ToBoolean()
	return d, true
}

func isFunction(v goja.Value) bool {
	_, ok := goja.AssertFunction(v)
	return ok
}

// constructorName is the name of an object's class, empty when it has none (a null prototype).
func (p *printer) constructorName(obj *goja.Object) string {
	for o := obj; o != nil; o = o.Prototype() {
		d, ok := p.property(o, p.in.rt.ToValue("constructor"))
		if !ok {
			continue
		}
		if class, ok := d.value.(*goja.Object); ok && isFunction(class) && p.inherits(obj, class) {
			if n, ok := p.property(class, p.in.rt.ToValue("name")); ok && n.value != nil && n.value.String() != "" {
				return n.value.String()
			}
		}
	}
	return ""
}

// inherits reports whether obj is an instance of class, without asking the class.
func (p *printer) inherits(obj, class *goja.Object) bool {
	d, ok := p.property(class, p.in.rt.ToValue("prototype"))
	proto, isObj := d.value.(*goja.Object)
	if !ok || !isObj {
		return false
	}
	for o := obj.Prototype(); o != nil; o = o.Prototype() {
		if o == proto {
			return true
		}
	}
	return false
}

// tag is the object's Symbol.toStringTag when it says more than the class name.
func (p *printer) tag(obj *goja.Object, name string) string {
	if _, own := p.property(obj, goja.SymToStringTag); own {
		return "" // it is listed among the properties
	}
	for o := obj.Prototype(); o != nil; o = o.Prototype() {
		if d, ok := p.property(o, goja.SymToStringTag); ok {
			if d.value != nil && goja.IsString(d.value) && d.value.String() != name && d.value.String() != "" {
				return d.value.String()
			}
			return ""
		}
	}
	return ""
}

// prefix is what stands before the brace: nothing for the plain class itself.
func (p *printer) prefix(obj *goja.Object, name, plain string, size int64) string {
	out := name
	if name == "" {
		out = "[" + plain + ": null prototype]"
	}
	if size >= 0 {
		out += fmt.Sprintf("(%d)", size)
	}
	if tag := p.tag(obj, name); tag != "" {
		return out + " [" + tag + "] "
	}
	if name == plain && size < 0 {
		return ""
	}
	return out + " "
}

// shape finds out what kind of object it is and shows its parts.
func (p *printer) shape(obj *goja.Object, name string, depth int) shape {
	if b, ok := p.in.vm.Bytes(obj); ok {
		return p.bytesShape(obj, name, b, depth)
	}
	if isFunction(obj) {
		return p.plain(obj, depth, shape{base: p.style(p.function(obj, name), "special"), open: "{", close: "}"})
	}
	if pr, ok := export[*goja.Promise](obj); ok {
		return p.promise(obj, pr, name, depth)
	}
	switch t := obj.ExportType(); {
	case obj.ClassName() == "Array":
		return p.array(obj, name, depth)
	case t == mapType:
		return p.mapShape(obj, name, depth)
	case t == setType:
		return p.set(obj, name, depth)
	case name == "WeakMap" || name == "WeakSet":
		return shape{open: name + " {", close: "}", entries: []string{p.style("<items unknown>", "special")}}
	}
	if inner, ok := p.in.unbox(obj, name); ok {
		return p.boxed(obj, name, inner, depth)
	}
	switch obj.ClassName() {
	case "Error":
		return p.errorShape(obj, name, depth)
	case "RegExp":
		return p.plain(obj, depth, shape{base: p.style(obj.String(), "regexp"), open: "{", close: "}"})
	case "Date":
		return p.plain(obj, depth, shape{base: p.style(p.date(obj), "date"), open: "{", close: "}"})
	case "Arguments":
		return p.plain(obj, depth, shape{open: "[Arguments] {", close: "}"})
	}
	return p.classless(obj, name, depth)
}

// plain adds the own properties to a shape.
func (p *printer) plain(obj *goja.Object, depth int, s shape) shape {
	s.entries = append(s.entries, p.properties(obj, depth, nil)...)
	return s
}

// properties shows own properties except those that skip names.
func (p *printer) properties(obj *goja.Object, depth int, skip func(name string) bool) []string {
	var out []string
	for _, k := range obj.GetOwnPropertyNames() {
		if skip != nil && skip(k) {
			continue
		}
		if d, ok := p.property(obj, p.in.rt.ToValue(k)); ok && (d.enumerable || p.ShowHidden) {
			key := k
			if !isIdentifier(k) && d.enumerable {
				key = p.style(stringLiteral(k), "string")
			}
			if !d.enumerable {
				key = "[" + k + "]"
			}
			out = append(out, key+": "+p.member(d, depth))
		}
	}
	for _, sym := range obj.Symbols() {
		if d, ok := p.property(obj, sym); ok && d.enumerable {
			out = append(out, "["+p.style(symbolText(sym), "symbol")+"]: "+p.member(d, depth))
		}
	}
	return out
}

// member shows the value of a property; accessors are not called.
func (p *printer) member(d descriptor, depth int) string {
	switch {
	case d.get && d.set:
		return p.style("[Getter/Setter]", "special")
	case d.get:
		return p.style("[Getter]", "special")
	case d.set:
		return p.style("[Setter]", "special")
	}
	return p.value(d.value, depth+1, false)
}

// array shows elements, holes and further properties.
func (p *printer) array(obj *goja.Object, name string, depth int) shape {
	n := obj.Get("length").ToInteger() // up to 2^32-1, which the int of a 32-bit build does not hold
	size := int64(-1)
	if name != "Array" {
		size = n
	}
	s := shape{open: p.prefix(obj, name, "Array", size) + "[", close: "]", array: true, numbers: true}
	at, shown := int64(0), 0
	for ; at < n && shown < p.MaxArray; shown++ {
		d, ok := p.property(obj, p.in.rt.ToValue(at))
		if !ok {
			from := at
			at = p.nextElement(obj, at, n)
			s.entries = append(s.entries, p.style(fmt.Sprintf("<%d empty item%s>", at-from, plural(at-from)), "undefined"))
			s.numbers = false
			continue
		}
		s.numbers = s.numbers && d.value != nil && (goja.IsNumber(d.value) || goja.IsBigInt(d.value))
		s.entries = append(s.entries, p.member(d, depth))
		at++
	}
	s.rest(n - at)
	props := p.properties(obj, depth, func(k string) bool { return isIndex(k) || k == "length" && !p.ShowHidden })
	if len(props) > 0 {
		s.entries, s.array = append(s.entries, props...), false
	}
	return s
}

// nextElement is the index of the next element after a hole, or n.
func (p *printer) nextElement(obj *goja.Object, at, n int64) int64 {
	const look = 1000
	for i := at; i < n && i < at+look; i++ {
		if _, ok := p.property(obj, p.in.rt.ToValue(i)); ok {
			return i
		}
	}
	if at+look >= n {
		return n
	}
	next := n
	for _, k := range obj.Keys() {
		if isIndex(k) {
			var i int64
			if _, err := fmt.Sscan(k, &i); err == nil && i >= at && i < next {
				next = i
			}
		}
	}
	return next
}

// rest notes how many elements are not shown.
func (s *shape) rest(n int64) {
	if n > 0 {
		s.entries = append(s.entries, fmt.Sprintf("... %d more item%s", n, plural(n)))
		s.more = true
	}
}

func (p *printer) typedArray(obj *goja.Object, name string, size, depth int) shape {
	n := int64(size) / int64(obj.ExportType().Elem().Size()) // a script may have taken its property length away
	shown := min(n, int64(p.MaxArray))
	s := shape{open: p.prefix(obj, name, "TypedArray", n) + "[", close: "]", array: true, numbers: true}
	for i := range shown {
		s.entries = append(s.entries, p.value(obj.Get(fmt.Sprint(i)), depth+1, true))
	}
	s.rest(n - shown)
	return s
}

// bytesShape shows what has bytes: a Buffer, a Uint8Array, another view, an ArrayBuffer.
func (p *printer) bytesShape(obj *goja.Object, name string, b []byte, depth int) shape {
	const most = 50
	head := b[:min(len(b), most)]
	text := hex.EncodeToString(head)
	parts := make([]string, 0, len(head)+1)
	for i := range head {
		parts = append(parts, text[2*i:2*i+2])
	}
	if more := len(b) - len(head); more > 0 {
		parts = append(parts, fmt.Sprintf("... %d more byte%s", more, plural(more)))
	}
	switch {
	case p.in.vm.IsBuffer(obj):
		return shape{base: "<" + name + " " + strings.Join(parts, " ") + ">", open: "{", close: "}"}
	case p.in.vm.IsArrayBuffer(obj):
		return shape{open: name + " {", close: "}", entries: []string{
			"[Uint8Contents]: <" + strings.Join(parts, " ") + ">", "byteLength: " + p.style(fmt.Sprint(len(b)), "number"),
		}}
	case obj.ExportType().Kind() == reflect.Slice:
		return p.typedArray(obj, name, len(b), depth)
	}
	return shape{open: name + " {", close: "}", entries: []string{"byteLength: " + p.style(fmt.Sprint(len(b)), "number")}}
}
