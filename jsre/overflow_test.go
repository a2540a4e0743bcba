package jsre_test

import (
	"errors"
	"strings"
	"testing"

	"dunlin/jsre"
)

// overflows are ways to recurse without an end; `deep` begins each. Where a call is refused depends
// on how many frames a level has, so each is tried from several depths.
var overflows = map[string]string{
	"function":             `function deep() { deep(); }`,
	"arrow":                `const deep = () => { deep(); };`,
	"method":               `const o = { m() { o.m(); } }; const deep = o.m;`,
	"default value":        `function deep(a = deep()) {}`,
	"callback of a native": `function deep() { [1].forEach(deep); }`,
	"comparator of a sort": `function deep() { [2, 1].sort(deep); }`,
	"replacement of text":  `function deep() { 'a'.replace(/a/, deep); }`,
	"bound function":       `let f; function inner() { f(); } f = inner.bind(null); const deep = f;`,
	"apply":                `function deep() { Reflect.apply(deep, null, []); }`,
	"getter":               `const o = { get x() { return o.x; } }; const deep = () => o.x;`,
	"setter":               `const o = { set x(v) { o.x = v; } }; const deep = () => { o.x = 1; };`,
	"toString":             `const o = { toString() { return '' + o; } }; const deep = () => String(o);`,
	"valueOf":              `const o = { valueOf() { return +o; } }; const deep = () => +o;`,
	"toJSON":               `const o = { toJSON() { return JSON.stringify(o); } }; const deep = () => JSON.stringify(o);`,
	"reviver":              `function deep() { JSON.parse('1', deep); }`,
	"proxy of an object":   `const p = new Proxy({}, { get(t, k, r) { return r[k]; } }); const deep = () => p.x;`,
	"proxy of a function":  `const p = new Proxy(() => {}, { apply() { return p(); } }); const deep = () => p();`,
	"constructor":          `class A { constructor() { new A(); } } const deep = () => new A();`,
	"field of a class":     `class A { x = new A(); } const deep = () => new A();`,
	"derived class":        `class A { constructor() { new B(); } } class B extends A {} const deep = () => new B();`,
	"iterator":             `const deep = () => { [...{ [Symbol.iterator]: deep }]; };`,
	"generator":            `function* g() { for (const x of g()) yield x; } const deep = () => [...g()];`,
	"delegating generator": `function* g() { yield* g(); } const deep = () => [...g()];`,
	"generator that is open": `function* one() { try { yield 1; } finally { opened = false; } } let opened;
		function deep() { for (const x of one()) { opened = true; deep(); } }`,
	"async function":        `async function inner() {} function deep() { inner(); deep(); }`,
	"async arrow":           `const inner = async () => { await 1; }; function deep() { inner(); deep(); }`,
	"promise":               `const p = Promise.resolve(); function deep() { p.then(() => {}); deep(); }`,
	"eval":                  `function deep() { eval('deep()'); }`,
	"emitter":               `const e = new EventEmitter(); e.on('x', () => e.emit('x')); const deep = () => e.emit('x');`,
	"error at any depth":    `let n = 0; function deep() { if (n++ % 8 === 0) try { null.x; } catch (e) { new Error(e.message); } deep(); }`,
	"finally":               `function deep() { try { deep(); } finally { [1].map(x => x); } }`,
	"catch that goes on":    `function deep() { try { deep(); } catch (e) { throw e; } }`,
	"array in itself":       `const a = []; a[0] = a; const deep = () => a.flat(Infinity);`,
	"class that was hidden": `const R = RangeError; globalThis.RangeError = class { constructor() { deep(); } }; const deep = () => { globalThis.RangeError = R; deep(); };`,
}

