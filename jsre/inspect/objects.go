package inspect

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/dop251/goja"
)

// goja exports maps and sets as slices of these types.
var (
	mapType = reflect.TypeFor[[][2]any]()
	setType = reflect.TypeFor[[]any]()
)

// object shows an object that is not part of a cycle.
func (p *printer) object(obj *goja.Object, depth int, typed bool) string {
	var c class
	c.name, c.none = p.constructorName(obj, depth)
	c.tag = p.tag(obj)
	s, keys, list := p.shape(obj, c, typed)
	if s.whole || list == nil && len(keys) == 0 {
		return p.empty(s)
	}
	if depth > p.Depth {
		return p.tooDeep(obj, c, s)
	}
	p.seen = append(p.seen, obj)
	p.level = depth + 1
	s.obj, s.level = obj, depth+1
	if list != nil {
		list(&s, depth+1)
	}
	for _, k := range keys {
		s.entries = append(s.entries, p.entry(obj, k, depth+1, s.kind))
	}
	s.props = len(keys)
	p.seen = p.seen[:len(p.seen)-1]
	return p.layout(s)
}

// empty shows an object that has nothing inside.
func (p *printer) empty(s shape) string {
	if s.base != "" {
		return s.base
	}
	return s.open + s.close
}

// tooDeep names an object whose inside is not shown.
func (p *printer) tooDeep(obj *goja.Object, c class, s shape) string {
	if name := obj.ClassName(); s.base != "" && (name == "RegExp" || name == "Date") {
		return s.base
	}
	fallback := "Object"
	if obj.ClassName() == "Array" {
		fallback = "Array"
	}
	text := strings.TrimSuffix(c.prefix(fallback, ""), " ")
	if !c.none {
		text = "[" + text + "]"
	}
	return p.style(text, "special")
}

// lister adds the elements of an object to its shape.
type lister func(s *shape, depth int)

// shape finds out what kind of object it is: what stands around its entries, the properties to show,
// and what lists its elements, nil when it has none.
func (p *printer) shape(obj *goja.Object, c class, typed bool) (shape, []goja.Value, lister) {
	switch t := obj.ExportType(); {
	case obj.ClassName() == "Array":
		return p.array(obj, c)
	case t == setType && obj.ClassName() != "Arguments":
		return p.collection(obj, c, "Set", p.set)
	case t == mapType:
		return p.collection(obj, c, "Map", p.mapEntries)
	}
	if b, ok := p.in.vm.Bytes(obj); ok {
		return p.bytesShape(obj, c, b, typed)
	}
	keys := p.keys(obj, nil)
	if isFunction(obj) {
		return p.based(p.style(p.function(obj, c), "special"), keys)
	}
	if pr, ok := export[*goja.Promise](obj); ok {
		return shape{open: c.prefix("Promise", "") + "{", close: "}"}, keys, p.promise(pr)
	}
	if obj.ClassName() == "Error" || p.isError(obj) {
		return p.errorShape(obj, c)
	}
	switch obj.ClassName() {
	case "Arguments":
		return shape{open: "[Arguments] {", close: "}"}, keys, nil
	case "RegExp":
		return p.based(p.style(c.plain("RegExp")+p.in.regText.Call(obj).String(), "regexp"), keys)
	case "Date":
		return p.based(p.style(c.plain("Date")+p.date(obj), "date"), keys)
	}
	return p.otherShape(obj, c, keys)
}

// otherShape is shape for what is neither of the kinds that most objects are.
func (p *printer) otherShape(obj *goja.Object, c class, keys []goja.Value) (shape, []goja.Value, lister) {
	if c.name == "WeakMap" || c.name == "WeakSet" {
		return shape{open: c.prefix(c.name, "") + "{", close: "}"}, keys, func(s *shape, _ int) {
			s.entries = []string{p.style("<items unknown>", "special")}
		}
	}
	if s, list, ok := p.iterator(obj); ok {
		return s, keys, list
	}
	if base, keys, ok := p.boxed(obj, c); ok {
		return p.based(base, keys)
	}
	if s, list, ok := p.namespace(obj, c); ok {
		return s, nil, list
	}
	return shape{open: c.plain("Object") + "{", close: "}"}, keys, nil
}

// based is the shape of an object that has a text of its own, to which properties may be added.
func (p *printer) based(text string, keys []goja.Value) (shape, []goja.Value, lister) {
	return shape{base: text, open: "{", close: "}"}, keys, nil
}

// keys are the properties to show except those that skip names.
func (p *printer) keys(obj *goja.Object, skip func(name string) bool) []goja.Value {
	var out []goja.Value
	names := obj.Keys()
	if p.ShowHidden {
		names = obj.GetOwnPropertyNames()
	}
	for _, k := range names {
		if skip == nil || !skip(k) {
			out = append(out, p.in.rt.ToValue(k))
		}
	}
	list, ok := p.in.symbols.Call(goja.Undefined(), obj).(*goja.Object)
	if !ok {
		return out
	}
	for i := range list.Get("length").ToInteger() {
		sym, ok := list.Get(strconv.FormatInt(i, 10)).(*goja.Symbol)
		if !ok || p.in.vm.Internal(sym) {
			continue
		}
		if d, ok := p.property(obj, sym); ok && (d.enumerable || p.ShowHidden) {
			out = append(out, sym)
		}
	}
	return out
}

