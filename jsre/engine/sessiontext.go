package engine

import (
	"errors"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/dop251/goja"
	"github.com/dop251/goja/ast"
	"github.com/dop251/goja/parser"
	"github.com/dop251/goja/token"
)

// ErrIncomplete is a text that ends too early, so that what follows may complete it.
var ErrIncomplete = errors.New("the text is not complete")

// asyncHead and asyncTail make a function of a text that waits.
const (
	asyncHead = "(async () => {"
	asyncTail = "\n})"
)

// pattern is a regular expression that is compiled when it is first used: most scripts have no session.
func pattern(text string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(text) })
}

var (
	hasAwait   = pattern(`\bawait\b`)
	importFrom = pattern(`(?m)^([ \t]*)import\s+(?:([\w$]+)\s*(,)?\s*)?(?:\*\s*as\s+([\w$]+)|\{([^}]*)\})?\s*from\s*("[^"\n]*"|'[^'\n]*')`)
	importOnly = pattern(`(?m)^([ \t]*)import\s*("[^"\n]*"|'[^'\n]*')`)
	renamed    = pattern(`\s+as\s+`)
)

// parsedText is a text of a session, ready to run.
type parsedText struct {
	program  *goja.Program
	async    bool // it gives a function, whose promise gives an array with the value
	declared bool
}

// parse parses a text: as a script, else as the body of an async function, else as what can be lowered to that.
func (s *Session) parse(text string) (*parsedText, error) {
	name := s.nextName()
	s.vm.sources[name] = text
	if tooNested(text) {
		return nil, s.vm.loadError(name, errNested)
	}
	text = withoutImports(text)
	var plain error
	if !hasAwait().MatchString(text) {
		for _, t := range candidates(text) {
			tree, err := parser.ParseFile(nil, name, t, 0, parser.WithDisableSourceMaps)
			if err == nil {
				return s.compile(name, tree, false)
			}
			plain = err
		}
	}
	for _, t := range candidates(text) {
		if tree, err := parser.ParseFile(nil, name, asyncHead+t+asyncTail, 0, parser.WithDisableSourceMaps); err == nil {
			s.vm.places[name] = afterHead(nil)
			return s.compile(name, tree, true)
		}
	}
	return s.lower(name, text, plain)
}

// candidates are the readings of a text: what begins with a brace is an object where it can be one.
func candidates(text string) []string {
	if t := strings.TrimSpace(text); strings.HasPrefix(t, "{") && !strings.HasSuffix(t, ";") {
		return []string{"(" + text + "\n)", text}
	}
	return []string{text}
}

// lower makes a text that goja does not know into one that it does.
func (s *Session) lower(name, text string, plain error) (*parsedText, error) {
	vm := s.vm
	low, err := vm.opts.Lower(Script{Path: s.unit.abs, Text: asyncHead + text + asyncTail, Kind: KindCommonJS})
	if err == nil {
		tree, err := parser.ParseFile(nil, name, low.Code, 0, parser.WithDisableSourceMaps)
		if err != nil {
			return nil, vm.loadError(name, err)
		}
		vm.places[name] = afterHead(low.Place)
		return s.compile(name, tree, true)
	}
	// Without the function around it, the end of the text is told as such.
	for _, ending := range []string{".ts", ""} {
		if err = s.check(text, ending); endsEarly(err) || openString(err) && !openString(s.check(text+"`", ending)) {
			return nil, ErrIncomplete
		}
	}
	if err == nil {
		err = &TextError{Line: 1, Column: 1, Message: "export and import in this form are for files"}
	}
	if plain != nil {
		plain = vm.loadError(name, plain)
	}
	return nil, vm.clearer(vm.textError(name, err), plain)
}

// check says what the lowering parser thinks of a text.
func (s *Session) check(text, ending string) error {
	_, err := s.vm.opts.Lower(Script{Path: s.unit.abs + ending, Text: text, Kind: KindAny})
	return err
}

