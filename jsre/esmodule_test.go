package jsre_test

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"dunlin/jsre"
	"dunlin/jsre/engine"
)

// runFiles writes files, runs the first that is called main, and gives what it printed and how it ended.
// In what it printed the folder is written as DIR.
func runFiles(t *testing.T, archive string, change ...func(*jsre.Options)) (string, error) {
	t.Helper()
	dir := t.TempDir()
	main := ""
	for _, f := range txtar.Parse([]byte(archive)).Files {
		write(t, dir, f.Name, strings.ReplaceAll(string(f.Data), "BACKTICK", "`"))
		if strings.HasPrefix(f.Name, "main.") {
			main = f.Name
		}
	}
	var out bytes.Buffer
	opts := jsre.Options{Stdout: &out, Stderr: &out, Dir: dir, Modules: []engine.Module{testModule(&out, nil)}}
	for _, c := range change {
		c(&opts)
	}
	rt, err := jsre.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	defer rt.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	err = rt.RunFile(ctx, main)
	return strings.ReplaceAll(out.String(), dir, "DIR"), err
}

// TestESModules compares scripts of several files with what Node.js 22 prints for them.
func TestESModules(t *testing.T) {
	for _, tc := range []struct{ name, files, want string }{
		{"imports of all kinds", `
-- main.mjs --
import def, { x, inc, "any name" as any } from './lib.mjs';
import * as ns from './lib.mjs';
import cjs, { foo } from './c.cjs';
import data from './d.json' with { type: 'json' };
import { join } from 'node:path';
import mqtt, { mode } from 'mqtt';
print(def, x, any, foo, cjs.foo, data.a, join('a', 'b'), mode === mqtt.mode);
inc(); print(x, ns.x, Object.keys(ns).join(), ns[Symbol.toStringTag], Object.getPrototypeOf(ns));
print(this, import.meta.url, import.meta.filename, import.meta.dirname, import.meta.main, import.meta.resolve('./lib.mjs'));
-- lib.mjs --
export let x = 1;
const any = 'any';
export { any as "any name" };
export function inc() { x++; }
export default 'def';
-- c.cjs --
exports.foo = 'foo';
-- d.json --
{"a": 1}
`, "def 1 any foo foo 1 a/b true\n2 2 any name,default,inc,x Module null\nundefined file://DIR/main.mjs DIR/main.mjs DIR true file://DIR/lib.mjs\n"},
		{"a .js file is what its text is", `
-- main.js --
import { v } from './lib.js';
print(v, typeof module);
-- lib.js --
export const v = typeof exports;
`, "undefined undefined\n"},
		{"the package's type", `
-- package.json --
{"type": "module"}
-- main.js --
print(typeof module, this);
`, "undefined undefined\n"},
		{"the package's type does not reach .cjs", `
-- package.json --
{"type": "module"}
-- main.cjs --
print(typeof module, this === exports);
`, "object true\n"},
		{"order and single instances", `
-- main.mjs --
import './a.mjs';
import { n } from './b.mjs';
import { createRequire } from 'module';
const require = createRequire(import.meta.url);
print('main', n, require('./b.mjs').n === n, require('./c.cjs') === (await import('./c.cjs')).default);
-- a.mjs --
import './c.cjs';
print('a');
-- b.mjs --
import './a.mjs';
print('b');
export const n = {};
-- c.cjs --
print('c');
module.exports = { c: 1 };
`, "c\na\nb\nmain [object Object] true true\n"},
		{"a cycle sees hoisted functions", `
-- main.mjs --
import { b } from './b.mjs';
export function early() { return 'hoisted'; }
export const late = 'late';
print(b());
-- b.mjs --
import { early, late } from './main.mjs';
print(early(), late === undefined);
export const b = () => late;
`, "hoisted true\nlate\n"},
		{"export star", `
-- main.mjs --
import { a, b, c } from './all.mjs';
import * as all from './all.mjs';
print(a, b, c, all.sub.a, 'default' in all);
-- all.mjs --
export * from './a.mjs';
export * from './b.cjs';
export * as sub from './a.mjs';
export const c = 'own';
-- a.mjs --
export const a = 'a', c = 'shadowed'; export default 0;
-- b.cjs --
exports.b = 'b';
`, "a b own a false\n"},
		{"top-level await waits for what is imported, all at once", `
-- main.mjs --
import { slow } from './slow.mjs';
import { fast } from './fast.mjs';
import './sync.mjs';
print('main', slow, fast);
-- slow.mjs --
import { base } from './base.mjs';
for (let i = 0; i < 3; i++) await new Promise((done) => setTimeout(done, 20));
print('slow', base);
export const slow = 's';
-- fast.mjs --
import { base } from './base.mjs';
print('fast', base);
export const fast = await Promise.resolve('f');
-- base.mjs --
export const base = await Promise.resolve('base');
-- sync.mjs --
print('sync');
`, "sync\nfast base\nslow base\nmain s f\n"},
		{"import() of names that are computed", `
-- main.js --
const name = 'lib';
(async () => {
  const a = await import('./' + name + '.mjs'), b = await import(BACKTICK./${name}.mjsBACKTICK), c = await import('./c.cjs'), p = await import('path');
  print(a.v, a === b, c.default.v, c.v, typeof p.join, p.default === require('path'));
  for (const id of ['./none.mjs', './bad.mjs', './throws.mjs', './throws.mjs', 'left-pad']) await import(id).catch((e) => print(e.name, e.code, e.message.slice(0, 40)));
})();
-- lib.mjs --
print('once');
export const v = 1;
-- c.cjs --
exports.v = 2;
-- bad.mjs --
let x = ;
-- throws.mjs --
print('throws');
throw new RangeError('at load');
`, "once\n1 true 2 2 function true\nError ERR_MODULE_NOT_FOUND Cannot find module './none.mjs' (importe\nSyntaxError ERR_MODULE_SYNTAX bad.mjs:1:9: Unexpected \";\"\n" +
			"throws\nRangeError undefined at load\nRangeError undefined at load\nError ERR_MODULE_NOT_FOUND Cannot find module 'left-pad' (imported \n"},
		{"require of ES modules", `
-- main.cjs --
const lib = require('./lib.mjs');
print(lib.default, lib.v, lib.__esModule, require('./lib.mjs') === lib, require('./plain.mjs').__esModule, require('./own.mjs'));
for (const id of ['./wait.mjs', './above.mjs']) try { require(id); } catch (e) { print(e.code); }
import('./wait.mjs').then((m) => { try { require('./wait.mjs'); } catch (e) { print(m.v, e.code); } });
-- lib.mjs --
export default 'd'; export const v = 1;
-- plain.mjs --
export const v = 1;
-- own.mjs --
const own = 'own'; export { own as 'module.exports' };
-- wait.mjs --
export const v = await 7;
-- above.mjs --
import './wait.mjs';
`, "d 1 true true undefined own\nERR_REQUIRE_ASYNC_MODULE\nERR_REQUIRE_ASYNC_MODULE\n7 ERR_REQUIRE_ASYNC_MODULE\n"},
		{"a namespace is shown with its values", `
-- main.mjs --
import * as ns from './lib.mjs';
import * as cjs from './c.cjs';
console.log(ns, [cjs]);
-- lib.mjs --
export let x = { a: 1 }; export default 'd'; export { x as "two words" };
-- c.cjs --
exports.v = 1;
`, "[Module: null prototype] {\n  default: 'd',\n  'two words': { a: 1 },\n  x: { a: 1 }\n} [ [Module: null prototype] { default: { v: 1 }, v: 1 } ]\n"},
		{"the main module is one", `
-- main.mjs --
import './c.cjs';
-- c.cjs --
print(require.main === module, require.main);
`, "false undefined\n"},
		{"names of classes that use them", `
-- main.mjs --
export class Device { static make() { return new Device(); } static last = Device.name; }
export default class { }
const C = class Inner { static self = Inner; };
print(Device.name, Device.make().constructor.name, Device.last, C.name);
`, "Device Device Device Inner\n"},
		{"strict, and with unusual names", `
-- main.mjs --
import { __toESM, require_a } from './lib.mjs';
const __dunlinX = 1, Object_ = Object, done = 2;
let strict = false; try { undeclared = 1; } catch (e) { strict = true; }
print(strict, __toESM, require_a, __dunlinX, done);
-- lib.mjs --
export const __toESM = 'mine', require_a = 'too';
`, "true mine too 1 2\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got, err := runFiles(t, tc.files)
			if err != nil {
				t.Fatalf("%v\n%s", err, got)
			}
			if got != tc.want {
				t.Errorf("got:\n%swant:\n%s", got, tc.want)
			}
		})
	}
}

