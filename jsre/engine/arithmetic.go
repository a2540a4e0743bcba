package engine

import (
	"math"
	"unsafe"

	"github.com/dop251/goja"
)

// goja (v0.0.0-20260917113740) gives 0 for 0 * -5, and 0 for the bits of a number beyond 2^63. The instructions of
// both are replaced. What two integers give is computed here.

// operation is an instruction of two numbers, or of one.
type operation struct {
	replaced
	integer, float unsafe.Pointer // kinds of numbers, see instructions
	machine        *machine
	operands       int
	of             func(a, b int64) (result int64, ok bool) // of two integers; false: goja's
	bits           bool                                     // it works on the lowest 32 bits
}

// operations are by the names of goja's instructions. That of ~ has one operand.
var operations = map[string]operation{
	"_mul":  {operands: 2, of: multiply},
	"_and":  {operands: 2, bits: true, of: func(a, b int64) (int64, bool) { return int64(int32(a) & int32(b)), true }},
	"_or":   {operands: 2, bits: true, of: func(a, b int64) (int64, bool) { return int64(int32(a) | int32(b)), true }},
	"_xor":  {operands: 2, bits: true, of: func(a, b int64) (int64, bool) { return int64(int32(a) ^ int32(b)), true }},
	"_sal":  {operands: 2, bits: true, of: func(a, b int64) (int64, bool) { return int64(int32(a) << (uint32(b) & 31)), true }},
	"_sar":  {operands: 2, bits: true, of: func(a, b int64) (int64, bool) { return int64(int32(a) >> (uint32(b) & 31)), true }},
	"_shr":  {operands: 2, bits: true, of: func(a, b int64) (int64, bool) { return int64(uint32(a) >> (uint32(b) & 31)), true }},
	"_bnot": {operands: 1, bits: true},
}

// multiply leaves -0 and what may not be exact to floats.
func multiply(a, b int64) (int64, bool) {
	const exact = 1 << 26
	if a <= -exact || a >= exact || b <= -exact || b >= exact || a == 0 && b < 0 || b == 0 && a < 0 {
		return 0, false
	}
	return a * b, true
}

var negativeZero = math.Copysign(0, -1)

// smallNumbers are integers that need no memory of their own.
var smallNumbers = func() (list [1024 + 256]int64) {
	for i := range list {
		list[i] = int64(i) - 256
	}
	return list
}()

// operationInstruction is exec of the instructions that take the place of theirs.
func operationInstruction(self, vm unsafe.Pointer) {
	op := (*operation)(self)
	m := op.machine
	stack := *(*[]goja.Value)(unsafe.Add(vm, m.stack))
	sp := (*int)(unsafe.Add(vm, m.sp))
	right := inside(&stack[*sp-1])
	left := inside(&stack[*sp-op.operands])
	if op.of != nil && left.kind == op.integer && right.kind == op.integer {
		a, b := *(*int64)(left.data), *(*int64)(right.data)
		if n, ok := op.of(a, b); ok {
			left.data = numberData(n)
			*sp--
			*(*int)(unsafe.Add(vm, m.pc))++
			return
		}
		if !op.bits && (a == 0 || b == 0) {
			*left = anyInterface{op.float, unsafe.Pointer(&negativeZero)}
			*sp--
			*(*int)(unsafe.Add(vm, m.pc))++
			return
		}
	}
	if op.bits {
		op.lowBits(left)
		op.lowBits(right)
	}
	op.next(self, vm)
}

func numberData(n int64) unsafe.Pointer {
	if i := n + 256; i >= 0 && i < int64(len(smallNumbers)) {
		return unsafe.Pointer(&smallNumbers[i])
	}
	p := new(int64)
	*p = n
	return unsafe.Pointer(p)
}

// lowBits makes a float beyond 2^63 the integer that has its lowest 32 bits.
func (op *operation) lowBits(v *anyInterface) {
	if v.kind != op.float {
		return
	}
	f := *(*float64)(v.data)
	if math.Abs(f) < 1<<63 || math.IsInf(f, 0) {
		return
	}
	n := int64(math.Mod(f, 1<<32))
	*v = anyInterface{op.integer, numberData(n)}
}

// findNumbers takes a number of either kind apart, as goja makes them.
func (in *instructions) findNumbers() bool {
	rt := goja.New()
	integer, float := rt.ToValue(7), rt.ToValue(0.5)
	in.integer, in.float = inside(&integer).kind, inside(&float).kind
	return in.integer != in.float && *(*int64)(inside(&integer).data) == 7 && *(*float64)(inside(&float).data) == 0.5
}

// findOperations looks for the instructions in a program that has them.
func (in *instructions) findOperations() bool {
	prog, err := goja.Compile(hostFile, "(function (a, b) { return [a * b, a & b, a | b, a ^ b, a << b, a >> b, a >>> b, ~a] })", false)
	if err != nil {
		return false
	}
	in.operations = map[string]*operation{}
	in.each(prog, func(i *anyInterface, k *instructionKind) {
		op, ok := operations[k.name]
		if !ok {
			return
		}
		found := (*methodTable)(i.kind)
		op.replaced = replaced{callable(found), &methodTable{found.iface, found.typ, found.hash, codeOf(operationInstruction)}}
		op.integer, op.float, op.machine = in.integer, in.float, &in.vm
		in.operations[k.name] = &op
	})
	return len(in.operations) == len(operations)
}
