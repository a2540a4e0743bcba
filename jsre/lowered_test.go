package jsre_test

import (
	"strings"
	"testing"

	"dunlin/jsre"
)

// TestLoweredFilesKeepTheirNames shows that what stands in a file that is lowered has the name that is written there.
func TestLoweredFilesKeepTheirNames(t *testing.T) {
	for _, tc := range []struct{ name, files, want string }{
		{"functions and classes that hide others", `
-- main.mjs --
import arrow from './arrow.mjs';
import fn from './function.mjs';
import cls from './class.mjs';
import named from './named.mjs';
class Device { make() { return class Device extends Error { get name() { return new.target ?? this.constructor.name; } }; } static first = new Device(); }
function handler() { function handler() {} const list = [handler]; { class Device { me() { return Device.name; } } print(handler.name, list[0].name, Device.name, new Device().me(), { Device }.Device.name); } return Device; }
const f = (Device) => { function g() { class Device {} return Device; } return g().name + Device; };
print(handler().name, f(1), new (new Device().make())('x').toString(), Device.first.constructor.name);
print(arrow.name, fn.name, cls.name, named.name);
async function* iterate() { yield 1; }
async function loop(iter, more) { const temp = 'temp', error = 'error'; for await (const x of iter) { const iter = 'inner'; print(x, iter, more, temp, error); } }
await loop(iterate(), 'more');
-- arrow.mjs --
export default () => {};
-- function.mjs --
export default function () {}
-- class.mjs --
export default class {}
-- named.mjs --
export default class Named {}
`, "handler handler Device Device Device\nDevice Device1 Device: x Device\ndefault default default Named\n1 inner more temp error\n"},
		{"TypeScript", `
-- main.ts --
class ConnectionError extends Error { constructor(m: string) { super(m); this.name = new.target.name; } }
function attempt(n: number): Error { class ConnectionError extends Error { constructor(m: string) { super(m); this.name = this.constructor.name; } } return n ? new ConnectionError('inner') : attempt(1); }
print(String(new ConnectionError('outer')), String(attempt(0)));
namespace N { export function N() { return 'inner'; } export const z = N.name + N(); }
enum Color { Red, Color }
print(N.z, Color[1], N.N.name, Color.Color);
function Other() { const é = 'é', Color = (() => { function Color() {} return Color; })(); return Color.name + é; }
print(Other());
`, "ConnectionError: outer ConnectionError: inner\nNinner Color N 1\nColoré\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if out, err := runFiles(t, tc.files); err != nil || out != tc.want {
				t.Errorf("got %q, %v\nwant %q", out, err, tc.want)
			}
		})
	}
}

// TestANameThatIsNotExported is an error before anything runs, whether it is used or not.
func TestANameThatIsNotExported(t *testing.T) {
	const lib = "\n-- lib.mjs --\nprint('ran'); export let a = 1; export * from './more.mjs'; let b = 2; export { b as 'any name' };\n-- more.mjs --\nexport const more = 1;\n"
	for text, want := range map[string]string{
		"import { nope } from './lib.mjs';":                                  "main.mjs:1:22: SyntaxError: The requested module './lib.mjs' does not provide an export named 'nope'",
		"import { a, more, \"any name\" as x, nope as y } from './lib.mjs';": "'nope'",
		"import d from './lib.mjs';":                                         "'default'",
		"import d, * as ns from './lib.mjs';":                                "'default'",
		"import { nope } from 'path';":                                       "'nope'",
		"import {\n  join,\n  nope\n} from 'path';":                          "'nope'",
		"import p, { join } from 'path'; import { nope } from './lib.mjs';":  "'nope'",
	} {
		out, err := runFiles(t, "-- main.mjs --\nprint('ran');"+lib, func(o *jsre.Options) { write(t, o.Dir, "main.mjs", text+" print('ran');") })
		if out != "" || err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: printed %q, %v; want %s", text, out, err, want)
		}
	}
	out, err := runFiles(t, `
-- main.mjs --
import d, { a, more, "any name" as x } from './lib2.mjs';
import { unused } from './c.cjs';
const text = BACKTICK
import { nope } from "./lib2.mjs";
BACKTICK;
// import { nope } from './lib2.mjs';
print(text.length);
-- lib2.mjs --
export default 1; export let a = 1; export * from './more.mjs'; let b = 2; export { b as 'any name' };
-- more.mjs --
export const more = 1;
-- c.cjs --
exports.unused = 1;
`)
	if out != "36\n" || err != nil {
		t.Errorf("got %q, %v", out, err)
	}
}

