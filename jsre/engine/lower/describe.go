package lower

import (
	"strconv"
	"strings"

	"github.com/dop251/goja/ast"
	"github.com/dop251/goja/file"
	"github.com/dop251/goja/token"
)

// Use is what a script does with a value.
type Use int

// The uses that an error speaks of.
const (
	Called Use = iota
	Constructed
	Iterated
	Destructured
)

// Describe gives the text of the expression whose value a script uses at an offset, as V8's errors
// show it; it is empty when nothing is used so there. Destructured gives the first property, too.
func Describe(tree *ast.Program, use Use, offset int) (text, property string) {
	f := finder{use: use, at: file.Idx(offset + 1)}
	f.visit(tree)
	if f.found == nil {
		return "", f.property
	}
	var p printer
	p.print(f.found)
	return p.String(), f.property
}

// finder looks for the expression that is used at a place.
type finder struct {
	use      Use
	at       file.Idx
	found    ast.Expression
	property string
}

func (f *finder) visit(n ast.Node) {
	if f.found != nil {
		return
	}
	switch f.use {
	case Called:
		f.called(n)
	case Constructed:
		if c, ok := n.(*ast.NewExpression); ok && c.New == f.at {
			f.found = c.Callee
		}
	case Iterated:
		f.iterated(n)
	case Destructured:
		f.destructured(n)
	}
	if f.found == nil {
		children(n, f.visit)
	}
}

func (f *finder) called(n ast.Node) {
	switch n := n.(type) {
	case *ast.CallExpression:
		if callPosition(n) == f.at || n.LeftParenthesis == f.at { // the text of eval is as goja has it
			f.found = n.Callee
		}
	case *ast.TemplateLiteral:
		if n.Tag != nil && n.Tag.Idx0() == f.at {
			f.found = n.Tag
		}
	}
}

func (f *finder) iterated(n ast.Node) {
	switch n := n.(type) {
	case *ast.ForOfStatement:
		f.iteratedAt(n.Source, n.Source.Idx0())
	case *ast.SpreadElement:
		f.iteratedAt(n.Expression, n.Idx0())
	case *ast.Binding:
		f.pattern(n.Target, n.Initializer)
	case *ast.AssignExpression:
		f.pattern(n.Left, n.Right)
	case *ast.YieldExpression:
		if n.Delegate {
			f.iteratedAt(n.Argument, n.Yield)
		}
	}
}

func (f *finder) iteratedAt(e ast.Expression, at file.Idx) {
	if at == f.at || e.Idx0() == f.at {
		f.found = e
	}
}

func (f *finder) pattern(target, value ast.Expression) {
	if p, ok := target.(*ast.ArrayPattern); ok && value != nil && (p.LeftBracket == f.at || value.Idx0() == f.at) {
		f.found = value
	}
}

func (f *finder) destructured(n ast.Node) {
	var target, value ast.Expression
	switch n := n.(type) {
	case *ast.Binding:
		target, value = n.Target, n.Initializer
	case *ast.AssignExpression:
		target, value = n.Left, n.Right
	case *ast.ObjectPattern:
		if n.LeftBrace == f.at {
			f.property = firstProperty(n)
		}
		return
	case *ast.FunctionLiteral:
		f.parameter(n.Function, n.ParameterList)
	case *ast.ArrowFunctionLiteral:
		f.parameter(n.Start, n.ParameterList)
	}
	p, ok := target.(*ast.ObjectPattern)
	if ok && value != nil && (p.LeftBrace == f.at || value.Idx0() == f.at) {
		f.found, f.property = value, firstProperty(p)
	}
}

// parameter is for a pattern as a parameter: the place of it is that of the function.
func (f *finder) parameter(at file.Idx, list *ast.ParameterList) {
	if at != f.at || list == nil {
		return
	}
	for _, b := range list.List {
		if p, ok := b.Target.(*ast.ObjectPattern); ok && f.property == "" {
			f.property = firstProperty(p)
		}
	}
}

// firstProperty is the first name in a pattern, empty when that is computed.
func firstProperty(p *ast.ObjectPattern) string {
	if len(p.Properties) == 0 {
		return ""
	}
	switch p := p.Properties[0].(type) {
	case *ast.PropertyShort:
		return p.Name.Name.String()
	case *ast.PropertyKeyed:
		if key, ok := p.Key.(*ast.StringLiteral); ok && !p.Computed {
			return key.Value.String()
		}
	}
	return ""
}

