package engine

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/dop251/goja"
	"github.com/dop251/goja/file"
	"github.com/dop251/goja/parser"

	"dunlin/jsre/resolve"
)

// RunFile reads and runs the script at path as the main module. It must be called by the main
// function of [VM.Run]. It returns a [*LoadError] for a file that cannot be read or parsed, or that
// imports what is not there; what the script throws is a panic.
func (vm *VM) RunFile(path string) error {
	abs := vm.absolute(path)
	text, err := os.ReadFile(abs)
	if err != nil {
		return &LoadError{Path: path, Err: reason(err)}
	}
	if to, err := filepath.EvalSymlinks(abs); err == nil {
		abs = to
	}
	vm.opened(abs)
	return vm.RunString(abs, path, string(text))
}

func (vm *VM) absolute(path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(vm.opts.Dir, path)
}

// opened tells the host which file the script is made of.
func (vm *VM) opened(abs string) {
	if vm.opts.Opened != nil {
		vm.opts.Opened(abs)
	}
}

// RunString runs a text as the main module, as if it stood in the file abs, shown as name.
func (vm *VM) RunString(abs, name, text string) error {
	vm.modules.mainPath = abs
	u, err := vm.compile(abs, name, text)
	if err != nil {
		return err
	}
	if u.lowered != nil && u.lowered.ES {
		return vm.modules.runMain(u)
	}
	vm.tellMain(abs)
	vm.modules.run(u)
	return nil
}

func (vm *VM) tellMain(abs string) {
	for _, f := range vm.onMain {
		f(abs)
	}
}

// reason takes the path off an error of the file system: the message names it already.
func reason(err error) error {
	var pe *os.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}

// compileModule parses a text and makes the module function of it. The text is parsed as it is, and
// its syntax tree put into a function, so that lines and columns stay right.
func (vm *VM) compileModule(name, text string) (*Func, error) {
	tree, err := parseModule(name, text)
	if err != nil {
		return nil, vm.loadError(name, err)
	}
	prog, err := vm.compileTree(tree)
	if err != nil {
		return nil, vm.loadError(name, err)
	}
	v, err := vm.rt.RunProgram(prog)
	vm.CheckStop() // or the interrupt would be told as an error of the text
	if err != nil {
		return nil, vm.loadError(name, err)
	}
	fn, ok := vm.ToFunc(v)
	if !ok {
		return nil, &LoadError{Path: name, Err: errors.New("the text closes the function it is wrapped in")}
	}
	return fn, nil
}

// loadError describes a text that does not parse or compile.
func (vm *VM) loadError(name string, err error) error {
	out := &LoadError{Path: name, Where: Frame{File: name, Line: 1, Column: 1}}
	var list parser.ErrorList
	var syntax *goja.CompilerSyntaxError
	var reference *goja.CompilerReferenceError
	switch {
	case errors.As(err, &list) && len(list) > 0:
		out.Where.Line, out.Where.Column = list[0].Position.Line, list[0].Position.Column
		out.Err = fmt.Errorf("SyntaxError: %s", list[0].Message)
	case errors.As(err, &syntax):
		out.place(syntax.File, syntax.Offset)
		out.Err = fmt.Errorf("SyntaxError: %s", syntax.Message)
	case errors.As(err, &reference):
		out.place(reference.File, reference.Offset)
		out.Err = fmt.Errorf("ReferenceError: %s", reference.Message)
	default:
		out.Err = err
	}
	out.Where, _ = vm.mapped(out.Where)
	out.Source = vm.sourceLine(out.Where)
	return out
}

func (e *LoadError) place(f *file.File, offset int) {
	if f != nil {
		pos := f.Position(offset)
		e.Where.Line, e.Where.Column = pos.Line, pos.Column
	}
}

// run runs a CommonJS module and gives its exports.
func (r *registry) run(u *unit) goja.Value {
	rt := r.vm.rt
	exports := rt.NewObject()
	module := r.vm.NewObject("exports", exports, "id", u.abs, "path", filepath.Dir(u.abs), "filename", u.abs, "loaded", false)
	if r.main == nil && u.abs == r.mainPath {
		r.main = module
	}
	_ = r.cache.Set(u.abs, module)
	done := false
	defer func() {
		if !done {
			_ = r.cache.Delete(u.abs)
		}
	}()
	u.fn.Call(exports, exports, r.requireFunc(u), module, rt.ToValue(u.abs), rt.ToValue(filepath.Dir(u.abs)))
	done = true
	_ = module.Set("loaded", true)
	return module.Get("exports")
}

// cached gives the exports of a module that has run or is running.
func (r *registry) cached(abs string) (goja.Value, bool) {
	if m, ok := r.cache.Get(abs).(*goja.Object); ok {
		return m.Get("exports"), true
	}
	return nil, false
}

