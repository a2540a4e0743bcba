const q = [1, 2, 3]; print(q.shift(), q.length, q.join(), q.shift(), q.shift(), q.shift(), q.length);
q.push('a', 'b'); q.unshift('z'); print(q.shift(), q.join(), q.indexOf('b'));
const holes = [, 1, , 3]; print(holes.shift(), holes.length, 0 in holes, 1 in holes, holes.join('-')); holes.shift(); print(0 in holes, holes.length);
const undef = [undefined, null]; print(undef.shift(), undef.shift(), undef.length);
class Queue extends Array {} const sub = Queue.from([5, 6]); print(sub.shift(), sub.length, sub instanceof Queue);
const frozen = Object.freeze([1]); try { frozen.shift(); } catch (e) { print(e.name); }
const sealed = Object.seal([1, 2]); try { sealed.shift(); } catch (e) { print(e.name); }
const fixed = Object.preventExtensions([1, 2]); print(fixed.shift(), fixed.length, fixed[0]);
const ro = [1, 2]; Object.defineProperty(ro, 'length', { writable: false }); try { ro.shift(); } catch (e) { print(e.name, ro.length); }
const acc = [1, 2]; Object.defineProperty(acc, 0, { get() { return 'got'; }, set(x) { print('set', x); }, configurable: true }); print(acc.shift(), acc.length);
const like = { 0: 'a', 1: 'b', length: 2 }; print(Array.prototype.shift.call(like), like.length, like[0], 1 in like);
const it = [1, 2, 3]; const seen = []; for (const x of it) { seen.push(x); if (x === 1) it.shift(); } print(seen.join());
const cp = [1, 2, 3, 4]; cp.shift(); print(cp.slice(1).join(), cp.concat([9]).join(), cp.splice(1, 1).join(), cp.join(), cp.sort((a, b) => b - a).join(), cp.reverse().join(), cp.pop());
const grow = []; let next = 0, sum = 0; for (let i = 0; i < 1000; i++) { grow.push(i); grow.push(i); sum += grow.shift(); } print(grow.length, sum, grow[0]);
grow.length = 3; print(grow.join(), grow.shift()); grow.length = 0; print(grow.shift(), grow.length); grow[2] = 'c'; print(grow.shift(), grow.length, grow.shift(), grow.shift());
const w = [[1], [2]]; const first = w.shift(); print(first[0], w[0][0], JSON.stringify(w), Object.keys(w).join());
print(Array.prototype.shift.length, Array.prototype.shift.name, Object.keys(Array.prototype).length);
try { Array.prototype.shift.call(null); } catch (e) { print(e.name); }
const big = []; for (let i = 0; i < 200000; i++) big.push(i); let n = 0; while (big.length) n += big.shift(); print(n);
// prints:
// 1 2 2,3 2 3 undefined 0
// z a,b 1
// undefined 3 true false 1--3
// false 2
// undefined null 0
// 5 1 true
// TypeError
// TypeError
// 1 1 2
// TypeError 2
// set 2
// got 1
// a 1 b false
// 1,3
// 3,4 2,3,4,9 3 2,4 4,2 2,4 4
// 1000 249500 500
// 500,500,501 500
// undefined 0
// undefined 2 undefined c
// 1 2 [[2]] 0
// 0 shift 0
// TypeError
// 19999900000
