package sandbox_test

// hostile is a script that means harm, and the exit statuses that are a good end for it.
type hostile struct {
	name, text string
	good       []int
}

var (
	limit    = []int{14}
	thrown   = []int{10}
	fine     = []int{0}
	stopped  = []int{10, 14}        // refused by the engine, or ended at a limit
	bounded  = []int{0, 10, 14}     // it may also be through in time
	anything = []int{0, 10, 11, 14} // whatever it is, it ends
)

// endless are scripts that never end by themselves.
var endless = []hostile{
	{"for", `for (;;);`, limit},
	{"while with a body", `let n = 0; while (true) n++;`, limit},
	{"do", `do { } while (1);`, limit},
	{"labels", `a: for (;;) { for (;;) continue a; }`, limit},
	{"catching what stops it", `for (;;) { try { for (;;); } catch (e) { } finally { continue; } }`, limit},
	{"finally that goes on", `function f() { try { for (;;); } finally { f(); } } f();`, limit},
	{"mutual calls", `let n = 0; for (;;) { (function a(k) { if (k) a(k - 1); })(100); }`, limit},
	{"generator", `function* g() { for (;;) yield 1; } for (const x of g());`, limit},
	{"iterator", `for (const x of { [Symbol.iterator]() { return { next() { return { done: false }; } }; } });`, limit},
	{"spread of what has no end", `Math.max(...{ [Symbol.iterator]() { let n = 0; return { next() { return { done: n++ > 1e9, value: 1 }; } }; } });`, stopped},
	{"getter", `const o = { get x() { for (;;); } }; o.x;`, limit},
	{"setter", `const o = { set x(v) { for (;;); } }; o.x = 1;`, limit},
	{"toString", `'' + { toString() { for (;;); } };`, limit},
	{"valueOf", `+{ valueOf() { for (;;); } };`, limit},
	{"toJSON", `JSON.stringify({ toJSON() { for (;;); } });`, limit},
	{"reviver", `JSON.parse('[1]', () => { for (;;); });`, limit},
	{"replacer", `JSON.stringify({ a: 1 }, () => { for (;;); });`, limit},
	{"comparison while sorting", `[3, 2, 1].sort(() => { for (;;); });`, limit},
	{"callback of map", `[1].map(() => { for (;;); });`, limit},
	{"callback of replace", `'a'.replace(/a/, () => { for (;;); });`, limit},
	{"proxy", `new Proxy({}, { get() { for (;;); } }).x;`, limit},
	{"proxy's keys", `Object.keys(new Proxy({}, { ownKeys() { for (;;); } }));`, limit},
	{"has", `with (new Proxy({}, { has() { for (;;); } })) x;`, anything},
	{"constructor", `class A { constructor() { for (;;); } } new A();`, limit},
	{"field", `class A { x = (() => { for (;;); })(); } new A();`, limit},
	{"static block", `class A { static { for (;;); } }`, limit},
	{"eval", `eval('for (;;);');`, limit},
	{"new Function", `new Function('for (;;);')();`, limit},
	{"module that loads itself", `require(__filename); for (;;);`, limit},
	{"timer", `setTimeout(() => { for (;;); }, 0);`, limit},
	{"intervals", `for (let i = 0; i < 100; i++) setInterval(() => { }, 1);`, limit},
	{"timer that starts itself", `(function f() { setTimeout(f, 0); })();`, limit},
	{"immediates", `(function f() { setImmediate(f); })();`, limit},
	{"ticks", `(function f() { process.nextTick(f); })();`, limit},
	{"promise jobs", `(function f() { Promise.resolve().then(f); })();`, limit},
	{"await", `(async () => { for (;;) await 0; })();`, limit},
	{"thenable", `const t = { then(f) { f(t); } }; Promise.resolve(t);`, limit},
	{"many promise chains", `function f() { Promise.resolve().then(f).then(f); } f();`, limit},
	{"exit listener", `process.on('exit', () => { for (;;); });`, limit},
	{"uncaught exceptions for ever", `process.on('uncaughtException', () => { }); setInterval(() => { throw 1; }, 0);`, limit},
	{"events that emit themselves", `const E = require('events'); const e = new E(); e.on('x', () => setImmediate(() => e.emit('x'))); e.emit('x');`, limit},
	{"output", `for (;;) console.log('line');`, limit},
	{"output of errors", `for (;;) console.error('line');`, limit},
	{"serving", `require('iosched').forever();`, limit},
	{"numbers", `let n = 1n; for (;;) n = n * 3n % 1000000007n;`, limit},
}

