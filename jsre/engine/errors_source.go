package engine

import (
	"reflect"
	"strings"
	"unsafe"

	"github.com/dop251/goja"
	"github.com/dop251/goja/ast"
	"github.com/dop251/goja/file"
	"github.com/dop251/goja/parser"

	"dunlin/jsre/engine/lower"
)

// maxParsed is the longest text that is parsed once more to tell of an error in it.
const maxParsed = 4 << 20

// source is the text that a program was compiled from; nil when it has none.
func (m *errorMaker) source(prg *goja.Program) *file.File {
	return *(**file.File)(unsafe.Add(unsafe.Pointer(prg), m.srcField))
}

// findSource finds the field of the source.
func (m *errorMaker) findSource() bool {
	return field(reflect.TypeFor[goja.Program](), "src", reflect.TypeFor[*file.File](), &m.srcField)
}

// parsed parses a source again: trees are not kept, for few scripts throw.
func (m *errorMaker) parsed(src *file.File) *ast.Program {
	if src == nil || len(src.Source()) > maxParsed {
		return nil
	}
	tree, err := parser.ParseFile(nil, src.Name(), src.Source(), 0, parser.WithDisableSourceMaps)
	if err != nil {
		return nil
	}
	return tree
}

// offset is the place in the source that belongs to a place in a program, -1 when there is none.
func (m *errorMaker) offset(at site) int {
	src := m.source(at.prg)
	if src == nil {
		return -1
	}
	f := stackFrame{prg: at.prg, pc: at.pc}
	pos := (*goja.StackFrame)(unsafe.Pointer(&f)).Position()
	text, line := src.Source(), 1
	start := 0
	for line < pos.Line {
		n := strings.IndexByte(text[start:], '\n')
		if n < 0 {
			return -1
		}
		start += n + 1
		line++
	}
	return start + pos.Column - 1
}

// displayed adds what a function is to a class or an object to its name, as V8 does.
func (m *errorMaker) displayed(at site, name string) string {
	src := m.source(at.prg)
	if src == nil || src.Name() == hostFile {
		return name
	}
	list, ok := m.functions[src]
	if !ok {
		if tree := m.parsed(src); tree != nil {
			list = lower.Functions(tree)
		}
		m.functions[src] = list
	}
	offset := m.offset(at)
	var in lower.Function
	for _, f := range list {
		if f.From > offset {
			break
		}
		if offset < f.To {
			in = f
		}
	}
	if name == "" && in.Kind != lower.Constructor {
		return ""
	}
	return nameOf(in, name)
}

func nameOf(f lower.Function, name string) string {
	switch f.Kind {
	case lower.Constructor:
		return "new " + f.Owner
	case lower.Getter, lower.Setter:
		prefix, plain, _ := strings.Cut(name, " ")
		if plain == "" {
			prefix, plain = "get", name
			if f.Kind == lower.Setter {
				prefix = "set"
			}
		}
		return prefix + " " + plain + " [as " + plain + "]"
	case lower.Method:
		if f.Owner != "" {
			return f.Owner + "." + name
		}
	}
	return name
}
