package inspect

import (
	"strings"

	"github.com/dop251/goja"
)

// descriptor is a property as it is defined, without running its getter.
type descriptor struct {
	value      goja.Value
	get, set   *goja.Object
	enumerable bool
}

func (p *printer) property(obj *goja.Object, key goja.Value) (d descriptor, ok bool) {
	desc, ok := p.in.describe.Call(goja.Undefined(), obj, key).(*goja.Object)
	if !ok {
		return d, false
	}
	d.value = desc.Get("value")
	d.get, _ = desc.Get("get").(*goja.Object)
	d.set, _ = desc.Get("set").(*goja.Object)
	d.enumerable = desc.Get("enumerable").ToBoolean()
	return d, true
}

// data is the string that an own property holds, empty when it holds none.
func (p *printer) data(obj *goja.Object, name string) string {
	if d, ok := p.property(obj, p.in.rt.ToValue(name)); ok && d.value != nil && goja.IsString(d.value) {
		return d.value.String()
	}
	return ""
}

func isFunction(v goja.Value) bool {
	_, ok := goja.AssertFunction(v)
	return ok
}

// constructorName is the name of an object's class; none for an object without a prototype.
func (p *printer) constructorName(obj *goja.Object, depth int) (name string, none bool) {
	for o := obj; o != nil; o = o.Prototype() {
		d, ok := p.property(o, p.in.rt.ToValue("constructor"))
		if !ok {
			continue
		}
		if class, ok := d.value.(*goja.Object); ok && isFunction(class) && p.inherits(obj, class) {
			if n := p.data(class, "name"); n != "" {
				return n, false
			}
		}
	}
	first := obj.Prototype()
	if first == nil {
		return "", true
	}
	name = nativeName(obj)
	if depth > p.Depth {
		return name + " <Complex prototype>", false
	}
	above, none := p.constructorName(first, depth+1)
	if none {
		o := p.Options
		o.Depth, o.CustomInspect = -1, false
		above = (&printer{in: p.in, Options: o, refs: map[*goja.Object]int{}}).value(first, 0, false)
	}
	return name + " <" + above + ">", false
}

// nativeName is the name of the built-in class of an object.
func nativeName(obj *goja.Object) string {
	if isFunction(obj) {
		return "Function"
	}
	return obj.ClassName()
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

// tag is the object's Symbol.toStringTag, unless it is listed among the properties.
func (p *printer) tag(obj *goja.Object) string {
	if d, own := p.property(obj, goja.SymToStringTag); own && (d.enumerable || p.ShowHidden) {
		return ""
	}
	if v := obj.GetSymbol(goja.SymToStringTag); v != nil && goja.IsString(v) {
		return v.String()
	}
	return ""
}

// class is what the braces of an object say of its class.
type class struct {
	name string
	none bool // the object has no prototype
	tag  string
}

// prefix is what stands before the brace. fallback names an object without a prototype, size is
// "(n)" or empty.
func (c class) prefix(fallback, size string) string {
	switch {
	case c.none && c.tag != "" && c.tag != fallback:
		return "[" + fallback + size + ": null prototype] [" + c.tag + "] "
	case c.none:
		return "[" + fallback + size + ": null prototype] "
	case c.tag != "" && c.tag != c.name:
		return c.name + size + " [" + c.tag + "] "
	}
	return c.name + size + " "
}

// plain is prefix, empty for the built-in class itself.
func (c class) plain(fallback string) string {
	if c.name == fallback && c.tag == "" && !c.none {
		return ""
	}
	return c.prefix(fallback, "")
}

// function is how a function or class is shown, without its properties.
func (p *printer) function(obj *goja.Object, c class) string {
	source := ""
	if v := p.in.source.Call(obj); v != nil {
		source = v.String()
	}
	if strings.HasPrefix(source, "class") && strings.HasSuffix(source, "}") && !strings.HasSuffix(source, "[native code] }") {
		return p.class(obj, c)
	}
	kind := functionKind(obj, c, source)
	base := "[" + kind
	if c.none {
		base += " (null prototype)"
	}
	if name := p.data(obj, "name"); name != "" {
		base += ": " + name + "]"
	} else {
		base += " (anonymous)]"
	}
	if c.name != kind && !c.none && c.name != "Function" {
		base += " " + c.name
	}
	if c.tag != "" && c.tag != c.name && c.tag != kind {
		base += " [" + c.tag + "]"
	}
	return base
}

// functionKind is the class of a function, as its brackets have it.
func functionKind(obj *goja.Object, c class, source string) string {
	switch name := obj.ClassName(); {
	case strings.HasPrefix(source, "async") || name == "AsyncFunction":
		return "AsyncFunction"
	case name == "GeneratorFunction" || c.tag == "GeneratorFunction":
		return "GeneratorFunction"
	}
	return "Function"
}

func (p *printer) class(obj *goja.Object, c class) string {
	name := p.data(obj, "name")
	if name == "" {
		name = "(anonymous)"
	}
	base := "[class " + name
	if c.name != "Function" && !c.none {
		base += " [" + c.name + "]"
	}
	if c.tag != "" && c.tag != c.name {
		base += " [" + c.tag + "]"
	}
	if c.none {
		return base + " extends null]"
	}
	if super := obj.Prototype(); super != nil && isFunction(super) {
		if n := p.data(super, "name"); n != "" {
			base += " extends " + n
		}
	}
	return base + "]"
}