// entry shows one property with its name.
func (p *printer) entry(obj *goja.Object, key goja.Value, depth int, in kind) string {
	d, ok := p.property(obj, key)
	if !ok { // a getter that ran before has taken it away
		d = descriptor{value: goja.Undefined(), enumerable: true}
	}
	name := ""
	if sym, ok := key.(*goja.Symbol); ok {
		name = "[" + p.style(symbolText(sym), "symbol") + "]"
	} else {
		switch k := key.String(); {
		case k == "__proto__":
			name = "['__proto__']"
		case !d.enumerable:
			name = "[" + k + "]"
		case isIdentifier(k):
			name = k
		default:
			name = p.style(stringLiteral(units(key)), "string")
		}
	}
	by := 2
	if p.Compact == compactAll && in == fields {
		by = 3
	}
	p.indent += by
	text := p.member(d, obj, depth)
	gap := " "
	if by == 3 && d.value != nil && p.BreakLength < Width(text) {
		gap = "\n" + strings.Repeat(" ", p.indent)
	}
	p.indent -= by
	return name + ":" + gap + text
}

// member shows the value of a property. Getters are called only when that is asked for.
func (p *printer) member(d descriptor, obj *goja.Object, depth int) string {
	label := ""
	switch {
	case d.get != nil && d.set != nil:
		label = "Getter/Setter"
	case d.get != nil:
		label = "Getter"
	case d.set != nil:
		return p.style("[Setter]", "special")
	default:
		return p.value(d.value, depth, false)
	}
	if p.Getters == "all" || p.Getters == "get" && d.set == nil || p.Getters == "set" && d.set != nil {
		return p.called(d.get, obj, label, depth)
	}
	return p.style("["+label+"]", "special")
}

// called shows what a getter gives.
func (p *printer) called(get, obj *goja.Object, label string, depth int) string {
	f, ok := p.in.vm.ToFunc(get)
	if !ok {
		return p.style("["+label+"]", "special")
	}
	var v goja.Value
	if ex := p.in.rt.Try(func() { v = f.Call(obj) }); ex != nil {
		message := ex.Value().String()
		if e, ok := ex.Value().(*goja.Object); ok && e.Get("message") != nil {
			message = e.Get("message").String()
		}
		return p.style("["+label+":", "special") + " <Inspection threw (" + message + ")>" + p.style("]", "special")
	}
	if _, ok := v.(*goja.Object); ok {
		return p.style("["+label+"]", "special") + " " + p.value(v, depth, false)
	}
	return p.style("["+label+":", "special") + " " + p.primitive(v) + p.style("]", "special")
}

// array shows elements, holes and further properties.
func (p *printer) array(obj *goja.Object, c class) (shape, []goja.Value, lister) {
	n := obj.Get("length").ToInteger() // up to 2^32-1, which the int of a 32-bit build does not hold
	s := shape{open: "[", close: "]", kind: extras, numbers: true}
	if c.name != "Array" || c.tag != "" {
		s.open = c.prefix("Array", fmt.Sprintf("(%d)", n)) + "["
	}
	keys := p.keys(obj, isIndex)
	if n == 0 && len(keys) == 0 {
		return s, nil, nil
	}
	return s, keys, func(s *shape, depth int) {
		p.indent += 2
		p.elements(obj, s, n, depth)
		p.indent -= 2
		s.numbers = s.numbers && len(keys) == 0
	}
}

func (p *printer) elements(obj *goja.Object, s *shape, n int64, depth int) {
	at := int64(0)
	for shown := 0; at < n && shown < p.MaxArray; shown++ {
		d, ok := p.property(obj, p.in.rt.ToValue(at))
		if !ok {
			from := at
			at = p.nextElement(obj, at, n)
			s.entries = append(s.entries, p.style(fmt.Sprintf("<%d empty item%s>", at-from, plural(at-from)), "undefined"))
			s.numbers = false
			continue
		}
		s.numbers = s.numbers && d.value != nil && (goja.IsNumber(d.value) || goja.IsBigInt(d.value))
		s.entries = append(s.entries, p.member(d, obj, depth))
		at++
	}
	p.rest(s, n-at)
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
			if i, err := strconv.ParseInt(k, 10, 64); err == nil && i >= at && i < next {
				next = i
			}
		}
	}
	return next
}

// rest notes how many elements are not shown.
func (p *printer) rest(s *shape, n int64) {
	if n > 0 {
		s.entries = append(s.entries, fmt.Sprintf("... %d more item%s", n, plural(n)))
		s.numbers = s.numbers && p.MaxArray > 0
	}
}
