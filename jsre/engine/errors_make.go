package engine

import (
	"errors"
	"reflect"
	"unsafe"

	"github.com/dop251/goja"
	"github.com/dop251/goja/file"
	"github.com/dop251/goja/unistring"

	"dunlin/jsre/engine/lower"
)

// goja (v0.0.0-20260917113740) makes every error by the constructor of its class. The constructors
// of the built-in classes are wrapped here, where goja keeps them, so that an error has the text
// and the stack of V8 from the beginning, whoever makes it: script, native function, or goja.

// errorClasses are the built-in classes of errors.
var errorClasses = []string{"Error", "TypeError", "RangeError", "ReferenceError", "SyntaxError", "EvalError", "URIError", "AggregateError", "GoError"}

// stackFrame is goja.StackFrame.
type stackFrame struct {
	prg      *goja.Program
	funcName unistring.String
	pc       int
}

// site is a place in compiled code.
type site struct {
	prg *goja.Program
	pc  int
}

// errorMaker puts the errors of one VM right.
type errorMaker struct {
	vm      *VM
	in      *instructions
	machine unsafe.Pointer // goja's
	class   *goja.Object   // Error
	table   unsafe.Pointer // of methods of goja's error objects
	ours    unsafe.Pointer // and of ours
	stack   uintptr        // the frames in an error object
	added   uintptr        // whether it has the property stack
	busy    bool           // an error's stack is being made

	srcField  uintptr                         // the source in goja.Program
	lines     map[site]Frame                  // frames that were shown already
	texts     map[site]used                   // what is used at a place, for texts
	functions map[*file.File][]lower.Function // of sources whose frames were shown
}

var errErrors = errors.New("script engine: goja does not make errors the way this was written for; pin the goja version")

// mendErrors wraps the constructors.
func (vm *VM) mendErrors() error {
	m := &errorMaker{vm: vm, in: vm.instructions, lines: map[site]Frame{}, texts: map[site]used{}, functions: map[*file.File][]lower.Function{}}
	m.class = vm.rt.Get("Error").ToObject(vm.rt)
	field, ok := reflect.TypeFor[goja.Runtime]().FieldByName("vm")
	if !ok {
		return errErrors
	}
	m.machine = *(*unsafe.Pointer)(unsafe.Add(unsafe.Pointer(vm.rt), field.Offset))
	if err := m.layout(); err != nil {
		return err
	}
	vm.errors = m
	for _, name := range errorClasses {
		class, ok := vm.rt.Get(name).(*goja.Object)
		if !ok || !m.wrap(class) {
			return errErrors
		}
	}
	m.initStackTrace()
	return nil
}

// layout takes an error object of goja's own apart.
func (m *errorMaker) layout() error {
	sample, err := m.vm.rt.New(m.class)
	if err != nil {
		return err
	}
	self := reflect.ValueOf(sample).Elem().FieldByName("self").Elem()
	if self.Kind() != reflect.Pointer {
		return errErrors
	}
	t := self.Type().Elem()
	frames, ok := t.FieldByName("stack")
	if !ok || frames.Type != reflect.TypeFor[[]goja.StackFrame]() || !sameLayout(reflect.TypeFor[stackFrame](), frames.Type.Elem()) ||
		!sameLayout(reflect.TypeFor[baseObject](), t.Field(0).Type) || !field(t, "stackPropAdded", reflect.TypeFor[bool](), &m.added) {
		return errErrors
	}
	m.stack = frames.Offset
	m.table = (*object)(unsafe.Pointer(sample)).self.kind
	methods, _ := reflect.TypeFor[goja.Object]().FieldByName("self")
	if !m.findSource() {
		return errErrors
	}
	if m.ours = theErrorTable.tableFor(m.table, methods.Type, m.added); m.ours == nil {
		return errErrors
	}
	m.register()
	return nil
}

