package engine

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/dop251/goja"
)

// Exit statuses of a script that fails.
const (
	ExitScript = 10 // an uncaught exception
	ExitLoad   = 11 // the file cannot be read or parsed
)

// hostFile is the name of the engine's own code, which stays out of stacks.
const hostFile = "<host>"

// ExitError is a script that ended itself with a status that is not 0.
type ExitError struct{ Code int }

// Error implements error.
func (e *ExitError) Error() string { return fmt.Sprintf("script exited with status %d", e.Code) }

// Frame is one line of a script's stack.
type Frame struct {
	Func         string // empty at the top level of a file
	File         string // empty: a native function
	Line, Column int    // from 1; the column counts characters
	Async        bool   // the function waits for the one above
}

// String is the frame as a stack shows it: "f (file:line:column)".
func (f Frame) String() string {
	pos := "native"
	if f.File != "" {
		pos = fmt.Sprintf("%s:%d:%d", f.File, f.Line, f.Column)
	}
	switch {
	case f.Async && f.Func == "":
		return "async " + pos
	case f.Async:
		return "async " + f.Func + " (" + pos + ")"
	case f.Func == "":
		return pos
	case strings.HasPrefix(f.Func, leftOut):
		return f.Func
	}
	return f.Func + " (" + pos + ")"
}

// stackLine is the frame as the property stack of an error shows it.
func (f Frame) stackLine() string {
	switch {
	case f.File == "" && f.Func == "":
		return "<anonymous>"
	case f.File == "":
		return f.Func + " (<anonymous>)"
	}
	return f.String()
}

// ScriptError is an exception that the script did not catch.
type ScriptError struct {
	Message string   // "TypeError: x is not a function", or what else was thrown
	Detail  string   // the error's own fields, one "name: value" a line; may be empty
	Source  string   // the line the first frame of a file points at; may be empty
	Where   Frame    // that frame
	Stack   []Frame  // innermost first
	Value   any      // the thrown value, exported; nil for what is not a plain value
	Causes  []string // messages of the chain of error.cause
}

// Error is one line: where and what.
func (e *ScriptError) Error() string {
	msg, _, _ := strings.Cut(e.Message, "\n")
	if e.Where.File == "" {
		return "uncaught exception: " + msg
	}
	return fmt.Sprintf("%s:%d:%d: uncaught exception: %s", e.Where.File, e.Where.Line, e.Where.Column, msg)
}

// Report is what a person is shown: place, source line with a caret, message, script stack. It ends
// with a line feed.
func (e *ScriptError) Report() string {
	var b strings.Builder
	writeCaret(&b, e.Where, e.Source)
	b.WriteString("Uncaught " + e.Message + "\n")
	for _, f := range e.Stack {
		b.WriteString("    at " + f.String() + "\n")
	}
	for _, c := range e.Causes {
		b.WriteString("  caused by " + c + "\n")
	}
	b.WriteString(e.Detail)
	return b.String()
}

// LoadError is a script that could not be read or parsed.
type LoadError struct {
	Path   string
	Where  Frame  // place of a syntax error; File is empty when the file could not be read
	Source string // its line
	Err    error

	class, code string // of the exception that it is for a script: by default a SyntaxError, ERR_MODULE_SYNTAX
}

// Error is one line: where and what.
func (e *LoadError) Error() string {
	if e.Where.File == "" {
		return fmt.Sprintf("cannot load script %s: %v", e.Path, e.Err)
	}
	return fmt.Sprintf("%s:%d:%d: %v", e.Where.File, e.Where.Line, e.Where.Column, e.Err)
}

// Unwrap gives the cause.
func (e *LoadError) Unwrap() error { return e.Err }

// Report is what a person is shown: place, source line with a caret, message. It ends with a line
// feed.
func (e *LoadError) Report() string {
	var b strings.Builder
	if e.Where.File == "" {
		return e.Error() + "\n"
	}
	writeCaret(&b, e.Where, e.Source)
	fmt.Fprintf(&b, "%v\n", e.Err)
	return b.String()
}

// maxCaretLine is the longest source line that is shown; minified files have lines of megabytes.
const maxCaretLine = 200

