package engine

import (
	"unsafe"

	"github.com/dop251/goja"
)

// goja copies both texts for every `+`, so that a text put together piece by piece costs time that
// grows with the square of its length. The instruction add is therefore replaced: what is added to
// a long text that an addition made goes into spare room behind it, as Go's append does. A text is
// never changed: whoever has the shorter one sees only its own part of the memory.

// longText is from how many characters on a text gets spare room.
const longText = 256

// maxText is the length of the longest text, that of V8 on a 64-bit machine.
const maxText = 536870888

// keptTexts is how many texts at once can grow without being copied.
const keptTexts = 4

// appender adds to long texts, of one VM.
type appender struct {
	vm      *VM
	machine machine
	next    exec // goja's add
	concat  exec // goja's concatStrings
	limit   int  // of the length of a text
	empty   goja.Value
	ascii   unsafe.Pointer // kinds of texts, see instructions
	wide    unsafe.Pointer

	bytes    [keptTexts][]byte
	units    [keptTexts][]uint16
	oldByte  int // which of them is given up next
	oldUnits int
}

func newAppender(vm *VM, in *instructions) *appender {
	a := &appender{vm: vm, machine: in.vm, next: in.add.next, concat: in.concat.next, limit: maxText, ascii: in.ascii, wide: in.wide}
	*inside(&a.empty) = anyInterface{in.ascii, unsafe.Pointer(new(string))}
	return a
}

func inside(v *goja.Value) *anyInterface { return (*anyInterface)(unsafe.Pointer(v)) }

// addInstruction is exec of the instruction that takes the place of add.
func addInstruction(self, machine unsafe.Pointer) {
	a := (*appender)(self)
	left := inside(&a.operands(machine)[0])
	switch left.kind {
	case a.ascii:
		if n := len(*(*string)(left.data)); n >= longText {
			a.add(machine, n)
			return
		}
	case a.wide:
		if n := len(*(*[]uint16)(left.data)); n > longText {
			a.add(machine, n-1)
			return
		}
	}
	a.next(self, machine)
}

// concatenation is goja's instruction for templates, which begins with the number of texts on the stack.
type concatenation struct {
	count int
	a     *appender
}

// concatInstruction is exec of the instruction that takes its place: a template that begins with a long text adds to it.
func concatInstruction(self, machine unsafe.Pointer) {
	c := (*concatenation)(self)
	a := c.a
	stack := *(*[]goja.Value)(unsafe.Add(machine, a.machine.stack))
	sp := (*int)(unsafe.Add(machine, a.machine.sp))
	texts := stack[*sp-c.count : *sp]
	first := texts[0]
	rest := texts[1:]
	if t := inside(&first); len(rest) > 0 && t.kind == a.ascii && *(*string)(t.data) == "" {
		first, rest = rest[0], rest[1:]
	}
	if t := inside(&first); t.kind == a.ascii && len(*(*string)(t.data)) < longText || t.kind != a.ascii && t.kind != a.wide {
		a.concat(self, machine)
		return
	}
	for _, v := range rest {
		text, ok := v.(goja.String)
		if !ok {
			a.concat(self, machine)
			return
		}
		if text.Length() == 0 {
			continue
		}
		if first.(goja.String).Length()+text.Length() > a.limit {
			panic(a.vm.NewError("RangeError", "", "Invalid string length"))
		}
		first = a.join(first, text)
	}
	texts[0] = first
	*sp -= c.count - 1
	*(*int)(unsafe.Add(machine, a.machine.pc))++
}

// operands are the two topmost values of the stack.
func (a *appender) operands(machine unsafe.Pointer) []goja.Value {
	stack := *(*[]goja.Value)(unsafe.Add(machine, a.machine.stack))
	sp := *(*int)(unsafe.Add(machine, a.machine.sp))
	return stack[sp-2 : sp]
}

// add adds any value to a long text of n characters.
func (a *appender) add(machine unsafe.Pointer, n int) {
	o := a.operands(machine)
	left := o[0]
	if r := inside(&o[1]); r.kind != a.ascii && r.kind != a.wide {
		// goja makes a text of the value by adding it to an empty one, which is the same. It may run
		// the script for that, and move the stack.
		o[0] = a.empty
		a.next(unsafe.Pointer(a), machine)
		*(*int)(unsafe.Add(machine, a.machine.sp))++
		o = a.operands(machine)
		o[1] = o[0]
		*(*int)(unsafe.Add(machine, a.machine.pc))--
	}
	text := o[1].(goja.String)
	if n+text.Length() > a.limit {
		panic(a.vm.NewError("RangeError", "", "Invalid string length"))
	}
	o[0] = a.join(left, text)
	o[1] = nil
	*(*int)(unsafe.Add(machine, a.machine.sp))--
	*(*int)(unsafe.Add(machine, a.machine.pc))++
}

func (a *appender) join(left goja.Value, text goja.String) goja.Value {
	right := goja.Value(text)
	l, r := inside(&left), inside(&right)
	switch {
	case l.kind == a.ascii && r.kind == a.ascii:
		return a.appendBytes(*(*string)(l.data), *(*string)(r.data))
	case l.kind == a.wide && r.kind == a.ascii:
		return a.appendNarrow(*(*[]uint16)(l.data), *(*string)(r.data))
	case l.kind == a.wide && r.kind == a.wide:
		return a.appendUnits(*(*[]uint16)(l.data), (*(*[]uint16)(r.data))[1:])
	}
	return left.(goja.String).Concat(text)
}

func (a *appender) appendBytes(left, right string) goja.Value {
	data := unsafe.StringData(left)
	for i, kept := range a.bytes {
		if len(kept) == len(left) && unsafe.SliceData(kept) == data {
			kept = append(kept, right...)
			a.bytes[i] = kept
			return a.fromBytes(kept)
		}
	}
	made := make([]byte, len(left)+len(right))
	copy(made[copy(made, left):], right)
	a.bytes[a.oldByte] = made
	a.oldByte = (a.oldByte + 1) % keptTexts
	return a.fromBytes(made)
}

func (a *appender) fromBytes(b []byte) (v goja.Value) {
	s := new(string)
	*s = unsafe.String(unsafe.SliceData(b), len(b))
	*inside(&v) = anyInterface{a.ascii, unsafe.Pointer(s)}
	return v
}

func (a *appender) appendNarrow(left []uint16, right string) goja.Value {
	kept := a.unitsFor(left, len(right))
	for i := range len(right) {
		*kept = append(*kept, uint16(right[i]))
	}
	return a.fromUnits(*kept)
}

func (a *appender) appendUnits(left, right []uint16) goja.Value {
	kept := a.unitsFor(left, len(right))
	*kept = append(*kept, right...)
	return a.fromUnits(*kept)
}

// unitsFor gives memory that begins with left.
func (a *appender) unitsFor(left []uint16, more int) *[]uint16 {
	for i := range a.units {
		kept := &a.units[i]
		if len(*kept) == len(left) && unsafe.SliceData(*kept) == unsafe.SliceData(left) {
			return kept
		}
	}
	kept := &a.units[a.oldUnits]
	a.oldUnits = (a.oldUnits + 1) % keptTexts
	*kept = append(make([]uint16, 0, len(left)+more), left...)
	return kept
}

func (a *appender) fromUnits(u []uint16) (v goja.Value) {
	s := new([]uint16)
	*s = u[:len(u):len(u)]
	*inside(&v) = anyInterface{a.wide, unsafe.Pointer(s)}
	return v
}
