package lower

import (
	"github.com/dop251/goja/ast"
	"github.com/dop251/goja/file"
)

// Function is a function of a script, and how a stack names it beside its own name.
type Function struct {
	From, To int // offsets of its text
	Owner    string
	Kind     FunctionKind
}

// FunctionKind is what a function is to its owner.
type FunctionKind int

// The kinds of functions that a stack tells apart.
const (
	Plain FunctionKind = iota
	Method
	Constructor
	Getter
	Setter
)

// Functions lists the functions of a tree. One that stands in another comes behind it.
func Functions(tree *ast.Program) []Function {
	l := &functionList{}
	l.visit(tree)
	return l.list
}

type functionList struct {
	list []Function
	next Function // what is known of the function that comes next
}

func (l *functionList) visit(n ast.Node) {
	switch n := n.(type) {
	case *ast.FunctionLiteral:
		l.add(n.Function, n.Body.Idx1())
	case *ast.ArrowFunctionLiteral:
		l.add(n.Start, n.Body.Idx1())
	case *ast.ClassLiteral:
		l.class(n)
		return
	case *ast.ObjectLiteral:
		for _, p := range n.Value {
			if p, ok := p.(*ast.PropertyKeyed); ok && isFunction(p.Value) {
				l.next = Function{Owner: "Object", Kind: kindOf(p.Kind)}
			}
			l.visit(p)
		}
		return
	}
	children(n, l.visit)
}

func (l *functionList) add(from, to file.Idx) {
	f := l.next
	l.next = Function{}
	f.From, f.To = int(from)-1, int(to)-1
	l.list = append(l.list, f)
}

func (l *functionList) class(n *ast.ClassLiteral) {
	if n.SuperClass != nil {
		l.visit(n.SuperClass)
	}
	owner := ""
	if n.Name != nil {
		owner = n.Name.Name.String()
	}
	for _, e := range n.Body {
		switch e := e.(type) {
		case *ast.MethodDefinition:
			l.method(e, owner)
		case *ast.FieldDefinition:
			if isFunction(e.Initializer) && !isPrivate(e.Key) {
				l.next = Function{Owner: owner, Kind: Method}
			}
			children(e, l.visit)
		default:
			children(e, l.visit)
		}
	}
}

func (l *functionList) method(e *ast.MethodDefinition, owner string) {
	if e.Computed {
		l.visit(e.Key)
	}
	key, ok := e.Key.(*ast.StringLiteral)
	switch {
	case ok && key.Value == "constructor" && !e.Static && !e.Computed:
		l.next = Function{Owner: owner, Kind: Constructor}
	case !isPrivate(e.Key):
		l.next = Function{Owner: owner, Kind: kindOf(e.Kind)}
	}
	l.visit(e.Body)
}

func isPrivate(key ast.Expression) bool {
	_, ok := key.(*ast.PrivateIdentifier)
	return ok
}

func isFunction(n ast.Expression) bool {
	switch n.(type) {
	case *ast.FunctionLiteral, *ast.ArrowFunctionLiteral:
		return true
	}
	return false
}

func kindOf(k ast.PropertyKind) FunctionKind {
	switch k {
	case ast.PropertyKindGet:
		return Getter
	case ast.PropertyKindSet:
		return Setter
	}
	return Method
}
