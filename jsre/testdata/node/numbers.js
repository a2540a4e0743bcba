const show = require('./show');
const names = [];
for (const n of ['UInt8', 'Uint8', 'Int8']) names.push([n, 1]);
for (const o of ['LE', 'BE']) for (const [n, size] of [['UInt16', 2], ['Uint16', 2], ['Int16', 2], ['UInt32', 4], ['Uint32', 4], ['Int32', 4], ['Float', 4], ['Double', 8], ['BigInt64', 8], ['BigUInt64', 8], ['BigUint64', 8]]) names.push([n + o, size]);
const tryIt = f => { try { return show.text(f()); } catch (e) { return 'throws ' + show.failure(e); } };
const source = Buffer.from([0x80, 0xff, 0x01, 0x7f, 0xfe, 0x3c, 0xc0, 0x40, 0x99, 0x00, 0xff]);
const plain = [0, 1, -1, 127, 128, 255, 256, -128, -129, 32767, 32768, 65535, 65536, -32768, -32769, 2 ** 31 - 1, 2 ** 31, -(2 ** 31), -(2 ** 31) - 1, 2 ** 32 - 1, 2 ** 32, 2 ** 40, 2 ** 53, 1.9, -1.9, 0.5, -0.5, NaN, Infinity, -Infinity, 1e300, '12', '0x10', 'x', '', null, undefined, true, [], {}, [7], Math.PI];
const big = [0n, 1n, -1n, 2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n, 2n ** 64n, -(2n ** 63n), -(2n ** 63n) - 1n, 5, '5', undefined];
for (const [n, size] of names) {
  console.log(n, Buffer.prototype['write' + n].length >= 0);
  for (const at of [undefined, 0, 1, 2, 3, 11 - size, 12 - size, 11, -1, 1.5, NaN, Infinity, -Infinity, '1', null, true, 1n, {}, 2 ** 40]) console.log('read' + n, String(at), tryIt(() => source['read' + n](at)));
  for (const v of n.startsWith('Big') ? big : plain) {
    const b = Buffer.alloc(9);
    console.log('write' + n, show.text(v), tryIt(() => b['write' + n](v)), b.toString('hex'));
  }
  for (const at of [undefined, 1, 9 - size, 10 - size, -1, 1.5, NaN, '1', null]) {
    const b = Buffer.alloc(9);
    console.log('write' + n, 'at', String(at), tryIt(() => b['write' + n](n.startsWith('Big') ? 3n : 3, at)), b.toString('hex'));
  }
  console.log('short', tryIt(() => Buffer.alloc(size - 1)['read' + n]()), tryIt(() => Buffer.alloc(size - 1)['write' + n](n.startsWith('Big') ? 3n : 3)));
}
for (const o of ['LE', 'BE']) for (const n of ['UInt', 'Uint', 'Int']) {
  for (const size of [1, 2, 3, 4, 5, 6]) {
    console.log('read' + n + o, size, [0, 1, 2, 5].map(at => tryIt(() => source['read' + n + o](at, size))).join(), tryIt(() => source['read' + n + o](12 - size, size)), tryIt(() => source['read' + n + o](-1, size)), tryIt(() => source['read' + n + o](1.5, size)), tryIt(() => Buffer.alloc(size - 1)['read' + n + o](0, size)));
    for (const v of [0, 1, -1, 2 ** (8 * size) - 1, 2 ** (8 * size), 2 ** (8 * size - 1), 2 ** (8 * size - 1) - 1, -(2 ** (8 * size - 1)), -(2 ** (8 * size - 1)) - 1, 1.7, NaN, '3', undefined]) {
      const b = Buffer.alloc(8);
      console.log('write' + n + o, size, show.text(v), tryIt(() => b['write' + n + o](v, 1, size)), b.toString('hex'));
    }
    console.log(tryIt(() => Buffer.alloc(8)['write' + n + o](1, 9 - size, size)), tryIt(() => Buffer.alloc(8)['write' + n + o](1, undefined, size)), tryIt(() => Buffer.alloc(8)['write' + n + o](1, '1', size)));
  }
  for (const size of [0, 7, -1, 1.5, NaN, '1', undefined, null, Infinity]) console.log(n + o, String(size), tryIt(() => source['read' + n + o](0, size)), tryIt(() => Buffer.alloc(8)['write' + n + o](1, 0, size)));
  console.log(tryIt(() => source['read' + n + o]()));
}
