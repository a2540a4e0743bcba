let x = 1; <!-- x = 2;
<!-- another comment
   --> and the end of one
print(x, '<!-- text', `<!--`);
--> at the beginning
const o = {}; o.__defineGetter__('g', function () { return this === o; }); o.__defineSetter__('g', v => print('set', v)); o.g = 5;
print(o.g, typeof o.__lookupGetter__('g'), typeof o.__lookupSetter__('g'), o.__lookupGetter__('none'), Object.create(o).__lookupGetter__('g') === o.__lookupGetter__('g'));
print({ v: 1 }.__lookupGetter__('v'), Object.keys(o).join(), Object.prototype.__defineGetter__.length, Object.prototype.__lookupSetter__.length, '__lookupGetter__' in {});
try { o.__defineGetter__('z', 5); } catch (e) { print(e.name, e.message); }
for (const k in {}) print('enumerable', k);
print([-0].includes(0), [0].includes(-0), [1, -0, 2].includes(0, 1), [-0].includes(0, 1), [1].includes(0), [NaN].includes(NaN), [].includes(), [undefined].includes(), Array.prototype.includes.length);
print(Object.is(parseInt('-0'), -0), Object.is(parseInt(' -0.9'), -0), parseInt('-x'), parseInt('0'), parseInt('12px'), parseInt('ff', 16), parseInt(-0), parseInt.length, Number.parseInt === parseInt, parseInt('-00', 10) === 0);
const z = -0; print([z + z, z - 0, z * 1, 0 * -1, Math.round(-0.2), +'-0', z % 5, 0 / -3, Math.min(0, z), [z][0], -5 % 5, -0 + -0].map(v => Object.is(v, -0)).join());
// prints:
// 1 <!-- text <!--
// set 5
// true function function undefined true
// undefined g 2 1 true
// TypeError Object.prototype.__defineGetter__: Expecting function
// true true true false false true false true 1
// true true NaN 0 12 255 0 2 true true
// true,true,true,true,true,true,true,true,true,true,true,true
