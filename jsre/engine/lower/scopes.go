package lower

import (
	"slices"

	"github.com/dop251/goja/ast"
	"github.com/dop251/goja/unistring"
)

// scopes walks a tree and knows, at every node, the functions and blocks around it.
type scopes struct {
	fn      *function
	mention func(body *ast.BlockStatement, inParams, inBody bool) // of a text that is changed: told of functions whose arrows need `arguments`
}

// function is what a `var` belongs to: a function of any kind, a static block, or the program.
type function struct {
	outer  *function
	arrow  bool
	strict bool

	wantsArguments bool // an arrow inside reads the `arguments` of this function

	params   names
	blocks   []names // names that let, const, class declare, from the function's body inward
	exported []*ast.Identifier
	vars     []*ast.Binding // variables whose declaration got another name
}

type names map[unistring.String]bool

func (s *scopes) program(tree *ast.Program) {
	s.enter(&function{strict: isStrict(tree.Body)})
	tree.Body = s.body(tree.Body)
	tree.Body, tree.DeclarationList = s.fn.declareExported(tree.Body, tree.DeclarationList)
	s.leave()
}

func (s *scopes) enter(f *function) {
	f.outer = s.fn
	if s.fn != nil {
		f.strict = f.strict || s.fn.strict
	}
	s.fn = f
}

func (s *scopes) leave() { s.fn = s.fn.outer }

// visit changes n and what is below it.
func (s *scopes) visit(n ast.Node) {
	switch n := n.(type) {
	case *ast.FunctionLiteral:
		s.function(n)
	case *ast.ArrowFunctionLiteral:
		s.arrow(n)
	case *ast.ClassLiteral:
		was := s.fn.strict
		s.fn.strict = true
		children(n, s.visit)
		s.fn.strict = was
	case *ast.ClassStaticBlock:
		s.enter(&function{strict: true})
		s.visit(n.Block)
		s.leave()
	case *ast.FieldDefinition:
		s.field(n)
	case *ast.Identifier:
		s.reference(n)
	case *ast.CallExpression:
		n.LeftParenthesis = callPosition(n)
		children(n, s.visit)
	default:
		s.block(n)
	}
}

// block visits the statements that may declare names of their own.
func (s *scopes) block(n ast.Node) {
	switch n := n.(type) {
	case *ast.BlockStatement:
		s.within(lexicalNames(n.List), func() { n.List = s.statements(n.List) })
	case *ast.SwitchStatement:
		s.visit(n.Discriminant)
		s.switchBody(n)
	case *ast.CatchStatement:
		s.catchVars(n)
		declared := names{}
		if _, simple := n.Parameter.(*ast.Identifier); !simple && n.Parameter != nil {
			declared.target(n.Parameter)
		}
		s.within(declared, func() { children(n, s.visit) })
	case *ast.IfStatement:
		n.Consequent = s.branch(n.Consequent)
		n.Alternate = s.branch(n.Alternate)
		children(n, s.visit)
	case *ast.ForStatement:
		declared := names{}
		if l, ok := n.Initializer.(*ast.ForLoopInitializerLexicalDecl); ok {
			declared.bindings(l.LexicalDeclaration.List)
		}
		s.within(declared, func() { children(n, s.visit) })
	case *ast.ForInStatement:
		s.within(forNames(n.Into), func() { children(n, s.visit) })
	case *ast.ForOfStatement:
		s.within(forNames(n.Into), func() { children(n, s.visit) })
	default:
		children(n, s.visit)
	}
}

func (s *scopes) switchBody(n *ast.SwitchStatement) {
	declared := names{}
	for _, c := range n.Body {
		declared.statements(c.Consequent)
	}
	s.within(declared, func() {
		for _, c := range n.Body {
			if c.Test != nil {
				s.visit(c.Test)
			}
			c.Consequent = s.statements(c.Consequent)
		}
	})
}

func (s *scopes) within(declared names, f func()) {
	s.fn.blocks = append(s.fn.blocks, declared)
	f()
	s.fn.blocks = s.fn.blocks[:len(s.fn.blocks)-1]
}

func (s *scopes) function(n *ast.FunctionLiteral) {
	s.enter(&function{strict: isStrict(n.Body.List), params: paramNames(n.ParameterList)})
	if n.ParameterList != nil {
		s.visit(n.ParameterList)
	}
	inParams := s.fn.wantsArguments
	s.fn.wantsArguments = false
	n.Body.List = s.body(n.Body.List)
	n.Body.List, n.DeclarationList = s.fn.declareExported(n.Body.List, n.DeclarationList)
	if s.mention != nil {
		s.mention(n.Body, inParams, s.fn.wantsArguments)
	} else if !lexicalNames(n.Body.List)["arguments"] {
		n.Body.List = mentionArguments(n.Body, inParams, s.fn.wantsArguments)
	}
	s.leave()
}

