package engine

import (
	"errors"
	"path/filepath"
	"strings"

	"github.com/dop251/goja"
)

// unit is a file that was parsed.
type unit struct {
	abs, name string
	fn        *Func    // the function of a CommonJS module, or what an ES module's code is wrapped in
	lowered   *Lowered // nil: goja runs the text as it is
}

// compile parses a text. What goja runs is not lowered: only a text is that goja refuses, or whose file
// says that it is TypeScript or an ES module.
func (vm *VM) compile(abs, name, text string) (*unit, error) {
	text = strings.TrimPrefix(text, "\ufeff")
	if strings.HasPrefix(text, "#!") {
		text = "//" + text[2:]
	}
	vm.sources[name] = text
	kind, plain := vm.kindOf(abs)
	var refused error
	if plain {
		fn, err := vm.compileModule(name, text)
		if err == nil || vm.opts.Lower == nil {
			return &unit{abs: abs, name: name, fn: fn}, err
		}
		refused = err
	}
	if vm.opts.Lower == nil {
		return nil, &LoadError{Path: name, Err: errors.New("this runtime has no way to load ES modules and TypeScript")}
	}
	if tooNested(text) { // what lowers texts recurses as goja's parser does
		return nil, vm.loadError(name, errNested)
	}
	low, err := vm.opts.Lower(Script{Path: abs, Text: text, Kind: kind})
	if err != nil {
		return nil, vm.clearer(vm.textError(name, err), refused)
	}
	vm.places[name] = low.Place
	fn, err := vm.compileModule(name, low.Code)
	if err != nil {
		return nil, err
	}
	return &unit{abs: abs, name: name, fn: fn, lowered: low}, nil
}

// kindOf tells what a file's name and package say of it. A plain one may be JavaScript that goja runs.
func (vm *VM) kindOf(abs string) (kind Kind, plain bool) {
	switch filepath.Ext(abs) {
	case ".mjs", ".mts":
		return KindES, false
	case ".cjs":
		return KindCommonJS, true
	case ".cts":
		return KindCommonJS, false
	case ".ts", ".tsx", ".jsx":
		return KindAny, false
	}
	if vm.modules.files.Type(filepath.Dir(abs)) == "module" && filepath.Ext(abs) == ".js" {
		return KindES, false
	}
	return KindAny, true
}

// textError describes a text that cannot be lowered.
func (vm *VM) textError(name string, err error) *LoadError {
	out := &LoadError{Path: name, Err: err}
	var text *TextError
	if errors.As(err, &text) {
		out.Where = Frame{File: name, Line: text.Line, Column: text.Column}
		out.Err = errors.New("SyntaxError: " + text.Message)
		out.Source = vm.sourceLine(out.Where)
		out.Where.Column = vm.characters(out.Where)
	}
	return out
}

// clearer chooses between the errors of two parsers: goja knows the words of other engines, but stops at
// the first thing that it lacks.
func (vm *VM) clearer(lowering *LoadError, plain error) error {
	var e *LoadError
	switch {
	case !errors.As(plain, &e):
		return lowering
	case lowering.Where.Line == 0:
		e.Err = lowering.Err
		return e
	case e.Where.Line == lowering.Where.Line:
		return plain
	}
	return lowering
}

// placeImport points an error at the place where a file names a module.
func (vm *VM) placeImport(e *LoadError, from *unit, id string) {
	text := vm.sources[from.name]
	for _, quote := range []string{"'", `"`, "`"} {
		at := strings.Index(text, quote+id+quote)
		if at < 0 {
			continue
		}
		before := text[:at]
		start := strings.LastIndexByte(before, '\n') + 1
		e.Where = Frame{File: from.name, Line: strings.Count(before, "\n") + 1, Column: at - start + 1}
		e.Source = vm.sourceLine(e.Where)
		e.Where.Column = vm.characters(e.Where)
		return
	}
}

// thrownLoad is a file that does not load as an exception.
func (vm *VM) thrownLoad(err error) goja.Value {
	var e *LoadError
	if !errors.As(err, &e) {
		return vm.NewError("Error", "ERR_MODULE_LOAD", err.Error())
	}
	switch {
	case e.code == "" || e.class == "SyntaxError":
		return vm.NewError("SyntaxError", orElse(e.code, "ERR_MODULE_SYNTAX"), strings.Replace(e.Error(), "SyntaxError: ", "", 1))
	case e.class != "":
		return vm.NewError(e.class, e.code, e.Err.Error())
	case e.Where.File == "" && e.code == "MODULE_NOT_FOUND" && !strings.HasPrefix(e.Err.Error(), "Cannot"):
		return vm.NewError("Error", e.code, "Cannot read module "+e.Path+": "+e.Err.Error())
	}
	return vm.NewError("Error", e.code, e.Err.Error())
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
