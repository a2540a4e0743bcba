package url

import (
	"slices"
	"strings"

	"github.com/dop251/goja"

	"dunlin/jsre/nodeerr"
)

// pair is a name and a value of a query.
type pair struct{ name, value string }

// params is the Go side of a URLSearchParams.
type params struct {
	list []pair
	of   *address // the URL that changes with it; nil: none
}

// changed writes the query of the URL anew.
func (p *params) changed() {
	if p.of == nil {
		return
	}
	p.of.query, p.of.hasQuery = p.String(), len(p.list) > 0
}

// String is the query in the form of HTML.
func (p *params) String() string {
	var b strings.Builder
	for i, e := range p.list {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(form(e.name) + "=" + form(e.value))
	}
	return b.String()
}

// form escapes all but letters, digits and a few marks; a space is a plus.
func form(s string) string {
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		switch {
		case c == ' ':
			b.WriteByte('+')
		case isAlpha(c) || isDigit(c) || strings.IndexByte("*-._", c) >= 0:
			b.WriteByte(c)
		default:
			const digits = "0123456789ABCDEF"
			b.WriteString(string([]byte{'%', digits[c>>4], digits[c&15]}))
		}
	}
	return b.String()
}

// parseForm reads a query in the form of HTML.
func parseForm(s string) (out []pair) {
	for part := range strings.SplitSeq(s, "&") {
		if part == "" {
			continue
		}
		name, value, _ := strings.Cut(strings.ReplaceAll(part, "+", " "), "=")
		out = append(out, pair{validUTF8(unescape(name)), validUTF8(unescape(value))})
	}
	return out
}

// paramsOf are the searchParams of a URL.
func (h *host) paramsOf(a *address) *goja.Object {
	if a.params == nil {
		a.params = h.rt.CreateObject(h.paramsProto)
		h.vm.SetSlot(a.params, &params{list: parseForm(a.query), of: a})
	}
	return a.params
}

// refresh has the searchParams follow the query.
func (h *host) refresh(a *address) {
	if a.params != nil {
		h.thisParams(a.params).list = parseForm(a.query)
	}
}

func (h *host) thisParams(v goja.Value) *params {
	p, ok := h.vm.Slot(v).(*params)
	if !ok {
		nodeerr.Throw(h.vm, "TypeError", "ERR_INVALID_THIS", `Value of "this" must be of type URLSearchParams`)
	}
	return p
}

func (h *host) makeParams() {
	h.paramsClass, h.paramsProto = h.vm.NewClass("URLSearchParams", func(c goja.ConstructorCall) *goja.Object {
		h.vm.SetSlot(c.This, &params{list: h.initial(c.Argument(0))})
		return nil
	})
	h.vm.NeedsNew(h.paramsClass, "URLSearchParams")
	method := func(name, need string, f func(p *params, c goja.FunctionCall) any) {
		h.vm.Export(h.paramsProto, name, func(c goja.FunctionCall) goja.Value {
			p := h.thisParams(c.This)
			if names := strings.Fields(need); len(c.Arguments) < len(names) {
				h.missing(names)
			}
			if v := f(p, c); v != nil {
				return h.rt.ToValue(v)
			}
			return goja.Undefined()
		})
	}
	h.changes(method)
	h.lookups(method)
	h.iterators(method)
}

// paramsMethod defines a method; need is how many arguments must be given, by their names.
type paramsMethod = func(name, need string, f func(p *params, c goja.FunctionCall) any)

// changes defines the methods that change what there is.
func (h *host) changes(method paramsMethod) {
	text := func(c goja.FunctionCall, i int) string { return h.text(c.Argument(i)) }
	method("append", "name value", func(p *params, c goja.FunctionCall) any {
		p.list = append(p.list, pair{text(c, 0), text(c, 1)})
		p.changed()
		return nil
	})
	method("delete", "name", func(p *params, c goja.FunctionCall) any {
		match := h.matcher(c)
		p.list = slices.DeleteFunc(p.list, match)
		p.changed()
		return nil
	})
	method("set", "name value", func(p *params, c goja.FunctionCall) any {
		p.set(text(c, 0), text(c, 1))
		return nil
	})
	method("sort", "", func(p *params, _ goja.FunctionCall) any {
		slices.SortStableFunc(p.list, func(a, b pair) int { return h.compare(a.name, b.name) })
		p.changed()
		return nil
	})
}

