package load

import (
	"encoding/json"
	"slices"
	"sort"
	"strings"
	"sync"
	"unicode/utf16"
)

// places are the places of a lowered text in its source, as a source map tells them.
type places struct {
	mappings string
	source   int // the number of the source; -1: none
	names    []string

	once  sync.Once // the map is read when a place is first asked for
	lines []int     // where each line begins in marks
	marks []mark
}

// mark says where the text from column on comes from. Numbers are from 0.
type mark struct {
	column       int32
	sourceLine   int32 // -1: it was added
	sourceColumn int32
	name         int32 // the number of the name in the source, where it is another; else -1
}

func newPlaces(sourceMap, source string) *places {
	var fields struct {
		Sources  []string `json:"sources"`
		Names    []string `json:"names"`
		Mappings string   `json:"mappings"`
	}
	_ = json.Unmarshal([]byte(sourceMap), &fields)
	return &places{mappings: fields.Mappings, source: slices.Index(fields.Sources, source), names: fields.Names}
}

// find implements [engine.Lowered.Place].
func (p *places) find(line, column int) (sourceLine, sourceColumn int, ok bool) {
	p.once.Do(p.read)
	if line < 1 || line >= len(p.lines) {
		return 0, 0, false
	}
	marks := p.marks[p.lines[line-1]:p.lines[line]]
	at := sort.Search(len(marks), func(i int) bool { return int(marks[i].column) > column-1 }) - 1
	if at < 0 || marks[at].sourceLine < 0 {
		return 0, 0, false
	}
	return int(marks[at].sourceLine) + 1, int(marks[at].sourceColumn) + 1, true
}

// read reads the mappings: lines end with ';', marks with ',', and each mark has 1, 4 or 5 numbers that
// are differences to those before.
func (p *places) read() {
	var source, sourceLine, sourceColumn, name int
	p.lines = []int{0}
	for line := range strings.SplitSeq(p.mappings, ";") {
		column := 0
		for text := range strings.SplitSeq(line, ",") {
			numbers := variableLength(text)
			if len(numbers) == 0 {
				continue
			}
			column += numbers[0]
			m := mark{column: int32(column), sourceLine: -1, name: -1} //nolint:gosec // texts are shorter than 2 GiB
			if len(numbers) >= 4 {
				source, sourceLine, sourceColumn = source+numbers[1], sourceLine+numbers[2], sourceColumn+numbers[3]
				if source == p.source {
					m.sourceLine, m.sourceColumn = int32(sourceLine), int32(sourceColumn) //nolint:gosec // as above
				}
			}
			if len(numbers) >= 5 {
				name += numbers[4]
				if name >= 0 && name < len(p.names) {
					m.name = int32(name) //nolint:gosec // as above
				}
			}
			p.marks = append(p.marks, m)
		}
		p.lines = append(p.lines, len(p.marks))
	}
	p.mappings = ""
}

const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

// variableLength reads numbers written in base 64 with five bits a digit, the lowest first; the lowest bit
// of a number is its sign.
func variableLength(text string) []int {
	var out []int
	value, shift := 0, 0
	for i := range len(text) {
		digit := strings.IndexByte(digits, text[i])
		if digit < 0 || shift > 30 {
			return nil
		}
		value |= digit & 31 << shift
		if digit&32 != 0 {
			shift += 5
			continue
		}
		n := value >> 1
		if value&1 != 0 {
			n = -n
		}
		out = append(out, n)
		value, shift = 0, 0
	}
	return out
}

func utf16Units(r rune) []uint16 { return utf16.AppendRune(nil, r) }
