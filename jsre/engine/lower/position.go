package lower

import (
	"github.com/dop251/goja/ast"
	"github.com/dop251/goja/file"
)

// callPosition is where a stack says that a call stands: at the name of what is called, as in V8,
// or else at the parenthesis. goja takes the parenthesis for every call.
func callPosition(n *ast.CallExpression) file.Idx {
	callee := n.Callee
	if o, ok := callee.(*ast.Optional); ok {
		callee = o.Expression
	}
	switch c := callee.(type) {
	case *ast.Identifier:
		return c.Idx
	case *ast.DotExpression:
		return c.Identifier.Idx
	case *ast.PrivateDotExpression:
		return c.Identifier.Idx
	case *ast.SuperExpression:
		return c.Idx
	}
	return n.LeftParenthesis
}
