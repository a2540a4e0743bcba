package load

// maxDepth is how deep a text that is lowered may nest brackets, and maxRun how many signs may follow
// each other without the end of a statement, an element or a block. esbuild 0.28.2 recurses for both, and
// a stack of Go that is full ends the process; for some it also takes time that grows with the square.
const (
	maxDepth = 1000
	maxRun   = 10_000
)

// tooDeep reports whether a text nests too deep for esbuild. Quotes are not heeded: a text in them has
// rarely as many brackets that nobody closes.
func tooDeep(text string) bool {
	depth, run := 0, 0
	for i := range len(text) {
		switch c := text[i]; c {
		case '(', '[':
			depth++
		case '{':
			depth++
			run = 0
		case ')', ']', '}':
			depth = max(depth-1, 0)
			run++
		case ';', ',':
			run = 0
		case '!', '~', '+', '-', '*', '/', '%', '&', '|', '^', '<', '>', '?', ':', '=', '.', '`', ' ', '\t', '\n':
			if i == 0 || text[i-1] != c { // a row of blanks or dashes is one
				run++
			} else if c == '!' || c == '~' {
				run++
			}
		}
		if depth > maxDepth || run > maxRun {
			return true
		}
	}
	return false
}
