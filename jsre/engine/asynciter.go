package engine

import "github.com/dop251/goja"

// SymbolFor is Symbol.for(name).
func (vm *VM) SymbolFor(name string) *goja.Symbol {
	s, _ := vm.OriginalFunc("Symbol.for").Call(goja.Undefined(), vm.rt.ToValue(name)).(*goja.Symbol)
	return s
}

// AsyncIterator is what `for await` goes through: values that native code pushes, each kept until it is
// asked for. Loop goroutine only.
type AsyncIterator struct {
	vm      *VM
	obj     *goja.Object
	values  []goja.Value
	waiting []waiter // calls of next() without a value yet
	failure goja.Value
	ended   bool
	stop    func()
}

type waiter struct{ resolve, reject func(any) error }

// NewAsyncIterator makes an iterator. stop, when set, is called once: when the script leaves the
// iteration, or at Fail or End.
func (vm *VM) NewAsyncIterator(stop func()) *AsyncIterator {
	it := &AsyncIterator{vm: vm, obj: vm.NewObject(), stop: stop}
	vm.Method(it.obj, "next", func(goja.FunctionCall) goja.Value { return it.next() })
	vm.Method(it.obj, "return", func(c goja.FunctionCall) goja.Value {
		it.values = nil
		it.End()
		return it.settled(c.Argument(0), true)
	})
	vm.Method(it.obj, "throw", func(c goja.FunctionCall) goja.Value {
		it.values = nil
		it.Fail(c.Argument(0))
		return goja.Undefined()
	})
	if key, ok := vm.Original("Symbol").Get("asyncIterator").(*goja.Symbol); ok {
		self := vm.NewFunction("[Symbol.asyncIterator]", func(c goja.FunctionCall) goja.Value { return c.This })
		_ = it.obj.DefineDataPropertySymbol(key, self, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE)
	}
	return it
}

// Object is the iterator as the script knows it.
func (it *AsyncIterator) Object() *goja.Object { return it.obj }

// Waiting is the number of values that nobody has asked for.
func (it *AsyncIterator) Waiting() int { return len(it.values) }

// Push gives a value to the script.
func (it *AsyncIterator) Push(v goja.Value) {
	switch {
	case it.ended:
	case len(it.waiting) > 0:
		w := it.waiting[0]
		it.waiting = it.waiting[1:]
		_ = w.resolve(it.result(v, false))
	default:
		it.values = append(it.values, v)
	}
}

// Fail ends the iteration with an error, after the values that were pushed before.
func (it *AsyncIterator) Fail(err goja.Value) {
	if it.ended {
		return
	}
	if len(it.waiting) > 0 {
		w := it.waiting[0]
		it.waiting = it.waiting[1:]
		_ = w.reject(err)
	} else {
		it.failure = err
	}
	it.End()
}

// End ends the iteration, after the values that were pushed before.
func (it *AsyncIterator) End() {
	if it.ended {
		return
	}
	it.ended = true
	for _, w := range it.waiting {
		_ = w.resolve(it.result(goja.Undefined(), true))
	}
	it.waiting = nil
	if it.stop != nil {
		it.stop()
	}
}

func (it *AsyncIterator) next() goja.Value {
	if len(it.values) > 0 {
		v := it.values[0]
		it.values = it.values[1:]
		return it.settled(v, false)
	}
	promise, resolve, reject := it.vm.rt.NewPromise()
	switch {
	case it.failure != nil:
		err := it.failure
		it.failure = nil
		_ = reject(err)
	case it.ended:
		return it.settled(goja.Undefined(), true)
	default:
		it.waiting = append(it.waiting, waiter{resolve, reject})
	}
	return it.vm.rt.ToValue(promise)
}

func (it *AsyncIterator) settled(v goja.Value, done bool) goja.Value {
	promise, resolve, _ := it.vm.rt.NewPromise()
	_ = resolve(it.result(v, done))
	return it.vm.rt.ToValue(promise)
}

func (it *AsyncIterator) result(v goja.Value, done bool) goja.Value {
	return it.vm.NewObject("value", v, "done", done)
}