// openString reports whether an error is about a string or a template without an end. Only a template may go on in
// the next line.
func openString(err error) bool {
	var text *TextError
	return errors.As(err, &text) && strings.HasPrefix(text.Message, "Unterminated string")
}

// endsEarly reports whether an error of the lowering parser is about the end of the text.
func endsEarly(err error) bool {
	var text *TextError
	return errors.As(err, &text) && (strings.Contains(text.Message, "end of file") || strings.HasPrefix(text.Message, `Expected "*/"`))
}

// afterHead leads places of the text in the async function to those of the text.
func afterHead(place func(line, column int) (int, int, bool)) func(line, column int) (int, int, bool) {
	return func(line, column int) (int, int, bool) {
		ok := true
		if place != nil {
			line, column, ok = place(line, column)
		}
		if line == 1 {
			column -= len(asyncHead)
		}
		return line, max(column, 1), ok && (line > 1 || column > 0)
	}
}

// withoutImports makes imports at the start of a line into import(), which a session can wait for.
func withoutImports(text string) string {
	if !strings.Contains(text, "import") {
		return text
	}
	text = importOnly().ReplaceAllString(text, "${1}await import($2)")
	return importFrom().ReplaceAllStringFunc(text, func(found string) string {
		m := importFrom().FindStringSubmatch(found)
		whole := "await import(" + m[6] + ")"
		names := m[5]
		if m[2] != "" {
			names = "default: " + m[2] + m[3] + names
		}
		switch {
		case m[2] == "type" && m[3] == "" && m[5] != "":
			return ""
		case m[4] != "" && m[2] != "":
			return m[1] + "const " + m[4] + " = " + whole + ", " + m[2] + " = " + m[4] + ".default"
		case m[4] != "":
			return m[1] + "const " + m[4] + " = " + whole
		}
		return m[1] + "const { " + renamed().ReplaceAllString(names, ": ") + " } = " + whole
	})
}

// compile compiles the tree of a text. Its declarations become assignments to globals.
func (s *Session) compile(name string, tree *ast.Program, async bool) (*parsedText, error) {
	out := &parsedText{async: async}
	if async {
		s.lift(tree, out)
	} else {
		tree.Body, out.declared = toGlobals(tree.Body)
	}
	program, err := s.vm.compileTree(tree)
	if err != nil {
		return nil, s.vm.loadError(name, err)
	}
	out.program = program
	return out, nil
}

// lift makes the body of the async function assign to globals and return its value in an array. What lowering put
// before it is kept in a function of its own.
func (s *Session) lift(tree *ast.Program, out *parsedText) {
	last := len(tree.Body) - 1
	for last > 0 {
		if _, ok := tree.Body[last].(*ast.EmptyStatement); !ok {
			break
		}
		last--
	}
	statement, ok := tree.Body[last].(*ast.ExpressionStatement)
	if !ok {
		return
	}
	function, ok := statement.Expression.(*ast.ArrowFunctionLiteral)
	if !ok {
		return
	}
	body, ok := function.Body.(*ast.BlockStatement)
	if !ok {
		return
	}
	function.DeclarationList = slices.DeleteFunc(function.DeclarationList, func(d *ast.VariableDeclaration) bool {
		return slices.ContainsFunc(body.List, func(statement ast.Statement) bool {
			v, ok := statement.(*ast.VariableStatement)
			return ok && v.Var == d.Var
		})
	})
	body.List, out.declared = toGlobals(body.List)
	if n := len(body.List); n > 0 && !out.declared {
		if value, ok := body.List[n-1].(*ast.ExpressionStatement); ok {
			body.List[n-1] = &ast.ReturnStatement{Return: value.Idx0(), Argument: &ast.ArrayLiteral{
				LeftBracket: value.Idx0(), RightBracket: value.Idx1(), Value: []ast.Expression{value.Expression},
			}}
		}
	}
	if out.declared || len(body.List) == 0 || !returns(body.List) {
		body.List = append(body.List, &ast.ReturnStatement{Return: function.Start, Argument: &ast.ArrayLiteral{LeftBracket: function.Start, RightBracket: function.Start}})
	}
	if last > 0 {
		wrapHelpers(tree, last, function)
	}
}

