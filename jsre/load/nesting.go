package load

import (
	"fmt"

	"dunlin/jsre/engine"
)

// How far texts that are lowered may go. esbuild 0.28.2 recurses for brackets and for operators in a row, and a stack
// of Go that is full ends the process; for some it takes time and memory that grow with the square or the third power.
// With these limits each form that is known took less than a second and less than 100 MB. Bundles of a megabyte,
// minified or not, have at most 70 brackets, 600 operators and 2,300 commas.
const (
	maxDepth  = 300
	maxRun    = 1500
	maxCommas = 10_000
	maxAgain  = 10
)

// checkNesting refuses a text that goes too far for esbuild. Marked ones have text between tags.
func checkNesting(text string, marked bool) error {
	n := engine.NestingOf(text, marked)
	what := ""
	switch {
	case n.Brackets > maxDepth:
		what = fmt.Sprintf("%d brackets in each other; %d are taken", n.Brackets, maxDepth)
	case n.Run > maxRun:
		what = fmt.Sprintf("an expression or statement of %d operators; %d are taken", n.Run, maxRun)
	case n.Commas > maxCommas:
		what = fmt.Sprintf("an expression of %d commas; %d are taken", n.Commas, maxCommas)
	case n.Again > maxAgain:
		what = fmt.Sprintf("%d arrow functions in each other's parameters or conditions; %d are taken", n.Again, maxAgain)
	default:
		return nil
	}
	return &engine.TextError{Line: 1, Column: 1, Message: "the text nests deeper than can be lowered: it has " + what}
}
