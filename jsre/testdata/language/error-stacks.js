const at = (e, n = 2) => print(e.stack.split('\n').slice(0, n).join('|').replace(/\(?(?:\/[^ ]*\/)?error-stacks\.js/g, m => (m[0] === '(' ? '(' : '') + 'F').replace('Object.<anonymous> (F:', 'F:').replace(/(\|    at F:\d+:\d+)\)/, '$1'));
function f() { return new Error('m'); }
at(f());
class A {
  constructor() { this.e = new Error('c'); }
  m() { return new Error('m'); }
  static s() { return new TypeError('s'); }
  get g() { return new Error('g'); }
  #p() { return new Error('p'); }
  p() { return this.#p(); }
  async am() { await null; return new Error('am'); }
  arrow = () => new Error('arrow');
  inner() { return [1].map(() => new Error('inner'))[0]; }
}
const a = new A(), o = { m() { return new Error('om'); }, f: function () { return new Error('of'); }, a: () => new Error('oa'), get g() { return new Error('og'); }, ['c' + 1]() { return new Error('oc'); } };
for (const e of [a.e, a.m(), A.s(), a.g, a.p(), a.arrow(), o.m(), o.f(), o.a(), o.g, o.c1()]) at(e);
at(a.inner(), 4);
const e = new Error('first'); e.message = 'later'; e.name = 'X'; at(e, 1); e.message = 'too late'; at(e, 1);
print(Object.getOwnPropertyNames(new Error('x')).join(), Object.keys(new Error('x')).length, JSON.stringify(Object.getOwnPropertyDescriptor(e, 'stack')).replace(/"value":".*?",/, ''));
class My extends Error { constructor(m) { super(m); this.name = 'My'; } } at(new My('q'));
class Sub extends My {} at(new Sub('r'));
print(Error('call').stack.split('\n')[0], Error.stackTraceLimit, Error.captureStackTrace.length, TypeError('t').stack.split('\n')[0]);
function Old(m) { Error.captureStackTrace(this, Old); this.name = 'Old'; this.message = m; } Old.prototype = Object.create(Error.prototype); at(new Old('fashioned'));
function outer() { const t = { name: 'N', message: 'mm' }; inner(t); return t; } function inner(t) { Error.captureStackTrace(t, inner); }
at(outer());
print(Object.keys(outer()).join());
class Cap extends Error { constructor(m) { super(m); Error.captureStackTrace(this, this.constructor); this.name = 'Cap'; } } at(new Cap('x'));
try { Error.captureStackTrace(5); } catch (x) { print(x.name); }
Error.stackTraceLimit = 1; print(new Error('l').stack.split('\n').length); Error.stackTraceLimit = 0; print(new Error('l').stack); Error.stackTraceLimit = 'x'; print(new Error('l').stack); Error.stackTraceLimit = 10;
function deep(n) { if (n) return deep(n - 1); return new Error('deep'); } print(deep(50).stack.split('\n').length);
Error.prepareStackTrace = (err, s) => err.message + '|' + s[0].getFunctionName() + '|' + s[0].getLineNumber() + ':' + s[0].getColumnNumber() + '|' + s[0].isNative() + s[0].isConstructor() + s[0].isAsync() + '|' + typeof s[0].getFileName();
print(f().stack); Error.prepareStackTrace = () => { throw new RangeError('in prepare'); }; try { f().stack; } catch (x) { print(x.message); } Error.prepareStackTrace = undefined;
const set = new Error('s'); set.stack = 'mine'; print(set.stack); delete set.stack; print(set.stack, 'stack' in set);
const frozen = Object.freeze(new Error('frozen')); at(frozen, 1); print(Object.isFrozen(frozen));
const copy = Object.assign({}, new Error('c')), spread = { ...new Error('s') }; print(Object.keys(copy).length, Object.keys(spread).length);
const from = Object.create(new Error('proto')); at(from, 1); from.stack = 'own'; print(from.stack, Object.hasOwn(from, 'stack'));
for (const k in new Error('x')) print('enumerable', k);
at(new Error('cause', { cause: f() }), 1);
at(Object.assign(new Error('a\nb'), { code: 1 }), 3);
try { null.x; } catch (x) { at(x); }
try { [1].map(function cb() { o.nope(); }); } catch (x) { at(x, 3); }
async function a1() { return await a2(); } async function a2() { await null; throw new Error('async'); }
a1().catch(x => print(x.stack.split('\n').filter(l => !l.includes('node:')).map(l => l.replace(/ \(.*/, '')).join('|')));
a.am().then(at);
// prints:
// Error: m|    at f (F:2:23)
// Error: c|    at new A (F:5:28)
// Error: m|    at A.m (F:6:16)
// TypeError: s|    at A.s (F:7:23)
// Error: g|    at get g [as g] (F:8:20)
// Error: p|    at #p (F:9:17)
// Error: arrow|    at A.arrow (F:12:17)
// Error: om|    at Object.m (F:15:39)
// Error: of|    at Object.f (F:15:83)
// Error: oa|    at Object.a (F:15:112)
// Error: og|    at get g [as g] (F:15:146)
// Error: oc|    at Object.c1 (F:15:187)
// Error: inner|    at F:13:34|    at Array.map (<anonymous>)|    at A.inner (F:13:24)
// X: later
// X: later
// stack,message 0 {"writable":true,"enumerable":false,"configurable":true}
// My: q|    at F:20:78
// My: r|    at F:21:28
// Error: call 10 2 TypeError: t
// Old: fashioned|    at F:23:145
// N: mm|    at outer (F:24:60)
// name,message
// Cap: x|    at F:27:129
// TypeError
// 2
// Error: l
// undefined
// 11
// m|f|2:23|falsefalsefalse|string
// in prepare
// mine
// undefined false
// Error: frozen
// true
// 0 0
// Error: proto
// own true
// Error: cause
// Error: a|b|    at F:39:18
// TypeError: Cannot read properties of null (reading 'x')|    at F:40:12
// TypeError: o.nope is not a function|    at cb (F:41:33)|    at Array.map (<anonymous>)
// Error: am|    at A.am (F:11:35)
// Error: async|    at a2|    at async a1
