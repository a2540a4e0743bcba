// What is said of wrong arguments by events, timers, util and what belongs to them, and of errors that nobody hears.
const E = require('events'), util = require('util'), tp = require('timers/promises');
const e = new E(), signal = new AbortController().signal, target = new EventTarget();
class My extends E {}
const lines = [];
const t = f => { try { lines.push('gives ' + util.inspect(f())); } catch (x) { lines.push([x.name, x.code, x.message].join(' ')); } };
for (const bad of [undefined, null, 5, 's', {}, [], new My(), Symbol('q'), true, 10n]) t(() => e.on('x', bad));
for (const f of ['off', 'once', 'prependListener', 'prependOnceListener', 'removeListener', 'addListener']) t(() => e[f]('x'));
for (const v of ['str', 5, null, undefined, { a: 1 }, [1, 2], Symbol('z'), new Map([[1, 2]]), 1n, () => {}]) t(() => e.emit('error', v));
t(() => e.emit('error'));
for (const n of [-1, 'x', NaN, undefined, null, 1.5, 2 ** 31, Infinity]) t(() => { const q = new E(); q.setMaxListeners(n); return q.getMaxListeners(); });
for (const n of [-1, 'x', NaN, undefined, 1.5]) { t(() => { E.defaultMaxListeners = n; return E.defaultMaxListeners; }); t(() => E.setMaxListeners(n)); E.defaultMaxListeners = 10; }
t(() => new E({ captureRejections: 1 }));
t(() => { E.captureRejections = 1; });
t(() => E.getEventListeners(5, 'x')); t(() => E.getMaxListeners(5)); t(() => E.setMaxListeners(1, 5));
t(() => E.on(5, 'x')); t(() => E.on(e, 'x', { signal: {} })); t(() => E.addAbortListener(5, () => {})); t(() => E.addAbortListener(signal, 5));
t(() => target.addEventListener('x')); t(() => target.addEventListener()); t(() => target.addEventListener('x', 5)); t(() => target.addEventListener('x', 's'));
t(() => target.removeEventListener('x')); t(() => target.dispatchEvent()); t(() => target.dispatchEvent(5)); t(() => target.dispatchEvent({}));
t(() => new Event()); t(() => new Event('x', 5)); t(() => new CustomEvent());
for (const c of [Event, EventTarget, AbortSignal, AbortController, URL, URLSearchParams]) t(() => c('http://x'));
t(() => EventTarget.prototype.addEventListener.call({}, 'x', () => {}));
for (const f of ['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask']) for (const b of [undefined, null, 5, 'c', {}]) t(() => globalThis[f](b));
for (const b of [undefined, -1, 'x', 1.5]) t(() => AbortSignal.timeout(b));
t(() => AbortSignal.any()); t(() => AbortSignal.any([5])); t(() => AbortSignal.any(5)); t(() => new AbortSignal()); t(() => AbortSignal.prototype.throwIfAborted.call({}));
t(() => util.promisify(5)); t(() => util.promisify()); t(() => util.callbackify(5)); t(() => util.inherits(() => {}, 5)); t(() => util.inherits(() => {}, null)); t(() => util.inherits(() => {}, () => {}));
t(() => util.deprecate(() => {}, 'x', 5)); t(() => util.stripVTControlCharacters(5)); t(() => util.styleText('red', 5)); t(() => util.callbackify(async () => 1)()); t(() => util.callbackify(async () => 1)(5));
t(() => util.promisify(Object.assign(() => {}, { [util.promisify.custom]: 5 })));
t(() => process.emitWarning(5)); t(() => process.emitWarning()); t(() => process.emitWarning('x', 5));
t(() => structuredClone((function* () {})())); t(() => structuredClone(Object(1n))); t(() => structuredClone({ a: Object(5n) })); t(() => structuredClone(1, 5)); t(() => structuredClone(1, null)); t(() => structuredClone(1, { transfer: 5 }));
t(() => structuredClone(new Map().entries())); t(() => structuredClone([].values())); t(() => structuredClone(new Set().values())); t(() => structuredClone(''[Symbol.iterator]()));
console.log(lines.join('\n'));
const later = [() => E.once(5, 'x'), () => E.once(e, 'x', { signal: 5 }), () => tp.setTimeout('x'), () => tp.setTimeout(1, 1, 5), () => tp.setTimeout(1, 1, { signal: 5 }), () => tp.setTimeout(1, 1, { ref: 5 }), () => tp.setImmediate(1, 5), () => tp.setImmediate(1, { signal: {} }), () => tp.scheduler.wait('x')];
(async () => {
  for (const f of later) await f().catch(x => console.log(x.name, x.code, x.message));
  let n = 0;
  process.on('beforeExit', code => { console.log('beforeExit', code); if (n++ < 2) setTimeout(() => console.log('more'), 1); });
  process.on('exit', code => console.log('exit', code));
})();
