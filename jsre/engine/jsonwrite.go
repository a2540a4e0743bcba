package engine

import (
	"math"
	"strconv"
	"strings"
	"unsafe"

	"github.com/dop251/goja"
	"github.com/dop251/goja/unistring"
)

// jsonWriter makes JSON text of values.
type jsonWriter struct {
	vm       *VM
	out      jsonText
	replacer *Func
	names    []string // the only properties that are written; nil: all
	gap      string
	indent   string
	open     []jsonOpen // objects that are being written, outermost first
	written  int        // elements so far
}

// jsonOpen is an object that is being written; key is where it is in the one before.
type jsonOpen struct {
	object *goja.Object
	key    jsonKey
}

// jsonKey is the name of a property, or an index when name is empty and index is not negative.
type jsonKey struct {
	name  unistring.String
	index int
}

func nameKey(n unistring.String) jsonKey { return jsonKey{n, -1} }

func (k jsonKey) text() string {
	if k.index >= 0 {
		return strconv.Itoa(k.index)
	}
	return k.name.String()
}

func (vm *VM) jsonStringify(c goja.FunctionCall) goja.Value {
	w := &jsonWriter{vm: vm}
	if replacer, ok := c.Argument(1).(*goja.Object); ok {
		if f, ok := vm.ToFunc(replacer); ok {
			w.replacer = f
		} else if vm.isArray(replacer) {
			w.names = vm.jsonNames(replacer)
		}
	}
	w.gap = jsonGap(c.Argument(2))
	value := c.Argument(0)
	var holder *goja.Object
	if w.replacer != nil {
		holder = vm.rt.NewObject()
		_ = holder.Set("", value)
	}
	if !w.value(holder, nameKey(""), value) {
		return goja.Undefined()
	}
	return w.out.value(vm)
}

// jsonNames is the list of properties that an array in the place of a replacer names.
func (vm *VM) jsonNames(list *goja.Object) []string {
	names, seen := []string{}, map[string]bool{}
	n := lengthOf(list)
	for i := range n {
		vm.checkEvery(i)
		v := list.Get(strconv.Itoa(i))
		o, isObject := v.(*goja.Object)
		if isObject && !vm.isProxy(o) && (o.ClassName() == "Number" || o.ClassName() == "String") {
			isObject, v = false, o.ToString()
		}
		if isObject || v == nil || !goja.IsString(v) && !goja.IsNumber(v) {
			continue
		}
		if name := v.String(); !seen[name] {
			seen[name] = true
			names = append(names, name)
		}
	}
	return names
}

// checkEvery unwinds a script that is being stopped, once in a while.
func (vm *VM) checkEvery(i int) {
	if i&1023 == 1023 {
		vm.CheckStop()
	}
}

func lengthOf(o *goja.Object) int {
	v := o.Get("length")
	if v == nil {
		return 0
	}
	return int(min(max(v.ToInteger(), 0), 1<<53-1))
}

func jsonGap(v goja.Value) string {
	if o, ok := v.(*goja.Object); ok {
		switch o.ClassName() {
		case "Number":
			v = o.ToNumber()
		case "String":
			v = o.ToString()
		}
	}
	if goja.IsNumber(v) {
		return strings.Repeat(" ", int(min(max(v.ToInteger(), 0), 10)))
	}
	s, ok := v.(goja.String)
	if !ok {
		return ""
	}
	return s.Substring(0, min(s.Length(), 10)).String()
}

// value writes a value; false when it is one that JSON has no word for.
func (w *jsonWriter) value(holder *goja.Object, key jsonKey, v goja.Value) bool {
	o, isObject := v.(*goja.Object)
	if isObject {
		if f, ok := w.vm.ToFunc(o.Get("toJSON")); ok {
			v = f.Call(v, w.vm.rt.ToValue(key.text()))
			o, isObject = v.(*goja.Object)
		}
	} else if goja.IsBigInt(v) {
		if f, ok := w.vm.ToFunc(v.ToObject(w.vm.rt).Get("toJSON")); ok {
			v = f.Call(v, w.vm.rt.ToValue(key.text()))
			o, isObject = v.(*goja.Object)
		}
	}
	if w.replacer != nil {
		v = w.replacer.Call(holder, w.vm.rt.ToValue(key.text()), v)
		o, isObject = v.(*goja.Object)
	}
	if isObject {
		return w.objectValue(key, o)
	}
	return w.primitive(v)
}