// requireFunc makes the function require of one file.
func (r *registry) requireFunc(u *unit) *goja.Object {
	vm := r.vm
	fn := vm.NewFunction("require", func(c goja.FunctionCall) goja.Value {
		return r.require(vm.Args("require", c.Arguments).String(0, "id"), u)
	})
	resolveFn := vm.NewFunction("resolve", func(c goja.FunctionCall) goja.Value { return r.requireResolve(c, u) })
	vm.define(fn, "resolve", resolveFn, goja.FLAG_TRUE)
	vm.Export(resolveFn, "paths", func(c goja.FunctionCall) goja.Value {
		id := vm.Args("require.resolve.paths", c.Arguments).String(0, "id")
		switch {
		case r.isNative(id):
			return goja.Null()
		case resolve.IsPath(id):
			return vm.rt.ToValue([]any{filepath.Dir(u.abs)})
		}
		return vm.rt.ToValue(resolve.Folders(filepath.Dir(u.abs)))
	})
	_ = fn.Set("cache", r.cache)
	_ = fn.Set("main", goja.Undefined())
	if r.main != nil {
		_ = fn.Set("main", r.main)
	}
	if u.lowered != nil {
		vm.Method(fn, "import", func(c goja.FunctionCall) goja.Value { return r.dynamic(c.Argument(0), u) })
	}
	return fn
}

// requireResolve is require.resolve(id, {paths}).
func (r *registry) requireResolve(c goja.FunctionCall, u *unit) goja.Value {
	vm := r.vm
	args := vm.Args("require.resolve", c.Arguments)
	id := args.String(0, "id")
	if r.isNative(id) {
		return c.Argument(0)
	}
	dirs := []string{filepath.Dir(u.abs)}
	if args.Given(1) {
		if paths := vm.Field(args.Object(1, "options"), "paths"); Given(paths) {
			dirs = nil
			list := vm.CheckObject("require.resolve: options.paths", paths)
			vm.rt.ForOf(list, func(v goja.Value) bool {
				dirs = append(dirs, vm.absolute(v.String()))
				return true
			})
		}
	}
	var err error
	for _, dir := range dirs {
		var path string
		if path, err = r.find(id, dir, resolve.Require); err == nil {
			return vm.rt.ToValue(path)
		}
	}
	if err == nil {
		err = resolve.ErrNotFound
	}
	panic(r.vm.thrownLoad(r.missing(id, u, err, "required by")))
}

// require gives what require(id) gives in a file.
func (r *registry) require(id string, u *unit) goja.Value {
	if v, ok := r.native(id); ok {
		return v
	}
	path, err := r.find(id, filepath.Dir(u.abs), resolve.Require)
	if err != nil {
		panic(r.vm.thrownLoad(r.missing(id, u, err, "required by")))
	}
	return r.load(path, r.vm.display(path, u.abs, u.name))
}

func (r *registry) find(id, dir string, conditions []string) (string, error) {
	return r.files.Find(id, dir, conditions)
}

// display names a required file the way the requiring one was named: relative stays relative.
func (vm *VM) display(path, fromAbs, fromName string) string {
	rel, err := filepath.Rel(filepath.Dir(fromAbs), path)
	if err != nil || filepath.IsAbs(fromName) {
		return path
	}
	return filepath.Join(filepath.Dir(fromName), rel)
}

// load gives the exports of a file, running it the first time. Of a file that is still running (a
// cycle) it gives what is exported so far.
func (r *registry) load(abs, name string) goja.Value {
	if v, ok := r.cached(abs); ok {
		return v
	}
	if m, ok := r.es[abs]; ok {
		return r.requireES(m)
	}
	if isJSON(abs) {
		return r.loadJSON(abs, name)
	}
	u, err := r.open(abs, name)
	if err != nil {
		panic(r.vm.thrownLoad(err))
	}
	if u.lowered == nil || !u.lowered.ES {
		return r.run(u)
	}
	m, err := r.link(u)
	if err != nil {
		panic(r.vm.thrownLoad(err))
	}
	return r.requireES(m)
}

func isJSON(path string) bool { return strings.HasSuffix(path, ".json") }

// read reads a file that the script loads.
func (r *registry) read(abs, name string) (string, error) {
	r.vm.CheckRead(abs)
	text, err := os.ReadFile(abs)
	if err != nil {
		return "", &LoadError{Path: name, Err: reason(err), code: "MODULE_NOT_FOUND"}
	}
	r.vm.opened(abs)
	return string(text), nil
}

// open reads and parses a file.
func (r *registry) open(abs, name string) (*unit, error) {
	if u, ok := r.parsed[abs]; ok {
		delete(r.parsed, abs)
		return u, nil
	}
	text, err := r.read(abs, name)
	if err != nil {
		return nil, err
	}
	return r.vm.compile(abs, name, text)
}

func (r *registry) loadJSON(abs, name string) goja.Value {
	rt := r.vm.rt
	text, err := r.read(abs, name)
	if err != nil {
		panic(r.vm.thrownLoad(err))
	}
	var v goja.Value
	if ex := rt.Try(func() { v = r.vm.parseJSON.Call(goja.Undefined(), rt.ToValue(strings.TrimPrefix(text, "\ufeff"))) }); ex != nil {
		panic(r.vm.NewError("SyntaxError", "ERR_MODULE_SYNTAX", name+": "+r.vm.headline(ex.Value())))
	}
	_ = r.cache.Set(abs, r.vm.NewObject("exports", v))
	return v
}
