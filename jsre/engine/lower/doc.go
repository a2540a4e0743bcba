// Package lower changes a parsed script where goja (v0.0.0-20260917113740) would not do what the
// language demands, before goja compiles it. It works on goja's tree alone, knows no runtime, and
// leaves every position as it is, so that stacks show the script's own lines.
package lower

import "github.com/dop251/goja/ast"

// Tree changes a program in place.
func Tree(tree *ast.Program) {
	s := &scopes{}
	s.program(tree)
}
