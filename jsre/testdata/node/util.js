// What the functions of util give.
const util = require('util');
const show = (name, f) => { let v; try { v = util.inspect(f()); } catch (e) { v = 'throws ' + e.name + ' ' + e.code; } console.log(name, v); };
const samples = {
  date: new Date(0), regexp: /a/, error: new TypeError('e').message && new TypeError('e'), map: new Map(), set: new Set(), promise: Promise.resolve(), weakMap: new WeakMap(), weakSet: new WeakSet(),
  proxy: new Proxy({}, {}), asyncFunction: async () => {}, generatorFunction: function* () {}, generator: (function* () {})(), arrayBuffer: new ArrayBuffer(1), dataView: new DataView(new ArrayBuffer(1)),
  u8: new Uint8Array(1), u8c: new Uint8ClampedArray(1), u16: new Uint16Array(1), u32: new Uint32Array(1), i8: new Int8Array(1), i16: new Int16Array(1), i32: new Int32Array(1), f32: new Float32Array(1), f64: new Float64Array(1),
  bi64: new BigInt64Array(1), bu64: new BigUint64Array(1), buffer: Buffer.from('a'), args: (function () { return arguments; })(), number: new Number(1), string: new String('s'), boolean: new Boolean(true), symbol: Object(Symbol('a')), bigint: Object(1n),
  mapIterator: new Map().keys(), setIterator: new Set().keys(), plain: {}, array: [], fn() {}, nul: null, undef: undefined, num: 1, str: 's', sym: Symbol('s'), big: 1n, bool: true,
};
for (const test of Object.keys(util.types).sort()) console.log(test, Object.keys(samples).filter(k => util.types[test](samples[k])).join());
for (const test of ['isArray', 'isBoolean', 'isBuffer', 'isDate', 'isError', 'isFunction', 'isNull', 'isNullOrUndefined', 'isNumber', 'isObject', 'isPrimitive', 'isRegExp', 'isString', 'isSymbol', 'isUndefined'])
  console.log(test, Object.keys(samples).filter(k => util[test](samples[k])).join());
show('format', () => util.format('%s %d', 'a', '5', { a: 1 }));
show('formatWithOptions', () => util.formatWithOptions({ depth: 0 }, '%O', { a: { b: 1 } }));
show('strip', () => util.stripVTControlCharacters('\u001b[31mred\u001b[39m \u001b]8;;http://x\u0007link\u001b]8;;\u0007'));
show('toUSVString', () => util.toUSVString('a\ud800b'));
show('styleText', () => util.styleText(['bold', 'underline'], 'y'));
show('custom', () => [util.inspect.custom, util.promisify.custom]);
show('defaultOptions', () => util.inspect.defaultOptions);
show('set defaultOptions', () => { util.inspect.defaultOptions = { depth: 0 }; const s = util.inspect({ a: { b: 1 } }); util.inspect.defaultOptions = { depth: 2 }; return s; });
show('styles', () => { const o = util.inspect.styles.number; util.inspect.styles.number = 'red'; const s = util.inspect(1, { colors: true }); util.inspect.styles.number = o; return [o, s, util.inspect.colors.red]; });
show('old arguments', () => [util.inspect({ a: { b: { c: {} } } }, false, 0), util.inspect({ a: 1 }, false, null, true), util.inspect([1], true)]);
for (const [a, b] of [[1, 1], [NaN, NaN], [0, -0], [{ a: 1 }, { a: 1 }], [{ a: 1 }, { a: '1' }], [[1, [2]], [1, [2]]], [new Set([1, { a: 1 }]), new Set([1, { a: 1 }])], [new Set([1]), new Set(['1'])], [new Map([[{ k: 1 }, 1]]), new Map([[{ k: 1 }, 1]])], [new Map([['a', 1], ['b', 2]]), new Map([['b', 2], ['a', 1]])],
  [new Date(1), new Date(1)], [/a/g, /a/], [new Error('a'), new Error('a')], [new Error('a'), new TypeError('a')], [[1, , 3], [1, undefined, 3]], [Object.create(null), {}], [new Number(1), new Number(1)], [new Number(1), 1], [Buffer.from('ab'), Buffer.from('ab')], [new Uint8Array(2), new Uint8Array(3)],
  [{ a: undefined }, {}], [null, undefined], [Symbol.iterator, Symbol.iterator], [() => {}, () => {}], [{ [Symbol.for('a')]: 1 }, { [Symbol.for('a')]: 1 }], [{ [Symbol.for('a')]: 1 }, {}], [new Set([[1, 2], [3]]), new Set([[3], [1, 2]])], ['a', new String('a')]])
  console.log('isDeepStrictEqual', String(util.inspect(a)).split('\n')[0], String(util.inspect(b)).split('\n')[0], util.isDeepStrictEqual(a, b));
const sum = (a, b, cb) => cb(null, a + b); sum.extra = 1;
const p = util.promisify(sum); console.log(p.name, p.length, p.extra, util.promisify(p) === p);
p(1, 2).then(v => console.log('promisified', v));
util.promisify(cb => { throw new Error('thrown'); })().catch(e => console.log('rejected', e.message));
util.promisify(cb => cb('no'))().catch(e => console.log('rejected', e));
const own = () => {}; own[util.promisify.custom] = () => Promise.resolve('own'); util.promisify(own)().then(console.log);
const cbf = util.callbackify(async x => { if (x) return x; throw null; }); console.log(cbf.name);
cbf(5, (e, v) => console.log('callback', e, v)); cbf(0, (e, v) => console.log('callback', e.code, e.message, e.reason, v));
function Old() {} function Base() {} Base.prototype.hi = () => 'hi'; util.inherits(Old, Base); console.log(new Old().hi(), Old.super_ === Base, Object.keys(Old));
show('inherits bad', () => util.inherits(Old));
show('promisify bad', () => util.promisify(1));
console.log(util.debuglog('none').enabled, typeof util.debug('x'), util._extend({ a: 1 }, { b: 2 }));
const ac = new AbortController(); util.aborted(ac.signal, {}).then(() => console.log('aborted')); ac.abort();
console.log(util.TextEncoder === TextEncoder, util.TextDecoder === TextDecoder);
