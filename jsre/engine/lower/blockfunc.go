package lower

import (
	"github.com/dop251/goja/ast"
	"github.com/dop251/goja/token"
	"github.com/dop251/goja/unistring"
)

// Outside of strict mode, a function that is declared in a block is also a variable of the function
// around it (Annex B.3.2 of ECMA-262), which goja does not know. The variable gets its value when
// the declaration is reached:
//
//	{ function f() {} }
//
// becomes
//
//	var f
//	var ' f' = value => { f = value }
//	{ function f() {}; ' f'(f) }
//
// where ' f' is a name that no script can spell.

// statements visits a list of a block, and adds the assignments.
func (s *scopes) statements(list []ast.Statement) []ast.Statement {
	var out []ast.Statement
	for i, st := range list {
		s.visit(st)
		fn := s.exports(st)
		if fn != nil && out == nil {
			out = append(make([]ast.Statement, 0, len(list)+1), list[:i]...)
		}
		if out != nil {
			out = append(out, st)
		}
		if fn != nil {
			s.fn.exported = append(s.fn.exported, fn.Name)
			out = append(out, assignOuter(fn.Name))
		}
	}
	if out == nil {
		return list
	}
	return out
}

// branch makes a block of a function that is the branch of an if statement.
func (s *scopes) branch(st ast.Statement) ast.Statement {
	fn, ok := st.(*ast.FunctionDeclaration)
	if !ok || s.fn.strict || fn.Function.Async || fn.Function.Generator {
		return st
	}
	return &ast.BlockStatement{LeftBrace: fn.Idx0(), List: []ast.Statement{st}, RightBrace: fn.Idx1()}
}

// exports gives the function that a statement of the innermost block declares, if it is to be a
// variable of the function around the block, too: unless that were a second declaration of what
// let, const, class or a parameter declare.
func (s *scopes) exports(st ast.Statement) *ast.FunctionLiteral {
	d, ok := st.(*ast.FunctionDeclaration)
	if !ok || s.fn.strict || d.Function.Async || d.Function.Generator || d.Function.Name == nil {
		return nil
	}
	name := d.Function.Name.Name
	if s.fn.params[name] || name == "arguments" {
		return nil
	}
	for _, block := range s.fn.blocks {
		if block[name] {
			return nil
		}
	}
	return d.Function
}

func setter(id *ast.Identifier) *ast.Identifier {
	return &ast.Identifier{Name: " " + id.Name, Idx: id.Idx}
}

func assignOuter(id *ast.Identifier) ast.Statement {
	return &ast.ExpressionStatement{Expression: &ast.CallExpression{
		Callee:           setter(id),
		LeftParenthesis:  id.Idx,
		ArgumentList:     []ast.Expression{&ast.Identifier{Name: id.Name, Idx: id.Idx}},
		RightParenthesis: id.Idx,
	}}
}

// declareExported declares the variables of exported functions, behind the directives of a body.
func (f *function) declareExported(body []ast.Statement, declared []*ast.VariableDeclaration) ([]ast.Statement, []*ast.VariableDeclaration) {
	if len(f.vars) > 0 {
		declared = append(declared, &ast.VariableDeclaration{Var: f.vars[0].Idx0(), List: f.vars})
	}
	if len(f.exported) == 0 {
		return body, declared
	}
	var head []ast.Statement
	vars := &ast.VariableDeclaration{Var: f.exported[0].Idx}
	done := names{}
	for _, id := range f.exported {
		if done[id.Name] {
			continue
		}
		done[id.Name] = true
		set := varBinding(setter(id), setterOf(id))
		vars.List = append(vars.List, &ast.Binding{Target: &ast.Identifier{Name: id.Name, Idx: id.Idx}}, set.List[0])
		head = append(head, set)
	}
	return behindDirectives(body, head...), append(declared, vars)
}

// setterOf is `value => { f = value }`.
func setterOf(id *ast.Identifier) ast.Expression {
	const value unistring.String = " value"
	param := func() *ast.Identifier { return &ast.Identifier{Name: value, Idx: id.Idx} }
	return &ast.ArrowFunctionLiteral{
		Start:         id.Idx,
		ParameterList: &ast.ParameterList{Opening: id.Idx, List: []*ast.Binding{{Target: param()}}, Closing: id.Idx},
		Body: &ast.ExpressionBody{Expression: &ast.AssignExpression{
			Operator: token.ASSIGN,
			Left:     &ast.Identifier{Name: id.Name, Idx: id.Idx},
			Right:    param(),
		}},
	}
}

func isDirective(st ast.Statement) bool {
	e, ok := st.(*ast.ExpressionStatement)
	if !ok {
		return false
	}
	_, ok = e.Expression.(*ast.StringLiteral)
	return ok
}
