package engine

import (
	"fmt"

	"github.com/dop251/goja"
)

// asyncParts are the script functions that wait for promises.
type asyncParts struct {
	evaluate *Func // (count, step): step(0) .. step(count-1) together, then step(count)
	then     *Func // (promise, f): promise.then(f)
	catch    *Func // (promise, f): promise.then(undefined, f)
}

func (r *registry) asyncFunctions() *asyncParts {
	if r.async != nil {
		return r.async
	}
	vm := r.vm
	v, err := vm.rt.RunScript(hostFile, `((all, then) => [
	async (count, step) => {
		const waiting = [];
		for (let i = 0; i < count; i++) { const p = step(i); if (p !== undefined) waiting[waiting.length] = p; }
		if (waiting.length > 0) await all(waiting);
		await step(count);
	},
	(promise, f) => then(promise, f),
	(promise, f) => then(promise, undefined, f),
])(Promise.all.bind(Promise), Function.prototype.call.bind(Promise.prototype.then))`)
	if err != nil {
		panic(err)
	}
	list := v.ToObject(vm.rt)
	get := func(i string) *Func {
		f, _ := vm.ToFunc(list.Get(i))
		return f
	}
	r.async = &asyncParts{get("0"), get("1"), get("2")}
	return r.async
}

// isAsync reports whether the module, or what it imports, has an await outside of functions.
func (m *esModule) isAsync() bool {
	if m.async == unknown {
		m.async = no
		if m.anyAsync(map[*esModule]bool{}) {
			m.async = yes
		}
	}
	return m.async == yes
}

func (m *esModule) anyAsync(seen map[*esModule]bool) bool {
	if seen[m] {
		return false
	}
	seen[m] = true
	if m.unit.lowered.Async {
		return true
	}
	for _, d := range m.deps {
		if d.es != nil && d.es.anyAsync(seen) {
			return true
		}
	}
	return false
}

// evaluateNow evaluates a module that is not async, after what it imports. In a cycle the modules that
// are being evaluated are passed over.
func (r *registry) evaluateNow(m *esModule) {
	if m.evaluated || m.evaluating {
		return
	}
	m.evaluating = true
	defer func() { m.evaluating = false }()
	for i, d := range m.deps {
		r.evaluateDependency(m, i, d)
	}
	m.evaluate.Call(goja.Undefined())
	r.vm.nameDefault(m.namespace)
	m.evaluated = true
}

// evaluateDependency evaluates what an import leads to, where that is not async.
func (r *registry) evaluateDependency(m *esModule, i int, d dependency) {
	if d.es != nil {
		r.evaluateNow(d.es)
		return
	}
	ns := r.namespaceOf(d)
	exports, _ := ns.Get("default").(*goja.Object)
	for _, name := range m.unit.lowered.Imports[i].Names {
		if ns.Get(name) != nil || exports != nil && r.vm.copyExport(ns, exports, name) {
			continue
		}
		panic(r.vm.thrownLoad(r.notExported(m, i, name, ", as it is CommonJS")))
	}
}

// evaluateAsync evaluates a module that is async; above are the modules that wait for it. It gives the
// promise of its end.
func (r *registry) evaluateAsync(m *esModule, above []*esModule) *goja.Object {
	if m.promise != nil {
		return m.promise
	}
	above = append(above[:len(above):len(above)], m)
	step := r.vm.NewFunction("step", func(c goja.FunctionCall) goja.Value {
		i := int(c.Argument(0).ToInteger())
		if i < len(m.deps) {
			return r.start(m, i, above)
		}
		v := m.evaluate.Call(goja.Undefined())
		r.vm.nameDefault(m.namespace)
		m.evaluated = true
		return v
	})
	p := r.asyncFunctions().evaluate.Call(goja.Undefined(), r.vm.rt.ToValue(len(m.deps)), step)
	m.promise = p.ToObject(r.vm.rt)
	return m.promise
}

// start begins to evaluate an import of m. It gives a promise where that is async.
func (r *registry) start(m *esModule, i int, above []*esModule) goja.Value {
	d := m.deps[i]
	if d.es == nil || !d.es.isAsync() {
		r.evaluateDependency(m, i, d)
		return goja.Undefined()
	}
	for _, waits := range above {
		if waits == d.es {
			return goja.Undefined()
		}
	}
	return r.evaluateAsync(d.es, above)
}

// runMain links and evaluates the main module.
func (r *registry) runMain(u *unit) error {
	m, err := r.link(u)
	if err != nil {
		return err
	}
	r.body = m
	r.vm.tellMain(u.abs)
	if !m.isAsync() {
		r.evaluateNow(m)
		return nil
	}
	r.asyncFunctions().catch.Call(goja.Undefined(), r.evaluateAsync(m, nil), r.vm.NewFunction("", func(c goja.FunctionCall) goja.Value {
		r.vm.loop.uncaughtValue(c.Argument(0))
		return goja.Undefined()
	}))
	return nil
}