func TestNewerJavaScript(t *testing.T) {
	for _, tc := range []struct{ name, files, want string }{
		{"for await and async generators in CommonJS", `
-- main.js --
const late = (v) => new Promise((done) => setTimeout(done, 1, v));
class Queue { async *[Symbol.asyncIterator]() { yield 1; yield late(2); yield* [3]; } }
(async () => {
  for await (const v of new Queue()) print(v);
  for await (const v of [late(4), 5]) { if (v === 5) continue; print(v); }
  const it = new Queue()[Symbol.asyncIterator](); await it.next(); print(JSON.stringify(await it.return(9)), typeof require, __filename.slice(-7));
})();
`, "1\n2\n3\n4\n{\"value\":9,\"done\":true} function main.js\n"},
		{"decorators and accessor", `
-- main.mjs --
const log = (v, c) => { print(c.kind, c.name); return v; };
class A { @log m() { return 1; } @log accessor x = 2; }
print(new A().m(), new A().x);
`, "method m\naccessor x\n1 2\n"},
		{"TypeScript", `
-- main.ts --
import type { Reading } from './types.ts';
import { Kind, label } from './lib.js';
import { type Reading as R } from './types';
abstract class Device { constructor(protected readonly id: string, public kind = Kind.Light) {} abstract read(): Reading; }
class Lamp extends Device { declare note: string; value?: number; read(): R { return { value: 1, id: this.id } satisfies Reading; } }
namespace Names { export const first = 'first'; }
function over(a: string): string; function over(a: number): number; function over(a: any) { return a; }
const lamp = new Lamp('x');
print(label(lamp.kind), lamp.read()!.id, Names.first, over<never>(3 as any), Object.keys(lamp).join(), Kind[1]);
-- lib.ts --
export enum Kind { None, Light }
export const label = <T extends Kind>(k: T): string => 'kind ' + k;
-- types.ts --
export interface Reading { value: number; id: string }
print('types are not loaded');
`, "kind 1 x first 3 id,kind,value Light\n"},
		{"TypeScript as CommonJS", `
-- main.cts --
const lib = require('./lib.cts') as { v: number };
import two = require('./two');
import { v } from './two';
print(lib.v, two.v, v, typeof module);
export = { v };
-- lib.cts --
exports.v = 1 as number;
-- two.ts --
export const v: number = 2;
`, "1 2 2 object\n"},
		{"TypeScript without import or export", `
-- main.ts --
const path = require('path');
const x: number = 1;
print(typeof path.join, x, typeof module);
`, "function 1 object\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got, err := runFiles(t, tc.files)
			if err != nil {
				t.Fatalf("%v\n%s", err, got)
			}
			if got != tc.want {
				t.Errorf("got:\n%swant:\n%s", got, tc.want)
			}
		})
	}
}