// TestWhatIsWrongOnlyWhenItRuns shows that a file loads whose text has what esbuild refuses in bundles.
func TestWhatIsWrongOnlyWhenItRuns(t *testing.T) {
	for _, tc := range []struct{ name, files, want string }{
		{"assignment to imports", `
-- main.mjs --
import d, { a, f as g } from './lib.mjs';
import * as ns from './lib.mjs';
const tell = (f) => { try { f(); print('no error'); } catch (e) { print(e.name + ': ' + e.message, /main.mjs:(\d+:\d+)/.exec(e.stack)[1]); } };
tell(() => { a = 1; }); tell(() => { a++; }); tell(() => { [g] = [1]; }); tell(() => { d += 2; });
tell(() => { ns.a = 1; }); tell(() => { delete ns.a; }); tell(() => { ns['a'] = 1; }); tell(() => { null.x; });
print(a, ns.a, g(), d);
-- lib.mjs --
export let a = 'a'; export function f() { return 'f'; } export default 'd';
`, "TypeError: Assignment to constant variable. 4:14\nTypeError: Assignment to constant variable. 4:38\nTypeError: Assignment to constant variable. 4:66\nTypeError: Assignment to constant variable. 4:88\n" +
			"TypeError: Cannot assign to read only property 'a' of object '#<Object>' 5:17\nTypeError: Cannot delete property 'a' of [object Module] 5:51\nTypeError: Cannot assign to read only property 'a' of object '#<Object>' 5:71\nTypeError: Cannot read properties of null (reading 'x') 5:106\na a f d\n"},
		{"options of import() that are no literal", `
-- main.js --
(async () => {
  const options = { with: { type: 'json' } };
  print((await import('./d.json', options)).default.a, typeof (await import('fs', undefined)).readFileSync, (await import('path', {})).sep);
  print((await import(['./', 'd.json'].join(''), await Promise.resolve())).default.a); null.x;
})().catch(e => print(/main.js:(\d+:\d+)/.exec(e.stack)[1]));
-- d.json --
{"a": "json"}
`, "json function /\njson\n4:93\n"},
		{"the same in an ES module", `
-- main.mjs --
print((await import('./d.json', { ['with']: {} })).default.a, { import(x, y) { return x + y; } }.import(1, 2));
-- d.json --
{"a": "json"}
`, "json 3\n"},
		{"names of files that are computed", `
-- main.js --
const load = async (name) => [(await import('./lib/' + name)).v, (await import(BACKTICK./lib/${name}BACKTICK)).v, require('./lib/' + name).v, require('./lib/' + name).v, require(name ? './lib/' + name : './x' + name).v];
load('a.js').then(print).then(() => load('none.js')).catch(e => print(e.code, /main.js:\d+/.exec(e.stack)?.[0]));
-- lib/a.js --
exports.v = 'a';
`, "a,a,a,a,a\nERR_MODULE_NOT_FOUND undefined\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if out, err := runFiles(t, tc.files); err != nil || out != tc.want {
				t.Errorf("got %q, %v\nwant %q", out, err, tc.want)
			}
		})
	}
}

// TestModulesThatBreakOff shows that the error of a text that breaks off tells of the text as it is written.
func TestModulesThatBreakOff(t *testing.T) {
	for text, want := range map[string]string{
		"import a from './a.mjs';\nexport const v=": "main.mjs:2:16: SyntaxError: Unexpected end of file",
		"import x from":             "main.mjs:1:14: SyntaxError: Expected string but found end of file",
		"export const v = {":        "main.mjs:1:19: SyntaxError: Expected identifier but found end of file",
		"export function f() {\n  ": "main.mjs:2:3: SyntaxError: Unexpected end of file",
	} {
		_, err := runFiles(t, "-- main.mjs --\n-- a.mjs --\n", func(o *jsre.Options) { write(t, o.Dir, "main.mjs", text) })
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: %v; want %s", text, err, want)
		}
	}
}

// TestTextsThatAreNotStrict shows that CommonJS files are lowered as such, and what is told of others.
func TestTextsThatAreNotStrict(t *testing.T) {
	out, err := runFiles(t, `
-- main.js --
function f(arguments) { with ({ x: 1 }) return x + arguments; }
(async () => { for await (const x of [f(1)]) print(x, (await import('./d.json')).default.a, 010); })();
-- d.json --
{"a": "json"}
`)
	if want := "2 json 8\n"; out != want || err != nil {
		t.Errorf("got %q, %v; want %q", out, err, want)
	}
	for text, want := range map[string]string{
		"function f(arguments) {}\nasync function g() { for await (const x of []) {\nlet y = ; } }": "main.js:3:9: SyntaxError: Unexpected \";\"",
		"function f(arguments) {}\nimport 'fs';":                                                    "SyntaxError: ",
		"with (1) ;\nawait 1;":                                                                      "SyntaxError: ",
	} {
		_, err := runFiles(t, "-- main.js --\n", func(o *jsre.Options) { write(t, o.Dir, "main.js", text) })
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "esm") {
			t.Errorf("%q: %v; want %s", text, err, want)
		}
	}
}
