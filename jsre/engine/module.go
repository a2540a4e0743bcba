package engine

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/dop251/goja"

	"dunlin/jsre/resolve"
)

// Module is a native module: what require(Name) gives a script. Aliases are further names; the
// prefixes "edgeros:" and "node:" are always taken off first.
type Module struct {
	Name    string
	Aliases []string
	// Setup, when set, runs while the VM is made, before any script: the place for globals.
	Setup func(*VM) error
	// Load makes the exports. It runs once, at the first require; what it throws is thrown there.
	Load func(*VM) goja.Value
}

// registry is the modules of a VM, native and from files.
type registry struct {
	vm     *VM
	list   []Module
	byName map[string]int
	loaded map[int]goja.Value

	files    resolve.Resolver
	cache    *goja.Object            // require.cache: module objects by absolute path
	parsed   map[string]*unit        // files that an ES module imports and that have not run, by absolute path
	es       map[string]*esModule    // by absolute path
	spaces   map[string]*goja.Object // namespaces of modules that are no ES modules, by path or name
	main     *goja.Object
	mainPath string    // of the main module
	body     *esModule // the main module when it is an ES module
	async    *asyncParts
}

func newRegistry(vm *VM, modules []Module) *registry {
	r := &registry{vm: vm, byName: map[string]int{}, loaded: map[int]goja.Value{}, cache: vm.rt.CreateObject(nil)}
	if vm.opts.Access.Read != nil {
		r.files.Check = vm.readable
	}
	for _, m := range modules {
		if i, ok := r.byName[m.Name]; ok && r.list[i].Name == m.Name {
			r.list[i] = m
		} else {
			r.list = append(r.list, m)
		}
		for i := range r.list {
			if r.list[i].Name == m.Name {
				r.bind(i)
			}
		}
	}
	return r
}

func (r *registry) bind(i int) {
	r.byName[r.list[i].Name] = i
	for _, a := range r.list[i].Aliases {
		r.byName[a] = i
	}
}

// names lists the native modules.
func (r *registry) names() []string {
	var out []string
	for _, m := range r.list {
		if m.Load != nil {
			out = append(out, m.Name)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Require gives the exports of a native module, false when there is none of that name. Native
// modules use it for each other. Loop goroutine only.
func (vm *VM) Require(name string) (goja.Value, bool) { return vm.modules.native(name) }

// bareName is the name of a module without the prefixes of natives.
func bareName(name string) string {
	for _, prefix := range []string{"edgeros:", "node:"} {
		name = strings.TrimPrefix(name, prefix)
	}
	return name
}

// index finds a native module.
func (r *registry) index(name string) (int, bool) {
	i, ok := r.byName[bareName(name)]
	return i, ok && r.list[i].Load != nil
}

func (r *registry) isNative(name string) bool {
	_, ok := r.index(name)
	return ok
}

func (r *registry) native(name string) (goja.Value, bool) {
	i, ok := r.index(name)
	if !ok {
		return nil, false
	}
	if v, ok := r.loaded[i]; ok {
		return v, true
	}
	v := r.list[i].Load(r.vm)
	r.loaded[i] = v
	return v, true
}

// missing is the error of a module that is not found from a file; how is "required by" or "imported by".
func (r *registry) missing(id string, from *unit, err error, how string) *LoadError {
	e := &LoadError{Path: from.name, code: "MODULE_NOT_FOUND"}
	if how != "required by" {
		e.code = "ERR_MODULE_NOT_FOUND"
	}
	msg := fmt.Sprintf("Cannot find module '%s' (%s %s)", id, how, from.name)
	var closed *resolve.NotExportedError
	var broken *resolve.PackageError
	var refused *resolve.RefusedError
	switch {
	case errors.As(err, &closed):
		e.code = "ERR_PACKAGE_PATH_NOT_EXPORTED"
		if strings.HasPrefix(id, "#") {
			e.code, e.class = "ERR_PACKAGE_IMPORT_NOT_DEFINED", "TypeError"
		}
		msg = err.Error() + " (" + how + " " + from.name + ")"
	case errors.As(err, &broken):
		e.code, msg = "ERR_INVALID_PACKAGE_CONFIG", err.Error()
	case errors.As(err, &refused) && resolve.IsPath(id):
		e.code, msg = "EACCES", err.Error()+" ("+how+" "+from.name+")"
	case errors.As(err, &refused):
		msg += ": " + err.Error()
	case resolve.IsPath(id):
		msg += ": no such file"
	case r.vm.opts.Missing != nil && r.vm.opts.Missing(bareName(id)) != "":
		msg += ": " + r.vm.opts.Missing(bareName(id))
	default:
		msg += ": there are " + strings.Join(r.names(), ", ") + "; a file's name begins with './'"
	}
	e.Err = errors.New(msg)
	r.vm.placeImport(e, from, id)
	return e
}
