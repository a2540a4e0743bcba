package inspect

import "github.com/dop251/goja"

// classless shows an object of no special class.
func (p *printer) classless(obj *goja.Object, name string, depth int) shape {
	if name == "" && p.in.vm.IsNamespace(obj) {
		return p.namespace(obj, depth)
	}
	return p.plain(obj, depth, shape{open: p.prefix(obj, name, "Object", -1) + "{", close: "}"})
}

// namespace shows the namespace of a module: its exports as they are now, though each is an accessor.
func (p *printer) namespace(obj *goja.Object, depth int) shape {
	s := shape{open: "[Module: null prototype] {", close: "}"}
	for _, name := range obj.GetOwnPropertyNames() {
		key := name
		if !isIdentifier(name) {
			key = p.style(stringLiteral(name), "string")
		}
		text := p.style("<uninitialized>", "special")
		_ = p.in.rt.Try(func() { text = p.value(obj.Get(name), depth+1, false) })
		s.entries = append(s.entries, key+": "+text)
	}
	return s
}