// wrap replaces the two functions of a constructor: for calls with new and without.
func (m *errorMaker) wrap(class *goja.Object) bool {
	self := reflect.ValueOf(class).Elem().FieldByName("self").Elem()
	if self.Kind() != reflect.Pointer {
		return false
	}
	var call, construct uintptr
	t := self.Type().Elem()
	if !field(t, "f", reflect.TypeFor[func(goja.FunctionCall) goja.Value](), &call) ||
		!field(t, "construct", reflect.TypeFor[func([]goja.Value, *goja.Object) *goja.Object](), &construct) {
		return false
	}
	base := self.UnsafePointer()
	create := (*func([]goja.Value, *goja.Object) *goja.Object)(unsafe.Add(base, construct))
	called := (*func(goja.FunctionCall) goja.Value)(unsafe.Add(base, call))
	made, gojaCall := *create, *called
	*create = func(args []goja.Value, newTarget *goja.Object) *goja.Object {
		if newTarget == class && len(args) == 1 {
			args = m.ownText(args) // of goja's own error
		}
		e := made(args, newTarget)
		m.begin(e, 0)
		if newTarget != nil && newTarget != class {
			m.hideConstructors(e, newTarget)
		}
		return e
	}
	*called = func(c goja.FunctionCall) goja.Value {
		v := gojaCall(c)
		if e, ok := v.(*goja.Object); ok {
			m.begin(e, 1) // without the constructor
		}
		return v
	}
	return true
}

// hideConstructors leaves out of an error's stack the constructors of its own class. A class without
// one has no frame, then those of the class above are the last.
func (m *errorMaker) hideConstructors(e, class *goja.Object) {
	frames := m.frames(e)
	for range maxClasses {
		if frames == nil || class == nil {
			return
		}
		if below := m.below(*frames, class); below != nil {
			*frames = below
			return
		}
		class = class.Prototype()
	}
}

// maxClasses bounds how many classes above an error's are looked at.
const maxClasses = 20

// frames are those that an error has; nil when it is none of goja's.
func (m *errorMaker) frames(e *goja.Object) *[]goja.StackFrame {
	o := (*object)(unsafe.Pointer(e))
	if o.self.kind != m.table && o.self.kind != m.ours {
		return nil
	}
	return (*[]goja.StackFrame)(unsafe.Add(o.self.data, m.stack))
}

// begin makes a new error ours. The topmost frames may not belong to it.
func (m *errorMaker) begin(e *goja.Object, above int) {
	frames := m.frames(e)
	if frames == nil {
		return
	}
	o := (*object)(unsafe.Pointer(e))
	o.self.kind = m.ours
	*frames = (*frames)[min(above, len(*frames)):]
	m.markAsync(*frames, above)
	limit, ok := m.limit()
	if !ok {
		*(*bool)(unsafe.Add(o.self.data, m.added)) = true
		_ = e.DefineDataProperty("stack", goja.Undefined(), goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE)
	} else if limit < stackLimit {
		*frames = (*frames)[:min(limit, len(*frames))]
	}
}

// limit is Error.stackTraceLimit, false when that is no number.
func (m *errorMaker) limit() (int, bool) {
	if m.busy {
		return stackLimit, true
	}
	m.busy = true // a getter may make errors
	defer func() { m.busy = false }()
	v := m.class.Get("stackTraceLimit")
	if v == nil || !goja.IsNumber(v) {
		return 0, false
	}
	return int(min(max(v.ToInteger(), 0), 10000)), true
}

// settle gives an error of ours its property stack, in front of the others.
func (m *errorMaker) settle(e *goja.Object) {
	o := (*object)(unsafe.Pointer(e))
	*(*bool)(unsafe.Add(o.self.data, m.added)) = true
	base := (*baseObject)(o.self.data)
	value := m.stackValue(e, *m.frames(e))
	was := base.extensible
	base.extensible = true
	_ = e.DefineDataProperty("stack", value, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE)
	base.extensible = was
	names := base.propNames
	if n := len(names); n > 1 && names[n-1] == "stack" {
		copy(names[1:], names[:n-1])
		names[0] = "stack"
	}
}
