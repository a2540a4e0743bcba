package engine

import (
	"errors"
	"reflect"
	"runtime"
	"strings"
	"unsafe"

	"github.com/dop251/goja"
)

const stackOverflow = "Maximum call stack size exceeded"

// overflow makes a call that is too deep throw a RangeError, which catch and finally see. goja
// itself ends the script past both, with a StackOverflowError. Just before, it asks every function
// on the stack for its name, and the outermost one is ours (see [VM.Run]): its name is a getter, and
// what that getter throws takes the place of goja's error.
type overflow struct {
	vm       *VM
	class    *goja.Object // RangeError as it was made
	calls    *[]byte      // goja's stack of calls; only its length is looked at
	tries    *[]byte      // goja's stack of try statements; only its length is touched
	throwing bool         // the error is being made, which asks for names, too
}

// newOverflow finds goja's stacks. The fields are not exported: their types are checked here, and
// tests check that the error arrives.
func newOverflow(vm *VM) (*overflow, error) {
	o := &overflow{vm: vm, class: vm.rt.Get("RangeError").ToObject(vm.rt)}
	field, ok := reflect.TypeFor[goja.Runtime]().FieldByName("vm")
	if !ok || field.Type.Kind() != reflect.Pointer {
		return nil, errLayout
	}
	inner := *(*unsafe.Pointer)(unsafe.Add(unsafe.Pointer(vm.rt), field.Offset))
	for name, stack := range map[string]**[]byte{"callStack": &o.calls, "tryStack": &o.tries} {
		f, ok := field.Type.Elem().FieldByName(name)
		if !ok || f.Type.Kind() != reflect.Slice {
			return nil, errLayout
		}
		*stack = (*[]byte)(unsafe.Add(inner, f.Offset))
	}
	return o, nil
}

var errLayout = errors.New("script engine: goja.Runtime has no field vm with the slices callStack and tryStack; pin the goja version this was written for")

// watch makes fn the function that throws. It has to be the outermost one on the stack.
func (o *overflow) watch(fn *goja.Object) {
	name := o.vm.rt.ToValue(func(goja.FunctionCall) goja.Value {
		if len(*o.calls) <= maxCallDepth || o.throwing {
			return goja.Undefined()
		}
		refused, began := refusedCall()
		if !refused {
			return goja.Undefined()
		}
		if began {
			*o.tries = (*o.tries)[:len(*o.tries)-1]
		}
		panic(o.error())
	}).ToObject(o.vm.rt)
	if err := fn.DefineAccessorProperty("name", name, nil, goja.FLAG_TRUE, goja.FLAG_FALSE); err != nil {
		panic(err)
	}
}

// refusedCall reports whether the name is asked for because goja refuses a call. An error that is
// made at the greatest depth asks for it, too. It also reports whether goja had begun an async
// function or a generator by then: it leaves their entry on its stack of try statements, and
// whoever catches the error would be taken for them.
func refusedCall() (refused, began bool) {
	var pcs [16]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs[:])])
	for {
		f, more := frames.Next()
		switch {
		case !refused && strings.HasSuffix(f.Function, "(*vm).handleThrow"):
			return false, false // the error is on its way, and goja notes the stack once more
		case strings.HasSuffix(f.Function, "(*vm).pushCtx"):
			refused = true
		case refused && strings.Contains(f.Function, ".vmCall"):
		case refused:
			return true, strings.HasSuffix(f.Function, "(*asyncRunner).start") || strings.HasSuffix(f.Function, "(*generatorObject).init")
		}
		if !more {
			return refused, false
		}
	}
}

// error makes the RangeError.
func (o *overflow) error() *goja.Object {
	o.throwing = true
	defer func() { o.throwing = false }()
	e, err := o.vm.rt.New(o.class, o.vm.rt.ToValue(stackOverflow))
	if err != nil {
		panic(err)
	}
	return e
}
