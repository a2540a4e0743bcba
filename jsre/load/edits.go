package load

import (
	"slices"
	"strings"
	"unicode/utf16"

	"github.com/evanw/esbuild/pkg/api"

	"dunlin/jsre/engine"
)

// Words that stand in a text for what esbuild 0.28.2 refuses in a bundle, or leaves as goja does not take
// it. In its output they become others of the same length.
const (
	constantWord = "__dunlin_constant" // an import that is assigned to
	frozenWord   = "__dunlin_frozen"   // a namespace of which a member is assigned to
	importWord   = "__dunlin_import"   // import, of a call with options
	noPattern    = "(()=>'')()+"       // before the beginning of a name that is computed: for esbuild it is a pattern of files else
)

// edits are what was changed in a text before esbuild got it.
type edits []edit

type edit struct {
	line, column, units int // from 1, in the text as it is now: in bytes, and in UTF-16 units
	removed, inserted   int
}

// back gives the column that a column of the changed text had; units: they count UTF-16 units, not bytes.
func (e edits) back(line, column int, units bool) int {
	shift := 0
	for _, one := range e {
		at := one.column
		if units {
			at = one.units
		}
		switch {
		case one.line != line || column <= at:
		case column < at+one.inserted:
			shift += max(0, column-at-one.removed)
		default:
			shift += one.inserted - one.removed
		}
	}
	return column - shift
}

// maxEdits bounds how often a text is changed and lowered anew.
const maxEdits = 50

var (
	assigned   = pattern(`^Cannot assign to (?:property on )?import "`)
	patternOf  = pattern(`^Could not resolve (?:import|require)\(`)
	withMore   = pattern(`^This "import\(\)" was not recognized because`)
	wordBefore = pattern(`([\p{L}\p{N}_$]+)\s*(?:\??\.|\[)\s*$`)
	wordHere   = pattern(`^[\p{L}\p{N}_$]+`)
	importCall = pattern(`\bimport\s*\(`)
)

// mend changes the text where esbuild refuses what is an error only when it runs, or none. It reports
// whether it has changed anything.
func (b *bundle) mend(result *api.BuildResult) bool {
	for _, m := range slices.Concat(result.Errors, result.Warnings) {
		if m.Location == nil || len(b.edits) >= maxEdits {
			continue
		}
		line, column := m.Location.Line, m.Location.Column
		switch {
		case patternOf().MatchString(m.Text):
			return b.edit(line, column, 0, noPattern)
		case withMore().MatchString(m.Text):
			return b.editImport(line, column)
		case assigned().MatchString(m.Text) && b.src.Kind != engine.KindCommonJS:
			return b.editAssigned(m.Text, line, column)
		}
	}
	return false
}

// editAssigned changes the name that is assigned to, or that of the namespace.
func (b *bundle) editAssigned(message string, line, column int) bool {
	_, text := b.line(line)
	if column > len(text) {
		return false
	}
	word, begin := constantWord, column
	if at := wordBefore().FindStringSubmatchIndex(text[:column]); at != nil {
		word, begin = frozenWord, at[2]
	} else if strings.Contains(message, "property on") {
		word = frozenWord
	}
	name := wordHere().FindString(text[begin:])
	return name != "" && name != word && b.edit(line, begin, len(name), word)
}

// editImport changes the last import( before a place.
func (b *bundle) editImport(line, column int) bool {
	from, _ := b.line(line)
	calls := importCall().FindAllStringIndex(b.src.Text[:min(from+column, len(b.src.Text))], -1)
	if len(calls) == 0 {
		return false
	}
	at := calls[len(calls)-1][0]
	before := b.src.Text[:at]
	return b.edit(strings.Count(before, "\n")+1, at-strings.LastIndexByte(before, '\n')-1, len("import"), importWord)
}

// line gives a line of the text and where it begins.
func (b *bundle) line(n int) (from int, text string) {
	for ; n > 1; n-- {
		at := strings.IndexByte(b.src.Text[from:], '\n')
		if at < 0 {
			return len(b.src.Text), ""
		}
		from += at + 1
	}
	text, _, _ = strings.Cut(b.src.Text[from:], "\n")
	return from, text
}

func (b *bundle) edit(line, column, length int, word string) bool {
	from, text := b.line(line)
	if column < 0 || column+length > len(text) {
		return false
	}
	b.src.Text = b.src.Text[:from+column] + word + b.src.Text[from+column+length:]
	units := len(utf16.Encode([]rune(text[:column])))
	removed := len(utf16.Encode([]rune(text[column : column+length])))
	for i := range b.edits {
		if e := &b.edits[i]; e.line == line && e.column >= column {
			e.column += len(word) - length
			e.units += len(word) - removed
		}
	}
	b.edits = append(b.edits, edit{line, column + 1, units + 1, removed, len(word)})
	return true
}
