const long = 'a'.repeat(300), wide = 'ä'.repeat(300);
let s = long; const kept = [];
for (let i = 0; i < 5; i++) { kept.push(s); s += i; }
print(kept.map(k => k.length + k.slice(300)).join(), s.slice(300));
const fork1 = s + 'x', fork2 = s + 'y', fork3 = s + 'z', fork4 = fork1 + '!', fork5 = fork1 + '?', fork6 = fork4 + '1';
print([s, fork1, fork2, fork3, fork4, fork5, fork6].map(t => t.slice(300)).join());
print((long + 1).slice(300), (long + 1.5).slice(300), (long + true).slice(300), (long + null).slice(300), (long + undefined).slice(300), (long + 5n).slice(300), (long + [1, 2]).slice(300), (long + {}).slice(300), (long + -0).slice(300));
let order = []; const o = { valueOf() { order.push('valueOf'); return 7; }, toString() { order.push('toString'); return 'no'; } };
print((long + o).slice(300), order.join());
print((long + { [Symbol.toPrimitive](hint) { return hint; } }).slice(300), (wide + { toString() { return 'x' + 'y'.repeat(3); } }).slice(300));
try { long + Symbol('s'); } catch (e) { print(e.name, e.message); }
try { long + { valueOf() { throw new RangeError('thrown'); } }; } catch (e) { print(e.name, e.message); }
let w = long; w += 'ö'; w += 'x'; w += '€'; w += '\ud83d'; w += '\ude00'; print(w.slice(300), w.length, w.codePointAt(303).toString(16));
let v = wide; const vk = [v]; v += 'q'; vk.push(v); v += wide; vk.push(v); print(vk.map(t => t.length).join(), v === wide + 'q' + wide, v.slice(299, 303));
let u = wide; const u1 = u + '1', u2 = u + '2', u3 = u1 + '3', u4 = u1 + '4'; print([u, u1, u2, u3, u4].map(t => t.slice(300)).join());
let k = 'k'.repeat(256); const m = { [k]: 1 }; k += '!'; m[k] = 2; k += '!'; m[k] = 3; print(Object.keys(m).map(n => n.length + ':' + m[n]).join(), new Map([[k, 1]]).get('k'.repeat(256) + '!!'));
class B { constructor() { this.b = ''; } add(x) { this.b += x; return this; } }
const b = new B(); for (let i = 0; i < 2000; i++) b.add(i).add(','); print(b.b.length, b.b.slice(0, 10), b.b.slice(-10), b.b === [...Array(2000).keys()].join() + ',');
let p = ''; for (let i = 0; i < 1000; i++) p = p + 'ab' + i; print(p.length, p.indexOf('ab999'));
let self = long; self += self; self += self; print(self.length, self === 'a'.repeat(1200));
function deep(n) { return n ? deep(n - 1) + 'x' : long; } print(deep(500).length);
const grown = { n: 0, toString() { let t = ''; for (let i = 0; i < 400; i++) t += 'g'; const many = (...a) => a.length; this.n = many(...Array(5000)); return t; } };
print((long + grown).length, grown.n);
// prints:
// 300,3010,30201,303012,3040123 01234
// 01234,01234x,01234y,01234z,01234x!,01234x?,01234x!1
// 1 1.5 true null undefined 5 1,2 [object Object] 0
// 7 valueOf
// default xyyy
// TypeError Cannot convert a Symbol value to a string
// RangeError thrown
// öx€😀 305 1f600
// 300,301,601 true äqää
// ,1,2,13,14
// 256:1,257:2,258:3 1
// 8890 0,1,2,3,4, 1998,1999, true
// 4890 4885
// 1200 true
// 800
// 700 5000
