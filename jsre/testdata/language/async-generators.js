// Async generators: await in finally, return(), throw(), the queue of requests, yield*, for await, as ECMA-262 has them.
const log = (...a) => console.log(...a);
async function* cleanup() { try { yield 1; yield 2; } finally { await null; log('closed'); } }
async function main() {
  for await (const x of cleanup()) break;
  const early = async () => { for await (const x of cleanup()) return x; };
  log(await early());
  let g = cleanup();
  log(await g.next(), await g.return('R'), await g.next());
  g = cleanup();
  log(await g.return(Promise.resolve('before')), await g.next());
  async function* override() { try { yield 1; } finally { await 0; return 'mine'; } }
  g = override(); await g.next();
  log(await g.return('theirs'));
  async function* stays() { try { yield 1; } finally { await 0; yield 'still'; await 0; log('end'); } }
  g = stays(); await g.next();
  log(await g.return('x'), await g.next());
  async function* catches() { try { yield 1; } catch (e) { await 0; yield 'caught ' + e; } }
  g = catches(); await g.next();
  log(await g.throw('t'), await g.next());
  g = catches();
  await g.throw('early').catch(e => log('rejected', e));
  log(await g.next());
  // rejected values
  async function* rejecting() { try { yield Promise.reject('y'); } catch (e) { log('in', e); } try { return Promise.reject('r'); } catch (e) { log('in', e); } }
  log(await rejecting().next());
  g = cleanup(); await g.next();
  await g.return(Promise.reject('rr')).catch(e => log('out', e));
  // requests wait for each other
  async function* slow() { log('begin'); const got = yield new Promise(r => setTimeout(r, 1, 'a')); log('got', got); yield 'b'; return 'c'; }
  g = slow();
  const all = [g.next(), g.next('two'), g.next(), g.next(), g.return('z')];
  log('asked');
  log(await Promise.all(all));
  async function* reenters() { log(await Promise.race([self.next(), 'waiting'])); yield 5; }
  const self = reenters();
  log(await self.next());
  // yield*
  async function* inner() { try { const a = yield 'i1'; log('a', a); yield 'i2'; return 'ret'; } finally { await 0; log('inner closed'); } }
  async function* outer() { try { log('result', yield* inner()); yield* [Promise.resolve('s1'), 's2']; yield* (function* () { try { yield 1; } finally { log('sync closed'); } })(); } finally { await 0; log('outer closed'); } }
  g = outer();
  log(await g.next(), await g.next('A'), await g.next(), await g.next(), await g.next(), await g.return('left'));
  g = outer(); await g.next();
  log(await g.return('away'));
  g = outer(); await g.next();
  await g.throw('bad').catch(e => log('thrown', e));
  const bare = { [Symbol.asyncIterator]() { return { next() { return { value: 1 }; } }; } };
  async function* over() { yield* bare; }
  g = over(); await g.next();
  await g.throw(1).catch(e => log(e.message));
  g = over(); await g.next();
  log(await g.return('nothing to close'), await g.next());
  async function* wrong(x) { yield* x; }
  for (const x of [{ [Symbol.asyncIterator]() { return 5; } }, { [Symbol.asyncIterator]() { return { next() { return 6; } }; } }]) await wrong(x).next().catch(e => log(e.name, e.message));
  // for await
  const bad = { z: 5 };
  try { for await (const x of bad.z); } catch (e) { log(e.message); }
  try { for await (const x of null); } catch (e) { log(e.message); }
  try { for await (const x of { [Symbol.asyncIterator]() { return { next() { return 5; } }; } }); } catch (e) { log(e.message); }
  try { for await (const x of { [Symbol.iterator]() { return { next() { return 5; } }; } }); } catch (e) { log(e.message); }
  try { for await (const x of { [Symbol.iterator]() { return 5; } }); } catch (e) { log(e.message); }
  try { for await (const x of [1, Promise.reject('el')]) log(x); } catch (e) { log('rejected', e); }
  try { for await (const x of cleanup()) throw 'body'; } catch (e) { log('thrown', e); }
  // turns
  const turns = [];
  async function* ticking() { turns.push('t0'); yield 't1'; await 0; yield 't2'; return 't3'; }
  const done = (async () => { for await (const x of ticking()) turns.push(x); turns.push('over'); })();
  (async () => { for (let i = 0; i < 12; i++) { turns.push(i); await 0; } })();
  await done;
  log(turns.join());
  const order = [];
  g = outer2(); async function* outer2() { order.push('x', yield* ticking()); }
  const d2 = (async () => { for await (const x of g) order.push(x); order.push('over'); })();
  for (let i = 0; i < 20; i++) { order.push(i); await 0; }
  await d2;
  log(order.join());
  const o3 = [];
  g = cleanup2(); async function* cleanup2() { try { yield 1; } finally { o3.push('f'); await 0; } }
  g.next().then(() => o3.push('n')); g.return(5).then(v => o3.push(v.value)); g.next().then(v => o3.push(v.done));
  for (let i = 0; i < 12; i++) { o3.push(i); await 0; }
  log(o3.join());
  const o4 = [];
  (async () => { for await (const x of [1, 2]) o4.push('v' + x); o4.push('over'); })();
  for (let i = 0; i < 12; i++) { o4.push(i); await 0; }
  log(o4.join());
  // what they are
  g = cleanup();
  log(g, String(g), g[Symbol.asyncIterator]() === g, Object.getOwnPropertyNames(g), g.next.name, g.next.length);
  await g.next.call(5).catch(e => log(e.message));
  await g.return.call({}).catch(e => log(e.message));
  class A { n = 3; async *m(a, ...rest) { yield this.n; yield* rest; return arguments.length; } static async *[Symbol.asyncIterator]() { yield 's'; } }
  g = new A().m(1, 2, 3);
  log(await g.next(), await g.next(), await g.next(), await g.next());
  for await (const x of A) log(x);
  try { await (async () => { async function* thrower() { null.x; } await thrower().next(); })(); } catch (e) { log(e.message, /thrower|<anonymous>|at/.test(e.stack)); }
}
main().catch(e => log('FAILED', e));

