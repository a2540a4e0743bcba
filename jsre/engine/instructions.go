package engine

import (
	"errors"
	"reflect"
	"sync"
	"unsafe"

	"github.com/dop251/goja"
)

// goja (v0.0.0-20260917113740) runs a list of instructions, each a value of its unexported interface
// with the one method exec. A few of them are replaced in what has been compiled: by the same value
// behind a table of methods of our own, whose exec is a function of ours that goes on to goja's.
// What goja lays out is found by reflection; newInstructions fails when a part of it is missing.

// methodTable is how Go lays out the table of methods of an interface with one method, see
// internal/abi.ITab.
type methodTable struct {
	iface unsafe.Pointer
	typ   unsafe.Pointer
	hash  uint32
	exec  unsafe.Pointer // code
}

// exec is an instruction: of a value, in the machine.
type exec func(value, machine unsafe.Pointer)

// machine says where goja's vm keeps what an instruction works on.
type machine struct {
	size            uintptr
	stack, sp       uintptr
	pc, prg         uintptr
	runner          uintptr // the async function that runs
	calls           uintptr
	callSize        uintptr // of an entry of the stack of calls
	callPrg, callSB uintptr
	iters, iterSize uintptr // the stack of iterators, and the size of an entry
	iter, iterNext  uintptr // where an entry has its iterator, and that its method next
}

// instructions know the instructions that goja compiles to.
type instructions struct {
	vm    machine
	code  uintptr      // of the list in goja.Program
	exec  reflect.Type // goja's interface
	kinds sync.Map     // of *instructionKind, by the table of methods

	add, throw, concat replaced
	iterate, iterateP  replaced
	ascii              unsafe.Pointer // how goja marks a text of ASCII characters, a Go string
	wide               unsafe.Pointer // and one of others, a []uint16 that begins with a mark

	integer, float unsafe.Pointer // how it marks the numbers that it keeps as int64 and as float64
	operations     map[string]*operation
}

// replaced is an instruction that one of ours takes the place of.
type replaced struct {
	next  exec         // goja's
	table *methodTable // of ours
}

// instructionKind is a type of instructions.
type instructionKind struct {
	name      string
	programs  []uintptr // where it holds programs: the code of functions
	operation string    // its name, if it is one of operations
}

var errInstructions = errors.New("script engine: goja does not compile to the instructions this was written for; pin the goja version")

// theInstructions looks at goja's types at first use.
var theInstructions = sync.OnceValues(func() (*instructions, error) {
	in := &instructions{}
	if !in.layout() || !in.findInstructions() || !in.findTexts() || !in.findNumbers() || !in.findOperations() {
		return nil, errInstructions
	}
	return in, nil
})

// findInstructions looks for the instructions that are replaced, in a program that has them.
func (in *instructions) findInstructions() bool {
	prog, err := goja.Compile(hostFile, "(function (a, b) { if (a) throw b; for (a of b) ; [a] = b; return a + b + `${a}${b}` })", false)
	if err != nil {
		return false
	}
	in.each(prog, func(i *anyInterface, k *instructionKind) {
		found := (*methodTable)(i.kind)
		switch k.name {
		case "_add":
			in.add = replaced{callable(found), &methodTable{found.iface, found.typ, found.hash, codeOf(addInstruction)}}
		case "_throw":
			in.throw = replaced{callable(found), &methodTable{found.iface, found.typ, found.hash, codeOf(throwInstruction)}}
		case "concatStrings":
			in.concat = replaced{callable(found), &methodTable{found.iface, found.typ, found.hash, codeOf(concatInstruction)}}
		case "_iterate":
			in.iterate = replaced{callable(found), &methodTable{found.iface, found.typ, found.hash, codeOf(iterateInstruction)}}
		case "_iterateP":
			in.iterateP = replaced{callable(found), &methodTable{found.iface, found.typ, found.hash, codeOf(iteratePInstruction)}}
		}
	})
	return in.add.table != nil && in.throw.table != nil && in.concat.table != nil && in.iterate.table != nil && in.iterateP.table != nil
}

// findTexts takes a text of either kind apart, as goja makes them.
func (in *instructions) findTexts() bool {
	rt := goja.New()
	ascii, err := rt.RunScript(hostFile, "'a'")
	if err != nil {
		return false
	}
	wide, err := rt.RunScript(hostFile, "'ä'")
	if err != nil {
		return false
	}
	in.ascii, in.wide = inside(&ascii).kind, inside(&wide).kind
	bytes, units := (*string)(inside(&ascii).data), (*[]uint16)(inside(&wide).data)
	return *bytes == "a" && len(*units) == 2 && (*units)[1] == 'ä'
}

