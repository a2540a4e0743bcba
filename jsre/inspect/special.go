package inspect

import (
	"encoding/hex"
	"fmt"
	"reflect"
	"strings"

	"github.com/dop251/goja"
)

// collection shows a set or map. each calls back with the text of every entry.
func (p *printer) collection(obj *goja.Object, c class, kind string, list func(*goja.Object, *shape, int)) (shape, []goja.Value, lister) {
	size := 0
	each := p.in.eachSet
	if kind == "Map" {
		each = p.in.eachMap
	}
	each.Call(obj, p.in.rt.ToValue(func(goja.FunctionCall) goja.Value { size++; return nil }))
	s := shape{open: c.prefix(kind, fmt.Sprintf("(%d)", size)) + "{", close: "}"}
	keys := p.keys(obj, nil)
	if size == 0 && len(keys) == 0 {
		return s, nil, nil
	}
	return s, keys, func(s *shape, depth int) {
		p.indent += 2
		list(obj, s, depth)
		p.indent -= 2
		p.rest(s, int64(size-min(size, p.MaxArray)))
	}
}

func (p *printer) mapEntries(obj *goja.Object, s *shape, depth int) {
	p.in.eachMap.Call(obj, p.in.rt.ToValue(func(c goja.FunctionCall) goja.Value {
		if len(s.entries) < p.MaxArray {
			s.entries = append(s.entries, p.value(c.Argument(1), depth, false)+" => "+p.value(c.Argument(0), depth, false))
		}
		return nil
	}))
}

func (p *printer) set(obj *goja.Object, s *shape, depth int) {
	p.in.eachSet.Call(obj, p.in.rt.ToValue(func(c goja.FunctionCall) goja.Value {
		if len(s.entries) < p.MaxArray {
			s.entries = append(s.entries, p.value(c.Argument(0), depth, false))
		}
		return nil
	}))
}

func (p *printer) promise(pr *goja.Promise) lister {
	return func(s *shape, depth int) {
		if pr.State() == goja.PromiseStatePending {
			s.entries = []string{p.style("<pending>", "special")}
			return
		}
		p.indent += 2
		text := p.value(pr.Result(), depth, false)
		p.indent -= 2
		if pr.State() == goja.PromiseStateRejected {
			text = p.style("<rejected>", "special") + " " + text
		}
		s.entries = []string{text}
	}
}

func (p *printer) date(obj *goja.Object) (text string) {
	text = "Invalid Date"
	_ = p.in.rt.Try(func() { text = p.in.isoDate.Call(obj).String() })
	return text
}

// boxed is the text of an object such as new Number(3), and its further properties.
func (p *printer) boxed(obj *goja.Object, c class) (text string, keys []goja.Value, ok bool) {
	kind := obj.ClassName()
	if p.in.valueOf[kind] == nil {
		kind = c.name
	}
	f := p.in.valueOf[kind]
	if f == nil {
		return "", nil, false
	}
	var inner goja.Value
	if ex := p.in.rt.Try(func() { inner = f.Call(obj) }); ex != nil {
		return "", nil, false
	}
	text = "[" + kind
	switch {
	case c.none:
		text += " (null prototype)"
	case c.name != kind:
		text += " (" + c.name + ")"
	}
	bare := printer{in: p.in, Options: p.Options}
	bare.Colors = false
	text += ": " + bare.primitive(inner) + "]"
	if c.tag != "" && c.tag != c.name {
		text += " [" + c.tag + "]"
	}
	keys = p.keys(obj, func(k string) bool { return kind == "String" && isIndex(k) })
	if len(keys) == 0 {
		text = p.style(text, strings.ToLower(kind))
	}
	return text, keys, true
}

// bytesShape shows what has bytes: a Buffer, a typed array, a DataView, an ArrayBuffer.
func (p *printer) bytesShape(obj *goja.Object, c class, b []byte, typed bool) (shape, []goja.Value, lister) {
	const most = 50 // bytes of a Buffer
	switch {
	case p.in.vm.IsBuffer(obj) && p.CustomInspect:
		text := "<" + c.name + " " + hexBytes(b, most) + ">"
		if len(b) == 0 {
			text = "<" + c.name + " >"
		}
		return p.based(text, p.keys(obj, isIndex))
	case p.in.vm.IsArrayBuffer(obj):
		s := shape{open: c.prefix("ArrayBuffer", "") + "{", close: "}"}
		return s, p.keys(obj, nil), func(s *shape, _ int) {
			if !typed {
				s.entries = append(s.entries, p.style("[Uint8Contents]", "special")+": <"+hexBytes(b, p.MaxArray)+">")
			}
			s.entries = append(s.entries, "byteLength: "+p.style(fmt.Sprint(len(b)), "number"))
		}
	case obj.ExportType().Kind() == reflect.Slice:
		return p.typedArray(obj, c, b)
	}
	s := shape{open: c.prefix("DataView", "") + "{", close: "}"}
	return s, p.keys(obj, nil), func(s *shape, depth int) {
		for _, name := range []string{"byteLength", "byteOffset", "buffer"} {
			p.indent += 2
			s.entries = append(s.entries, name+": "+p.value(obj.Get(name), depth, false))
			p.indent -= 2
		}
	}
}

// hexBytes are bytes as pairs of digits, at most so many.
func hexBytes(b []byte, most int) string {
	head := b[:min(len(b), most)]
	text := hex.EncodeToString(head)
	parts := make([]string, 0, len(head)+1)
	for i := range head {
		parts = append(parts, text[2*i:2*i+2])
	}
	if more := len(b) - len(head); more > 0 {
		parts = append(parts, fmt.Sprintf("... %d more byte%s", more, plural(more)))
	}
	return strings.Join(parts, " ")
}

func (p *printer) typedArray(obj *goja.Object, c class, b []byte) (shape, []goja.Value, lister) {
	elem := obj.ExportType().Elem()
	n := int64(len(b)) / int64(elem.Size()) // a script may have taken its property length away
	fallback := strings.ToUpper(elem.Kind().String()[:1]) + elem.Kind().String()[1:] + "Array"
	s := shape{open: c.prefix(strings.Replace(fallback, "Uint64", "BigUint64", 1), fmt.Sprintf("(%d)", n)) + "[", close: "]", kind: extras, numbers: true}
	keys := p.keys(obj, isIndex)
	if n == 0 && len(keys) == 0 && !p.ShowHidden {
		return s, nil, nil
	}
	return s, keys, func(s *shape, depth int) {
		shown := min(n, int64(p.MaxArray))
		for i := range shown {
			s.entries = append(s.entries, p.primitive(obj.Get(fmt.Sprint(i))))
		}
		p.rest(s, n-shown)
		if !p.ShowHidden {
			return
		}
		p.indent += 2
		for _, name := range []string{"BYTES_PER_ELEMENT", "length", "byteLength", "byteOffset", "buffer"} {
			s.entries = append(s.entries, "["+name+"]: "+p.value(obj.Get(name), depth, true))
		}
		p.indent -= 2
	}
}