// greedy are scripts that want all memory there is, or take long in one native function.
var greedy = []hostile{
	{"arrays", `const a = []; for (;;) a.push(new Array(1000).fill(1));`, limit},
	{"objects", `const a = []; for (;;) a.push({ x: 1 });`, limit},
	{"one growing array", `const a = []; for (;;) a.push(1);`, limit},
	{"buffers", `const a = []; for (;;) a.push(new Uint8Array(1 << 20).fill(1));`, limit},
	{"one large buffer", `new Uint8Array(2 ** 30).fill(1);`, stopped},
	{"one buffer beyond all", `new ArrayBuffer(2 ** 50);`, stopped},
	{"Buffer", `Buffer.alloc(2 ** 30, 1);`, stopped},
	{"text that doubles", `let s = 'x'; for (;;) s += s;`, stopped},
	{"repeat", `'x'.repeat(2 ** 30);`, stopped},
	{"padding", `'x'.padEnd(2 ** 29, 'ab');`, stopped},
	{"join", `new Array(2 ** 25).join('abcdefgh');`, bounded},
	{"long array", `new Array(2 ** 32 - 1).fill(0);`, stopped},
	{"length", `const a = []; a.length = 2 ** 32 - 1; a.sort();`, bounded},
	{"Array.from", `Array.from({ length: 2 ** 31 });`, stopped},
	{"map", `const m = new Map(); for (let i = 0; ; i++) m.set(i, { i });`, limit},
	{"set of texts", `const m = new Set(); for (let i = 0; ; i++) m.add('key' + i);`, limit},
	{"properties", `const o = {}; for (let i = 0; ; i++) o['key' + i] = i;`, limit},
	{"symbols", `const o = {}; for (;;) o[Symbol()] = 1;`, limit},
	{"closures", `let f = () => 0; for (;;) { const g = f; f = () => g; }`, limit},
	{"promises", `const a = []; for (;;) a.push(new Promise(() => { }));`, limit},
	{"promise flood", `for (;;) Promise.resolve(new Array(100)).then(() => { });`, limit},
	{"timers", `for (;;) setTimeout(() => { }, 1e6);`, limit},
	{"listeners", `const E = require('events'); const e = new E(); e.setMaxListeners(0); for (;;) e.on('x', () => { });`, limit},
	{"functions made of text", `const a = []; for (let i = 0; ; i++) a.push(new Function('return ' + i));`, limit},
	{"numbers that double", `let n = 3n; for (;;) n = n * n;`, stopped},
	{"a power", `2n ** (2n ** 40n);`, stopped},
	{"JSON that is long", `const a = new Array(1e5).fill('text'); for (;;) JSON.stringify([a, a, a, a, a, a, a, a]);`, limit},
	{"split", `const s = 'a,'.repeat(1e6); const a = []; for (;;) a.push(s.split(','));`, limit},
	{"weak map", `const m = new WeakMap(), k = []; for (;;) { const o = {}; k.push(o); m.set(o, [o]); }`, limit},
	{"errors", `const a = []; for (;;) a.push(new Error('x'));`, limit},
	{"ticks that wait", `for (;;) process.nextTick(() => { });`, limit},
	{"sorting much", `const a = []; for (let i = 0; i < 3e5; i++) a.push((i * 7919) % 300007); for (;;) a.slice().sort();`, limit},
	{"text that grows by one", `let s = ''; for (;;) s += 'x';`, limit},
	{"shifting", `const a = new Array(5000).fill(0); for (;;) a.push(a.shift());`, limit},
	{"regular expression that goes back, squared", `for (;;) /(?=x)x*x*y/.test('x'.repeat(500));`, limit},
	{"regular expression with a reference", `for (;;) /(x+)\1y/.test('x'.repeat(300));`, limit},
	{"regular expression that is long", `new RegExp('(a|b)?'.repeat(20000)).test('ab');`, anything},
}

// deep are scripts whose calls or texts go deeper than they should.
var deep = []hostile{
	{"recursion", `(function f() { f(); })();`, thrown},
	{"recursion that catches", `(function f() { try { f(); } catch (e) { f(); } })();`, stopped},
	{"recursion through sort", `(function f() { [2, 1].sort(f); })();`, stopped},
	{"recursion through toString", `const o = { toString() { return '' + o; } }; '' + o;`, stopped},
	{"recursion through a getter", `const o = { get x() { return o.x; } }; o.x;`, stopped},
	{"recursion through a proxy", `const p = new Proxy({}, { get(t, k) { return p[k]; } }); p.x;`, stopped},
	{"recursion through apply", `function f() { f.apply(this, arguments); } f(1);`, stopped},
	{"recursion through a constructor", `class A { constructor() { new A(); } } new A();`, stopped},
	{"recursion through events", `const E = require('events'); const e = new E(); e.on('x', () => e.emit('x')); e.emit('x');`, stopped},
	{"recursion through JSON.parse", `(function f() { JSON.parse('[1]', f); })();`, stopped},
	{"deep arrays", `let a = []; for (let i = 0; i < 5000; i++) a = [a]; JSON.stringify(a);`, bounded},
	{"deep text of JSON", `JSON.parse('['.repeat(5000) + ']'.repeat(5000));`, bounded},
	{"deep text", `eval('('.repeat(300) + '1' + ')'.repeat(300));`, bounded},
	{"deep bind", `let f = () => 1; for (let i = 0; i < 3000; i++) f = f.bind(null); f();`, bounded},
	{"deep prototypes", `let o = {}; for (let i = 0; i < 3000; i++) o = Object.create(o); o.nothing;`, bounded},
	{"circle in console", `const o = {}; o.o = o; console.log(o);`, fine},
}

