package engine

// Kind says how a file is to be read.
type Kind uint8

// Kinds of files.
const (
	KindAny      Kind = iota // whichever its text is
	KindCommonJS             // by its name, or it is required as such
	KindES                   // an ES module, by its name or its package's type
)

// Script is a text that goja does not run as it is: TypeScript, an ES module, or JavaScript newer than
// goja.
type Script struct {
	Path string // of its file, absolute; its ending tells the language
	Text string
	Kind Kind
}

// Lowered is a text that goja runs, made of a [Script].
type Lowered struct {
	// Code is the body of a CommonJS module's function. That of an ES module calls `this` with a function
	// that runs the module: it gets an object with dep(i), the namespace of Imports[i]; require(id) and
	// import(id); meta, which is import.meta; frozen, whose members cannot be set; and done(namespace, evaluate), which it calls before
	// anything of the module has run.
	Code string
	// Place gives the place in the source of a place in Code. Lines and columns count from 1, columns in
	// bytes of Code and in UTF-16 units of the source. It reports false for code that was added.
	Place func(line, column int) (sourceLine, sourceColumn int, ok bool)
	// ES: the text is an ES module. Async: it has an await outside of its functions.
	ES, Async bool
	// Imports are the modules that an ES module imports, in order.
	Imports []Import
	// Requires are the constant names that the text gives to require and import().
	Requires []string
}

// Import is a module that an ES module imports.
type Import struct {
	ID    string
	Names []string // what is taken from it by name
	Star  bool     // all of it is exported again
}

// TextError is a text that is not what its file's name says.
type TextError struct {
	Line, Column int // from 1, or 0 where the place is not known; the column counts bytes
	Message      string
}

// Error implements error.
func (e *TextError) Error() string { return e.Message }

// moduleBody is the name of the function that an ES module's code runs in. Stacks do not show it.
const moduleBody = "dunlin:module"

// ModuleBody is the name that [Options.Lower] gives to the function that is a module's text.
const ModuleBody = moduleBody

// mapped leads a frame in lowered code to its place in the source; false for code that the source does
// not have. Other frames stay as they are. The column of the given frame counts bytes, that of the
// result characters.
func (vm *VM) mapped(f Frame) (Frame, bool) {
	place := vm.places[f.File]
	if place == nil {
		if f.File != "" {
			f.Column = vm.characters(f)
		}
		return f, true
	}
	line, column, ok := place(f.Line, f.Column)
	if !ok {
		return f, false
	}
	f.Line, f.Column = line, column
	f.Column = charactersOf(vm.sourceLine(f), column)
	if f.Func == moduleBody {
		f.Func = ""
	}
	return f, true
}

// charactersOf converts a column that counts UTF-16 units into one that counts characters.
func charactersOf(line string, column int) int {
	units, characters := 0, 0
	for _, r := range line {
		if units >= column-1 {
			return characters + 1
		}
		units++
		characters++
		if r > 0xffff {
			units++
		}
	}
	return characters + column - units
}
