// Package regex is the regular expressions of ECMAScript 2025: patterns are parsed and matched as the
// standard says, over UTF-16. Matching goes back and forth on a stack of its own, counts its steps and
// can be stopped.
package regex

// Flags are the flags that change what a pattern matches.
type Flags struct {
	IgnoreCase, Multiline, DotAll, Unicode, Sets bool // i, m, s, u or v, v
}

type kind uint8

const (
	empty kind = iota
	class      // one character of set
	sequence
	choice
	capture
	repeat
	lineStart
	lineEnd
	wordEdge
	notWordEdge
	look
	reference
)

// node is a part of a pattern.
type node struct {
	kind  kind
	list  []*node // of a sequence or choice; otherwise the one part inside
	set   spans
	group int // of a capture
	refs  []int
	name  string // of a reference by name

	least, most      int // of a repeat; most is unlimited when negative
	lazy             bool
	firstIn, afterIn int // the captures inside

	behind, not bool // of a look-around
	ignoreCase  bool
	multiline   bool

	begin           spans // see compiler.begins
	nullable, begun bool
}