func writeCaret(b *strings.Builder, at Frame, source string) {
	if at.File == "" {
		return
	}
	fmt.Fprintf(b, "%s:%d\n", at.File, at.Line)
	line := []rune(strings.TrimRight(source, "\r\n"))
	col := at.Column - 1
	if len(line) == 0 || col < 0 || col > len(line) {
		return
	}
	if len(line) > maxCaretLine {
		from := max(0, col-maxCaretLine/2)
		line = line[from:min(len(line), from+maxCaretLine)]
		col -= from
	}
	b.WriteString(string(line) + "\n")
	for _, r := range line[:col] {
		if r != '\t' {
			r = ' '
		}
		b.WriteRune(r)
	}
	b.WriteString("^\n")
}

// scriptError describes an exception for people.
func (vm *VM) scriptError(thrown error) error {
	if vm.stopReason(thrown) {
		return thrown
	}
	var interrupted *goja.InterruptedError
	var ex *goja.Exception
	switch {
	case errors.As(thrown, &interrupted):
		return vm.locate(&ScriptError{Message: interrupted.Error(), Stack: vm.frames(interrupted.Stack())})
	case errors.As(thrown, &ex):
		e := &ScriptError{Stack: trimStack(vm.frames(ex.Stack()))}
		vm.describe(e, ex.Value())
		return vm.locate(e)
	}
	return &ScriptError{Message: thrown.Error()}
}

// stopReason reports whether err is one of the engine's own ends, which are not described again.
func (vm *VM) stopReason(err error) bool {
	var script *ScriptError
	var exit *ExitError
	return errors.As(err, &script) || errors.As(err, &exit)
}

// rejectionError describes a rejected promise that nobody handled.
func (vm *VM) rejectionError(reason goja.Value) error {
	e := &ScriptError{}
	vm.describe(e, reason)
	e.Message = "(in promise) " + e.Message
	return vm.locate(e)
}

// locate finds the source line of the innermost frame that has one.
func (vm *VM) locate(e *ScriptError) *ScriptError {
	for _, f := range e.Stack {
		if f.File == "" {
			continue
		}
		e.Where, e.Source = f, vm.sourceLine(f)
		break
	}
	return e
}

// sourceLine is the text of a frame's line, empty when the engine does not know it.
func (vm *VM) sourceLine(f Frame) string {
	rest := vm.sources[f.File]
	for i := 1; i < f.Line && rest != ""; i++ {
		_, rest, _ = strings.Cut(rest, "\n")
	}
	line, _, _ := strings.Cut(rest, "\n")
	return line
}

// frames turns goja's stack into ours, without the engine's own frames at its end.
func (vm *VM) frames(stack []goja.StackFrame) []Frame {
	return vm.errors.shown(stack, len(stack))
}

// frame turns a frame of goja's into ours; false for code that the source does not have.
func (vm *VM) frame(f *goja.StackFrame) (Frame, bool) {
	pos := f.Position()
	name := f.FuncName()
	if name == "<native>" || name == "<anonymous>" {
		name = ""
	}
	return vm.mapped(Frame{Func: name, File: pos.Filename, Line: pos.Line, Column: pos.Column})
}

// characters converts a column that counts bytes into one that counts characters.
func (vm *VM) characters(f Frame) int {
	line := vm.sourceLine(f)
	if n := f.Column - 1; n > 0 && n <= len(line) {
		return utf8.RuneCountInString(line[:n]) + 1
	}
	return f.Column
}

// keepFrames is how many frames of either end of a long stack are shown.
const keepFrames = 10

// leftOut begins the line that stands for the frames between both ends.
const leftOut = "... "

// trimStack keeps the ends of a stack that ran away.
func trimStack(stack []Frame) []Frame {
	if len(stack) <= 100 {
		return stack
	}
	more := Frame{Func: fmt.Sprintf(leftOut+"%d more ...", len(stack)-2*keepFrames)}
	return slices.Concat(stack[:keepFrames], []Frame{more}, stack[len(stack)-keepFrames:])
}

// CallStack is the script's stack inside a native call, innermost first.
func (vm *VM) CallStack() []Frame { return vm.frames(vm.rt.CaptureCallStack(0, nil)) }
