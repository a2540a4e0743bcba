package jsre_test

import (
	"runtime"
	"testing"

	"dunlin/jsre"
	"dunlin/jsre/engine"

	"github.com/dop251/goja"
)

// TestATimerIsSmall keeps what a timer takes beside the function that the script made in check: a script that holds a
// million of them must not fill the machine.
func TestATimerIsSmall(t *testing.T) {
	const count, most = 20000, 300 // bytes each
	heap := engine.Module{Name: "heap", Setup: func(vm *engine.VM) error {
		vm.SetGlobal("heap", vm.NewFunction("heap", func(goja.FunctionCall) goja.Value {
			var m runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&m)
			return vm.Runtime().ToValue(m.HeapAlloc)
		}))
		return nil
	}}
	got, stderr, err := run(t, `const f = () => {}, before = heap(), list = new Array(20000); for (let i = 0; i < 20000; i++) list[i] = setTimeout(f, 1e6 + i);
		const each = (heap() - before) / 20000; print(each < 300 ? 'small' : each); for (const x of list) clearTimeout(x);`, func(o *jsre.Options) { o.Modules = append(o.Modules, heap) })
	if got != "small\n" || err != nil {
		t.Errorf("%d timers of more than %d bytes: %s%s%v", count, most, got, stderr, err)
	}
}

// TestRejectionsThatAreHandledLater tells of the promises, in the order in which they were rejected, that nobody handles.
func TestRejectionsThatAreHandledLater(t *testing.T) {
	check(t, "const list = []; process.on('unhandledRejection', x => show(x)); for (let i = 0; i < 5; i++) list.push(Promise.reject(i)); const handle = i => list[i].catch(() => {});\n", []expectation{
		{"some", `handle(1); handle(3); handle(1);`, "0\n2\n4\n"},
		{"all, the last first", `for (let i = 4; i >= 0; i--) handle(i);`, ""},
		{"all, and then another", `for (let i = 0; i < 5; i++) handle(i); list.push(Promise.reject('x')); handle(0);`, "x\n"},
	})
}
