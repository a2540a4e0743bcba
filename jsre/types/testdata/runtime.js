// Prints the members of all modules and globals, one a line: module.member, module.Class.static, module.Class.prototype.method.
const language = new Set('Object Function Array Number parseFloat parseInt Infinity NaN undefined Boolean String Symbol Date Promise RegExp Error AggregateError EvalError RangeError ReferenceError SyntaxError TypeError URIError globalThis JSON Math Intl ArrayBuffer Atomics Uint8Array Int8Array Uint16Array Int16Array Uint32Array Int32Array Float32Array Float64Array Uint8ClampedArray BigUint64Array BigInt64Array DataView Map BigInt Set WeakMap WeakSet WeakRef Proxy Reflect FinalizationRegistry decodeURI decodeURIComponent encodeURI encodeURIComponent escape unescape eval isFinite isNaN SharedArrayBuffer Iterator Float16Array SuppressedError DisposableStack AsyncDisposableStack'.split(' '));
const ends = new Set([Object, Function, Error, Uint8Array, Object.getPrototypeOf(Uint8Array), Array, Map].map((c) => c.prototype));
const ofFunctions = new Set(['length', 'name', 'prototype', 'caller', 'arguments']);
const lines = new Set();
// What each object of a class has is not seen at the class: here is one of each.
const assert = require('assert'), fs = require('fs'), mqtt = require('mqtt');
const samples = new Map([
  [assert.AssertionError, new assert.AssertionError({ message: 'x' })], [URL.Url, URL.parse('http://a')], [fs.Stats, fs.statSync('.')], [fs.Dirent, fs.readdirSync('.', { withFileTypes: true })[0]],
  [console.Console, new console.Console(process.stdout)], [mqtt.DefaultMessageIdProvider, new mqtt.DefaultMessageIdProvider()], [mqtt.UniqueMessageIdProvider, new mqtt.UniqueMessageIdProvider()],
  [mqtt.ErrorWithReasonCode, new mqtt.ErrorWithReasonCode('x', 1)], [mqtt.ErrorWithSubackPacket, new mqtt.ErrorWithSubackPacket('x', {})],
  [mqtt.MqttClient, mqtt.connect('mqtt://x', { manualConnect: true })],
]);
const skipped = ['env', 'versions', 'default', 'strict', 'ok'];

function chain(object) {
  const names = new Set();
  for (let at = object; at && !ends.has(at); at = Object.getPrototypeOf(at)) for (const name of Object.getOwnPropertyNames(at)) if (name !== 'constructor') names.add(name);
  return names;
}
function statics(f) {
  const names = new Set();
  for (let at = f; typeof at === 'function' && at !== Function.prototype && at !== Uint8Array && at !== Error && at !== Object.getPrototypeOf(Uint8Array); at = Object.getPrototypeOf(at))
    for (const name of Object.getOwnPropertyNames(at)) if (!ofFunctions.has(name)) names.add(name);
  return names;
}
function add(path, name) { if (/^[A-Za-z_$][\w$]*$/.test(name)) lines.add(path + '.' + name); }
function members(path, value, deep) {
  if (typeof value === 'function') {
    for (const name of statics(value)) add(path, name);
    if (samples.has(value)) for (const name of Object.getOwnPropertyNames(samples.get(value))) if (!/^(_.*|stack|message|name)$/.test(name) || value === fs.Dirent) add(path + '.prototype', name);
    if (value.prototype) for (const name of chain(value.prototype)) if (name !== 'name' || !(value.prototype instanceof Error)) add(path + '.prototype', name);
  } else if (value && typeof value === 'object' && !Array.isArray(value) && deep) {
    for (const name of chain(value)) add(path, name);
  }
}
function walk(path, value) {
  members(path, value, true);
  for (const name of typeof value === 'function' ? statics(value) : chain(value)) {
    if (skipped.includes(name) || value[name] === value) continue;
    members(path + '.' + name, value[name], false);
  }
}
for (const id of require('module').builtinModules) walk(id, require(id));
for (const name of Object.getOwnPropertyNames(globalThis)) {
  if (language.has(name) || name === 'global') continue;
  lines.add(name);
  if (typeof globalThis[name] === 'function') members(name, globalThis[name], false);
}
console.log([...lines].sort().join('\n'));
