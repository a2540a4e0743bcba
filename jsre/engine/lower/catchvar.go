package lower

import (
	"github.com/dop251/goja/ast"
	"github.com/dop251/goja/token"
)

// A `var` may have the name of the parameter of the catch around it (Annex B.3.4 of ECMA-262), which goja refuses. It
// is a variable of the function, but the value goes to the parameter:
//
//	catch (e) { var e = 1 }
//
// becomes
//
//	var e
//	catch (e) { var ' e' = (e = 1) }

// catchVars changes the declarations of the name of a catch's parameter.
func (s *scopes) catchVars(c *ast.CatchStatement) {
	param, ok := c.Parameter.(*ast.Identifier)
	if !ok {
		return
	}
	var visit func(n ast.Node)
	visit = func(n ast.Node) {
		switch n := n.(type) {
		case *ast.FunctionLiteral, *ast.ArrowFunctionLiteral, *ast.ClassLiteral:
			return
		case *ast.VariableStatement:
			s.renameVars(n.List, param)
		case *ast.ForLoopInitializerVarDeclList:
			s.renameVars(n.List, param)
		}
		children(n, visit)
	}
	visit(c.Body)
}

func (s *scopes) renameVars(list []*ast.Binding, param *ast.Identifier) {
	for _, b := range list {
		id, ok := b.Target.(*ast.Identifier)
		if !ok || id.Name != param.Name {
			continue
		}
		s.fn.vars = append(s.fn.vars, &ast.Binding{Target: id})
		b.Target = setter(id)
		if b.Initializer != nil {
			b.Initializer = &ast.AssignExpression{Operator: token.ASSIGN, Left: &ast.Identifier{Name: id.Name, Idx: id.Idx}, Right: b.Initializer}
		}
	}
}