// patch replaces the additions and throws of a program.
func (vm *VM) patch(prog *goja.Program) {
	in := vm.instructions
	in.each(prog, func(i *anyInterface, k *instructionKind) {
		switch k.name {
		case "_add":
			*i = anyInterface{unsafe.Pointer(in.add.table), unsafe.Pointer(vm.appender)}
		case "_throw":
			*i = anyInterface{unsafe.Pointer(in.throw.table), unsafe.Pointer(vm.errors)}
		case "concatStrings":
			*i = anyInterface{unsafe.Pointer(in.concat.table), unsafe.Pointer(&concatenation{*(*int)(i.data), vm.appender})}
		case "_iterate":
			*i = anyInterface{unsafe.Pointer(in.iterate.table), unsafe.Pointer(vm)}
		case "_iterateP":
			*i = anyInterface{unsafe.Pointer(in.iterateP.table), unsafe.Pointer(vm)}
		default:
			if k.operation != "" {
				op := in.operations[k.operation]
				*i = anyInterface{unsafe.Pointer(op.table), unsafe.Pointer(op)}
			}
		}
	})
}

// layout finds the fields of goja's types.
func (in *instructions) layout() bool {
	program := reflect.TypeFor[goja.Program]()
	code, ok := program.FieldByName("code")
	if !ok || code.Type.Kind() != reflect.Slice || code.Type.Elem().Kind() != reflect.Interface || code.Type.Elem().NumMethod() != 1 {
		return false
	}
	in.code, in.exec = code.Offset, code.Type.Elem()
	vm, ok := reflect.TypeFor[goja.Runtime]().FieldByName("vm")
	if !ok || vm.Type.Kind() != reflect.Pointer {
		return false
	}
	return in.vm.layout(vm.Type.Elem())
}

// layout finds the fields of goja's vm.
func (m *machine) layout(vm reflect.Type) bool {
	calls, ok := vm.FieldByName("callStack")
	if !ok || calls.Type.Kind() != reflect.Slice {
		return false
	}
	m.calls, m.callSize = calls.Offset, calls.Type.Elem().Size()
	pointer, value := reflect.TypeFor[*goja.Program](), reflect.TypeFor[int]()
	return m.findIterators(vm) && field(vm, "stack", nil, &m.stack) && field(vm, "sp", value, &m.sp) &&
		field(vm, "pc", value, &m.pc) && field(vm, "prg", pointer, &m.prg) &&
		field(vm, "curAsyncRunner", nil, &m.runner) &&
		field(calls.Type.Elem(), "prg", pointer, &m.callPrg) && field(calls.Type.Elem(), "sb", value, &m.callSB)
}

// findIterators finds the stack of iterators.
func (m *machine) findIterators(vm reflect.Type) bool {
	iters, ok := vm.FieldByName("iterStack")
	if !ok || iters.Type.Kind() != reflect.Slice {
		return false
	}
	m.iters, m.iterSize = iters.Offset, iters.Type.Elem().Size()
	record, ok := iters.Type.Elem().FieldByName("iter")
	if !ok || record.Type.Kind() != reflect.Pointer {
		return false
	}
	m.iter = record.Offset
	return field(record.Type.Elem(), "next", reflect.TypeFor[func(goja.FunctionCall) goja.Value](), &m.iterNext)
}

// field finds where a struct has a field, of a type unless that is nil.
func field(of reflect.Type, name string, typ reflect.Type, at *uintptr) bool {
	f, ok := of.FieldByName(name)
	if !ok || typ != nil && f.Type != typ {
		return false
	}
	*at = f.Offset
	return true
}

// codeOf is where the code of a function begins that is no closure.
func codeOf(f exec) unsafe.Pointer { return **(**unsafe.Pointer)(unsafe.Pointer(&f)) }

// callable makes a function of the code in a table.
func callable(t *methodTable) exec {
	code := &t.exec
	return *(*exec)(unsafe.Pointer(&code))
}

// each calls visit for all instructions of a program, also for those of functions in it.
func (in *instructions) each(prog *goja.Program, visit func(i *anyInterface, k *instructionKind)) {
	list := *(*[]anyInterface)(unsafe.Add(unsafe.Pointer(prog), in.code))
	for i := range list {
		item := &list[i]
		if item.kind == nil {
			continue
		}
		kind := in.kind(item)
		for _, at := range kind.programs {
			if inner := *(**goja.Program)(unsafe.Add(item.data, at)); inner != nil {
				in.each(inner, visit)
			}
		}
		visit(item, kind)
	}
}

// kind is the type of an instruction.
func (in *instructions) kind(item *anyInterface) *instructionKind {
	if k, ok := in.kinds.Load(item.kind); ok {
		return k.(*instructionKind)
	}
	t := reflect.NewAt(in.exec, unsafe.Pointer(item)).Elem().Elem().Type()
	k := &instructionKind{name: t.Name()}
	if t.Kind() == reflect.Pointer {
		k.name = t.Elem().Name()
		if t.Elem().Kind() == reflect.Struct {
			k.programs = programsIn(t.Elem(), 0)
		}
	}
	if _, ok := operations[k.name]; ok {
		k.operation = k.name
	}
	in.kinds.Store(item.kind, k)
	return k
}

// programsIn finds the fields of a struct that are programs.
func programsIn(t reflect.Type, base uintptr) (at []uintptr) {
	for i := range t.NumField() {
		f := t.Field(i)
		switch {
		case f.Type == reflect.TypeFor[*goja.Program]():
			at = append(at, base+f.Offset)
		case f.Type.Kind() == reflect.Struct:
			at = append(at, programsIn(f.Type, base+f.Offset)...)
		}
	}
	return at
}
