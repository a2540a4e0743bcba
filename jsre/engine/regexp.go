package engine

import (
	"errors"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"unsafe"

	"github.com/dop251/goja"
	"github.com/dop251/goja/ast"

	"dunlin/jsre/engine/lower"
)

// RegExp objects are goja's, so that every part of goja takes them for what they are, but what they match
// is ours: a RegExpPattern begins as goja's pattern does and stands in its place.

// RegExpPattern is what a RegExp object matches. Objects may share one.
type RegExpPattern struct {
	inner    regexpPattern
	Source   goja.String
	Flags    string
	Compiled any
}

type regexpPattern struct {
	src                                                    string
	global, ignoreCase, multiline, dotAll, sticky, unicode bool
	regexpWrapper, regexp2Wrapper                          unsafe.Pointer
}

type regexpObject struct {
	baseObject baseObject
	pattern    *regexpPattern
	source     goja.String
	standard   bool
}

// regexpParts is a RegExp object in one piece of memory.
type regexpParts struct {
	outer     object
	inner     regexpObject
	lastIndex valueProperty
}

// regexps is how RegExp objects are made; compile is nil when they are goja's own.
type regexps struct {
	compile  func(source goja.String, flags string) (*RegExpPattern, error)
	kind     unsafe.Pointer // of goja's regexpObject
	literals []regexpLiteral
}

// regexpLiteral is a literal of the script.
type regexpLiteral struct {
	source, flags string
	pattern       *RegExpPattern
}

// nothing marks the patterns that are ours: it is goja's matcher in all of them.
var nothing = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile("") })

// literalMark begins the pattern that goja is given in the place of a literal; its number follows.
const literalMark = "\x01regexp "

var errRegExp = errors.New("script engine: goja does not keep regular expressions as ours were made for; pin the goja version this was written for")

// SetRegExps has RegExp objects match what compile makes. It is for the Setup of the module that defines
// RegExp.
func (vm *VM) SetRegExps(compile func(source goja.String, flags string) (*RegExpPattern, error)) error {
	model, err := vm.rt.New(vm.rt.Get("RegExp"), vm.rt.ToValue("x"))
	if err != nil {
		return err
	}
	self := reflect.ValueOf(model).Elem().FieldByName("self").Elem()
	if self.Kind() != reflect.Pointer || self.Type().Elem().NumField() != 4 {
		return errRegExp
	}
	ours, theirs := reflect.TypeFor[regexpObject](), self.Type().Elem()
	for i := range ours.NumField() {
		a, b := ours.Field(i), theirs.Field(i)
		if a.Name != b.Name || a.Offset != b.Offset {
			return errRegExp
		}
	}
	property := reflect.TypeOf((*baseObject)(selfOf(model).data).values["lastIndex"])
	if !sameLayout(ours.Field(0).Type, theirs.Field(0).Type) || !samePattern(theirs.Field(1).Type.Elem()) || !sameProperty(property) {
		return errRegExp
	}
	vm.regexps = regexps{compile: compile, kind: selfOf(model).kind}
	return nil
}

func samePattern(theirs reflect.Type) bool {
	ours := reflect.TypeFor[regexpPattern]()
	if theirs.Kind() != reflect.Struct || theirs.NumField() != ours.NumField() {
		return false
	}
	for i := range ours.NumField() {
		a, b := ours.Field(i), theirs.Field(i)
		if a.Name != b.Name || a.Offset != b.Offset || a.Type.Size() != b.Type.Size() {
			return false
		}
	}
	return true
}

func sameProperty(theirs reflect.Type) bool {
	if theirs.Kind() != reflect.Pointer || theirs.Elem().Size() != unsafe.Sizeof(valueProperty{}) {
		return false
	}
	theirs = theirs.Elem()
	var p valueProperty
	for name, offset := range map[string]uintptr{
		"value": unsafe.Offsetof(p.value), "writable": unsafe.Offsetof(p.writable), "enumerable": unsafe.Offsetof(p.enumerable),
		"accessor": unsafe.Offsetof(p.accessor), "setterFunc": unsafe.Offsetof(p.setterFunc),
	} {
		if f, ok := theirs.FieldByName(name); !ok || f.Offset != offset {
			return false
		}
	}
	return true
}

// NewRegExp makes a RegExp object.
func (vm *VM) NewRegExp(proto *goja.Object, p *RegExpPattern) *goja.Object {
	n := &regexpParts{}
	n.outer = object{anyInterface{vm.regexps.kind, unsafe.Pointer(&n.inner)}, vm.rt}
	base := &n.inner.baseObject
	base.class, base.prototype, base.extensible = "RegExp", proto, true
	base.val = n.outer.value()
	n.lastIndex.value, n.lastIndex.writable = vm.rt.ToValue(0), true
	w := anyInterface{vm.json.property, unsafe.Pointer(&n.lastIndex)}
	base.values = properties{"lastIndex": *(*goja.Value)(unsafe.Pointer(&w))}
	base.propNames = append(base.propNames, "lastIndex")
	vm.SetPattern(base.val, p)
	return base.val
}

