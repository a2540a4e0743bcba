package jsre_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/dop251/goja"

	"dunlin/jsre"
	"dunlin/jsre/engine"
)

// everyUse does to a Buffer what scripts can do, each time to a fresh one of make(), and prints what
// came of it. The first part calls each native function with it as this and as an argument, the
// second one uses the syntax.
const everyUse = `
const make = require('host');
const util = require('util');
const seen = new Set();
const typed = Object.getPrototypeOf(Uint8Array.prototype);
const left = new Set(['random', 'constructor', 'log', 'logToString']);

function text(f) {
  try {
    const v = f();
    if (v instanceof Promise) v.catch(() => {}); // what a promise is rejected with is not shown
    if (v && typeof v.next === 'function') return 'iterator of ' + util.inspect([...v].slice(0, 9));
    return typeof v + ' ' + Object.prototype.toString.call(v) + ' ' + util.inspect(v);
  } catch (e) { return 'throws ' + e; }
}

// after is what a Buffer is like once something was done to it.
function after(b) {
  try {
    return [util.inspect(b), Reflect.ownKeys(b).length, Object.isExtensible(b), Object.getPrototypeOf(b) === Buffer.prototype, b[0], b.length, b.extra].map(String).join(' ');
  } catch (e) { return 'then throws ' + e; }
}

function tryFunction(name, f) {
  const ways = {
    'this': b => f.call(b), 'this and a function': b => f.call(b, x => x), 'this and a key': b => f.call(b, 'length'),
    'this and another': b => f.call(b, make()), 'first': b => f(b), 'second': b => f({}, b), 'first and key': b => f(b, 'length'),
    'first, key and object': b => f(b, 'extra', {value: 1}), 'first and object': b => f(b, {extra: {value: 1}}),
    'first and function': b => f(b, (x) => x), 'of a typed array': b => f.call(new Uint8Array([9, 8, 7, 6, 5, 4, 3]), b),
    'of an array': b => f.call([1, 2], b), 'of text': b => f.call('lazy', b), 'of a function': b => f.call(function () { return this; }, b),
    'constructor': b => new f(b), 'receiver': b => f({get extra() { return this; }}, 'extra', b),
  };
  for (const way in ways) {
    const b = make();
    console.log(name, way, text(() => ways[way](b)), after(b));
  }
}

function walk(name, o) {
  if (o === null || typeof o !== 'object' && typeof o !== 'function' || seen.has(o)) return;
  seen.add(o);
  if (typeof o === 'function') tryFunction(name, o);
  for (const key of Reflect.ownKeys(o).sort((a, b) => String(a) < String(b) ? -1 : 1)) {
    if (left.has(key)) continue;
    const d = Object.getOwnPropertyDescriptor(o, key);
    for (const part of ['value', 'get', 'set']) walk(name + '.' + String(key) + (part === 'value' ? '' : ' ' + part), d[part]);
  }
}

for (const name of ['Object', 'Reflect', 'Function', 'Array', 'ArrayBuffer', 'DataView', 'Uint8Array', 'Uint16Array', 'Float64Array', 'JSON', 'String', 'Number',
  'Symbol', 'Map', 'Set', 'WeakSet', 'Promise', 'Proxy', 'Error', 'Buffer', 'TextEncoder', 'TextDecoder', 'EventEmitter', 'atob', 'btoa', 'parseInt']) walk(name, globalThis[name]);
walk('%TypedArray%', Object.getPrototypeOf(Uint8Array));
walk('util', util);
walk('buffer', require('buffer'));

const key = Symbol('key');
class Base { constructor(o) { return o; } }
class Marked extends Base { #mark = 1; static has(o) { return #mark in o; } }
const uses = {
  length: b => b.length, text: b => b.toString(), hex: b => b.toString('hex'), template: b => 'a' + b + 'b', number: b => +b, json: b => JSON.stringify(b),
  parse: b => JSON.parse(b), index: b => b[1], beyond: b => b[99], negative: b => b['-0'], fraction: b => b['1.5'], missing: b => b.missing, set: b => { b[1] = 65; return b; },
  'set beyond': b => { b[99] = 1; return b; }, 'set property': b => { b.extra = 1; return b; }, 'set length': b => { b.length = 1; return b; },
  'set length strictly': b => { 'use strict'; b.length = 1; return b; }, 'set toString': b => { b.toString = () => 'mine'; return b.toString() + Object.keys(b); },
  'set symbol': b => { b[key] = 1; return b[key]; }, 'get symbol': b => b[key], 'has symbol': b => key in b, 'delete symbol': b => delete b[key],
  'delete': b => delete b.length, 'delete index': b => delete b[0], 'delete strictly': b => { 'use strict'; return delete b[0]; },
  'in': b => ['length' in b, 0 in b, '0' in b, 99 in b, 'toString' in b, 'no' in b], 'for in': b => { const k = []; for (const i in b) k.push(i); return k; },
  'for of': b => { const k = []; for (const i of b) k.push(i); return k; }, spread: b => [...b], 'object spread': b => ({...b}), 'length and the rest': ({length, ...rest}) => [length, rest], pattern: ({length, 0: first}) => [length, first],
  'array pattern': ([a, c]) => [a, c], 'instanceof': b => [b instanceof Buffer, b instanceof Uint8Array, b instanceof Object, b instanceof Map], 'typeof': b => typeof b,
  same: b => b === b && [b].includes(b) && new Map([[b, 1]]).get(b), constructor: b => b.constructor === Buffer, 'new of it': b => new b.constructor(2),
  inherit: b => { const o = Object.create(b); return [o instanceof Buffer, o[0], o[key], text(() => o.toString())]; }, 'length of an heir': b => Object.create(b).length,
  'inherit and set': b => { const o = Object.create(b); o.extra = 1; o[0] = 7; o[key] = 2; return [b.extra, b[0], b[key], Object.keys(o)]; },
  proto: b => b.__proto__ === Buffer.prototype, 'set proto': b => { b.__proto__ = Uint8Array.prototype; return [b instanceof Buffer, Buffer.isBuffer(b), b]; },
  'set prototype': b => { Object.setPrototypeOf(b, {mine: 1}); return [b.mine, b.length, b[0]]; },
  'with': b => new Function('b', 'with (b) { return length; }')(b), proxy: b => new Proxy(b, {})[0], 'length by proxy': b => new Proxy(b, {}).length, private: b => [new Marked(b) === b, Marked.has(b)],
  'define accessor': b => { Object.defineProperty(b, 'extra', {get() { return 5; }}); return b.extra; }, 'define symbol': b => Object.defineProperty(b, key, {value: 3})[key],
  'freeze': b => Object.freeze(b), method: b => b.subarray(1), 'method of array': b => Array.prototype.map.call(b, x => x + 1), slice: b => b.slice(1, 3),
  memory: b => { const s = b.subarray(0); s[0] = 90; new Uint8Array(b.buffer)[1] = 91; return b.toString(); }, 'memory by text': b => { b.toString(); b.fill(66); return b.toString(); },
  write: b => [b.write('zz'), b.toString(), b.readUInt16BE(0)], 'write before': b => [make().copy(b, 1), b.toString()],
  'array of it': b => Buffer.concat([b, b]).toString(), 'own toString': b => { Buffer.prototype.toString = () => 'other'; try { return b.toString(); } finally { Buffer.prototype.toString = original; } },
  'throw': b => { throw b; }, 'await': b => { (async () => console.log('awaited', await b))(); }, resolve: b => { Promise.resolve(b).then(v => console.log('resolved', v === b)); },
  'async iteration': b => { const i = b[Symbol.iterator](); return [i.next(), i.next()]; }, tag: b => b[Symbol.toStringTag], emitter: b => { EventEmitter.prototype.on.call(b, 'x', () => {}); return Reflect.ownKeys(b).length; },
  apply: b => Math.max.apply(null, b), 'apply text': b => String.fromCharCode(...b), call: b => Uint8Array.prototype.map.call(b, x => x + 1), seal: b => Object.isSealed(Object.seal(b)),
  'detached': b => { const m = b.buffer; return [m.byteLength, b.byteOffset, b.byteLength, b.buffer === m]; }, sort: b => b.sort(), comparison: b => [b > 'a', b == 'lazy', b != null],
};
const original = Buffer.prototype.toString;
for (const use in uses) {
  const b = make();
  console.log('use', use, text(() => uses[use](b)), after(b));
}
`

