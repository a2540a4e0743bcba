package load

import (
	"regexp"
	"strings"
	"unicode/utf16"
)

// generated are names that esbuild's own code may use where the source has a variable of that name.
var generated = pattern(`^(?:_|(?:import|require|init|module)_|(?:require|exports|module|Promise)$)`)

// generatedForAwait are those of the loop that it makes of for await.
var generatedForAwait = pattern(`^(?:iter|more|temp|error)$`)

var identifier = pattern(`[\p{L}_$\\][\p{L}\p{N}_$\\{}]*`)

// restoreNames gives variables, functions and classes the names back that they have in the source. esbuild
// 0.28.2 numbers those that hide another of the same name, and f.name would be "f2". Nothing but the text
// at places that the source map names is changed, and blanks keep the columns. A name that also stands
// where the map does not know of it stays numbered.
func (p *places) restoreNames(code, source string) string {
	if len(p.names) == 0 {
		return code
	}
	p.once.Do(p.read)
	n := &numbered{code: code, source: strings.Split(source, "\n"), first: len(code), found: map[string][]renamed{}, loop: strings.Contains(code, "__forAwait(")}
	line := 0
	for i := 0; i < len(p.lines)-1 && line < len(code); i++ {
		end := len(code)
		if at := strings.IndexByte(code[line:], '\n'); at >= 0 {
			end = line + at + 1
		}
		for _, m := range p.marks[p.lines[i]:p.lines[i+1]] {
			if m.sourceLine >= 0 && line+int(m.column) < end {
				n.first = min(n.first, line)
				n.note(p, m, line+int(m.column))
			}
		}
		line = end
	}
	return n.replace()
}

// numbered finds the names that were numbered.
type numbered struct {
	code   string
	source []string
	first  int // where the code of the source begins; before it are esbuild's own functions
	loop   bool
	found  map[string][]renamed
}

// renamed is a place in the code where the source has another name.
type renamed struct {
	at   int
	name string
}

// note notes a name that was numbered.
func (n *numbered) note(p *places, m mark, at int) {
	if m.name < 0 {
		return
	}
	name := p.names[m.name]
	if !strings.HasPrefix(n.code[at:], name) || generated().MatchString(name) || n.loop && generatedForAwait().MatchString(name) {
		return
	}
	end := at + len(name)
	for end < len(n.code) && n.code[end] >= '0' && n.code[end] <= '9' {
		end++
	}
	if end == at+len(name) || end < len(n.code) && isWord(n.code[end]) {
		return
	}
	if !n.isVariable(m, name) {
		name = ""
	}
	n.found[n.code[at:end]] = append(n.found[n.code[at:end]], renamed{at, name})
}

var beforeOther = pattern(`(?:\.|\b(?:namespace|module|enum))\s*$`)

// isVariable reports whether the source has a variable of that name there. The parameter that esbuild makes of a
// namespace or enum is none: it may hide what is in it.
func (n *numbered) isVariable(m mark, name string) bool {
	if int(m.sourceLine) >= len(n.source) {
		return false
	}
	line := utf16.Encode([]rune(n.source[m.sourceLine]))
	at := min(int(m.sourceColumn), len(line))
	before, after := string(utf16.Decode(line[:at])), string(utf16.Decode(line[at:]))
	return strings.HasPrefix(after, name) && !beforeOther().MatchString(before)
}

func isWord(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '$' || c == '\\'
}

func (n *numbered) replace() string {
	if len(n.found) == 0 {
		return n.code
	}
	count := map[string]int{}
	for _, at := range identifier().FindAllStringIndex(n.code[n.first:], -1) {
		count[n.code[n.first+at[0]:n.first+at[1]]]++
	}
	out := []byte(n.code)
	for word, list := range n.found {
		if count[word] != len(list) || !same(list) {
			continue
		}
		for _, r := range list {
			for i := r.at + len(r.name); i < r.at+len(word); i++ {
				out[i] = ' '
			}
		}
	}
	return string(out)
}

func same(list []renamed) bool {
	for _, r := range list {
		if r.name == "" || r.name != list[0].name {
			return false
		}
	}
	return true
}

var renamedClass = pattern(` = class (_[\w$]+) `)

// keepClassNames gives classes that use their own name that name back. esbuild makes `class A {new A}`
// to `A = class _A {new _A}`, and A.name would be "_A". A blank keeps the columns where they are.
func keepClassNames(code, source string) string {
	for _, m := range renamedClass().FindAllStringSubmatch(code, -1) {
		name := m[1]
		if strings.Contains(source, name) {
			continue
		}
		code = regexp.MustCompile(regexp.QuoteMeta(name)+`\b`).ReplaceAllLiteralString(code, name[1:]+" ")
	}
	return code
}