// TestDeepRecursionIsAnException checks that a recursion without an end is a RangeError that catch
// and finally see, and that the script goes on unharmed.
func TestDeepRecursionIsAnException(t *testing.T) {
	for name, src := range overflows {
		t.Run(name, func(t *testing.T) {
			got, stderr, err := run(t, src+`
				function from(depth) { if (depth === 0) deep(); else from(depth - 1); }
				for (let depth = 0; depth < 5; depth++) {
					let seen = 'nothing';
					try {
						try { from(depth); } catch (e) { seen = (e instanceof RangeError) + ' ' + e.message; throw e; } finally { seen += ', finally'; }
					} catch (e) { seen += ', ' + e.name; }
					print(seen);
				}
				setTimeout(() => print('a timer'), 1);
				(async () => { await null; print('a promise'); })();
				print('goes on');`)
			if err != nil {
				t.Fatalf("%v\n%s", err, stderr)
			}
			want := strings.Repeat("true Maximum call stack size exceeded, finally, RangeError\n", 5) + "goes on\na promise\na timer\n"
			if got != want {
				t.Errorf("got:\n%swant:\n%s", got, want)
			}
		})
	}
}

func TestDeepRecursionElsewhere(t *testing.T) {
	check(t, `function deep() { deep(); }`+"\n", []expectation{
		{"async function", `(async () => { deep(); })().catch(e => print('rejected', e.message));`, "rejected Maximum call stack size exceeded\n"},
		{"async function that calls itself", `(async function f() { await f(); })().catch(e => print('rejected', e.message));`, "rejected Maximum call stack size exceeded\n"},
		{"promise job", `Promise.resolve().then(deep).catch(e => print(e.name)).finally(() => print('finally'));`, "RangeError\nfinally\n"},
		{"rejection that nobody handles", `process.on('unhandledRejection', e => print('unhandled', e.name)); Promise.resolve().then(deep);`, "unhandled RangeError\n"},
		{"timer", `process.on('uncaughtException', e => print(e instanceof RangeError, e.message)); setTimeout(deep, 1); setTimeout(print, 5, 'goes on');`, "true Maximum call stack size exceeded\ngoes on\n"},
		{"listener", `const e = new EventEmitter(); e.on('x', deep); try { e.emit('x'); } catch (e) { print(e.name); }`, "RangeError\n"},
		{"callback that is served", `const iosched = require('iosched'); let done = 0; setTimeout(() => { try { deep(); } catch (e) { done++; } }, 1); iosched.forever(() => done); print('after', done);`, "after 1\n"},
		{"depth that is left", `let n = 0; (function f() { try { n++; f(); } catch (e) {} })(); print(n > 1000); n = 0; (function f() { try { n++; f(); } catch (e) {} })(); print(n > 1000);`, "true\ntrue\n"},
		{"flat of what is no array", `print(Array.prototype.flat.call({}, Infinity).length, Array.prototype.flat.call({ length: 2, 0: [1, [2]] }, Infinity).join(), [[[1]]].flat(Infinity).join());`, "0 1,2 1\n"},
		{"stack that is short", `try { deep(); } catch (e) { print(e.stack.split('\n').length, /\.\.\. \d+ more \.\.\./.test(e.stack), Object.keys(e).length); }`, "11 false 0\n"},
	})
}

// TestRequireAtTheGreatestDepth loads a file wherever a call is barely possible or not.
func TestRequireAtTheGreatestDepth(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "m.js", "module.exports = 5;")
	got, _, err := run(t, `
		let failed = 0, loaded = 0, others = 0;
		function load() { try { loaded += require('./m.js') === 5; } catch (e) { if (e instanceof RangeError) failed++; else others++; } }
		const bound = require.bind(null, './m.js');
		process.on('unhandledRejection', () => {});
		(function deep() { try { deep(); } catch (e) {} try { new Promise(bound); } catch (e) { others++; } [1].forEach(load); load(); })();
		print(failed > 0, loaded > 1000, others);`, func(o *jsre.Options) { o.Dir = dir })
	if err != nil || got != "true true 0\n" {
		t.Errorf("%q, %v", got, err)
	}
}

// TestUncaughtDeepRecursion checks the report of a recursion that nobody catches.
func TestUncaughtDeepRecursion(t *testing.T) {
	_, _, err := run(t, "function f() {\n  f();\n}\nf();")
	var script *jsre.ScriptError
	if !errors.As(err, &script) {
		t.Fatalf("ended with %v", err)
	}
	report := script.Report()
	if !strings.HasPrefix(report, "test.js:2\n  f();\n  ^\nUncaught RangeError: Maximum call stack size exceeded\n    at f (test.js:2:3)\n") ||
		!strings.Contains(report, " more ...\n") || strings.Count(report, "\n") > 30 {
		t.Errorf("got:\n%s", report)
	}
}
