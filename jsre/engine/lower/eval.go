package lower

import (
	"slices"
	"strings"

	"github.com/dop251/goja/ast"
	"github.com/dop251/goja/file"
	"github.com/dop251/goja/parser"
	"github.com/dop251/goja/unistring"
)

// GuardEval changes the tree so that what a call of eval is given goes through the global function
// guard first.
func GuardEval(tree *ast.Program, guard string) {
	evals(tree, func(c *ast.CallExpression) {
		first := c.ArgumentList[0]
		c.ArgumentList[0] = &ast.CallExpression{
			Callee:       &ast.Identifier{Name: unistring.String(guard), Idx: first.Idx0()},
			ArgumentList: []ast.Expression{first},
		}
	})
}

// evals visits the calls of eval that have an argument.
func evals(tree *ast.Program, with func(*ast.CallExpression)) {
	var visit func(n ast.Node)
	visit = func(n ast.Node) {
		children(n, visit)
		c, ok := n.(*ast.CallExpression)
		if !ok || len(c.ArgumentList) == 0 {
			return
		}
		callee, ok := c.Callee.(*ast.Identifier)
		if _, spread := c.ArgumentList[0].(*ast.SpreadElement); ok && callee.Name == "eval" && !spread {
			with(c)
		}
	}
	for _, s := range tree.Body {
		visit(s)
	}
}

// MendText does the same to the text of a tree, and has functions name `arguments` where their arrows need them. It
// changes the tree.
func MendText(tree *ast.Program, text, guard string) string {
	type insertion struct {
		at   int
		what string
	}
	var list []insertion
	insert := func(at file.Idx, what string) {
		list = append(list, insertion{int(at) - tree.File.Base(), what})
	}
	evals(tree, func(c *ast.CallExpression) {
		first := c.ArgumentList[0]
		insert(first.Idx0(), guard+"(")
		insert(first.Idx1(), ")")
	})
	s := &scopes{mention: func(body *ast.BlockStatement, inParams, inBody bool) {
		switch {
		case inParams:
			insert(body.RightBrace, ";()=>arguments;")
		case inBody:
			insert(firstPlace(body), "arguments;")
		}
	}}
	s.program(tree)
	slices.SortStableFunc(list, func(a, b insertion) int { return a.at - b.at })
	var b strings.Builder
	from := 0
	for _, i := range list {
		if i.at < from || i.at > len(text) {
			return text
		}
		b.WriteString(text[from:i.at] + i.what)
		from = i.at
	}
	b.WriteString(text[from:])
	if _, err := parser.ParseFile(nil, "", b.String(), 0, parser.WithDisableSourceMaps); err != nil {
		return text
	}
	return b.String()
}

// firstPlace is where the statements of a body begin, behind its directives.
func firstPlace(body *ast.BlockStatement) file.Idx {
	for _, st := range body.List {
		if !isDirective(st) {
			return st.Idx0()
		}
	}
	return body.RightBrace
}
