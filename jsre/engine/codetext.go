package engine

import (
	"errors"
	"slices"
	"strings"

	"github.com/dop251/goja"
	"github.com/dop251/goja/ast"
	"github.com/dop251/goja/parser"

	"dunlin/jsre/engine/lower"
)

// Text that a script gives to eval and to the constructors of functions is compiled by goja itself, with goja's
// faults. Functions are therefore compiled here, as modules are. Text for eval can only be changed, for what it
// declares belongs to the function that calls eval.

// functionHeads are the constructors of functions and how the texts of their functions begin.
var functionHeads = []struct{ class, head string }{
	{"Function", "function anonymous("},
	{"(function* () {}).constructor", "function* anonymous("},
	{"(async function () {}).constructor", "async function anonymous("},
}

// mendFunctions replaces them.
func (vm *VM) mendFunctions() {
	for _, kind := range functionHeads {
		v, err := vm.rt.RunScript(hostFile, kind.class)
		if err != nil {
			panic(err)
		}
		old := v.ToObject(vm.rt)
		proto := old.Get("prototype").ToObject(vm.rt)
		class, _ := vm.NewClass(old.Get("name").String(), func(c goja.ConstructorCall) *goja.Object {
			f := vm.functionOf(kind.head, c.Arguments)
			if c.NewTarget != nil {
				_ = f.SetPrototype(c.This.Prototype())
			}
			return f
		})
		vm.SetCall(class, func(c goja.FunctionCall) goja.Value { return vm.functionOf(kind.head, c.Arguments) })
		_ = class.DefineDataProperty("length", vm.rt.ToValue(1), goja.FLAG_FALSE, goja.FLAG_TRUE, goja.FLAG_FALSE)
		_ = class.DefineDataProperty("prototype", proto, goja.FLAG_FALSE, goja.FLAG_FALSE, goja.FLAG_FALSE)
		_ = class.SetPrototype(old.Prototype())
		writable := goja.FLAG_FALSE
		if kind.class == "Function" {
			writable = goja.FLAG_TRUE
			vm.SetGlobal("Function", class)
		}
		_ = proto.DefineDataProperty("constructor", class, writable, goja.FLAG_TRUE, goja.FLAG_FALSE)
	}
}

// functionOf makes a function of the texts of its parameters and its body.
func (vm *VM) functionOf(head string, args []goja.Value) *goja.Object {
	texts := make([]string, len(args), len(args)+1)
	for i, v := range args {
		text := vm.ToText(v)
		vm.checkText(text)
		texts[i] = text.String()
	}
	if len(texts) == 0 {
		texts = append(texts, "")
	}
	body := texts[len(texts)-1]
	params := strings.Join(texts[:len(texts)-1], ",")
	head = "(" + head + params + "\n) "
	text := head + "{\n" + body + "\n})"
	if tooNested(text) {
		panic(vm.overflow.error())
	}
	tree, parsed, err := parseText("", text)
	if err == nil && !isFunction(tree, len(head)+len(parsed)-len(text), len(head)) {
		err = errors.New("SyntaxError: Unexpected token ')'")
	}
	var prog *goja.Program
	if err == nil {
		prog, err = vm.compileTree(tree)
	}
	if err != nil {
		panic(vm.NewError("SyntaxError", "", syntaxText(err)))
	}
	v, err := vm.rt.RunProgram(prog)
	vm.CheckStop()
	if err != nil {
		panic(err)
	}
	return v.ToObject(vm.rt)
}

// isFunction reports whether a tree is one function whose body begins at one of two places: parameters that close
// it early, or a body that does, would have made something else of it.
func isFunction(tree *ast.Program, begins ...int) bool {
	if len(tree.Body) != 1 {
		return false
	}
	st, ok := tree.Body[0].(*ast.ExpressionStatement)
	if !ok {
		return false
	}
	f, ok := st.Expression.(*ast.FunctionLiteral)
	if !ok {
		return false
	}
	base := tree.File.Base()
	return slices.Contains(begins, int(f.Body.LeftBrace)-base) && int(f.Body.RightBrace)-base == len(tree.File.Source())-2
}

// syntaxText is the message of a SyntaxError, without its name and place.
func syntaxText(err error) string {
	var list parser.ErrorList
	var syntax *goja.CompilerSyntaxError
	switch {
	case errors.As(err, &list) && len(list) > 0:
		return list[0].Message
	case errors.As(err, &syntax):
		return syntax.Message
	}
	return strings.TrimPrefix(err.Error(), "SyntaxError: ")
}

// mendEval changes a text for eval where goja has faults.
func mendEval(text string) string {
	if strings.Contains(text, `\u{`) {
		text = spellLastCharacter(text)
	}
	if strings.Contains(text, "eval") || strings.Contains(text, "arguments") && strings.Contains(text, "=>") {
		if tree, err := parse("", text); err == nil {
			return lower.MendText(tree, text, textGuard)
		}
	}
	return text
}