// SetPattern changes what a RegExp object matches.
func (vm *VM) SetPattern(o *goja.Object, p *RegExpPattern) {
	p.inner.regexpWrapper = unsafe.Pointer(nothing())
	r := (*regexpObject)(selfOf(o).data)
	r.pattern, r.source = &p.inner, p.Source
}

// Pattern is what a RegExp object matches, nil when the value is none.
func (vm *VM) Pattern(v goja.Value) *RegExpPattern {
	o, ok := v.(*goja.Object)
	if !ok || selfOf(o).kind != vm.regexps.kind || vm.regexps.compile == nil {
		return nil
	}
	r := (*regexpObject)(selfOf(o).data)
	if r.pattern.regexpWrapper == unsafe.Pointer(nothing()) {
		return (*RegExpPattern)(unsafe.Pointer(r.pattern))
	}
	p := vm.adopt(r)
	vm.SetPattern(o, p)
	return p
}

// adopt makes a pattern of one that goja has made: of a literal.
func (vm *VM) adopt(r *regexpObject) *RegExpPattern {
	if number, ok := strings.CutPrefix(r.source.String(), literalMark); ok {
		if i, err := strconv.Atoi(number); err == nil && i >= 0 && i < len(vm.regexps.literals) {
			l := &vm.regexps.literals[i]
			if l.pattern == nil {
				l.pattern = vm.compilePattern(vm.ToText(vm.rt.ToValue(l.source)), l.flags)
			}
			return l.pattern
		}
	}
	var flags strings.Builder
	for _, f := range []struct {
		set  bool
		name byte
	}{{r.pattern.global, 'g'}, {r.pattern.ignoreCase, 'i'}, {r.pattern.multiline, 'm'}, {r.pattern.dotAll, 's'}, {r.pattern.unicode, 'u'}, {r.pattern.sticky, 'y'}} {
		if f.set {
			flags.WriteByte(f.name)
		}
	}
	return vm.compilePattern(r.source, flags.String())
}

func (vm *VM) compilePattern(source goja.String, flags string) *RegExpPattern {
	p, err := vm.regexps.compile(source, flags)
	if err != nil {
		panic(vm.NewError("SyntaxError", "", err.Error()))
	}
	return p
}

// keepRegExps takes the literals of regular expressions out of a tree that goja is going to compile.
func (vm *VM) keepRegExps(tree *ast.Program) error {
	if vm.regexps.compile == nil {
		return nil
	}
	at, err := lower.RegExps(tree, func(pattern, flags string) (string, error) {
		p, err := vm.regexps.compile(vm.ToText(vm.rt.ToValue(pattern)), flags)
		if err != nil {
			return "", err
		}
		vm.regexps.literals = append(vm.regexps.literals, regexpLiteral{pattern, flags, p})
		return literalMark + strconv.Itoa(len(vm.regexps.literals)-1), nil
	})
	if err != nil {
		return &goja.CompilerSyntaxError{CompilerError: goja.CompilerError{Message: err.Error(), File: tree.File, Offset: int(at.Idx0()) - tree.File.Base()}}
	}
	return nil
}

// IsPlainRegExp reports whether a RegExp object has no properties of its own but lastIndex, and the
// prototype.
func (vm *VM) IsPlainRegExp(o, proto *goja.Object) bool {
	base := &(*regexpObject)(selfOf(o).data).baseObject
	return len(base.values) == 1 && base.prototype == proto && base.symValues == nil
}

// lastIndexOf is the property lastIndex of a RegExp object, which cannot be deleted.
func (vm *VM) lastIndexOf(o *goja.Object) *valueProperty {
	v := (*regexpObject)(selfOf(o).data).baseObject.values["lastIndex"]
	return (*valueProperty)(valueWords(v).data)
}

// LastIndex is the value of lastIndex of a RegExp object.
func (vm *VM) LastIndex(o *goja.Object) goja.Value { return vm.lastIndexOf(o).value }

// SetLastIndex sets lastIndex of a RegExp object. It throws when that is frozen.
func (vm *VM) SetLastIndex(o *goja.Object, at int) {
	p := vm.lastIndexOf(o)
	if !p.writable {
		panic(vm.NewError("TypeError", "", "Cannot assign to read only property 'lastIndex' of object '[object RegExp]'"))
	}
	p.value = vm.rt.ToValue(at)
}