func (s *scopes) arrow(n *ast.ArrowFunctionLiteral) {
	f := &function{arrow: true, params: paramNames(n.ParameterList)}
	body, block := n.Body.(*ast.BlockStatement)
	if block {
		f.strict = isStrict(body.List)
	}
	s.enter(f)
	if n.ParameterList != nil {
		s.visit(n.ParameterList)
	}
	if block {
		body.List = s.body(body.List)
		body.List, n.DeclarationList = f.declareExported(body.List, n.DeclarationList)
	} else {
		s.visit(n.Body)
	}
	s.leave()
}

// field visits a field of a class, whose value is computed by a function of its own.
func (s *scopes) field(n *ast.FieldDefinition) {
	if n.Computed {
		s.visit(n.Key)
	}
	if n.Initializer == nil {
		return
	}
	s.enter(&function{strict: true})
	s.visit(n.Initializer)
	s.leave()
}

// body visits the statements of a function's body, whose function declarations are its own.
func (s *scopes) body(list []ast.Statement) []ast.Statement {
	s.within(lexicalNames(list), func() {
		for _, st := range list {
			s.visit(st)
		}
	})
	return list
}

// reference notes that an arrow needs the `arguments` of the function around it. goja makes a
// variable of them when they are first named, and if that happens in an arrow it does not put the
// variable where arrows find it.
func (s *scopes) reference(id *ast.Identifier) {
	if id.Name != "arguments" || !s.fn.arrow {
		return
	}
	f := s.fn
	for f.arrow && f.outer != nil {
		f = f.outer
	}
	f.wantsArguments = true
}

// mentionArguments names `arguments` in a function whose arrows need them: first of all in the body
// when only the body's arrows do, or else once more in an arrow, for those of the parameters come
// before the body.
func mentionArguments(body *ast.BlockStatement, inParams, inBody bool) []ast.Statement {
	id := &ast.Identifier{Name: "arguments", Idx: body.LeftBrace}
	switch {
	case inParams:
		id.Idx = body.RightBrace
		list := &ast.ParameterList{Opening: id.Idx, Closing: id.Idx}
		arrow := &ast.ArrowFunctionLiteral{Start: id.Idx, ParameterList: list, Body: &ast.ExpressionBody{Expression: id}}
		return append(body.List, &ast.ExpressionStatement{Expression: arrow})
	case inBody:
		return behindDirectives(body.List, &ast.ExpressionStatement{Expression: id})
	}
	return body.List
}

// behindDirectives puts statements at the beginning of a body.
func behindDirectives(body []ast.Statement, head ...ast.Statement) []ast.Statement {
	at := 0
	for at < len(body) && isDirective(body[at]) {
		at++
	}
	return slices.Insert(body, at, head...)
}

// isStrict reports whether a body begins with the directive "use strict".
func isStrict(list []ast.Statement) bool {
	for _, st := range list {
		e, ok := st.(*ast.ExpressionStatement)
		if !ok {
			return false
		}
		text, ok := e.Expression.(*ast.StringLiteral)
		if !ok {
			return false
		}
		if text.Literal == `"use strict"` || text.Literal == `'use strict'` {
			return true
		}
	}
	return false
}

func paramNames(list *ast.ParameterList) names {
	n := names{}
	if list == nil {
		return n
	}
	n.bindings(list.List)
	if list.Rest != nil {
		n.target(list.Rest)
	}
	return n
}

func lexicalNames(list []ast.Statement) names {
	n := names{}
	n.statements(list)
	return n
}

func forNames(into ast.ForInto) names {
	n := names{}
	if d, ok := into.(*ast.ForDeclaration); ok {
		n.target(d.Target)
	}
	return n
}

func (n names) statements(list []ast.Statement) {
	for _, st := range list {
		switch st := st.(type) {
		case *ast.LexicalDeclaration:
			n.bindings(st.List)
		case *ast.ClassDeclaration:
			n[st.Class.Name.Name] = true
		}
	}
}

func (n names) bindings(list []*ast.Binding) {
	for _, b := range list {
		n.target(b.Target)
	}
}

// target adds the names that a pattern declares.
func (n names) target(t ast.Expression) {
	switch t := t.(type) {
	case *ast.Identifier:
		n[t.Name] = true
	case *ast.Binding:
		n.target(t.Target)
	case *ast.AssignExpression:
		n.target(t.Left)
	case *ast.ArrayPattern:
		for _, e := range t.Elements {
			n.target(e)
		}
		n.target(t.Rest)
	case *ast.ObjectPattern:
		for _, p := range t.Properties {
			n.property(p)
		}
		n.target(t.Rest)
	}
}

func (n names) property(p ast.Property) {
	switch p := p.(type) {
	case *ast.PropertyShort:
		n[p.Name.Name] = true
	case *ast.PropertyKeyed:
		n.target(p.Value)
	}
}

// varBinding declares a name.
func varBinding(id *ast.Identifier, value ast.Expression) *ast.VariableStatement {
	return &ast.VariableStatement{Var: id.Idx, List: []*ast.Binding{{Target: id, Initializer: value}}}
}
