package inspect

import (
	"fmt"
	"strings"

	"github.com/dop251/goja"
)

// function is how a function or class is shown, without its properties.
func (p *printer) function(obj *goja.Object, class string) string {
	name := ""
	if d, ok := p.property(obj, p.in.rt.ToValue("name")); ok && d.value != nil && goja.IsString(d.value) {
		name = d.value.String()
	}
	source := ""
	if v := p.in.source.Call(obj); v != nil {
		source = v.String()
	}
	if strings.HasPrefix(source, "class") && !strings.HasSuffix(source, "[native code] }") {
		return p.class(obj, name)
	}
	kind := "Function"
	switch {
	case strings.HasPrefix(source, "async"):
		kind = "AsyncFunction"
	case class == "GeneratorFunction":
		kind = class
	}
	if name == "" {
		return "[" + kind + " (anonymous)]"
	}
	return "[" + kind + ": " + name + "]"
}

func (p *printer) class(obj *goja.Object, name string) string {
	if name == "" {
		name = "(anonymous)"
	}
	if super := obj.Prototype(); super != nil && isFunction(super) {
		if d, ok := p.property(super, p.in.rt.ToValue("name")); ok && d.value != nil && d.value.String() != "" {
			return "[class " + name + " extends " + d.value.String() + "]"
		}
	}
	return "[class " + name + "]"
}

func (p *printer) promise(obj *goja.Object, pr *goja.Promise, name string, depth int) shape {
	s := shape{open: p.prefix(obj, name, "Promise", -1) + "{", close: "}"}
	if name == "Promise" {
		s.open = "Promise {"
	}
	switch pr.State() {
	case goja.PromiseStatePending:
		s.entries = []string{p.style("<pending>", "special")}
	case goja.PromiseStateRejected:
		s.entries = []string{p.style("<rejected>", "special") + " " + p.value(pr.Result(), depth+1, false)}
	default:
		s.entries = []string{p.value(pr.Result(), depth+1, false)}
	}
	return p.plain(obj, depth, s)
}

func (p *printer) mapShape(obj *goja.Object, name string, depth int) shape {
	var s shape
	n := 0
	each := func(c goja.FunctionCall) goja.Value {
		if n++; n <= p.MaxArray {
			s.entries = append(s.entries, p.value(c.Argument(1), depth+1, false)+" => "+p.value(c.Argument(0), depth+1, false))
		}
		return nil
	}
	p.in.eachMap.Call(obj, p.in.rt.ToValue(each))
	s.rest(int64(n - min(n, p.MaxArray)))
	s.open, s.close = p.prefix(obj, name, "Map", int64(n))+"{", "}"
	return p.plain(obj, depth, s)
}

func (p *printer) set(obj *goja.Object, name string, depth int) shape {
	var s shape
	n := 0
	each := func(c goja.FunctionCall) goja.Value {
		if n++; n <= p.MaxArray {
			s.entries = append(s.entries, p.value(c.Argument(0), depth+1, false))
		}
		return nil
	}
	p.in.eachSet.Call(obj, p.in.rt.ToValue(each))
	s.rest(int64(n - min(n, p.MaxArray)))
	s.open, s.close = p.prefix(obj, name, "Set", int64(n))+"{", "}"
	return p.plain(obj, depth, s)
}

func (p *printer) date(obj *goja.Object) (text string) {
	text = "Invalid Date"
	_ = p.in.rt.Try(func() { text = p.in.isoDate.Call(obj).String() })
	return text
}

// unbox is the primitive inside an object such as new Number(3).
func (in *Inspector) unbox(obj *goja.Object, name string) (v goja.Value, ok bool) {
	f := in.valueOf[name]
	if f == nil {
		return nil, false
	}
	ex := in.rt.Try(func() { v = f.Call(obj) })
	return v, ex == nil
}

func (p *printer) boxed(obj *goja.Object, name string, inner goja.Value, depth int) shape {
	s := shape{base: p.style(fmt.Sprintf("[%s: %s]", name, plainText(inner)), "string"), open: "{", close: "}"}
	s.entries = p.properties(obj, depth, func(k string) bool { return name == "String" && (isIndex(k) || k == "length") })
	return s
}

func plainText(v goja.Value) string {
	if goja.IsString(v) {
		return stringLiteral(v.String())
	}
	if sym, ok := v.(*goja.Symbol); ok {
		return symbolText(sym)
	}
	if goja.IsBigInt(v) {
		return v.String() + "n"
	}
	return v.String()
}

// errorShape shows an error by its stack, followed by its further properties and its cause.
func (p *printer) errorShape(obj *goja.Object, name string, depth int) shape {
	text := ""
	if d, ok := p.property(obj, p.in.rt.ToValue("stack")); ok && d.value != nil && goja.IsString(d.value) {
		text = strings.TrimRight(p.in.vm.CleanStack(d.value.String()), "\n")
	}
	if text == "" {
		text = p.errorHeadline(obj, name)
	}
	if !strings.Contains(text, "\n    at ") {
		text = "[" + text + "]"
	}
	pad := strings.Repeat(" ", max(0, p.indent-2))
	text = strings.ReplaceAll(text, "\n", "\n"+pad)
	s := shape{base: text, open: "{", close: "}"}
	s.entries = p.properties(obj, depth, func(k string) bool {
		return k == "stack" || k == "message" || k == "name" && p.said(obj, text)
	})
	for _, k := range []string{"cause", "errors"} {
		if d, ok := p.property(obj, p.in.rt.ToValue(k)); ok && !d.enumerable {
			s.entries = append(s.entries, "["+k+"]: "+p.member(d, depth))
		}
	}
	return s
}

// said reports whether the name of an error stands in its text already.
func (p *printer) said(obj *goja.Object, text string) bool {
	d, ok := p.property(obj, p.in.rt.ToValue("name"))
	return ok && d.value != nil && goja.IsString(d.value) && strings.Contains(text, d.value.String())
}

// errorHeadline is "Name: message" of an error without a stack.
func (p *printer) errorHeadline(obj *goja.Object, name string) string {
	for o := obj; o != nil; o = o.Prototype() {
		if d, ok := p.property(o, p.in.rt.ToValue("message")); ok && d.value != nil {
			if m := d.value.String(); m != "" {
				return name + ": " + m
			}
		}
	}
	return name
}
