package lower

import (
	"github.com/dop251/goja/ast"
)

// children calls visit for every node directly below n, in the order of the text. Names that are
// no references (labels, property names, what import or a class declares) are not visited.
func children(n ast.Node, visit func(ast.Node)) {
	v := visitor(visit)
	if !v.statement(n) && !v.single(n) && !v.expression(n) && !v.literal(n) {
		v.part(n)
	}
}

type visitor func(ast.Node)

// node visits a node that may be missing.
func (v visitor) node(n ast.Node) {
	if !missing(n) {
		v(n)
	}
}

// missing reports whether a field of the tree is empty. Optional fields of a concrete type arrive
// here as an interface that holds a nil pointer.
func missing(n ast.Node) bool {
	switch n := n.(type) {
	case nil:
		return true
	case *ast.Identifier:
		return n == nil
	case *ast.BlockStatement:
		return n == nil
	case *ast.CatchStatement:
		return n == nil
	case *ast.ParameterList:
		return n == nil
	case *ast.Binding:
		return n == nil
	}
	return false
}

func visitAll[N ast.Node](v visitor, list []N) {
	for _, n := range list {
		v.node(n)
	}
}

func (v visitor) statement(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.BlockStatement:
		visitAll(v, n.List)
	case *ast.CaseStatement:
		v.node(n.Test)
		visitAll(v, n.Consequent)
	case *ast.CatchStatement:
		v.node(n.Parameter)
		v.node(n.Body)
	case *ast.IfStatement:
		v.node(n.Test)
		v.node(n.Consequent)
		v.node(n.Alternate)
	case *ast.LabelledStatement:
		v.node(n.Statement)
	case *ast.SwitchStatement:
		v.node(n.Discriminant)
		visitAll(v, n.Body)
	case *ast.TryStatement:
		v.node(n.Body)
		v.node(n.Catch)
		v.node(n.Finally)
	case *ast.VariableStatement:
		visitAll(v, n.List)
	case *ast.LexicalDeclaration:
		visitAll(v, n.List)
	case *ast.WithStatement:
		v.node(n.Object)
		v.node(n.Body)
	case *ast.FunctionDeclaration:
		v.node(n.Function)
	case *ast.ClassDeclaration:
		v.node(n.Class)
	default:
		return v.loop(n)
	}
	return true
}

func (v visitor) loop(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.DoWhileStatement:
		v.node(n.Body)
		v.node(n.Test)
	case *ast.WhileStatement:
		v.node(n.Test)
		v.node(n.Body)
	case *ast.ForInStatement:
		v.node(n.Into)
		v.node(n.Source)
		v.node(n.Body)
	case *ast.ForOfStatement:
		v.node(n.Into)
		v.node(n.Source)
		v.node(n.Body)
	case *ast.ForStatement:
		v.node(n.Initializer)
		v.node(n.Test)
		v.node(n.Update)
		v.node(n.Body)
	case *ast.ForLoopInitializerExpression:
		v.node(n.Expression)
	case *ast.ForLoopInitializerVarDeclList:
		visitAll(v, n.List)
	case *ast.ForLoopInitializerLexicalDecl:
		visitAll(v, n.LexicalDeclaration.List)
	case *ast.ForIntoVar:
		v.node(n.Binding)
	case *ast.ForDeclaration:
		v.node(n.Target)
	case *ast.ForIntoExpression:
		v.node(n.Expression)
	default:
		return false
	}
	return true
}

// single is for what has one node below it.
func (v visitor) single(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.ExpressionStatement:
		v.node(n.Expression)
	case *ast.ReturnStatement:
		v.node(n.Argument)
	case *ast.ThrowStatement:
		v.node(n.Argument)
	case *ast.YieldExpression:
		v.node(n.Argument)
	case *ast.AwaitExpression:
		v.node(n.Argument)
	case *ast.OptionalChain:
		v.node(n.Expression)
	case *ast.Optional:
		v.node(n.Expression)
	case *ast.SpreadElement:
		v.node(n.Expression)
	case *ast.UnaryExpression:
		v.node(n.Operand)
	default:
		return false
	}
	return true
}

func (v visitor) expression(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.AssignExpression:
		v.node(n.Left)
		v.node(n.Right)
	case *ast.BinaryExpression:
		v.node(n.Left)
		v.node(n.Right)
	case *ast.BracketExpression:
		v.node(n.Left)
		v.node(n.Member)
	case *ast.CallExpression:
		v.node(n.Callee)
		visitAll(v, n.ArgumentList)
	case *ast.NewExpression:
		v.node(n.Callee)
		visitAll(v, n.ArgumentList)
	case *ast.ConditionalExpression:
		v.node(n.Test)
		v.node(n.Consequent)
		v.node(n.Alternate)
	case *ast.DotExpression:
		v.node(n.Left)
	case *ast.PrivateDotExpression:
		v.node(n.Left)
	case *ast.SequenceExpression:
		visitAll(v, n.Sequence)
	default:
		return false
	}
	return true
}

func (v visitor) literal(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.ArrayLiteral:
		visitAll(v, n.Value)
	case *ast.ObjectLiteral:
		visitAll(v, n.Value)
	case *ast.TemplateLiteral:
		v.node(n.Tag)
		visitAll(v, n.Expressions)
	case *ast.FunctionLiteral:
		v.node(n.ParameterList)
		v.node(n.Body)
	case *ast.ArrowFunctionLiteral:
		v.node(n.ParameterList)
		v.node(n.Body)
	case *ast.ClassLiteral:
		v.node(n.SuperClass)
		visitAll(v, n.Body)
	default:
		return false
	}
	return true
}

// part visits below what only stands inside of literals and declarations.
func (v visitor) part(n ast.Node) {
	switch n := n.(type) {
	case *ast.Binding:
		v.node(n.Target)
		v.node(n.Initializer)
	case *ast.ArrayPattern:
		visitAll(v, n.Elements)
		v.node(n.Rest)
	case *ast.ObjectPattern:
		visitAll(v, n.Properties)
		v.node(n.Rest)
	case *ast.PropertyShort:
		v.node(&n.Name)
		v.node(n.Initializer)
	case *ast.PropertyKeyed:
		if n.Computed {
			v.node(n.Key)
		}
		v.node(n.Value)
	case *ast.ExpressionBody:
		v.node(n.Expression)
	case *ast.ParameterList:
		visitAll(v, n.List)
		v.node(n.Rest)
	case *ast.FieldDefinition:
		if n.Computed {
			v.node(n.Key)
		}
		v.node(n.Initializer)
	case *ast.MethodDefinition:
		if n.Computed {
			v.node(n.Key)
		}
		v.node(n.Body)
	case *ast.ClassStaticBlock:
		v.node(n.Block)
	case *ast.Program:
		visitAll(v, n.Body)
	}
}
