package engine

import (
	"unsafe"

	"github.com/dop251/goja"
)

// throwInstruction is exec of the instruction that takes the place of goja's throw. That one takes
// the stack of an error that has goja's table of methods and notes another one for everything else,
// which takes long where errors are thrown on from deep calls.
func throwInstruction(self, machine unsafe.Pointer) {
	m := (*errorMaker)(self)
	stack := *(*[]goja.Value)(unsafe.Add(machine, m.in.vm.stack))
	if e, ok := stack[*(*int)(unsafe.Add(machine, m.in.vm.sp))-1].(*goja.Object); ok {
		o := (*object)(unsafe.Pointer(e))
		if o.self.kind == m.ours {
			o.self.kind = m.table
			defer func() { o.self.kind = m.ours }()
		}
	}
	m.in.throw.next(self, machine)
}