// printer writes an expression the way V8's errors do.
type printer struct{ strings.Builder }

const unknown = "(intermediate value)"

// maxPrinted bounds the text of an expression.
const maxPrinted = 400

func (p *printer) print(n ast.Expression) {
	if p.Len() > maxPrinted {
		return
	}
	switch n := n.(type) {
	case *ast.Identifier:
		p.WriteString(n.Name.String())
	case *ast.ThisExpression:
		p.WriteString("this")
	case *ast.DotExpression:
		p.left(n.Left)
		p.WriteString("." + n.Identifier.Name.String())
	case *ast.PrivateDotExpression:
		p.left(n.Left)
		p.WriteString(".#" + n.Identifier.Name.String())
	case *ast.BracketExpression:
		p.bracket(n)
	case *ast.CallExpression:
		p.print(n.Callee)
		p.WriteString("(...)")
	case *ast.NewExpression:
		p.WriteString("new ")
		p.print(n.Callee)
		p.WriteString("(...)")
	case *ast.OptionalChain:
		p.print(n.Expression)
	case *ast.Optional:
		p.print(n.Expression)
	case *ast.UnaryExpression:
		p.unary(n)
	case *ast.BinaryExpression:
		p.WriteString("(")
		p.print(n.Left)
		p.WriteString(" " + n.Operator.String() + " ")
		p.print(n.Right)
		p.WriteString(")")
	default:
		p.literal(n)
	}
}

// left prints what stands before a dot, or before `?.`.
func (p *printer) left(n ast.Expression) {
	if o, ok := n.(*ast.Optional); ok {
		p.print(o.Expression)
		p.WriteString("?")
		return
	}
	p.print(n)
}

func (p *printer) bracket(n *ast.BracketExpression) {
	p.left(n.Left)
	_, optional := n.Left.(*ast.Optional)
	switch key := n.Member.(type) {
	case *ast.StringLiteral:
		p.WriteString("." + key.Value.String())
		return
	case *ast.TemplateLiteral:
		if len(key.Elements) == 1 && key.Tag == nil {
			p.WriteString("." + key.Elements[0].Parsed.String())
			return
		}
	}
	if optional {
		p.WriteString(".")
	}
	p.WriteString("[")
	p.print(n.Member)
	p.WriteString("]")
}

func (p *printer) unary(n *ast.UnaryExpression) {
	op := n.Operator.String()
	p.WriteString("(")
	switch {
	case n.Postfix:
		p.print(n.Operand)
		p.WriteString(op)
	case n.Operator == token.TYPEOF || n.Operator == token.VOID || n.Operator == token.DELETE:
		p.WriteString(op + " ")
		p.print(n.Operand)
	default:
		p.WriteString(op)
		p.print(n.Operand)
	}
	p.WriteString(")")
}

func (p *printer) literal(n ast.Expression) {
	switch n := n.(type) {
	case *ast.StringLiteral:
		p.WriteString(strconv.Quote(n.Value.String()))
	case *ast.NumberLiteral:
		p.WriteString(n.Literal)
	case *ast.BooleanLiteral:
		p.WriteString(n.Literal)
	case *ast.NullLiteral:
		p.WriteString("null")
	case *ast.RegExpLiteral:
		p.WriteString(n.Literal)
	case *ast.ArrayLiteral:
		p.list("[", n.Value, ",", "]")
	case *ast.SequenceExpression:
		p.list("(", n.Sequence, " , ", ")")
	case *ast.SpreadElement:
		p.WriteString("(...")
		p.print(n.Expression)
		p.WriteString(")")
	case *ast.ObjectLiteral:
		p.WriteString("{" + strings.Repeat(unknown, min(len(n.Value), 10)) + "}")
	case *ast.ConditionalExpression:
		p.WriteString(unknown + unknown + unknown)
	default:
		p.WriteString(unknown)
	}
}

func (p *printer) list(open string, items []ast.Expression, between, end string) {
	p.WriteString(open)
	for i, n := range items {
		if i > 0 {
			p.WriteString(between)
		}
		if n != nil {
			p.print(n)
		}
	}
	p.WriteString(end)
}
