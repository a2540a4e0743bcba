// Timers, their promises and the order in which they fire.
const tp = require('timers/promises'), util = require('util'), log = (...a) => console.log(...a);
log(require('timers').promises === tp, typeof setTimeout[util.promisify.custom]);
setImmediate((a, b) => log('immediate', a, b), 1, 2); process.nextTick(v => log('tick', v), 't'); queueMicrotask(() => log('microtask')); Promise.resolve().then(() => log('promise')); log('main');
const t = setTimeout(() => {}, 5); log(t.hasRef(), t.unref().hasRef(), t.ref() === t, t.refresh() === t, typeof +t); clearTimeout(+t); const im = setImmediate(() => log('never')); log(im.hasRef(), im.unref().hasRef(), im.ref() === im); clearImmediate(im);
(async () => {
  await tp.setTimeout(20); log(await tp.setTimeout(1, 'value'), await tp.setImmediate('soon'), await util.promisify(setTimeout)(1, 'promisified'), await util.promisify(setImmediate)('p'), await tp.scheduler.wait(1), await tp.scheduler.yield());
  const ac = new AbortController(); const p = tp.setTimeout(1e6, 'no', { signal: ac.signal }); ac.abort(); await p.catch(e => log(e.name, e.code, e.message, e.cause === ac.signal.reason));
  await tp.setImmediate('no', { signal: AbortSignal.abort() }).catch(e => log(e.name)); await tp.setTimeout(1, 'no', { signal: AbortSignal.abort() }).catch(e => log(e.name));
  const it = tp.setInterval(1, 'i'); log(await it.next(), await it.next(), await it.return());
  tp.setTimeout(1e6, 'x', { ref: false }); log('end');
  let n = 0; const iv = setInterval(() => { log('interval', ++n); if (n === 3) clearInterval(iv); }, 1);
})();
