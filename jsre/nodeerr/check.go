package nodeerr

import (
	"fmt"
	"math"
	"strconv"

	"github.com/dop251/goja"

	"dunlin/jsre/engine"
)

// MaxSafe is the largest whole number up to which all are exact.
const MaxSafe = 1<<53 - 1

// String is v, which must be a string.
func String(vm *engine.VM, name string, v goja.Value) string {
	if !goja.IsString(v) {
		ArgType(vm, name, "of type string", v)
	}
	return v.String()
}

// Number is v, which must be a number from lo to hi.
func Number(vm *engine.VM, name string, v goja.Value, lo, hi float64) float64 {
	if v == nil || !goja.IsNumber(v) {
		ArgType(vm, name, "of type number", v)
	}
	f := v.ToFloat()
	if math.IsNaN(f) && !(math.IsInf(lo, -1) && math.IsInf(hi, 1)) || f < lo || f > hi {
		OutOfRange(vm, name, between(lo, hi), v)
	}
	return f
}

func between(lo, hi float64) string {
	text := func(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }
	switch {
	case math.IsInf(hi, 1):
		return ">= " + text(lo)
	case math.IsInf(lo, -1):
		return "<= " + text(hi)
	}
	return fmt.Sprintf(">= %s && <= %s", text(lo), text(hi))
}

// Integer is v, which must be a whole number from lo to hi.
func Integer(vm *engine.VM, name string, v goja.Value, lo, hi float64) int64 {
	if v == nil || !goja.IsNumber(v) {
		ArgType(vm, name, "of type number", v)
	}
	f := v.ToFloat()
	if f != math.Trunc(f) || math.IsInf(f, 0) {
		OutOfRange(vm, name, "an integer", v)
	}
	if f < lo || f > hi {
		OutOfRange(vm, name, between(lo, hi), v)
	}
	return int64(f)
}

// Func is v, which must be a function.
func Func(vm *engine.VM, name string, v goja.Value) *engine.Func {
	f, ok := vm.ToFunc(v)
	if !ok {
		ArgType(vm, name, "of type function", v)
	}
	return f
}
