package engine

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dop251/goja"
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
	files  map[string]*goja.Object // module objects by absolute path
	main   *goja.Object
}

func newRegistry(vm *VM, modules []Module) *registry {
	r := &registry{vm: vm, byName: map[string]int{}, loaded: map[int]goja.Value{}, files: map[string]*goja.Object{}}
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

func (r *registry) native(name string) (goja.Value, bool) {
	for _, prefix := range []string{"edgeros:", "node:"} {
		name = strings.TrimPrefix(name, prefix)
	}
	i, ok := r.byName[name]
	if !ok || r.list[i].Load == nil {
		return nil, false
	}
	if v, ok := r.loaded[i]; ok {
		return v, true
	}
	v := r.list[i].Load(r.vm)
	r.loaded[i] = v
	return v, true
}

// throwMissing throws the error of a module that is not there.
func (r *registry) throwMissing(id, from string) {
	msg := fmt.Sprintf("Cannot find module '%s' (required by %s)", id, from)
	if isPath(id) {
		msg += ": no such file"
	} else {
		msg += ": there are " + strings.Join(r.names(), ", ") + "; a file's name begins with './'"
	}
	r.vm.Throw("MODULE_NOT_FOUND", msg)
}

func isPath(id string) bool {
	return strings.HasPrefix(id, "./") || strings.HasPrefix(id, "../") || strings.HasPrefix(id, "/") ||
		id == "." || id == ".." || strings.HasPrefix(id, `.\`) || (len(id) > 2 && id[1] == ':' && (id[2] == '\\' || id[2] == '/'))
}
