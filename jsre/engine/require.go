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
)

// RunFile reads and runs the script at path as the main module. It must be called by the main
// function of [VM.Run]. It returns a [*LoadError] for a file that cannot be read or parsed; what
// the script throws is a panic.
func (vm *VM) RunFile(path string) error {
	abs := path
	if !filepath.IsAbs(abs) {
		abs = filepath.Join(vm.opts.Dir, abs)
	}
	text, err := os.ReadFile(abs)
	if err != nil {
		return &LoadError{Path: path, Err: reason(err)}
	}
	return vm.RunString(abs, path, string(text))
}

// RunString runs a text as the main module, as if it stood in the file abs, shown as name.
func (vm *VM) RunString(abs, name, text string) error {
	fn, err := vm.compileModule(name, text)
	if err != nil {
		return err
	}
	for _, f := range vm.onMain {
		f(abs)
	}
	vm.modules.run(fn, abs, name)
	return nil
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
	text = strings.TrimPrefix(text, "\ufeff")
	if strings.HasPrefix(text, "#!") {
		text = "//" + text[2:]
	}
	vm.sources[name] = text
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
	out.Source = vm.sourceLine(out.Where)
	if line := strings.TrimSpace(out.Source); strings.HasPrefix(line, "import ") || strings.HasPrefix(line, "export ") {
		out.Err = fmt.Errorf("%w; scripts are CommonJS: use require and module.exports", out.Err)
	}
	out.Where.Column = vm.characters(out.Where)
	return out
}

func (e *LoadError) place(f *file.File, offset int) {
	if f != nil {
		pos := f.Position(offset)
		e.Where.Line, e.Where.Column = pos.Line, pos.Column
	}
}

// run runs a module function and gives its exports.
func (r *registry) run(fn *Func, abs, name string) goja.Value {
	rt := r.vm.rt
	exports := rt.NewObject()
	module := rt.NewObject()
	for k, v := range map[string]any{"exports": exports, "id": abs, "filename": abs, "loaded": false} {
		_ = module.Set(k, v)
	}
	if r.main == nil {
		r.main = module
	}
	r.files[abs] = module
	done := false
	defer func() {
		if !done {
			delete(r.files, abs)
		}
	}()
	fn.Call(exports, exports, r.requireFunc(abs, name), module, rt.ToValue(abs), rt.ToValue(filepath.Dir(abs)))
	done = true
	_ = module.Set("loaded", true)
	return module.Get("exports")
}

// requireFunc makes the function require of one file.
func (r *registry) requireFunc(abs, name string) goja.Value {
	vm := r.vm
	fn := vm.NewFunction("require", func(c goja.FunctionCall) goja.Value {
		id := vm.Args("require", c.Arguments).String(0, "id")
		if v, ok := r.native(id); ok {
			return v
		}
		path, ok := r.resolve(id, filepath.Dir(abs))
		if !ok {
			r.throwMissing(id, name)
		}
		return r.load(path, vm.display(path, abs, name))
	})
	vm.Export(fn, "resolve", func(c goja.FunctionCall) goja.Value {
		id := vm.Args("require.resolve", c.Arguments).String(0, "id")
		if _, ok := r.native(id); ok {
			return c.Argument(0)
		}
		path, ok := r.resolve(id, filepath.Dir(abs))
		if !ok {
			r.throwMissing(id, name)
		}
		return vm.rt.ToValue(path)
	})
	_ = fn.Set("main", r.main)
	return fn
}

// resolve finds the file that id means: as it is, with .js or .json, or its directory's index.js.
func (r *registry) resolve(id, dir string) (string, bool) {
	if !isPath(id) {
		return "", false
	}
	path := filepath.FromSlash(id)
	if !filepath.IsAbs(path) {
		path = filepath.Join(dir, path)
	}
	tries := []string{path, path + ".js", path + ".json", filepath.Join(path, "index.js")}
	if strings.HasSuffix(id, "/") || id == "." || id == ".." {
		tries = tries[3:]
	}
	for _, p := range tries {
		if st, err := os.Stat(p); err == nil && !st.IsDir() {
			return p, true
		}
	}
	return "", false
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
	vm := r.vm
	if m, ok := r.files[abs]; ok {
		return m.Get("exports")
	}
	text, err := os.ReadFile(abs)
	if err != nil {
		vm.Throw("MODULE_NOT_FOUND", fmt.Sprintf("Cannot read module %s: %v", name, reason(err)))
	}
	if strings.HasSuffix(abs, ".json") {
		return r.loadJSON(abs, name, string(text))
	}
	fn, err := vm.compileModule(name, string(text))
	if err != nil {
		panic(vm.NewError("SyntaxError", "ERR_MODULE_SYNTAX", strings.Replace(err.Error(), "SyntaxError: ", "", 1)))
	}
	return r.run(fn, abs, name)
}

func (r *registry) loadJSON(abs, name, text string) goja.Value {
	rt := r.vm.rt
	var v goja.Value
	if ex := rt.Try(func() { v = r.vm.parseJSON.Call(goja.Undefined(), rt.ToValue(strings.TrimPrefix(text, "\ufeff"))) }); ex != nil {
		panic(r.vm.NewError("SyntaxError", "ERR_MODULE_SYNTAX", name+": "+r.vm.headline(ex.Value())))
	}
	module := rt.NewObject()
	_ = module.Set("exports", v)
	r.files[abs] = module
	return v
}
