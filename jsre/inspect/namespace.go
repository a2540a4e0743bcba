package inspect

import "github.com/dop251/goja"

// namespace is the shape of what an ES module exports, and what lists it: the values of now, though each
// export is an accessor. It reports false for other objects.
func (p *printer) namespace(obj *goja.Object, c class) (shape, lister, bool) {
	if !c.none || !p.in.vm.IsNamespace(obj) {
		return shape{}, nil, false
	}
	list := func(s *shape, depth int) {
		for _, name := range obj.GetOwnPropertyNames() {
			key := name
			if !isIdentifier(name) {
				key = p.style(stringLiteral(units(p.in.rt.ToValue(name))), "string")
			}
			text := p.style("<uninitialized>", "special")
			_ = p.in.rt.Try(func() { text = p.value(obj.Get(name), depth, false) })
			s.entries = append(s.entries, key+": "+text)
		}
	}
	return shape{open: "[Module: null prototype] {", close: "}"}, list, true
}
