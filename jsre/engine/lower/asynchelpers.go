package lower

import (
	"strings"

	"github.com/dop251/goja/ast"
	"github.com/dop251/goja/unistring"
)

// AsyncHelpers changes a tree that esbuild has lowered, so that its helpers of async generators and of `for await`
// are those that the global function helper gives by their names. What they need to know is added:
//
//	return x                        in an async generator waits for x: return yield new __await(x)
//	__forAwait(x), __yieldStar(x)   get the text of x for errors: __forAwait(x, "x")
//	temp = await iter.next()        has to be an object: temp = __forAwait.result(await iter.next())
func AsyncHelpers(tree *ast.Program, helper string) {
	h := &helpers{from: unistring.String(helper)}
	for _, s := range tree.Body {
		h.visit(s)
	}
}

type helpers struct {
	from  unistring.String
	await unistring.String // the name of the helper __await in this text
}

func (h *helpers) visit(n ast.Node) {
	switch n := n.(type) {
	case *ast.VariableStatement:
		for _, b := range n.List {
			h.define(b)
		}
	case *ast.CallExpression:
		h.call(n)
	case *ast.ForStatement:
		h.loop(n)
	}
	children(n, h.visit)
}

// helperHeads are how esbuild's helpers begin, which tells them from what a script calls so.
var helperHeads = map[string]unistring.String{"__await": "promise", "__asyncGenerator": "__this", "__yieldStar": "value", "__forAwait": "obj"}

// helperName is the name of a helper without the number that esbuild adds where a script has that name.
func helperName(n ast.Node) string {
	id, ok := n.(*ast.Identifier)
	if !ok || !strings.HasPrefix(id.Name.String(), "__") {
		return ""
	}
	return strings.TrimRight(id.Name.String(), "0123456789")
}

// define replaces the definition of a helper.
func (h *helpers) define(b *ast.Binding) {
	name := helperName(b.Target)
	head, ok := helperHeads[name]
	if !ok {
		return
	}
	var params *ast.ParameterList
	switch f := b.Initializer.(type) {
	case *ast.FunctionLiteral:
		params = f.ParameterList
	case *ast.ArrowFunctionLiteral:
		params = f.ParameterList
	}
	if params == nil || len(params.List) == 0 || !paramNames(params)[head] {
		return
	}
	at := b.Initializer.Idx0()
	if name == "__await" {
		h.await = b.Target.(*ast.Identifier).Name
	}
	b.Initializer = call(&ast.Identifier{Name: h.from, Idx: at}, &ast.StringLiteral{Idx: at, Literal: `"` + name + `"`, Value: unistring.String(name)})
}

func call(callee ast.Expression, args ...ast.Expression) *ast.CallExpression {
	return &ast.CallExpression{Callee: callee, LeftParenthesis: callee.Idx0(), ArgumentList: args, RightParenthesis: callee.Idx0()}
}

func (h *helpers) call(n *ast.CallExpression) {
	switch name := helperName(n.Callee); {
	case name == "__asyncGenerator" && len(n.ArgumentList) == 3 && h.await != "":
		if body, ok := n.ArgumentList[2].(*ast.FunctionLiteral); ok && body.Generator {
			h.returns(body.Body)
		}
	case (name == "__forAwait" || name == "__yieldStar") && len(n.ArgumentList) == 1:
		var p printer
		p.print(n.ArgumentList[0])
		text := p.String()
		n.ArgumentList = append(n.ArgumentList, &ast.StringLiteral{Idx: n.RightParenthesis, Literal: `""`, Value: unistring.NewFromString(text)})
	}
}

// returns has the returns of an async generator wait for their values.
func (h *helpers) returns(n ast.Node) {
	switch n := n.(type) {
	case *ast.FunctionLiteral, *ast.ArrowFunctionLiteral, *ast.ClassLiteral:
		return
	case *ast.ReturnStatement:
		if n.Argument != nil {
			at := n.Argument.Idx0()
			n.Argument = &ast.YieldExpression{Yield: at, Argument: &ast.NewExpression{
				New: at, Callee: &ast.Identifier{Name: h.await, Idx: at}, ArgumentList: []ast.Expression{n.Argument},
				LeftParenthesis: at, RightParenthesis: n.Argument.Idx1(),
			}}
		}
		return
	}
	children(n, h.returns)
}

// loop finds `more = !(temp = await iter.next()).done` of a lowered `for await`.
func (h *helpers) loop(n *ast.ForStatement) {
	name := loopHelper(n.Initializer)
	test, ok := n.Test.(*ast.AssignExpression)
	if name == nil || !ok {
		return
	}
	not, ok := test.Right.(*ast.UnaryExpression)
	if !ok {
		return
	}
	done, ok := not.Operand.(*ast.DotExpression)
	if !ok {
		return
	}
	if temp, ok := done.Left.(*ast.AssignExpression); ok {
		at := temp.Right.Idx0()
		callee := &ast.DotExpression{Left: &ast.Identifier{Name: name.Name, Idx: at}, Identifier: ast.Identifier{Name: "result", Idx: at}}
		temp.Right = call(callee, temp.Right)
	}
}

// loopHelper is the name of the helper of `for await`, nil for other loops.
func loopHelper(n ast.ForLoopInitializer) *ast.Identifier {
	list, ok := n.(*ast.ForLoopInitializerVarDeclList)
	if !ok || len(list.List) == 0 {
		return nil
	}
	iter, ok := list.List[0].Initializer.(*ast.CallExpression)
	if !ok || helperName(iter.Callee) != "__forAwait" {
		return nil
	}
	return iter.Callee.(*ast.Identifier)
}