// prints:
// closed
// closed
// 1
// closed
// { value: 1, done: false } { value: 'R', done: true } { value: undefined, done: true }
// { value: 'before', done: true } { value: undefined, done: true }
// { value: 'mine', done: true }
// end
// { value: 'still', done: false } { value: 'x', done: true }
// { value: 'caught t', done: false } { value: undefined, done: true }
// rejected early
// { value: undefined, done: true }
// in y
// in r
// { value: undefined, done: true }
// closed
// out rr
// begin
// asked
// got two
// [
//   { value: 'a', done: false },
//   { value: 'b', done: false },
//   { value: 'c', done: true },
//   { value: undefined, done: true },
//   { value: 'z', done: true }
// ]
// waiting
// { value: 5, done: false }
// a A
// inner closed
// result ret
// sync closed
// outer closed
// { value: 'i1', done: false } { value: 'i2', done: false } { value: 's1', done: false } { value: 's2', done: false } { value: 1, done: false } { value: 'left', done: true }
// inner closed
// outer closed
// { value: 'away', done: true }
// inner closed
// outer closed
// thrown bad
// The iterator does not provide a 'throw' method.
// { value: 'nothing to close', done: true } { value: undefined, done: true }
// TypeError Result of the Symbol.asyncIterator method is not an object
// TypeError Iterator result 6 is not an object
// bad.z is not async iterable
// Cannot read properties of null (reading 'Symbol(Symbol.asyncIterator)')
// Iterator result 5 is not an object
// Iterator result 5 is not an object
// Result of the Symbol.iterator method is not an object
// 1
// rejected el
// closed
// thrown body
// t0,0,1,t1,2,3,4,t2,5,6,over,7
// 0,1,2,t1,3,4,5,6,t2,7,8,x,t3,9,over,10,11,12,13,14,15,16,17,18,19
// 0,1,n,f,2,3,5,true,4,5,6,7,8,9,10,11
// 0,1,v1,2,3,v2,4,5,over,6,7,8,9,10,11
// Object [AsyncGenerator] {} [object AsyncGenerator] true [] next 1
// Method [AsyncGenerator].prototype.next called on incompatible receiver 5
// Method [AsyncGenerator].prototype.return called on incompatible receiver #<Object>
// { value: 3, done: false } { value: 2, done: false } { value: 3, done: false } { value: 3, done: true }
// s
// Cannot read properties of null (reading 'x') true
