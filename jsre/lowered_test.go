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
