package engine

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"

	"github.com/dop251/goja"
	"github.com/dop251/goja/ast"
	"github.com/dop251/goja/file"
	"github.com/dop251/goja/parser"
	"github.com/dop251/goja/unistring"

	"dunlin/jsre/engine/lower"
)

// moduleParams are the parameters of the function that a file's text is the body of.
var moduleParams = []string{"exports", "require", "module", "__filename", "__dirname"}

var errNested = errors.New("SyntaxError: the text nests deeper than 5000 brackets or 12 arrow functions in parameters, or has an expression of more than 10000 operators")

// parseModule parses a text and makes the body of a module function of it.
func parseModule(name, text string) (*ast.Program, error) {
	if tooNested(text) {
		return nil, errNested
	}
	tree, text, err := parseText(name, text)
	if err == nil {
		wrapTree(tree)
		return tree, nil
	}
	if !strings.Contains(err.Error(), "Illegal return") {
		return nil, err
	}
	// A module may return at its top level, which a program may not: wrap the text instead.
	// Only columns of the first line are wrong then.
	head := "(function (" + strings.Join(moduleParams, ", ") + ") {"
	tree, _, err = parseText(name, head+text+"\n})")
	return tree, err
}

// parseText parses a text. It gives the text that it parsed, which is another one where goja's parser has a fault.
func parseText(name, text string) (*ast.Program, string, error) {
	tree, err := parse(name, text)
	if errors.As(err, new(*parserFault)) && lastCharacter().MatchString(text) {
		text = spellLastCharacter(text)
		tree, err = parse(name, text)
	}
	for range maxHTMLComments {
		plain, ok := withoutHTMLComment(text, err)
		if !ok {
			break
		}
		text = plain
		tree, err = parse(name, text)
	}
	return tree, text, err
}

// parserFault is a panic of goja's parser.
type parserFault struct{ what any }

func (e *parserFault) Error() string {
	return fmt.Sprintf("SyntaxError: the text cannot be parsed: %v", e.what)
}

func parse(name, text string) (tree *ast.Program, err error) {
	defer func() {
		if x := recover(); x != nil {
			tree, err = nil, &parserFault{x}
		}
	}()
	return parser.ParseFile(nil, name, text, 0, parser.WithDisableSourceMaps)
}

// lastCharacter is the escape of the last character of Unicode, at which goja's parser panics in a literal
// (v0.0.0-20260917113740).
var lastCharacter = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(\\*)\\u\{0*10[fF]{4}\}`) })

// spellLastCharacter writes it as two units. Columns behind it move by two.
func spellLastCharacter(text string) string {
	return lastCharacter().ReplaceAllStringFunc(text, func(s string) string {
		slashes := strings.IndexByte(s, 'u')
		if slashes%2 == 0 {
			return s // an escaped backslash
		}
		return s[:slashes] + `udbff\udfff`
	})
}

// maxHTMLComments bounds how often a text is parsed for them.
const maxHTMLComments = 20

// withoutHTMLComment makes a comment that goja knows of "<!--", or of "-->" at the beginning of a line,
// where the text does not parse (Annex B.1.1 of ECMA-262).
func withoutHTMLComment(text string, err error) (plain string, ok bool) {
	var list parser.ErrorList
	if !errors.As(err, &list) || len(list) == 0 {
		return "", false
	}
	line, at := 1, 0
	for line < list[0].Position.Line {
		n := strings.IndexByte(text[at:], '\n')
		if n < 0 {
			return "", false
		}
		at, line = at+n+1, line+1
	}
	begin, at := at, min(at+list[0].Position.Column-1, len(text))
	if strings.HasPrefix(text[at:], "<!--") {
		return text[:at] + "//--" + text[at+4:], true
	}
	blank := strings.TrimLeft(text[begin:], " \t")
	if end := len(text) - len(blank); strings.HasPrefix(blank, "-->") && at >= end && at <= end+3 {
		return text[:end] + "// " + text[end+3:], true
	}
	return "", false
}

// wrapTree makes the statements of a program the body of a function expression.
func wrapTree(tree *ast.Program) {
	params := &ast.ParameterList{}
	for _, p := range moduleParams {
		params.List = append(params.List, &ast.Binding{Target: &ast.Identifier{Name: unistring.String(p), Idx: 1}})
	}
	end := file.Idx(len(tree.File.Source()) + 1)
	tree.Body = []ast.Statement{&ast.ExpressionStatement{Expression: &ast.FunctionLiteral{
		Function:        1,
		ParameterList:   params,
		Body:            &ast.BlockStatement{LeftBrace: 1, List: tree.Body, RightBrace: end},
		DeclarationList: tree.DeclarationList,
	}}}
	tree.DeclarationList = nil
}

// compileTree compiles a parsed text, with goja's faults mended.
func (vm *VM) compileTree(tree *ast.Program) (*goja.Program, error) {
	useAsyncHelpers(tree)
	lower.Tree(tree)
	guardCalls(tree)
	if err := vm.keepRegExps(tree); err != nil {
		return nil, err
	}
	prog, err := goja.CompileAST(tree, false)
	if err == nil {
		vm.patch(prog)
	}
	return prog, err
}