func returns(list []ast.Statement) bool {
	_, ok := list[len(list)-1].(*ast.ReturnStatement)
	return ok
}

// wrapHelpers keeps what lowering put before a function out of the global scope.
func wrapHelpers(tree *ast.Program, last int, function *ast.ArrowFunctionLiteral) {
	tree.Body[last] = &ast.ReturnStatement{Return: function.Start, Argument: function}
	tree.Body = []ast.Statement{&ast.ExpressionStatement{Expression: &ast.CallExpression{
		LeftParenthesis: 1, RightParenthesis: 1,
		Callee: &ast.FunctionLiteral{
			Function: 1, ParameterList: &ast.ParameterList{}, DeclarationList: tree.DeclarationList,
			Body: &ast.BlockStatement{LeftBrace: 1, List: tree.Body, RightBrace: function.Idx1()},
		},
	}}}
	tree.DeclarationList = nil
}

// toGlobals makes the declarations in a list of statements into assignments, functions first, and reports whether
// there is nothing else
// at its end.
func toGlobals(list []ast.Statement) (out []ast.Statement, declared bool) {
	var functions []ast.Statement
	declared = true
	for _, statement := range list {
		switch d := statement.(type) {
		case *ast.EmptyStatement:
			continue
		case *ast.FunctionDeclaration:
			functions = append(functions, assign(&ast.Identifier{Name: d.Function.Name.Name, Idx: d.Function.Name.Idx}, d.Function))
			declared = true
		case *ast.ClassDeclaration:
			out = append(out, assign(&ast.Identifier{Name: d.Class.Name.Name, Idx: d.Class.Name.Idx}, d.Class))
			declared = true
		case *ast.LexicalDeclaration:
			out, declared = append(out, assignAll(d.List, true)...), true
		case *ast.VariableStatement:
			out, declared = append(out, assignAll(d.List, false)...), true
		default:
			out, declared = append(out, statement), false
		}
	}
	return append(functions, out...), declared
}

// assignAll assigns what a declaration initialises; let without a value is undefined, var keeps what it had.
func assignAll(list []*ast.Binding, lexical bool) (out []ast.Statement) {
	for _, b := range list {
		target, ok := b.Target.(ast.Expression)
		value := b.Initializer
		if value == nil {
			value = &ast.UnaryExpression{Operator: token.VOID, Idx: b.Idx0(), Operand: &ast.NumberLiteral{Idx: b.Idx0(), Literal: "0", Value: int64(0)}}
			if id, isName := target.(*ast.Identifier); isName && !lexical {
				// x = typeof x !== 'undefined' ? x : undefined
				value = &ast.ConditionalExpression{Test: known(id), Consequent: &ast.Identifier{Name: id.Name, Idx: id.Idx}, Alternate: value}
			}
		}
		if ok {
			out = append(out, assign(target, value))
		}
	}
	return out
}

// known is `typeof x !== "undefined"`.
func known(id *ast.Identifier) ast.Expression {
	return &ast.BinaryExpression{
		Operator: token.STRICT_NOT_EQUAL,
		Left:     &ast.UnaryExpression{Operator: token.TYPEOF, Idx: id.Idx, Operand: &ast.Identifier{Name: id.Name, Idx: id.Idx}},
		Right:    &ast.StringLiteral{Idx: id.Idx, Literal: `"undefined"`, Value: "undefined"},
	}
}

func assign(target, value ast.Expression) ast.Statement {
	return &ast.ExpressionStatement{Expression: &ast.AssignExpression{Operator: token.ASSIGN, Left: target, Right: value}}
}
