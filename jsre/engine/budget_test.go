package engine_test

import (
	"testing"

	"github.com/dop251/goja"

	"dunlin/jsre/engine"
)

// TestBudgets keeps the allocations of the two hot ways in check: an event into the script, a call
// out of it.
func TestBudgets(t *testing.T) {
	for _, tc := range []struct {
		name, src string
		most      float64
		run       func(vm *engine.VM, e *engine.Emitter) func()
	}{
		{"an event that reads nothing", `emitter.on('message', m => {});`, 2, emitMessage},
		{"an event that reads topic and length", `let t, n = 0; emitter.on('message', m => { t = m.topic; n += m.message.length; });`, 4, emitMessage},
		{"an event that reads a byte", `let t; emitter.on('message', m => { t = m.message[0]; });`, 7, emitMessage},
		{"a call with a callback", `call = () => native('topic', 'payload', 5, call);`, 5, func(vm *engine.VM, _ *engine.Emitter) func() {
			f, _ := vm.ToFunc(vm.Runtime().Get("call"))
			return func() { f.Call(goja.Undefined()) }
		}},
		{"a tick", ``, 1, func(vm *engine.VM, _ *engine.Emitter) func() {
			tick := func() {}
			return func() { vm.Loop().NextTick(tick); vm.Loop().Poll(0) }
		}},
		{"a call with checked arguments", `call = () => native('topic', 'payload', 5);`, 3, func(vm *engine.VM, _ *engine.Emitter) func() {
			f, _ := vm.ToFunc(vm.Runtime().Get("call"))
			return func() { f.Call(goja.Undefined()) }
		}},
	} {
		var got float64
		var e *engine.Emitter
		err := inVM(t, tc.src, func(vm *engine.VM) {
			e = newEmitter(vm)
			vm.SetGlobal("call", goja.Undefined())
			native(vm, "native", func(a engine.Args) goja.Value {
				a.String(0, "topic")
				a.Int(2, "n", 0, 10)
				if a.Len() == 4 {
					a.Func(3, "callback")
				}
				return goja.Undefined()
			})
		}, func(vm *engine.VM) { got = testing.AllocsPerRun(500, tc.run(vm, e)) })
		if err != nil {
			t.Fatal(err)
		}
		if got > tc.most {
			t.Errorf("%s: %v allocations, at most %v allowed", tc.name, got, tc.most)
		}
	}
}

func emitMessage(vm *engine.VM, e *engine.Emitter) func() {
	payload := []byte("payload")
	return func() {
		m := &message{vm: vm, topic: "/testing", payload: payload}
		e.Dispatch("message", vm.InitDynamic(&m.Dynamic, m))
	}
}

// newEmitter makes the global `emitter`.
func newEmitter(vm *engine.VM) *engine.Emitter {
	obj := vm.NewObject()
	_ = obj.SetPrototype(vm.EmitterPrototype())
	vm.SetGlobal("emitter", obj)
	return vm.NewEmitter(obj)
}