// lookups defines those that change nothing.
func (h *host) lookups(method paramsMethod) {
	method("get", "name", func(p *params, c goja.FunctionCall) any {
		name := h.text(c.Argument(0))
		if i := slices.IndexFunc(p.list, func(e pair) bool { return e.name == name }); i >= 0 {
			return p.list[i].value
		}
		return goja.Null()
	})
	method("getAll", "name", func(p *params, c goja.FunctionCall) any {
		name := h.text(c.Argument(0))
		out := []any{}
		for _, e := range p.list {
			if e.name == name {
				out = append(out, e.value)
			}
		}
		return h.rt.NewArray(out...)
	})
	method("has", "name", func(p *params, c goja.FunctionCall) any { return slices.ContainsFunc(p.list, h.matcher(c)) })
	method("toString", "", func(p *params, _ goja.FunctionCall) any { return p.String() })
	method("forEach", "", func(p *params, c goja.FunctionCall) any {
		f := nodeerr.Func(h.vm, "callback", c.Argument(0))
		for i := 0; i < len(p.list); i++ {
			f.Call(c.Argument(1), h.rt.ToValue(p.list[i].value), h.rt.ToValue(p.list[i].name), c.This)
		}
		return nil
	})
}

func (h *host) missing(names []string) {
	text := `The "` + names[0] + `" argument must be specified`
	if len(names) > 1 {
		text = `The "` + names[0] + `" and "` + names[1] + `" arguments must be specified`
	}
	nodeerr.Throw(h.vm, "TypeError", "ERR_MISSING_ARGS", text)
}

// matcher finds pairs of a name, and of a value if one is given.
func (h *host) matcher(c goja.FunctionCall) func(pair) bool {
	name, whatever := h.text(c.Argument(0)), goja.IsUndefined(c.Argument(1))
	value := ""
	if !whatever {
		value = h.text(c.Argument(1))
	}
	return func(e pair) bool { return e.name == name && (whatever || e.value == value) }
}

// set leaves one pair of a name.
func (p *params) set(name, value string) {
	seen := false
	p.list = slices.DeleteFunc(p.list, func(e pair) bool {
		again := seen && e.name == name
		seen = seen || e.name == name
		return again
	})
	i := slices.IndexFunc(p.list, func(e pair) bool { return e.name == name })
	if i < 0 {
		p.list = append(p.list, pair{name, value})
	} else {
		p.list[i].value = value
	}
	p.changed()
}

// compare orders names by their UTF-16 units.
func (h *host) compare(a, b string) int {
	x, _ := h.rt.ToValue(a).(goja.String)
	y, _ := h.rt.ToValue(b).(goja.String)
	return x.CompareTo(y)
}

// initial is what a URLSearchParams is made of: a text, pairs, or the members of an object.
func (h *host) initial(v goja.Value) (out []pair) {
	obj, ok := v.(*goja.Object)
	switch {
	case goja.IsUndefined(v) || goja.IsNull(v):
		return nil
	case !ok:
		return parseForm(strings.TrimPrefix(h.text(v), "?"))
	}
	if p, ok := h.vm.Slot(obj).(*params); ok {
		return slices.Clone(p.list)
	}
	iterator := obj.GetSymbol(goja.SymIterator)
	if iterator == nil || goja.IsUndefined(iterator) || goja.IsNull(iterator) {
		for _, key := range obj.Keys() {
			out = append(out, pair{key, h.text(obj.Get(key))})
		}
		return out
	}
	if _, ok := goja.AssertFunction(iterator); !ok {
		nodeerr.Throw(h.vm, "TypeError", "ERR_ARG_NOT_ITERABLE", "Query pairs must be iterable")
	}
	h.rt.ForOf(obj, func(item goja.Value) bool {
		out = append(out, h.pairOf(item))
		return true
	})
	return out
}

func (h *host) pairOf(item goja.Value) pair {
	var parts []string
	list, ok := item.(*goja.Object)
	if ok && list.GetSymbol(goja.SymIterator) != nil {
		h.rt.ForOf(list, func(v goja.Value) bool {
			parts = append(parts, h.text(v))
			return len(parts) < 3
		})
	}
	if len(parts) != 2 {
		nodeerr.Throw(h.vm, "TypeError", "ERR_INVALID_TUPLE", "Each query pair must be an iterable [name, value] tuple")
	}
	return pair{parts[0], parts[1]}
}
