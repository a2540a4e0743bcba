package inspect

import (
	"strings"

	"github.com/dop251/goja"

	"dunlin/jsre/engine"
)

// Look is how the objects of a native class are shown.
type Look struct {
	// Parts are what stands before the braces and an object whose members are shown in them. They are asked for an
	// object of the class alone: for another they throw.
	Parts func(this goja.Value) (name string, members *goja.Object)
	// Deep is the text of an object that lies too deep to be shown; empty: it is shown without members.
	Deep string
	// Own: the members lie as deep as the object itself, and not a level below.
	Own bool
}

// Show gives the objects of a class a look. It is for the set-up of native classes.
func Show(vm *engine.VM, proto *goja.Object, look Look) {
	in := Of(vm)
	ShowText(vm, proto, look.Deep, func(this goja.Value, o Options) string {
		name, members := look.Parts(this)
		if !look.Own && o.Depth < maxDepth {
			o.Depth--
		}
		if name != "" {
			name += " "
		}
		return name + in.MustInspect(members, o)
	})
}

// ShowText gives the objects of a class a text of their own, made with the options that hold.
func ShowText(vm *engine.VM, proto *goja.Object, deep string, text func(this goja.Value, o Options) string) {
	in := Of(vm)
	f := vm.NewFunction("[nodejs.util.inspect.custom]", func(c goja.FunctionCall) goja.Value {
		o := in.defaults
		if from, ok := c.Argument(1).(*goja.Object); ok {
			o = in.ReadOptions(from, o)
		}
		if left := c.Argument(0); goja.IsNumber(left) && left.ToFloat() < 0 {
			if deep == "" {
				return c.This
			}
			p := printer{in: in, Options: o}
			return vm.Runtime().ToValue(p.style(deep, "special"))
		}
		return vm.Runtime().ToValue(text(c.This, o))
	})
	_ = proto.DefineDataPropertySymbol(in.custom, f, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE)
}

// ClassName is the name of the class of an object, or what it has for lack of one.
func (in *Inspector) ClassName(v goja.Value, otherwise string) string {
	if obj, ok := v.(*goja.Object); ok {
		p := printer{in: in, Options: in.defaults}
		if name, none := p.constructorName(obj, 0); !none && name != "" {
			return name
		}
	}
	return otherwise
}

// iterator shows what an iterator of a map or a set has still to give.
func (p *printer) iterator(obj *goja.Object) (shape, lister, bool) {
	kind := p.in.vm.IteratorKind(obj)
	if kind == "" {
		return shape{}, nil, false
	}
	pairs := strings.HasSuffix(kind, "Entries")
	return shape{open: "[" + kind + "] {", close: "}"}, func(s *shape, depth int) {
		list := p.in.vm.IteratorRest(obj)
		p.indent += 2
		for i, e := range list {
			if i == p.MaxArray {
				break
			}
			if !pairs {
				s.entries = append(s.entries, p.value(e[0], depth, false))
				continue
			}
			two := []string{p.value(e[0], depth, false), p.value(e[1], depth, false)}
			s.entries = append(s.entries, p.layout(shape{open: "[", close: "]", entries: two, kind: extras, level: depth}))
		}
		p.indent -= 2
		p.rest(s, int64(len(list)-min(len(list), p.MaxArray)))
	}, true
}
