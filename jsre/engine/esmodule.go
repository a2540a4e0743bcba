package engine

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/dop251/goja"

	"dunlin/jsre/resolve"
)

// esModule is an ES module: linked, and perhaps evaluated.
type esModule struct {
	unit      *unit
	deps      []dependency
	namespace *goja.Object
	evaluate  *Func // runs its text; what it threw it throws again. Its result is a promise where it is async
	required  goja.Value

	checked    bool // its imports are there
	async      tristate
	evaluating bool
	evaluated  bool
	promise    *goja.Object // of the evaluation, where it is async or what it imports is
}

type tristate uint8

const (
	unknown tristate = iota
	no
	yes
)

// dependency is what one import leads to.
type dependency struct {
	es     *esModule // nil: another kind of module
	native string    // the name of a native module
	abs    string    // the path of a CommonJS module or JSON file
	name   string
}

// link makes an ES module and all that it imports ready to be evaluated, without running any of it.
func (r *registry) link(u *unit) (*esModule, error) {
	m, err := r.instantiate(u)
	if err != nil {
		return nil, err
	}
	return m, r.checkImports(m)
}

func (r *registry) instantiate(u *unit) (m *esModule, err error) {
	m = &esModule{unit: u}
	if r.es == nil {
		r.es, r.parsed, r.spaces = map[string]*esModule{}, map[string]*unit{}, map[string]*goja.Object{}
	}
	r.es[u.abs] = m
	done := false
	defer func() {
		if !done || err != nil {
			delete(r.es, u.abs)
		}
	}()
	for _, i := range u.lowered.Imports {
		d, err := r.dependency(i.ID, u)
		if err != nil {
			return nil, err
		}
		m.deps = append(m.deps, d)
	}
	u.fn.Call(r.vm.NewFunction("module", func(c goja.FunctionCall) goja.Value {
		if body, ok := r.vm.ToFunc(c.Argument(0)); ok {
			body.Call(goja.Undefined(), r.hostObject(m))
		}
		return goja.Undefined()
	}))
	if m.namespace == nil {
		return nil, &LoadError{Path: u.name, Err: errors.New("internal error: the module's code does not make a module")}
	}
	done = true
	return m, nil
}

// dependency finds what an import leads to, and links it.
func (r *registry) dependency(id string, from *unit) (dependency, error) {
	if r.isNative(id) {
		return dependency{native: id}, nil
	}
	path, err := r.findURL(id, from)
	if err != nil {
		return dependency{}, r.missing(id, from, err, "imported by")
	}
	name := r.vm.display(path, from.abs, from.name)
	if m, ok := r.es[path]; ok {
		return dependency{es: m}, nil
	}
	d := dependency{abs: path, name: name}
	if _, ok := r.cached(path); ok || isJSON(path) || r.parsed[path] != nil {
		return d, nil
	}
	u, err := r.open(path, name)
	if err != nil {
		return d, err
	}
	if u.lowered == nil || !u.lowered.ES {
		r.parsed[path] = u
		return d, nil
	}
	d.es, err = r.instantiate(u)
	return d, err
}

// findURL finds what an import names: also by a file URL.
func (r *registry) findURL(id string, from *unit) (string, error) {
	if path, ok := filePath(id); ok {
		id = path
	}
	return r.find(id, filepath.Dir(from.abs), resolve.Import)
}

// checkImports finds imports of names that an ES module does not export, in m and all that it imports.
func (r *registry) checkImports(m *esModule) error {
	if m.checked {
		return nil
	}
	m.checked = true
	for i, d := range m.deps {
		if err := r.checkImport(m, i, d); err != nil {
			m.checked = false
			return err
		}
	}
	return nil
}

// checkImport checks what m imports from one module. What CommonJS exports shows when it has run.
func (r *registry) checkImport(m *esModule, i int, d dependency) error {
	switch {
	case d.es != nil:
		if err := r.checkImports(d.es); err != nil {
			return err
		}
	case d.native == "":
		return nil
	}
	for _, name := range m.unit.lowered.Imports[i].Names {
		if d.es != nil && !d.es.exports(name, map[*esModule]bool{}) || d.es == nil && !r.nativeExports(d, name) {
			return r.notExported(m, i, name, "")
		}
	}
	return nil
}

func (r *registry) nativeExports(d dependency, name string) bool {
	ns := r.namespaceOf(d)
	exports, _ := ns.Get("default").(*goja.Object)
	return ns.Get(name) != nil || exports != nil && r.vm.copyExport(ns, exports, name)
}

// exports reports whether the module exports a name, as far as is known before it runs.
func (m *esModule) exports(name string, seen map[*esModule]bool) bool {
	if seen[m] {
		return false
	}
	seen[m] = true
	if hasAccessor(m.namespace, name) {
		return true
	}
	for i, d := range m.deps {
		if !m.unit.lowered.Imports[i].Star || name == "default" {
			continue
		}
		if d.es == nil || d.es.exports(name, seen) {
			return true
		}
	}
	return false
}

// hasAccessor reports whether obj has a property of its own, without reading it.
func hasAccessor(obj *goja.Object, name string) bool {
	for _, key := range obj.GetOwnPropertyNames() {
		if key == name {
			return true
		}
	}
	return false
}

func (r *registry) notExported(m *esModule, i int, name, why string) *LoadError {
	id := m.unit.lowered.Imports[i].ID
	e := &LoadError{
		Path: m.unit.name, class: "SyntaxError", code: "ERR_MODULE_EXPORT",
		Err: fmt.Errorf("SyntaxError: The requested module '%s' does not provide an export named '%s'%s", id, name, why),
	}
	r.vm.placeImport(e, m.unit, id)
	return e
}