// tampering are scripts that change what others build on.
var tampering = []hostile{
	{"Object.prototype", `Object.prototype.get = Object.prototype.value = () => console.log('LEAK'); setTimeout(() => console.log([{ a: 1 }]), 1);`, bounded},
	{"Array.prototype", `Array.prototype.push = () => { throw 1; }; console.log([1, 2], require('util').inspect({ a: [] }));`, bounded},
	{"then", `Object.prototype.then = function (f) { f(1); }; (async () => ({}))().then(() => console.log(1));`, bounded},
	{"Symbol.iterator", `Array.prototype[Symbol.iterator] = function () { for (;;); }; const [a] = [1];`, limit},
	{"species", `class A extends Array { static get [Symbol.species]() { return function () { return process; }; } } new A(1, 2).map(x => x);`, bounded},
	{"globals gone", `for (const k of Object.getOwnPropertyNames(globalThis)) { try { delete globalThis[k]; } catch (e) { } }`, bounded},
	{"globals replaced", `globalThis.Promise = globalThis.Object = globalThis.Error = null; throw 1;`, thrown},
	{"constructor of a native", `const f = require('fs').readFileSync; const F = f.constructor; console.log(F === Function, typeof F('return this')());`, fine},
	{"frozen world", `Object.freeze(Object.prototype); Object.freeze(globalThis); console.log({ a: 1 });`, bounded},
	{"error that throws when shown", `throw { get message() { throw 1; }, get stack() { throw 2; }, toString() { throw 3; } };`, thrown},
	{"escapes", `console.log('\x1b]52;c;QUJD\x07\x1b[2J');`, fine},
	{"frames of stderr", `process.stderr && process.stderr.write && process.stderr.write('\0\xff\xff\xff\xff'); console.error('\0\0\0\0\x7ffatal error: out of memory');`, fine},
	{"exit in a listener", `process.on('exit', () => process.exit(0)); process.exit(0);`, fine},
	{"status", `process.exit(2);`, []int{2}},
}

// probes are scripts that look for files, the network and the host. FILE, PORT and SELF are replaced.
var probes = []hostile{
	{"reading a file", `try { console.log('LEAK', require('fs').readFileSync('FILE')); } catch (e) { console.log(e.code); }`, fine},
	{"reading by a roundabout way", `try { console.log('LEAK', require('fs').readFileSync(__dirname + '/../' + 'FILE'.split('/').slice(-2).join('/'))); } catch (e) { console.log(e.code); }`, fine},
	{"loading a file", `try { console.log('LEAK', require('FILE')); } catch (e) { console.log(e.code); }`, fine},
	{"writing a file", `require('fs').writeFileSync('FILE', 'x'); console.log('LEAK');`, thrown},
	{"making a file", `require('fs').writeFileSync('FILE.other', 'x'); console.log('LEAK');`, thrown},
	{"files of the system", `for (const f of ['/etc/passwd', '/etc/shadow', '/proc/self/environ', '/proc/1/environ', '/dev/mem', '/proc/self/mem']) { try { require('fs').readFileSync(f); console.log('LEAK', f); } catch (e) { } }`, fine},
	{"a source map", "throw 1;\n//# sourceMappingURL=FILE", thrown},
	{"a source map of eval", "eval('throw 1\\n//# sourceMappingURL=FILE');", thrown},
	{"variables", `console.log(JSON.stringify(process.env));`, fine},
	{"connecting", `require('mqtt').open({ addr: '127.0.0.1', port: PORT }); console.log('LEAK');`, thrown},
	{"connecting later", `require('mqtt').open({ addr: '127.0.0.1', port: PORT }, undefined, () => console.log('LEAK'));`, thrown},
	{"running programs", `try { require('child_process'); console.log('LEAK'); } catch (e) { console.log(e.code); }`, fine},
	{"being ended by others", `try { process.kill(1, 9); } catch (e) { } try { process.kill(process.ppid, 9); } catch (e) { } console.log('still here');`, fine},
}
