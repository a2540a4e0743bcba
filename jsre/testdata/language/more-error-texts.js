const t = f => { try { console.log(f()); } catch (e) { console.log(e.name + ': ' + e.message); } };
const x = 5, o = {};
t(() => { class A extends x {} }); t(() => { class A extends o {} }); t(() => { class A extends undefined {} });
t(() => 'a' in x); t(() => { const [a] = x; }); t(() => [...[x]]);
t(() => Object.freeze([1, 2]).shift()); t(() => Object.seal([1, 2, 3]).shift()); t(() => Object.freeze([1]).push(1)); t(() => Object.freeze([1]).pop());
t(() => new WeakSet().add('a')); t(() => BigInt(1.5)); t(() => BigInt('z'));
t(() => new Uint8Array(-1)); t(() => new DataView(new ArrayBuffer(1)).getInt16(0));
t(() => { function* g() { it.next(); } const it = g(); it.next(); });
t(() => { throw new TypeError(''); });
const p = Promise.resolve().then(() => p); p.catch(e => console.log(e.name, e.message));

// prints:
// TypeError: Class extends value 5 is not a constructor or null
// TypeError: Class extends value #<Object> is not a constructor or null
// TypeError: Class extends value undefined is not a constructor or null
// TypeError: Cannot use 'in' operator to search for 'a' in 5
// TypeError: x is not iterable
// [ 5 ]
// TypeError: Cannot assign to read only property '0' of object '[object Array]'
// TypeError: Cannot delete property '2' of [object Array]
// TypeError: Cannot add property 1, object is not extensible
// TypeError: Cannot delete property '0' of [object Array]
// TypeError: Invalid value used in weak set
// RangeError: The number 1.5 cannot be converted to a BigInt because it is not an integer
// SyntaxError: Cannot convert z to a BigInt
// RangeError: Invalid typed array length: -1
// RangeError: Offset is outside the bounds of the DataView
// TypeError: Generator is already running
// TypeError: 
// TypeError Chaining cycle detected for promise #<Promise>
