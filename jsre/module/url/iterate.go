package url

import (
	"slices"
	"strings"

	"github.com/dop251/goja"

	"dunlin/jsre/inspect"
	"dunlin/jsre/nodeerr"
)

// walk is the Go side of an iterator of a URLSearchParams. It follows the pairs as they are changed.
type walk struct {
	params *params
	at     int
	give   func(pair) goja.Value
}

// iterators defines what goes over the pairs of a URLSearchParams.
func (h *host) iterators(method func(string, string, func(*params, goja.FunctionCall) any)) {
	each := func(name string, give func(pair) goja.Value) {
		method(name, "", func(p *params, _ goja.FunctionCall) any {
			it := h.rt.CreateObject(h.walks())
			h.vm.SetSlot(it, &walk{params: p, give: give})
			return it
		})
	}
	each("entries", func(e pair) goja.Value { return h.rt.NewArray(e.name, e.value) })
	each("keys", func(e pair) goja.Value { return h.rt.ToValue(e.name) })
	each("values", func(e pair) goja.Value { return h.rt.ToValue(e.value) })
	_ = h.paramsProto.DefineDataPropertySymbol(goja.SymIterator, h.paramsProto.Get("entries"), goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE)
	_ = h.paramsProto.DefineDataPropertySymbol(goja.SymToStringTag, h.rt.ToValue("URLSearchParams"), goja.FLAG_FALSE, goja.FLAG_TRUE, goja.FLAG_FALSE)
	size := h.vm.NewFunction("get size", func(c goja.FunctionCall) goja.Value { return h.rt.ToValue(len(h.thisParams(c.This).list)) })
	_ = h.paramsProto.DefineAccessorProperty("size", size, nil, goja.FLAG_TRUE, goja.FLAG_TRUE)
	inspect.ShowText(h.vm, h.paramsProto, "[Object]", func(this goja.Value, o inspect.Options) string {
		in := inspect.Of(h.vm)
		text := func(s string) string { return in.MustInspect(h.rt.ToValue(s), o) }
		var list []string
		for _, e := range h.thisParams(this).list {
			list = append(list, text(e.name)+" => "+text(e.value))
		}
		name, line := in.ClassName(this, "URLSearchParams"), strings.Join(list, ", ")
		switch {
		case len(list) == 0:
			return name + " {}"
		case inspect.Width(inspect.StripColors(line)) > o.BreakLength:
			return name + " {\n  " + strings.Join(list, ",\n  ") + " }"
		}
		return name + " { " + line + " }"
	})
}

// walks is the prototype of these iterators, made when the first is.
func (h *host) walks() *goja.Object {
	if h.walkProto != nil {
		return h.walkProto
	}
	proto := h.vm.NewObject()
	h.walkProto = proto
	h.vm.Export(proto, "next", func(c goja.FunctionCall) goja.Value {
		w := h.walk(c.This)
		if w.at >= len(w.params.list) {
			return h.vm.NewObject("value", goja.Undefined(), "done", true)
		}
		w.at++
		return h.vm.NewObject("value", w.give(w.params.list[w.at-1]), "done", false)
	})
	self := h.vm.NewFunction("[Symbol.iterator]", func(c goja.FunctionCall) goja.Value { return c.This })
	_ = proto.DefineDataPropertySymbol(goja.SymIterator, self, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE)
	_ = proto.DefineDataPropertySymbol(goja.SymToStringTag, h.rt.ToValue("URLSearchParams Iterator"), goja.FLAG_FALSE, goja.FLAG_TRUE, goja.FLAG_FALSE)
	inspect.ShowText(h.vm, proto, "[Object]", func(this goja.Value, o inspect.Options) string {
		w := h.walk(this)
		var list []string
		for _, e := range w.params.list[min(w.at, len(w.params.list)):] {
			list = append(list, inspect.Of(h.vm).MustInspect(w.give(e), o))
		}
		if slices.ContainsFunc(list, func(s string) bool { return strings.Contains(s, "\n") }) || inspect.Width(strings.Join(list, ", ")) > o.BreakLength {
			return "URLSearchParams Iterator {\n  " + strings.Join(list, ",\n  ") + " }"
		}
		return "URLSearchParams Iterator { " + strings.Join(list, ", ") + " }"
	})
	return proto
}

func (h *host) walk(v goja.Value) *walk {
	w, ok := h.vm.Slot(v).(*walk)
	if !ok {
		nodeerr.Throw(h.vm, "TypeError", "ERR_INVALID_THIS", `Value of "this" must be of type URLSearchParamsIterator`)
	}
	return w
}
