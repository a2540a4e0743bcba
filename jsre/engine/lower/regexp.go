package lower

import "github.com/dop251/goja/ast"

// RegExps changes the literals of regular expressions in place. goja knows neither all patterns nor all
// flags and compiles the literals itself, so keep takes what a literal says and gives the text of a
// pattern that stands for it. It ends at the first error of keep, and tells where that was.
func RegExps(tree *ast.Program, keep func(pattern, flags string) (string, error)) (at ast.Node, err error) {
	var visit func(n ast.Node)
	visit = func(n ast.Node) {
		if err != nil {
			return
		}
		literal, ok := n.(*ast.RegExpLiteral)
		if !ok {
			children(n, visit)
			return
		}
		text, wrong := keep(literal.Pattern, literal.Flags)
		if wrong != nil {
			at, err = n, wrong
			return
		}
		literal.Pattern, literal.Flags = text, ""
	}
	for _, s := range tree.Body {
		visit(s)
	}
	return at, err
}