// uncaughtValue is uncaught for a thrown value without an exception around it.
func (l *Loop) uncaughtValue(v goja.Value) {
	vm := l.vm
	if vm.tasks.Count("uncaughtException") == 0 {
		e := &ScriptError{}
		vm.describe(e, v)
		vm.Stop(vm.locate(e))
		return
	}
	if again := l.try(func() { vm.tasks.Emit("uncaughtException", v, vm.rt.ToValue("uncaughtException")) }); again != nil {
		vm.Stop(vm.scriptError(again))
	}
}

// exitUnsettled is the status of a script whose main module waits for what never happens, as in Node.js.
const exitUnsettled = 13

// checkSettled tells of a main module that still waits when nothing can happen any more.
func (r *registry) checkSettled() {
	if r.body == nil || r.body.promise == nil || r.vm.stopped.Load() || r.vm.exit != 0 {
		return
	}
	if r.body.state() == goja.PromiseStatePending {
		_, _ = fmt.Fprintf(r.vm.opts.Stderr, "Warning: %s waits at its top level for what never happens (unsettled top-level await)\n", r.body.unit.name)
		r.vm.exit = exitUnsettled
	}
}

// state is that of the evaluation of an async module.
func (m *esModule) state() goja.PromiseState {
	if m.promise != nil {
		if p, ok := m.promise.Export().(*goja.Promise); ok {
			return p.State()
		}
	}
	return goja.PromiseStatePending
}

// requireES gives what require gives for an ES module.
func (r *registry) requireES(m *esModule) goja.Value {
	if m.isAsync() { // also when it has ended, as in Node.js: who requires it may do so early the next time
		r.vm.Throw("ERR_REQUIRE_ASYNC_MODULE", "require() cannot be used on an ESM graph with top-level await. Use import() instead: "+m.unit.name)
	}
	if m.evaluating {
		r.vm.Throw("ERR_REQUIRE_CYCLE_MODULE", "Cannot require() ES Module "+m.unit.name+" in a cycle")
	}
	r.evaluateNow(m)
	if m.required == nil {
		m.required = r.requiredNamespace(m)
	}
	return m.required
}

// requiredNamespace is a namespace as require gives it: the export "module.exports" where there is one;
// with a default export it is marked __esModule, for CommonJS made from ES modules.
func (r *registry) requiredNamespace(m *esModule) goja.Value {
	if hasAccessor(m.namespace, "module.exports") {
		return m.namespace.Get("module.exports")
	}
	if !hasAccessor(m.namespace, "default") || hasAccessor(m.namespace, "__esModule") {
		return m.namespace
	}
	vm := r.vm
	out := vm.rt.CreateObject(nil)
	_ = out.Set("__esModule", true)
	for _, name := range m.namespace.GetOwnPropertyNames() {
		get := vm.NewFunction("get", func(goja.FunctionCall) goja.Value { return m.namespace.Get(name) })
		_ = out.DefineAccessorProperty(name, get, nil, goja.FLAG_FALSE, goja.FLAG_TRUE)
	}
	vm.markNamespace(out)
	return out
}

// dynamic is import(id) in a file.
func (r *registry) dynamic(id goja.Value, from *unit) goja.Value {
	vm := r.vm
	promise, resolve, reject := vm.rt.NewPromise()
	vm.loop.Microtask(func() {
		ex := vm.rt.Try(func() { _ = resolve(r.importNow(id.String(), from)) })
		if ex != nil {
			_ = reject(ex.Value())
		}
	})
	return vm.rt.ToValue(promise)
}

// importNow gives the namespace of a module, or a promise of it.
func (r *registry) importNow(id string, from *unit) goja.Value {
	if r.es == nil {
		r.es, r.parsed, r.spaces = map[string]*esModule{}, map[string]*unit{}, map[string]*goja.Object{}
	}
	d, err := r.dependency(id, from)
	if err == nil && d.es != nil {
		err = r.checkImports(d.es)
	}
	switch {
	case err != nil:
		panic(r.vm.thrownLoad(err))
	case d.es == nil:
		return r.namespaceOf(d)
	case !d.es.isAsync():
		r.evaluateNow(d.es)
		return d.es.namespace
	}
	return r.asyncFunctions().then.Call(goja.Undefined(), r.evaluateAsync(d.es, nil),
		r.vm.NewFunction("", func(goja.FunctionCall) goja.Value { return d.es.namespace }))
}