// hostObject is what an ES module's code gets, see [Lowered.Code].
func (r *registry) hostObject(m *esModule) *goja.Object {
	vm := r.vm
	host := vm.rt.NewObject()
	vm.Method(host, "dep", func(c goja.FunctionCall) goja.Value {
		i := int(c.Argument(0).ToInteger())
		if i < 0 || i >= len(m.deps) {
			return goja.Undefined()
		}
		return r.namespaceOf(m.deps[i])
	})
	vm.Method(host, "require", func(c goja.FunctionCall) goja.Value {
		return r.require(vm.Args("require", c.Arguments).String(0, "id"), m.unit)
	})
	vm.Method(host, "import", func(c goja.FunctionCall) goja.Value { return r.dynamic(c.Argument(0), m.unit) })
	vm.Method(host, "done", func(c goja.FunctionCall) goja.Value {
		m.namespace, _ = c.Argument(0).(*goja.Object)
		m.evaluate, _ = vm.ToFunc(c.Argument(1))
		if m.namespace != nil {
			vm.markNamespace(m.namespace)
			vm.nameDefault(m.namespace)
		}
		return goja.Undefined()
	})
	_ = host.Set("meta", r.meta(m.unit))
	_ = host.Set("frozen", vm.rt.NewDynamicObject(frozenNamespace{vm}))
	return host
}

// frozenNamespace stands for a namespace where its members are assigned to.
type frozenNamespace struct{ vm *VM }

func (f frozenNamespace) Get(string) goja.Value { return goja.Undefined() }

func (f frozenNamespace) Has(string) bool { return true }

func (f frozenNamespace) Keys() []string { return nil }

func (f frozenNamespace) Set(key string, _ goja.Value) bool {
	panic(f.vm.NewError("TypeError", "", "Cannot assign to read only property '"+key+"'"))
}

func (f frozenNamespace) Delete(key string) bool {
	panic(f.vm.NewError("TypeError", "", "Cannot delete property '"+key+"' of [object Module]"))
}

// meta makes import.meta.
func (r *registry) meta(u *unit) *goja.Object {
	vm := r.vm
	meta := vm.NewObject("dirname", filepath.Dir(u.abs), "filename", u.abs, "main", u.abs == r.mainPath)
	vm.Export(meta, "resolve", func(c goja.FunctionCall) goja.Value {
		id := vm.Args("import.meta.resolve", c.Arguments).String(0, "id")
		if r.isNative(id) {
			return vm.rt.ToValue("node:" + strings.TrimPrefix(id, "node:"))
		}
		path, err := r.findURL(id, u)
		if err != nil {
			panic(vm.thrownLoad(r.missing(id, u, err, "imported by")))
		}
		return vm.rt.ToValue(fileURL(path))
	})
	_ = meta.Set("url", fileURL(u.abs))
	return meta
}

// markNamespace gives a namespace the look of one: no prototype, and a tag.
func (vm *VM) markNamespace(namespace *goja.Object) {
	_ = namespace.SetPrototype(nil)
	_ = namespace.DefineDataPropertySymbol(goja.SymToStringTag, vm.rt.ToValue("Module"), goja.FLAG_FALSE, goja.FLAG_FALSE, goja.FLAG_FALSE)
}

// nameOfDefault is what [Options.Lower] names a default export that has no name of its own.
const nameOfDefault = "module_default"

// nameDefault names a default export that has no name in the source "default", as the language has it.
func (vm *VM) nameDefault(namespace *goja.Object) {
	var fn *goja.Object
	if vm.rt.Try(func() { fn, _ = namespace.Get("default").(*goja.Object) }) != nil || fn == nil {
		return
	}
	if _, callable := goja.AssertFunction(fn); callable && hasAccessor(fn, "name") {
		if name := fn.Get("name"); name != nil && name.String() == nameOfDefault {
			_ = fn.DefineDataProperty("name", vm.rt.ToValue("default"), goja.FLAG_FALSE, goja.FLAG_TRUE, goja.FLAG_FALSE)
		}
	}
}

// namespaceOf gives the namespace of what an import leads to, running a CommonJS module the first time.
func (r *registry) namespaceOf(d dependency) *goja.Object {
	if d.es != nil {
		return d.es.namespace
	}
	key := d.abs
	if d.native != "" {
		i, _ := r.index(d.native)
		key = "node:" + r.list[i].Name
	}
	if ns, ok := r.spaces[key]; ok {
		return ns
	}
	var exports goja.Value
	if d.native != "" {
		exports, _ = r.native(d.native)
	} else {
		exports = r.load(d.abs, d.name)
	}
	ns := r.vm.rt.CreateObject(nil)
	_ = ns.Set("default", exports)
	if obj, ok := exports.(*goja.Object); ok && !isJSON(d.abs) {
		for _, name := range obj.Keys() {
			if name != "default" {
				r.vm.copyExport(ns, obj, name)
			}
		}
	}
	r.vm.markNamespace(ns)
	r.spaces[key] = ns
	return ns
}

// copyExport gives a namespace a value that a module exports; false when it exports none of that name.
func (vm *VM) copyExport(ns, exports *goja.Object, name string) bool {
	v := vm.property(exports, name)
	if v == nil {
		return false
	}
	return ns.Set(name, v) == nil
}

// IsNamespace reports whether obj is the namespace of a module. Loop goroutine only.
func (vm *VM) IsNamespace(obj *goja.Object) bool {
	for _, m := range vm.modules.es {
		if m.namespace == obj || m.required == goja.Value(obj) {
			return true
		}
	}
	for _, ns := range vm.modules.spaces {
		if ns == obj {
			return true
		}
	}
	return false
}