func (w *jsonWriter) primitive(v goja.Value) bool {
	switch {
	case v == nil || goja.IsUndefined(v):
		return false
	case goja.IsNull(v):
		w.out.ascii("null")
	case goja.IsString(v):
		s, _ := v.(goja.String)
		w.quote(s)
	case goja.IsNumber(v):
		if f := v.ToFloat(); math.IsNaN(f) || math.IsInf(f, 0) {
			w.out.ascii("null")
		} else {
			w.out.ascii(v.String())
		}
	case goja.IsBigInt(v):
		panic(w.vm.NewError("TypeError", "", "Do not know how to serialize a BigInt"))
	default:
		if _, ok := v.(*goja.Symbol); ok {
			return false
		}
		w.out.ascii(v.String()) // true, false
	}
	return true
}

func (w *jsonWriter) objectValue(key jsonKey, o *goja.Object) bool {
	kind := selfOf(o).kind
	if kind == w.vm.json.plain || kind == w.vm.json.array {
		return w.nested(key, o)
	}
	if kind != w.vm.json.proxy {
		switch o.ClassName() {
		case "Number":
			return w.primitive(o.ToNumber())
		case "String":
			return w.primitive(o.ToString())
		case "Boolean":
			b, _ := o.Export().(bool)
			return w.primitive(w.vm.rt.ToValue(b))
		case "BigInt":
			panic(w.vm.NewError("TypeError", "", "Do not know how to serialize a BigInt"))
		case "RawJSON":
			w.out.text(o.Get("rawJSON").String())
			return true
		}
	}
	if _, ok := goja.AssertFunction(o); ok {
		return false
	}
	return w.nested(key, o)
}

func (w *jsonWriter) nested(key jsonKey, o *goja.Object) bool {
	if len(w.open) >= maxJSONDepth {
		panic(w.vm.overflow.error())
	}
	for i := range w.open {
		if w.open[i].object == o {
			panic(w.vm.NewError("TypeError", "", w.circle(i, key)))
		}
	}
	w.open = append(w.open, jsonOpen{o, key})
	outer := w.indent
	w.indent += w.gap
	if w.vm.isArray(o) {
		w.array(o, outer)
	} else {
		w.object(o, outer)
	}
	w.indent = outer
	w.open = w.open[:len(w.open)-1]
	return true
}

// circle says how an object is inside itself.
func (w *jsonWriter) circle(from int, closes jsonKey) string {
	var b strings.Builder
	constructor := func(o *goja.Object) string {
		name := "Object"
		_ = w.vm.rt.Try(func() {
			if c, ok := o.Get("constructor").(*goja.Object); ok {
				if n := c.Get("name"); n != nil && goja.IsString(n) && n.String() != "" {
					name = n.String()
				}
			}
		})
		return "object with constructor '" + name + "'"
	}
	place := func(k jsonKey) string {
		if k.index >= 0 {
			return "index " + strconv.Itoa(k.index)
		}
		return "property '" + k.name.String() + "'"
	}
	b.WriteString("Converting circular structure to JSON\n    --> starting at " + constructor(w.open[from].object))
	inner := w.open[from+1:]
	for i, o := range inner {
		if i == 2 && len(inner) > 3 {
			b.WriteString("\n    |     ...")
		}
		if i < 2 || i == len(inner)-1 {
			b.WriteString("\n    |     " + place(o.key) + " -> " + constructor(o.object))
		}
	}
	b.WriteString("\n    --- " + place(closes) + " closes the circle")
	return b.String()
}

func (w *jsonWriter) line(indent string) {
	if w.gap != "" {
		w.out.ascii("\n")
		w.out.text(indent)
	}
}

