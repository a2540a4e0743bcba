// The module events, EventTarget and AbortController.
const events = require('events');
const { EventEmitter, once, on, errorMonitor } = events;
const log = (...a) => console.log(...a);
const e = new EventEmitter();
e.on(errorMonitor, x => log('monitor', x.message)); e.on('error', x => log('error', x.message)); e.emit('error', new Error('m'));
e.off('error', e.listeners('error')[0]); try { e.emit('error', new Error('alone')); } catch (x) { log('thrown', x.message); }
const f = () => log('f'); e.once('o', f); log(e.rawListeners('o')[0] === f, e.rawListeners('o')[0].listener === f, e.listeners('o')[0] === f, e.listenerCount('o', f), e.listenerCount('o', log)); e.rawListeners('o')[0](); log(e.listenerCount('o'));
e.setMaxListeners(Infinity); log(e.getMaxListeners(), events.getMaxListeners(e), events.defaultMaxListeners); events.setMaxListeners(5, e); log(e.getMaxListeners());
log(events.getEventListeners(e, 'x').length, typeof events.errorMonitor, String(events.captureRejectionSymbol), events.captureRejections, events.listenerCount(e, 'o'));
const c = new EventEmitter({ captureRejections: true }); c.on('x', async v => { throw new Error('async ' + v); }); c.on('error', x => log('captured', x.message)); c.emit('x', 1);
const r = new EventEmitter({ captureRejections: true }); r[Symbol.for('nodejs.rejection')] = (x, name, ...args) => log('own', x.message, name, args); r.on('y', async () => { throw new Error('z'); }); r.emit('y', 1, 2);
class T extends EventTarget {}
const t = new T();
const h = { handleEvent(ev) { log('object', this === h, ev.type); } };
t.addEventListener('a', ev => log('first', ev instanceof Event, ev.target === t, ev.currentTarget === t, ev.eventPhase, ev.composedPath().length)); t.addEventListener('a', h); t.addEventListener('a', h); t.addEventListener('a', () => log('once'), { once: true });
log(t.dispatchEvent(new Event('a'))); log(t.dispatchEvent(new Event('a'))); t.removeEventListener('a', h); t.dispatchEvent(new Event('a'));
t.addEventListener('p', ev => { ev.preventDefault(); log(ev.defaultPrevented, ev.cancelable); ev.stopImmediatePropagation(); }); t.addEventListener('p', () => log('never'));
log(t.dispatchEvent(new Event('p', { cancelable: true })), t.dispatchEvent(new Event('p')));
const ce = new CustomEvent('c', { detail: { a: 1 }, bubbles: true }); log(ce.detail, ce.bubbles, ce.composed, ce.isTrusted, ce.type, ce instanceof Event, ce.returnValue, ce.cancelBubble); ce.cancelBubble = true; log(ce.cancelBubble, Event.AT_TARGET, ce.NONE, ce.target, ce.srcElement, typeof ce.timeStamp);
try { t.dispatchEvent({}); } catch (x) { log(x.name, x.code); } try { new Event(); } catch (x) { log(x.name); } t.addEventListener('n', null); try { t.addEventListener('n', 5); } catch (x) { log(x.name); }
const rec = new EventTarget(); rec.addEventListener('r', ev => { try { rec.dispatchEvent(ev); } catch (x) { log(x.code); } }); rec.dispatchEvent(new Event('r'));
const ac = new AbortController(); log(ac.signal.aborted, ac.signal.reason, ac, ac.signal); ac.signal.onabort = ev => log('onabort', ev.type, ev.target === ac.signal, ev.isTrusted); ac.signal.addEventListener('abort', () => log('listener'));
ac.abort(); ac.abort('again'); log(ac.signal.aborted, ac.signal.reason.name, ac.signal.reason.message, ac.signal.reason.code, ac.signal.reason instanceof DOMException, ac.signal.reason instanceof Error);
log(AbortSignal.abort('why').reason, AbortSignal.any([AbortSignal.abort(1)]).reason); const a2 = new AbortController(), any = AbortSignal.any([a2.signal]); a2.abort('late'); log(any.reason); try { any.throwIfAborted(); } catch (x) { log('threw', x); } try { new AbortSignal(); } catch (x) { log(x.name, x.code, x.message); }
AbortSignal.timeout(1).addEventListener('abort', ev => log('timeout', ev.target.reason.name, ev.target.reason.message)); setTimeout(() => {}, 30);
const tk = new EventTarget(), ak = new AbortController(); tk.addEventListener('s', () => log('not heard'), { signal: ak.signal }); ak.abort(); tk.dispatchEvent(new Event('s'));
events.addAbortListener(AbortSignal.abort(), () => log('abort listener'));
(async () => {
  const q = new EventEmitter(); setTimeout(() => q.emit('v', 1, 2), 2); log('once', await once(q, 'v'));
  setTimeout(() => q.emit('error', new Error('bad')), 2); await once(q, 'v').catch(x => log('once failed', x.message));
  setTimeout(() => t.dispatchEvent(new Event('w')), 2); log('once of a target', (await once(t, 'w'))[0].type);
  const k = new AbortController(); setTimeout(() => k.abort(), 2); await once(q, 'v', { signal: k.signal }).catch(x => log(x.name, x.code, x.message)); log(q.listenerCount('v'), q.listenerCount('error'));
  await once(q, 'v', { signal: AbortSignal.abort() }).catch(x => log(x.name));
  const it = on(q, 'n'); q.emit('n', 1); q.emit('n', 2, 3); log(await it.next(), await it.next()); const wait = it.next(); q.emit('n', 4); log(await wait); log(await it.return(), await it.next(), q.listenerCount('n'));
  const bad = on(q, 'n'); q.emit('error', new Error('E')); await bad.next().catch(x => log('on failed', x.message)); log(typeof bad[Symbol.asyncIterator]);
})();
