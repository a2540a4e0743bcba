const t = f => { try { f(); print('no error'); } catch (e) { print(e.name + ': ' + e.message); } };
let u, nul = null, five = 5, str = 's', o = { a: { b: {} }, arr: [1], n: 1 }, k = 'key', sym = Symbol('sy');
class A { m() {} static s() {} }
t(() => o.f());
t(() => o.a.b.c());
t(() => o.a.b.c.d());
t(() => o['f']());
t(() => o[k]());
t(() => o.arr[0]());
t(() => u());
t(() => five());
t(() => o());
t(() => o.n());
t(() => (1, o.f)());
t(() => u.x);
t(() => nul.x);
t(() => u[k]);
t(() => u[0]);
t(() => u[sym]);
t(() => u.x());
t(() => nul[k]());
t(() => { u.x = 1; });
t(() => { nul[k] = 1; });
t(() => { u.x += 1; });
t(() => { u.x++; });
t(() => delete u.x);
t(() => { const { a } = u; });
t(() => { const [a] = u; });
t(() => { const [a] = {}; });
t(() => { for (const x of u); });
t(() => { for (const x of o); });
t(() => [...u]);
t(() => [...o]);
t(() => new five());
t(() => new o.f());
t(() => new o.a());
t(() => new (() => {})());
t(() => new u());
t(() => A());
t(() => tdz); let tdz;
t(() => { x; let x; });
t(() => { y = 1; let y; });
t(() => { typeof q; let q; });
t(() => new B()); class B {}
t(() => { const c = 1; c = 2; });
t(() => nope);
t(() => nope());
t(() => { 'use strict'; nope = 1; });
t(() => { 'use strict'; Object.freeze(o.arr).push(2); });
t(() => { 'use strict'; Object.freeze({ a: 1 }).a = 2; });
t(() => { 'use strict'; Object.preventExtensions({}).a = 2; });
t(() => { 'use strict'; delete Object.freeze({ a: 1 }).a; });
t(() => { 'use strict'; 'abc'.length = 1; });
t(() => { 'use strict'; 'abc'[0] = 1; });
t(() => { 'use strict'; (5).x = 1; });
t(() => ({}) instanceof {});
t(() => ({}) instanceof (() => {}));
t(() => 1n + 1);
t(() => +1n);
t(() => +sym);
t(() => sym + '');
t(() => `${sym}`);
t(() => BigInt('x'));
t(() => BigInt(u));
t(() => new Array(-1));
t(() => { [].length = -1; });
t(() => 'a'.repeat(-1));
t(() => (1).toFixed(101));
t(() => (1).toString(1));
t(() => (1).toPrecision(101));
t(() => [].reduce((a, b) => a));
t(() => [1].map(5));
t(() => [1].forEach(u));
t(() => [1].sort(5));
t(() => Object.defineProperty(5, 'a', {}));
t(() => Object.defineProperty({}, 'a', 5));
t(() => Object.defineProperty(Object.freeze({ a: 1 }), 'a', { value: 2 }));
t(() => Object.create(5));
t(() => Object.setPrototypeOf({}, 5));
t(() => Object.keys(u));
t(() => Object.entries(null));
t(() => Object.assign(u));
t(() => { const a = {}, b = Object.create(a); Object.setPrototypeOf(a, b); });
t(() => new Proxy({}, 5));
t(() => Symbol() in u);
t(() => new Symbol());
t(() => Promise());
t(() => new Promise(5));
t(() => new Promise());
t(() => Map());
t(() => Map.prototype.get.call({}, 1));
t(() => decodeURIComponent('%'));
t(() => new RegExp('a', 'zz'));
t(() => JSON.stringify(1n));
t(() => new Date(NaN).toISOString());
t(() => 'a'.normalize('x'));
t(() => String.fromCodePoint(-1));
t(() => { class C extends A { constructor() { } } new C(); });
t(() => { class C extends A { constructor() { super(); super(); } } new C(); });
t(() => { class C { #p = 1; static r(x) { return x.#p; } } C.r({}); });
t(() => o.a.m.call());
t(() => o?.a.f());
t(() => o.f?.().g());
t(() => o?.f.g());
t(() => this.f());
t(() => this.a.f());
t(() => (function () { return this.f(); }).call({}));
t(() => [1, 2].foo());
t(() => 'str'.foo());
t(() => (5).foo());
t(() => (() => 1)()());
t(() => u`x`);
t(() => new o.a.b.C(1, 2));
t(() => o.a['x' + 1]());
t(() => o.a[`x`]());
t(() => (o.f || u)());
t(() => o.arr.map(o.x));
t(() => { let { length } = u; });
t(() => { (({ a }) => a)(); });
t(() => { (([a]) => a)(); });
t(() => { with_(u); });
t(() => { (void 0).foo; });
t(() => { o.a.b.c.d.e; });
t(() => { o.g().h; });
t(() => { super_.x; });
t(() => { u?.x.y; u.y; });
t(() => { throw new TypeError("Object has no member 'x'"); });
t(() => { async function f() {} new f(); });
t(() => { function* f() {} new f(); });
t(() => { ({ m() {} }).m.x.y; });
t(() => { new ({ m() {} }).m(); });
t(() => { Math.max.x.y(); });
t(() => { u.a.b = 1; });
t(() => { [].at.call(null); });
t(() => { [...nul]; });
t(() => { let { [k]: z } = u; });
t(() => { Symbol.keyFor(1); });
t(() => { parseInt(sym); });
t(() => { isNaN(1n); });
t(() => { Math.max(1n); });
t(() => { 'a'.replaceAll(/a/, 'b'); });
t(() => { 'a'.startsWith(/a/); });
t(() => { const [x] = five; });
t(() => { const key = 'a'; key in u; });
t(() => o instanceof five);
t(() => o.x`y`);
for (let i = 0; i < 2; i++) t(() => o.twice());
t(() => { function nested() { return o.deep.er; } nested(); });
t(() => { eval('o.inEval()'); });
t(() => { new Function('x', 'return x.y.z')({}); });
t(() => { o.ä.ö(); });
t(() => { o['ü'](); });
// prints:
// TypeError: o.f is not a function
// TypeError: o.a.b.c is not a function
// TypeError: Cannot read properties of undefined (reading 'd')
// TypeError: o.f is not a function
// TypeError: o[k] is not a function
// TypeError: o.arr[0] is not a function
// TypeError: u is not a function
// TypeError: five is not a function
// TypeError: o is not a function
// TypeError: o.n is not a function
// TypeError: (1 , o.f) is not a function
// TypeError: Cannot read properties of undefined (reading 'x')
// TypeError: Cannot read properties of null (reading 'x')
// TypeError: Cannot read properties of undefined (reading 'key')
// TypeError: Cannot read properties of undefined (reading '0')
// TypeError: Cannot read properties of undefined (reading 'Symbol(sy)')
// TypeError: Cannot read properties of undefined (reading 'x')
// TypeError: Cannot read properties of null (reading 'key')
// TypeError: Cannot set properties of undefined (setting 'x')
// TypeError: Cannot set properties of null (setting 'key')
// TypeError: Cannot read properties of undefined (reading 'x')
// TypeError: Cannot read properties of undefined (reading 'x')
// TypeError: Cannot convert undefined or null to object
// TypeError: Cannot destructure property 'a' of 'u' as it is undefined.
// TypeError: u is not iterable
// TypeError: {} is not iterable
// TypeError: u is not iterable
// TypeError: o is not iterable
// TypeError: u is not iterable
// TypeError: o is not iterable
// TypeError: five is not a constructor
// TypeError: o.f is not a constructor
// TypeError: o.a is not a constructor
// TypeError: (intermediate value) is not a constructor
// TypeError: u is not a constructor
// TypeError: Class constructor A cannot be invoked without 'new'
// ReferenceError: Cannot access 'tdz' before initialization
// ReferenceError: Cannot access 'x' before initialization
// ReferenceError: Cannot access 'y' before initialization
// ReferenceError: Cannot access 'q' before initialization
// ReferenceError: Cannot access 'B' before initialization
// TypeError: Assignment to constant variable.
// ReferenceError: nope is not defined
// ReferenceError: nope is not defined
// ReferenceError: nope is not defined
// TypeError: Cannot add property 1, object is not extensible
// TypeError: Cannot assign to read only property 'a' of object '#<Object>'
// TypeError: Cannot add property a, object is not extensible
// TypeError: Cannot delete property 'a' of #<Object>
// TypeError: Cannot assign to read only property 'length' of string 'abc'
// TypeError: Cannot assign to read only property '0' of string 'abc'
// TypeError: Cannot create property 'x' on number '5'
// TypeError: Right-hand side of 'instanceof' is not callable
// TypeError: Function has non-object prototype 'undefined' in instanceof check
// TypeError: Cannot mix BigInt and other types, use explicit conversions
// TypeError: Cannot convert a BigInt value to a number
// TypeError: Cannot convert a Symbol value to a number
// TypeError: Cannot convert a Symbol value to a string
// TypeError: Cannot convert a Symbol value to a string
// SyntaxError: Cannot convert x to a BigInt
// TypeError: Cannot convert undefined to a BigInt
// RangeError: Invalid array length
// RangeError: Invalid array length
// RangeError: Invalid count value: -1
// RangeError: toFixed() digits argument must be between 0 and 100
// RangeError: toString() radix argument must be between 2 and 36
// RangeError: toPrecision() argument must be between 1 and 100
// TypeError: Reduce of empty array with no initial value
// TypeError: 5 is not a function
// TypeError: undefined is not a function
// TypeError: The comparison function must be either a function or undefined
// TypeError: Object.defineProperty called on non-object
// TypeError: Property description must be an object: 5
// TypeError: Cannot redefine property: a
// TypeError: Object prototype may only be an Object or null: 5
// TypeError: Object prototype may only be an Object or null: 5
// TypeError: Cannot convert undefined or null to object
// TypeError: Cannot convert undefined or null to object
// TypeError: Cannot convert undefined or null to object
// TypeError: Cyclic __proto__ value
// TypeError: Cannot create proxy with a non-object as target or handler
// TypeError: Cannot use 'in' operator to search for 'Symbol()' in undefined
// TypeError: Symbol is not a constructor
// TypeError: Promise constructor cannot be invoked without 'new'
// TypeError: Promise resolver 5 is not a function
// TypeError: Promise resolver undefined is not a function
// TypeError: Constructor Map requires 'new'
// TypeError: Method Map.prototype.get called on incompatible receiver #<Object>
// URIError: URI malformed
// SyntaxError: Invalid flags supplied to RegExp constructor 'zz'
// TypeError: Do not know how to serialize a BigInt
// RangeError: Invalid time value
// RangeError: The normalization form should be one of NFC, NFD, NFKC, NFKD.
// RangeError: Invalid code point -1
// ReferenceError: Must call super constructor in derived class before accessing 'this' or returning from derived constructor
// ReferenceError: Super constructor may only be called once
// TypeError: Cannot read private member #p from an object whose class did not declare it
// TypeError: Cannot read properties of undefined (reading 'call')
// TypeError: o?.a.f is not a function
// no error
// TypeError: Cannot read properties of undefined (reading 'g')
// TypeError: this.f is not a function
// TypeError: Cannot read properties of undefined (reading 'f')
// TypeError: this.f is not a function
// TypeError: [1,2].foo is not a function
// TypeError: "str".foo is not a function
// TypeError: 5.foo is not a function
// TypeError: (intermediate value)(...) is not a function
// TypeError: u is not a function
// TypeError: o.a.b.C is not a constructor
// TypeError: o.a[("x" + 1)] is not a function
// TypeError: o.a.x is not a function
// TypeError: (o.f || u) is not a function
// TypeError: undefined is not a function
// TypeError: Cannot destructure property 'length' of 'u' as it is undefined.
// TypeError: Cannot destructure property 'a' of 'undefined' as it is undefined.
// TypeError: undefined is not iterable (cannot read property Symbol(Symbol.iterator))
// ReferenceError: with_ is not defined
// TypeError: Cannot read properties of undefined (reading 'foo')
// TypeError: Cannot read properties of undefined (reading 'd')
// TypeError: o.g is not a function
// ReferenceError: super_ is not defined
// TypeError: Cannot read properties of undefined (reading 'y')
// TypeError: Object has no member 'x'
// TypeError: f is not a constructor
// TypeError: f is not a constructor
// TypeError: Cannot read properties of undefined (reading 'y')
// TypeError: {(intermediate value)}.m is not a constructor
// TypeError: Cannot read properties of undefined (reading 'y')
// TypeError: Cannot read properties of undefined (reading 'a')
// TypeError: Cannot convert undefined or null to object
// TypeError: nul is not iterable
// TypeError: Cannot destructure 'u' as it is undefined.
// TypeError: 1 is not a symbol
// TypeError: Cannot convert a Symbol value to a string
// TypeError: Cannot convert a BigInt value to a number
// TypeError: Cannot convert a BigInt value to a number
// TypeError: String.prototype.replaceAll called with a non-global RegExp argument
// TypeError: First argument to String.prototype.startsWith must not be a regular expression
// TypeError: five is not iterable
// TypeError: Cannot use 'in' operator to search for 'a' in undefined
// TypeError: Right-hand side of 'instanceof' is not an object
// TypeError: o.x is not a function
// TypeError: o.twice is not a function
// TypeError: o.twice is not a function
// TypeError: Cannot read properties of undefined (reading 'er')
// TypeError: o.inEval is not a function
// TypeError: Cannot read properties of undefined (reading 'z')
// TypeError: Cannot read properties of undefined (reading 'ö')
// TypeError: o.ü is not a function
