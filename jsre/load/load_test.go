package load

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"dunlin/jsre/engine"
)

func TestWhatATextIs(t *testing.T) {
	for _, tc := range []struct {
		path, text string
		kind       engine.Kind
		es, async  bool
	}{
		{"/a.js", "require('x')", engine.KindAny, false, false},
		{"/a.js", "import 'x'", engine.KindAny, true, false},
		{"/a.js", "export {}", engine.KindAny, true, false},
		{"/a.js", "await 1", engine.KindAny, true, true},
		{"/a.js", "for await (const x of []) ;", engine.KindAny, true, true},
		{"/a.js", "import.meta.url", engine.KindAny, true, false},
		{"/a.js", "import('x')", engine.KindAny, false, false},
		{"/a.js", "import x from 'x'; module.exports = x", engine.KindAny, true, false},
		{"/a.js", "1", engine.KindES, true, false},
		{"/a.js", "// the last line is a comment", engine.KindES, true, false},
		{"/a.ts", "import type { T } from 'x'; let a: T", engine.KindAny, true, false},
		{"/a.ts", "import x = require('x'); export = x", engine.KindAny, false, false},
		{"/a.cts", "import x from 'x'", engine.KindCommonJS, false, false},
		{"/a", "const x: number = await 1", engine.KindAny, true, true},
		{"/a", "const x = <number>(1)", engine.KindAny, false, false},
	} {
		low, err := Lower(engine.Script{Path: tc.path, Text: tc.text, Kind: tc.kind})
		if err != nil || low.ES != tc.es || low.Async != tc.async {
			t.Errorf("%s %q: %+v, %v; want ES %v, async %v", tc.path, tc.text, low, err, tc.es, tc.async)
		}
	}
}

func TestWhatATextImports(t *testing.T) {
	low, err := Lower(engine.Script{Path: "/a.ts", Text: `
import d, { a, "two words" as b, type T, unused } from './one';
import * as ns from './two';
export * from './three';
export { c as e } from "./quo\"te\u2028";
import './one';
import x = require('./four');
d; a(); b; ns.any; x; require('./five'); import('./six'); import(d); const text = 'import_one.not';
`})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, i := range low.Imports {
		star := ""
		if i.Star {
			star = "*"
		}
		slices.Sort(i.Names)
		got = append(got, i.ID+star+" "+strings.Join(i.Names, ","))
	}
	want := []string{"./one a,default,two words", "./two ", "./three* ", "./quo\"te\u2028 c"}
	if requires := []string{"./four", "./five", "./six"}; !slices.Equal(got, want) || !slices.Equal(low.Requires, requires) {
		t.Errorf("got %q and %q, want %q and %q", got, low.Requires, want, requires)
	}
}

// TestPlacesOfEveryWord lowers texts whose words are all different, and looks for the place of each.
func TestPlacesOfEveryWord(t *testing.T) {
	const text = "const one = 'é😀', two = one;\n\n  type Gone = { three: string };\nfunction four(five) { return /* 😀 */ five + six; }\nclass Seven { eight() { return new Seven().nine; } }\n"
	for _, script := range []engine.Script{
		{Path: "/a.ts", Text: text},
		{Path: "/a.ts", Text: text + "export { four, Seven };"},
		{Path: "/a.ts", Text: text + "export { four, Seven }; await import('x');"},
	} {
		low, err := Lower(script)
		if err != nil {
			t.Fatal(err)
		}
		lines, source := strings.Split(low.Code, "\n"), strings.Split(script.Text, "\n")
		found := 0
		for n, line := range lines {
			for _, word := range []string{"four(", "nine", "five + six", "eight()", "new Seven"} {
				column := strings.Index(line, word)
				if column < 0 {
					continue
				}
				found++
				at, col, ok := low.Place(n+1, column+1)
				want := strings.TrimPrefix(word, "new ")
				if !ok || !strings.HasPrefix(fromUnit(source[at-1], col), strings.TrimSuffix(word, "(")) && !strings.HasPrefix(fromUnit(source[at-1], col), want) {
					t.Errorf("%q at %d:%d is said to come from %d:%d, %v", word, n+1, column+1, at, col, ok)
				}
			}
		}
		if found < 5 {
			t.Errorf("only %d words found in\n%s", found, low.Code)
		}
		if _, _, ok := low.Place(1, 1); ok && low.ES {
			t.Error("the first line, which esbuild adds, has a place")
		}
		for _, outside := range [][2]int{{0, 1}, {-1, -1}, {1 << 30, 1}, {1, 0}} {
			low.Place(outside[0], outside[1])
		}
	}
}

