package engine

import (
	"unsafe"

	"github.com/dop251/goja"
)

// thrower is the instruction that takes the place of goja's throw. That one takes the stack of an
// error that has goja's table of methods and notes another one for everything else, which takes
// long where errors are thrown on from deep calls.
type thrower struct {
	errors *errorMaker
	next   exec
	table  *methodTable
}

func newThrower(m *errorMaker) (*thrower, error) {
	t := &thrower{errors: m}
	prog, err := goja.Compile(hostFile, "(function (e) { throw e })", false)
	if err != nil {
		return nil, err
	}
	m.in.each(prog, func(i *anyInterface, k *instructionKind) {
		if k.name == "_throw" {
			found := (*methodTable)(i.kind)
			t.next, t.table = callable(found), &methodTable{found.iface, found.typ, found.hash, codeOf(throwInstruction)}
		}
	})
	if t.table == nil {
		return nil, errInstructions
	}
	return t, nil
}

// patch replaces the throws of a program.
func (t *thrower) patch(prog *goja.Program) {
	t.errors.in.each(prog, func(i *anyInterface, k *instructionKind) {
		if k.name == "_throw" && i.kind != unsafe.Pointer(t.table) {
			*i = anyInterface{unsafe.Pointer(t.table), unsafe.Pointer(t)}
		}
	})
}

// throwInstruction is exec of the instruction.
func throwInstruction(self, machine unsafe.Pointer) {
	t := (*thrower)(self)
	l := &t.errors.in.vm
	stack := *(*[]goja.Value)(unsafe.Add(machine, l.stack))
	if e, ok := stack[*(*int)(unsafe.Add(machine, l.sp))-1].(*goja.Object); ok {
		o := (*object)(unsafe.Pointer(e))
		if o.self.kind == t.errors.ours {
			o.self.kind = t.errors.table
			defer func() { o.self.kind = t.errors.ours }()
		}
	}
	t.next(self, machine)
}