func TestErrorsShowTheSource(t *testing.T) {
	for _, tc := range []struct{ name, files, want string }{
		{"an exception in TypeScript", `
-- main.ts --
import { Lamp } from './lib.ts';

interface Nothing { here: string }

const lamp = new Lamp<string>('é😀'); lamp.fail('é😀');
-- lib.ts --
type T = { a: number;
  b: string };

export class Lamp<X> {
  constructor(private readonly x: X) {}
  fail(why: string): never {
    const n: number = 1; /* é😀 */ throw new Error(why + n);
  }
}
`, "lib.ts:7\n    const n: number = 1; /* é😀 */ throw new Error(why + n);\n                                        ^\nUncaught Error: é😀1\n    at fail (lib.ts:7:41)\n    at main.ts:5:43\n"},
		{"an exception after an await at the top level", `
-- main.mts --
const x: number = await 1;


throw new TypeError('late ' + x);
`, "main.mts:4\nthrow new TypeError('late ' + x);\n      ^\nUncaught TypeError: late 1\n    at main.mts:4:7\n"},
		{"a rejection in lowered CommonJS", `
-- main.js --
async function f() {
  for await (const x of [1]) {
    throw new TypeError('inside');
  }
}
f();
`, "main.js:3\n    throw new TypeError('inside');\n          ^\nUncaught (in promise) TypeError: inside\n    at f (main.js:3:11)\n"},
		{"a module that is imported and is not there", "-- main.mjs --\nprint('not run');\nimport './none.mjs';\n", "main.mjs:2\nimport './none.mjs';\n       ^\nCannot find module './none.mjs' (imported by main.mjs): no such file\n"},
		{
			"a name that is not exported", "-- main.mjs --\nprint('not run');\nimport { a, none } from './lib.mjs';\nprint(a, none);\n-- lib.mjs --\nexport const a = 1;\n",
			"main.mjs:2\nimport { a, none } from './lib.mjs';\n                        ^\nSyntaxError: The requested module './lib.mjs' does not provide an export named 'none'\n",
		},
		{
			"a syntax error in what is imported", "-- main.mjs --\nimport './lib.ts';\n-- lib.ts --\nconst a: number = 1;\n\nconst b: = ;\n",
			"lib.ts:3\nconst b: = ;\n         ^\nSyntaxError: Unexpected \"=\"\n",
		},
		{"import in a .cjs file", "-- main.cjs --\nlet a;\nimport 'path';\n", "main.cjs:2\nimport 'path';\n^\nSyntaxError: Cannot use import, export and await outside of functions in a .cjs file\n"},
		{"a syntax error beside an import", "-- main.js --\nimport 'path';\nlet é = 1, x = ;\n", "main.js:2\nlet é = 1, x = ;\n               ^\nSyntaxError: Unexpected \";\"\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got, err := runFiles(t, tc.files)
			var script *jsre.ScriptError
			var load *jsre.LoadError
			switch {
			case errors.As(err, &script):
				got += script.Report()
			case errors.As(err, &load):
				got += load.Report()
			default:
				t.Fatalf("got %v\n%s", err, got)
			}
			if got != tc.want {
				t.Errorf("got:\n%swant:\n%s", got, tc.want)
			}
		})
	}
}