// fromUnit is the rest of a line from a column that counts UTF-16 units.
func fromUnit(line string, column int) string {
	units := 1
	for i, r := range line {
		if units >= column {
			return line[i:]
		}
		units++
		if r > 0xffff {
			units++
		}
	}
	return ""
}

func TestErrorsHaveTheirPlace(t *testing.T) {
	for _, tc := range []struct {
		path, text   string
		line, column int
	}{
		{"/a.ts", "let a: number;\nlet é = ;", 2, 10},
		{"/a.mjs", "import 'x';\nlet b; let b;", 2, 12},
		{"/a", "const a: number = 1;\nconst b: = 1;", 2, 10},
		{"/a.js", strings.Repeat(" ", maxText+1), 1, 1},
	} {
		_, err := Lower(engine.Script{Path: tc.path, Text: tc.text})
		var text *engine.TextError
		if !errors.As(err, &text) || text.Line != tc.line || text.Column != tc.column {
			t.Errorf("%s: got %+v, want %d:%d", tc.path, err, tc.line, tc.column)
		}
	}
}

func TestBrokenMappingsHaveNoPlaces(t *testing.T) {
	for _, mappings := range []string{"", "!", ";;;", "AAAA;BBBBBBBBB", "ggggggggggggggggggggB", "A,A,A", strings.Repeat("+", 1000)} {
		p := newPlaces(`{"sources": ["a"], "mappings": "`+mappings+`"}`, "a")
		for line := range 5 {
			p.find(line, line)
		}
	}
	if _, _, ok := newPlaces("no JSON", "a").find(1, 1); ok {
		t.Error("a place in what is no map")
	}
}

// TestDeepTextsAreRefused gives texts for which esbuild would fill the stack, which ends the process.
func TestDeepTextsAreRefused(t *testing.T) {
	for _, piece := range []string{
		"(", "[", "{", "!", "~", "- ", "typeof ", "1?1:", "a=>", "if(1)", "new ", "1**", "a=", "a.", "await ", "${", "!\n", "{a}={a}=", "a[0]={a}=", "if(a);else ", "if(a)b,c;else ",
		"a<", "()=>", "@a ", "a:", "do ", "for(;;)", "a\n=", "else\n", "x ", "-->`", "/'/+", "a++/'", "`'`+", "a,", "'a'+", "class extends ", "a?(b):c=>", "async<a>(a)=>",
	} {
		_, err := Lower(engine.Script{Path: "/a.ts", Text: strings.Repeat(piece, 300_000)})
		if err == nil || !strings.Contains(err.Error(), "nests deeper") {
			t.Errorf("%q: got %v", piece, err)
		}
	}
}

// What stands in texts, comments and regular expressions is no code, and statements do not add up.
func TestLongTextsThatAreNotDeepAreTaken(t *testing.T) {
	for _, piece := range []string{
		"const a = '" + strings.Repeat("+/=(", 50) + "';\n", "f(`" + strings.Repeat("{[(", 50) + "${a}`);", "// " + strings.Repeat("(", 50) + "\n",
		"/* " + strings.Repeat("!", 50) + " */", "x = /[/'\"`(]/.test(y);\n", "a = b\nf(c)\nif (d) e()\n", "function f() { return { a: 1 } }\n",
		"if (a) { b() } else { c() }\n", "x = a / b / c;", "if (x) /'/.test(y);", "y = i++ / 2; z = '(';", "class A { #a = 1; static b() { return this.#a } }\n", "switch (a) { case 1: case 2: break }\n",
	} {
		if err := checkNesting(strings.Repeat(piece, 20_000), false); err != nil {
			t.Errorf("%q: %v", piece, err)
		}
	}
}

// Both parsers take each of these twice, so that time doubles with each pair of brackets.
func TestWhatIsParsedTwiceIsBounded(t *testing.T) {
	for _, text := range []string{
		strings.Repeat("(a=", 11) + "1" + strings.Repeat(")=>1", 11),
		strings.Repeat("a?(b):c=>", 11) + "1" + strings.Repeat(":1", 11),
		strings.Repeat("a?((b) :c=>", 11) + "1" + strings.Repeat("):1", 11),
	} {
		if err := checkNesting(text, false); err == nil || !strings.Contains(err.Error(), "parameters") {
			t.Errorf("%s: %v", text, err)
		}
	}
}