func (w *jsonWriter) array(o *goja.Object, outer string) {
	n := lengthOf(o)
	if n == 0 {
		w.out.ascii("[]")
		return
	}
	for i := range n {
		if i == 0 {
			w.out.ascii("[")
		} else {
			w.out.ascii(",")
		}
		w.tick()
		w.line(w.indent)
		if !w.value(o, jsonKey{"", i}, w.element(o, i)) {
			w.out.ascii("null")
		}
	}
	w.line(outer)
	w.out.ascii("]")
}

// tick keeps a text that is too long, or has no end, from being made.
func (w *jsonWriter) tick() {
	w.vm.checkEvery(w.written)
	w.written++
	if w.out.len() > maxStringLength {
		panic(w.vm.NewError("RangeError", "", "Invalid string length"))
	}
}

// element is an element of an array.
func (w *jsonWriter) element(o *goja.Object, i int) goja.Value {
	kinds := &w.vm.json
	if self := selfOf(o); self.kind == kinds.array {
		values := *(*[]goja.Value)(unsafe.Add(self.data, kinds.elements))
		if i < len(values) && values[i] != nil && *(*int)(unsafe.Add(self.data, kinds.properties)) == 0 {
			return values[i]
		}
	}
	return o.Get(strconv.Itoa(i))
}

func (w *jsonWriter) object(o *goja.Object, outer string) {
	w.out.ascii("{")
	empty := true
	if names, ok := w.plainNames(o); ok {
		for _, name := range names {
			if v := w.plainField(o, name); v != nil {
				empty = !w.field(o, nameKey(name), v, empty) && empty
			}
		}
	} else {
		list := w.names
		if list == nil {
			list = w.vm.ownKeys(o)
		}
		for _, name := range list {
			empty = !w.field(o, nameKey(unistring.NewFromString(name)), o.Get(name), empty) && empty
		}
	}
	if !empty {
		w.line(outer)
	}
	w.out.ascii("}")
}

// valueProperty is goja's property that is an accessor or has attributes.
type valueProperty struct {
	value                                        goja.Value
	writable, configurable, enumerable, accessor bool
	getterFunc, setterFunc                       *goja.Object
}

// plainField is the value of a property of a plain object; nil when it is gone or not enumerable.
func (w *jsonWriter) plainField(o *goja.Object, name unistring.String) goja.Value {
	v := (*baseObject)(selfOf(o).data).values[name]
	w0 := valueWords(v)
	switch {
	case w0.kind != w.vm.json.property:
		return v
	case (*valueProperty)(w0.data).enumerable:
		return o.Get(name.String())
	}
	return nil
}

// plainNames is the names of an object's properties in their order, when that is easily told.
func (w *jsonWriter) plainNames(o *goja.Object) ([]unistring.String, bool) {
	self := selfOf(o)
	if self.kind != w.vm.json.plain || w.names != nil {
		return nil, false
	}
	names := (*baseObject)(self.data).propNames
	for _, n := range names {
		if len(n) > 0 && n[0] >= '0' && n[0] <= '9' {
			return nil, false // indexes come first, in numeric order
		}
	}
	return names, true
}

// ownKeys is the names of the enumerable properties of an object itself.
func (vm *VM) ownKeys(o *goja.Object) []string {
	if vm.isArray(o) {
		var keys []string
		for i := range lengthOf(o) {
			vm.checkEvery(i)
			keys = append(keys, strconv.Itoa(i))
		}
		return keys
	}
	return o.Keys()
}

// field writes a property; false when its value is one that JSON has no word for.
func (w *jsonWriter) field(o *goja.Object, key jsonKey, v goja.Value, first bool) bool {
	w.tick()
	mark := w.out.mark()
	if !first {
		w.out.ascii(",")
	}
	w.line(w.indent)
	w.quoteName(key.name)
	w.out.ascii(":")
	if w.gap != "" {
		w.out.ascii(" ")
	}
	if w.value(o, key, v) {
		return true
	}
	w.out.cut(mark)
	return false
}