// otherwise are the uses in which a Buffer that nothing was asked of shows that it is lazy.
var otherwise = []string{
	"use private ",                                                               // goja's dynamic objects have no private fields
	"use delete strictly ",                                                       // throws a TypeError with another text
	"use length of an heir ", "use length by proxy ", "use length and the rest ", // goja throws a TypeError, for it asks the wrong object
}

// TestLazyBufferIsABuffer does everything to a lazy Buffer and to one that goja has made itself.
func TestLazyBufferIsABuffer(t *testing.T) {
	use := func(buffer func(vm *engine.VM) *goja.Object) []string {
		host := engine.Module{Name: "host", Load: func(vm *engine.VM) goja.Value {
			return vm.NewFunction("make", func(goja.FunctionCall) goja.Value { return buffer(vm) })
		}}
		out, stderr, err := run(t, everyUse, func(o *jsre.Options) { o.Modules = append(o.Modules, host) })
		if err != nil {
			t.Fatalf("%v\n%s\nafter %s", err, stderr, out[max(0, len(out)-500):])
		}
		return slices.DeleteFunc(strings.Split(out, "\n"), func(line string) bool {
			return slices.ContainsFunc(otherwise, func(use string) bool { return strings.HasPrefix(line, use) })
		})
	}
	payload := func() []byte { return []byte("lazy") }
	want := use(func(vm *engine.VM) *goja.Object {
		o, err := vm.Runtime().New(vm.BufferClass(), vm.Runtime().ToValue(vm.Runtime().NewArrayBuffer(payload())))
		if err != nil {
			panic(err)
		}
		return o
	})
	for name, buffer := range map[string]func(vm *engine.VM) *goja.Object{
		"lazy":    func(vm *engine.VM) *goja.Object { return vm.InitLazyBuffer(new(engine.LazyBuffer), payload()) },
		"at once": func(vm *engine.VM) *goja.Object { return vm.NewBuffer(payload()) },
	} {
		t.Run(name, func(t *testing.T) {
			got := use(buffer)
			if len(got) != len(want) {
				t.Errorf("%d lines, want %d", len(got), len(want))
			}
			for i := range min(len(want), len(got)) {
				if want[i] != got[i] {
					t.Errorf("got  %s\nwant %s", got[i], want[i])
				}
			}
		})
	}
}
