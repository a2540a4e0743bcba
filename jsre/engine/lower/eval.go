package lower

import (
	"slices"
	"strings"

	"github.com/dop251/goja/ast"
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

// GuardText does the same to a text. It gives the text as it is when that does not parse.
func GuardText(text, guard string) string {
	tree, err := parser.ParseFile(nil, "", text, 0, parser.WithDisableSourceMaps)
	if err != nil {
		return text
	}
	type insertion struct {
		at   int
		what string
	}
	var list []insertion
	evals(tree, func(c *ast.CallExpression) {
		first := c.ArgumentList[0]
		list = append(list, insertion{int(first.Idx0()) - tree.File.Base(), guard + "("}, insertion{int(first.Idx1()) - tree.File.Base(), ")"})
	})
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
