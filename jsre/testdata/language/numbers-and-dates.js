const log = (...a) => console.log(...a);
log(Number(2n ** 63n), Number(2n ** 64n), Number(18446744073709551615n), Number(10n ** 400n), Number(-(2n ** 70n)), Number(5n), Number(-0), Number());
let zero = 0, five = 5, big = 1e20;
log(zero * -five, -five * zero, zero * five, -zero * zero, five * -1, 1e9 * 1e9, 3037000500 * 3037000500, 94906267 * 94906267, -67108864 * 67108864, 2n * 3n, five * 0.5, '3' * five);
log(-big >>> 0, big | 0, big & -1, big ^ 1, ~big, big << 1, big >> 1, 1 << big, 2 ** 63 | 0, -(2 ** 63) >>> 0, 2 ** 64 + 2 ** 12 | 0, 1e300 | 0, Infinity | 0, NaN | 0, -Infinity >>> 0);
log(five << 31, five << 32, -five >>> 1, -five >> 1, five >>> -1, 0xffffffff | 0, 0xffffffff >>> 0, 2 ** 53 | 0, 4294967296.5 | 0, '7' & 5, null | 1, 6n & 3n, 6n | 1n, ~6n, 1n << 70n, ~five, ~~-3.7);
log(parseInt('9'.repeat(30)), parseInt('-' + '9'.repeat(30)), parseInt('0x' + 'f'.repeat(20)), parseInt('f'.repeat(20), 16), parseInt('z'.repeat(20), 36), parseInt('1'.repeat(70), 2), parseInt('9007199254740993'), parseInt('123abc'), parseInt('-0'), parseInt(1e21), parseInt(' 12345678901234567890.9'), parseInt(null, 36), parseInt('9'.repeat(400)));
log(Number('0x' + 'f'.repeat(20)), Number('0b' + '1'.repeat(70)), Number('0x' + 'f'.repeat(20) + 'g'), Number('0x-' + 'f'.repeat(20)), Number('0'.repeat(30)), Number('0x' + '0'.repeat(30) + '1'), Number('0o' + '7'.repeat(30)), Number('0x_' + 'f'.repeat(20)));
log(new Date(Date.UTC(10000, 0, 1)).toISOString(), new Date(Date.UTC(-1, 0, 1)).toISOString(), new Date(Date.UTC(275760, 8, 13)).toISOString(), new Date(0).toISOString(), new Date('-000044-03-15T00:00:00.000Z').toISOString(), JSON.stringify(new Date(Date.UTC(12000, 1, 2))));
try { new Date(NaN).toISOString(); } catch (e) { log(e.name, e.message); }
try { 1n * 1; } catch (e) { log(e.name, e.message); }
let a = 7, sum = 0; for (let i = 0; i < 1000; i++) { a = (a * 1103515245 + 12345) & 0x7fffffff; sum ^= a; a |= 1; } log(sum);

// prints:
// 9223372036854776000 18446744073709552000 18446744073709552000 Infinity -1.1805916207174113e+21 5 -0 0
// -0 -0 0 -0 -5 1000000000000000000 9223372037000250000 9007199515875288 -4503599627370496 6n 2.5 15
// 2632974336 1661992960 1661992960 1661992961 -1661992961 -970981376 830996480 1 0 0 4096 0 0 0 0
// -2147483648 5 2147483645 -3 0 -1 4294967295 0 0 5 1 2n 7n -7n 1180591620717411303424n -6 -3
// 1e+30 -1e+30 1.2089258196146292e+24 1.2089258196146292e+24 1.3367494538843734e+31 1.1805916207174113e+21 9007199254740992 123 -0 1 12345678901234567000 1112745 Infinity
// 1.2089258196146292e+24 1.1805916207174113e+21 NaN NaN 0 1 1.2379400392853803e+27 NaN
// +010000-01-01T00:00:00.000Z -000001-01-01T00:00:00.000Z +275760-09-13T00:00:00.000Z 1970-01-01T00:00:00.000Z -000044-03-15T00:00:00.000Z "+012000-02-02T00:00:00.000Z"
// RangeError Invalid time value
// TypeError Cannot mix BigInt and other types, use explicit conversions
// 9030322
