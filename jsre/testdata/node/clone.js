const show = require('./show');
const c = structuredClone;
const a = { x: 1, d: new Date(5), r: /a/gi, m: new Map([[{ k: 1 }, new Set([1, 'b'])]]), n: null, u: undefined, big: 5n, nan: NaN, arr: [1, , 3], nested: { deep: [{}] }, neg: -0 };
a.self = a;
a.again = a.nested;
const b = c(a);
show(() => b !== a && b.self === b && b.again === b.nested, () => b.d, () => b.d instanceof Date && b.d !== a.d, () => [b.r.source, b.r.flags, b.r.lastIndex], () => [...b.m.keys()][0], () => [...[...b.m.values()][0]], () => [b.n, b.u, 'u' in b, b.big, b.nan, b.neg], () => [b.arr.length, 1 in b.arr, b.arr[2]], () => Object.keys(b));
show(() => c('s'), () => c(5n), () => c(undefined), () => c(null), () => c(), () => c(() => {}), () => c(function f() {}), () => c(Symbol('x')), () => c({ f() {} }), () => c(new WeakMap()), () => c(new WeakSet()), () => c(Promise.resolve()), () => c(new Proxy({}, {})), () => c([Symbol.iterator]), () => c(class A {}));
show(() => c(new Number(5)).valueOf(), () => typeof c(new String('x')), () => c(new Boolean(false)).valueOf(), () => typeof c(Object(5n)), () => c(new (class P { constructor() { this.a = 1; } })()), () => c(Object.create({ inherited: 1 }, { hidden: { value: 1 }, own: { value: 2, enumerable: true } })), () => c({ get g() { return 7; } }), () => c({ [Symbol.iterator]: 1, a: 1 }), () => c(Object.create(null)), () => c({ __proto__: null, ['__proto__']: 5 }), () => c(new Date(NaN)).getTime(), () => c((function () { return arguments; })(1, 2)), () => c({ get g() { throw new Error('mine'); } }));
const e = Object.assign(new RangeError('m', { cause: { c: 1 } }), { extra: 1 });
show(() => c(e).constructor === RangeError, () => c(e).message, () => c(e).cause, () => c(e).extra, () => typeof c(e).stack, () => c(new (class My extends Error { name = 'My'; })('q')).constructor === Error, () => c(new TypeError('t')) instanceof TypeError, () => c(new Error()).message);
const bytes = new Uint8Array([1, 2, 3, 4]);
const views = c({ one: bytes, two: new Uint16Array(bytes.buffer, 2, 1), raw: bytes.buffer, view: new DataView(bytes.buffer, 1, 2) });
show(() => views.one, () => views.two, () => views.one.buffer === views.two.buffer && views.raw === views.one.buffer, () => views.view.byteLength, () => views.view.constructor.name, () => { views.one[0] = 9; return bytes[0]; }, () => c(Buffer.from('ab')).constructor.name, () => c(Buffer.from('ab'))[1], () => c(new Float64Array([1.5])), () => c(new Uint8ClampedArray([1, 300])), () => c(new BigInt64Array([5n])).constructor.name);
const given = new Uint8Array([7, 8]).buffer;
show(() => new Uint8Array(c(given, { transfer: [given] })), () => given.byteLength, () => c(1, { transfer: [5] }), () => c(1, { transfer: [] }), () => c({}, null), () => c({}, {}), () => { const d = new Uint8Array([1, 2]); const out = c(d, { transfer: [d.buffer] }); return [out, d.length]; });
try { c(() => 1); } catch (x) { console.log(x.name, x.code, x instanceof DOMException); }
