const log = (...a) => console.log(...a);
const check = (name, f) => log(name, f());
const seq = n => Array.from({ length: n }, (_, i) => i);
check('unshift', () => { const a = []; for (let i = 0; i < 60000; i++) a.unshift(i); return [a.length, a[0], a[59999], a.every((v, i) => v === 59999 - i)]; });
check('queue both ends', () => { const a = seq(100); for (let i = 0; i < 5000; i++) { a.unshift(i, -i); a.shift(); a.pop(); a.push(i); a.shift(); } return [a.length, a.slice(0, 3), a.slice(-3)]; });
check('two arrays', () => { const a = seq(100), b = seq(100); for (let i = 0; i < 200; i++) { a.unshift('a'); b.unshift('b'); } const c = a.slice(); a.unshift('x'); c.unshift('y'); return [a[0], a[1], c[0], b[0], a.length, b.length, a.indexOf(0), b.indexOf(0)]; });
check('copies keep', () => { const a = seq(70); a.unshift(1, 2); const b = a.splice(0, 2); a.unshift('n'); return [b, a[0], a[1], a.length, a.shift(), a.shift()]; });
check('results', () => [seq(70).unshift(), seq(70).unshift(1), seq(3).unshift(1, 2)]);
check('frozen', () => ['freeze', 'seal', 'preventExtensions'].map(k => { const a = Object[k](seq(70)); try { a.unshift(1); } catch (e) { return e.name + a.length; } }));
check('holes', () => { const a = seq(70); delete a[5]; a.unshift('h'); return [5 in a, 6 in a, a.length, a[0]]; });
check('length', () => { const a = seq(70); a.unshift(1); a.length = 2; a.unshift(0); a[5] = 1; return a; });
check('splice', () => { const q = seq(40000); let n = 0, sum = 0; while (q.length) { const [x] = q.splice(0, 1); sum += x; n++; } return [n, sum]; });
check('splice some', () => { const q = seq(200); const t = q.splice(0, 3); q.push('end'); q.unshift('begin'); return [t, q.length, q[0], q[1], q.at(-1), q.splice(0, 0), q.splice(0, NaN), q.splice(0, 1.9), q.splice(-1, 1), q.splice(0).length, q]; });
check('splice class', () => { class A extends Array {} const a = A.from(seq(100)); const t = a.splice(0, 2); return [t instanceof A, t.length, a.length]; });
check('sort', () => { const a = seq(200000).map(i => ({ i })); a.sort((x, y) => y.i - x.i); return a.every((v, i) => v.i === 199999 - i); });
check('stable', () => { const a = seq(1000).map(i => ({ i, k: i * 7919 % 13 })); a.sort((x, y) => x.k - y.k); return a.every((v, i) => i === 0 || a[i - 1].k < v.k || a[i - 1].k === v.k && a[i - 1].i < v.i); });
check('sort undefined', () => [3, undefined, 1, undefined, 2].sort((a, b) => b - a));
check('sort odd', () => [[3, 1, 2].sort(() => NaN), [3, 1, 2].sort((a, b) => a > b), [5, 2, 9].sort((a, b) => String(a - b)), [3, , 1].sort((a, b) => a - b), [10, 9, 1].sort(), [10, 9, 1].sort(undefined), [1].sort((a, b) => 1), [].sort(() => 0)]);
check('sort returns itself', () => { const a = seq(20); return a.sort((x, y) => y - x) === a; });
check('sort throws', () => { const a = [3, 1, 2]; try { a.sort(() => { throw new Error('in'); }); } catch (e) { return [e.message, a.length]; } });
check('sort no function', () => { try { [1, 2].sort(5); } catch (e) { return e.name; } });
check('sort changes', () => { const a = seq(20); a.sort((x, y) => { if (a.length === 20) a.length = 3; return y - x; }); return [a.length, a[0]]; });
check('sort frozen', () => { try { Object.freeze([2, 1]).sort((a, b) => a - b); } catch (e) { return e.name; } });
check('sort bigint', () => { try { return [2n, 1n].sort((a, b) => a - b); } catch (e) { return e.name; } });
check('template', () => { let s = '', u = 'é'; for (let i = 0; i < 100000; i++) { s = `${s}x`; u = `${u}y${i % 10}é`; } return [s.length, u.length, u.slice(-6)]; });
check('template shares', () => { const b = 'x'.repeat(300); const c = `${b}1`, d = `${c}2`, e = `${c}3`, f = `${d}4`; return [c.slice(-1), d.slice(-2), e.slice(-2), f.slice(-3), `${b}`.length, `${b}${{ toString() { return 'o'; } }}${1}${null}${b}`.length]; });
check('plus shares', () => { let a = 'x'.repeat(300) + 'é'; for (let i = 0; i < 10; i++) a += '1'; let u = a; a += '2'; a += '3'; u += 'Q'; return [a.slice(-3), u.slice(-3)]; });
class E extends Error { constructor(m) { super(m); Error.captureStackTrace(this, this.constructor); } }
class N extends E {}
class NN extends N {}
function mk(C) { return new C('a').stack.split('\n')[1].trim().split(' ').slice(0, 2).join(' '); }
log(mk(E), mk(N), mk(NN));
function plain() { const o = {}; Error.captureStackTrace(o, plain); return o.stack.split('\n').length > 1; }
log(plain(), (() => { const o = {}; Error.captureStackTrace(o, function never() {}); return o.stack; })(), (() => { const o = {}; Error.captureStackTrace(o, Math.max); return o.stack; })());

// prints:
// unshift [ 60000, 59999, 0, true ]
// queue both ends [ 100, [ 0, 1, 2 ], [ 97, 98, 4999 ] ]
// two arrays [
//   'x', 'a', 'y',
//   'b', 301, 300,
//   201, 200
// ]
// copies keep [ [ 1, 2 ], 'n', 0, 71, 'n', 0 ]
// results [ 70, 71, 5 ]
// frozen [ 'TypeError70', 'TypeError70', 'TypeError70' ]
// holes [ true, false, 71, 'h' ]
// length [ 0, 1, 0, <2 empty items>, 1 ]
// splice [ 40000, 799980000 ]
// splice some [
//   [ 0, 1, 2 ], 199,
//   'begin',     3,
//   'end',       [],
//   [],          [ 'begin' ],
//   [ 'end' ],   197,
//   []
// ]
// splice class [ true, 2, 98 ]
// sort true
// stable true
// sort undefined [ 3, 2, 1, undefined, undefined ]
// sort odd [
//   [ 3, 1, 2 ],
//   [ 3, 1, 2 ],
//   [ 2, 5, 9 ],
//   [ 1, 3, <1 empty item> ],
//   [ 1, 10, 9 ],
//   [ 1, 10, 9 ],
//   [ 1 ],
//   []
// ]
// sort returns itself true
// sort throws [ 'in', 3 ]
// sort no function TypeError
// sort changes [ 20, 19 ]
// sort frozen TypeError
// sort bigint TypeError
// template [ 100000, 300001, 'y8éy9é' ]
// template shares [ '1', '12', '13', '124', 300, 606 ]
// plus shares [ '123', '11Q' ]
// at mk at mk at mk
// true Error Error
