package jsre_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/dop251/goja"

	"dunlin/jsre"
	"dunlin/jsre/engine"
)

// faultyModule has functions with a fault of a Go programmer, as the engine or a module may have one.
func faultyModule() engine.Module {
	return engine.Module{Name: "faulty", Load: func(vm *engine.VM) goja.Value {
		var missing map[string]int
		write := func(goja.FunctionCall) goja.Value {
			missing["x"] = 1
			return goja.Undefined()
		}
		o := vm.NewObject()
		vm.Export(o, "write", write)
		vm.Export(o, "index", func(c goja.FunctionCall) goja.Value { return c.Arguments[len(c.Arguments)] })
		vm.Export(o, "value", func(goja.FunctionCall) goja.Value { panic("a text") })
		vm.Export(o, "later", func(goja.FunctionCall) goja.Value {
			vm.Loop().Reserve()(func() { write(goja.FunctionCall{}) })
			return goja.Undefined()
		})
		return o
	}}
}

// A Go panic in the engine, or in a module, wherever it happens, is an error of the script that it happened in: the
// host goes on.
func TestAGoPanicIsAnErrorOfTheScript(t *testing.T) {
	withFaults := func(o *jsre.Options) {
		o.Modules = append(o.Modules, faultyModule(), engine.Module{Name: "unloadable", Load: func(*engine.VM) goja.Value { panic(errors.New("not today")) }})
	}
	for name, src := range map[string]string{
		"call":              `f.write();`,
		"index":             `f.index(1);`,
		"panic with a text": `f.value();`,
		"in try":            `try { f.write(); } catch (e) { print('caught'); } f.write();`,
		"load":              `require('unloadable');`,
		"job":               `f.later();`,
		"timer":             `setTimeout(f.write, 1);`,
		"tick":              `process.nextTick(f.write);`,
		"promise job":       `Promise.resolve().then(f.write);`,
		"await":             `(async () => { await 1; f.write(); })();`,
		"promise":           `new Promise(f.write);`,
		"getter":            `Object.defineProperty({}, 'x', { get: f.write }).x;`,
		"sort":              `[2, 1].sort(f.write);`,
		"listener":          `const e = new EventEmitter(); e.on('x', f.write); e.emit('x');`,
		"generator":         `function* g() { yield f.write(); } [...g()];`,
		"constructor":       `class A { x = f.write(); } new A();`,
		"proxy":             `new Proxy({}, { get: f.write }).x;`,
		"toString":          `'' + { toString: f.write };`,
		"eval":              `eval('f.write()');`,
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := run(t, "const f = require('faulty'); "+src, withFaults)
			var script *jsre.ScriptError
			if !errors.As(err, &script) {
				t.Fatalf("got %v, want an error of the script", err)
			}
			if report := script.Report(); strings.Contains(report, "goroutine ") {
				t.Errorf("the report has Go's stack: %s", report)
			}
			out, _, err := run(t, "process.on('uncaughtException', () => print('told')); process.on('unhandledRejection', () => print('told')); setTimeout(() => print('alive'), 50); const f = require('faulty'); "+src, withFaults)
			if err != nil || !strings.Contains(out, "told\n") || !strings.HasSuffix(out, "alive\n") {
				t.Errorf("with a listener: printed %q, error %v", out, err)
			}
		})
	}
}