func TestStackOfLoweredCodeShowsTheSource(t *testing.T) {
	got, err := runFiles(t, `
-- main.ts --
type A = string;
function f(a: A): Error { return new Error(a); }
console.log(f('x'));
console.log(f('y').stack);
`)
	if want := "Error: x\n    at f (main.ts:2:34)\n    at main.ts:3:13\nError: y\n    at f (main.ts:2:34)\n    at main.ts:4:13\n"; err != nil || got != want {
		t.Errorf("got %v\n%s\nwant:\n%s", err, got, want)
	}
}

func TestAwaitOfWhatNeverHappens(t *testing.T) {
	got, err := runFiles(t, "-- main.mjs --\nprocess.on('exit', (code) => print('exit', code));\nawait new Promise(() => {});\nprint('no');\n")
	var exit *jsre.ExitError
	if !errors.As(err, &exit) || exit.Code != 13 || got != "Warning: main.mjs waits at its top level for what never happens (unsettled top-level await)\nexit 13\n" {
		t.Errorf("got %v\n%s", err, got)
	}
}

// TestPlainScriptsAreNotLowered shows that what goja runs by itself does not reach esbuild.
func TestPlainScriptsAreNotLowered(t *testing.T) {
	var lowered []string
	watch := func(o *jsre.Options) {
		o.Lower = func(s engine.Script) (*engine.Lowered, error) {
			lowered = append(lowered, filepath.Base(s.Path))
			return nil, errors.New("no")
		}
	}
	got, err := runFiles(t, `
-- main.js --
class A { #x = 1; async get() { return await this.#x; } *g() { yield* [1]; } }
print(require('./a').v ?? 0, require('./d.json').d); new A().get().then((v) => print(v));
-- a.js --
exports.v = 2;
-- d.json --
{"d": 3}
`, watch)
	if err != nil || got != "2 3\n1\n" || len(lowered) > 0 {
		t.Errorf("got %q, %v; lowered: %q", got, err, lowered)
	}
}

func TestOpenedFilesAreTold(t *testing.T) {
	opened := map[string]bool{}
	_, err := runFiles(t, "-- main.mjs --\nimport './a.cjs';\nimport d from './d.json';\nawait import('./b.ts');\n-- a.cjs --\nrequire('./c');\n-- b.ts --\nexport {}\n-- c.js --\n-- d.json --\n1\n",
		func(o *jsre.Options) { o.Opened = func(path string) { opened[filepath.Base(path)] = true } })
	if want := []string{"a.cjs", "b.ts", "c.js", "d.json", "main.mjs"}; err != nil || !slices.Equal(slices.Sorted(maps.Keys(opened)), want) {
		t.Errorf("got %v, %v, want %q", opened, err, want)
	}
}
