package engine_test

import (
	"strconv"
	"testing"

	"github.com/dop251/goja"

	"dunlin/jsre/engine"
)

// TestRunEach checks that ticks and promises have their turn after each step, that a step that throws
// is an uncaught exception and the next one follows, and that no step follows the end of the script.
func TestRunEach(t *testing.T) {
	got, err := script(t, `
const steps = [
  () => { Promise.resolve().then(() => log('promise')); log('1'); },
  () => { throw new Error('2'); },
  () => { Promise.resolve().then(() => exit(0)); log('3'); },
  () => log('never '),
];
tasks.on('uncaughtException', e => log('caught ' + e.message));
each(steps);`, func(vm *engine.VM) {
		vm.SetGlobal("tasks", vm.Tasks().Object())
		_ = vm.Tasks().Object().SetPrototype(vm.EmitterPrototype())
		native(vm, "exit", func(engine.Args) goja.Value { vm.Exit(0); return nil })
		native(vm, "each", func(a engine.Args) goja.Value {
			list := a.Object(0, "steps")
			vm.Loop().Post(func() {
				at := 0
				vm.Loop().RunEach(func() bool {
					step, _ := vm.ToFunc(list.Get(strconv.Itoa(at)))
					at++
					step.Call(goja.Undefined())
					return at < 4
				})
			})
			return nil
		})
	})
	if want := "1 promise caught 2 3"; got != want || err != nil {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
}
