// What Node.js 24 documents; much of it 20 lacks.
const show = f => { try { const v = f(); console.log(typeof v === 'string' ? v : JSON.stringify(v)); } catch (e) { console.log(e.name + ': ' + e.message); } };
show(() => Object.groupBy([1, 2, 3], x => x % 2 ? 'odd' : 'even'));
show(() => Object.getPrototypeOf(Object.groupBy([], x => x)));
show(() => [...Map.groupBy([1, 2, 3], x => x % 2)]);
show(() => Object.groupBy(null, x => x));
show(() => ['a\ud800'.isWellFormed(), 'a'.isWellFormed(), '\ud83d\ude00'.isWellFormed(), 'a\ud800b'.toWellFormed() === 'a\ufffdb']);
show(() => [typeof Symbol.dispose, String(Symbol.asyncDispose), String(Symbol.metadata)]);
show(() => [Math.sumPrecise([1e20, 0.1, -1e20]), Math.sumPrecise([0.1, 0.2, 0.3]), Object.is(Math.sumPrecise([]), -0), Math.f16round(1.337), Math.f16round(65520) === Infinity]);
show(() => Math.sumPrecise(['1']));
show(() => { const m = new Map([['a', 1]]); return [m.getOrInsert('a', 2), m.getOrInsert('b', 3), m.getOrInsertComputed('c', k => k + k), m.size]; });
show(() => { const b = new ArrayBuffer(4); new Uint8Array(b)[0] = 7; const c = b.transfer(8); return [b.detached, b.byteLength, c.byteLength, new Uint8Array(c)[0], c.resizable, c.maxByteLength]; });
show(() => { const o = {}; return [new WeakRef(o).deref() === o, String(new WeakRef(o)), new FinalizationRegistry(() => {}).register(o, 1) === undefined]; });
show(() => new WeakRef(1));
show(() => { const r = new FinalizationRegistry(() => {}), t = {}; r.register({}, 1, t); return [r.unregister(t), r.unregister(t)]; });
show(() => [1, 2, 3, 4].values().map(x => x * 2).filter(x => x > 2).drop(1).take(1).toArray());
show(() => { function* g() { let i = 0; while (true) yield i++; } return g().flatMap(x => [x, -x]).take(5).toArray(); });
show(() => [new Set([1, 2]).values().reduce((a, b) => a + b), [1, 2].values().some(x => x > 1), [1, 2].values().every(x => x > 1), [1, 2].values().find(x => x > 1)]);
show(() => { let closed = 0; const it = { next: () => ({ value: 1, done: false }), return() { closed++; return {}; } }; Iterator.from(it).take(2).toArray(); return closed; });
show(() => { let closed = 0; const it = { __proto__: Iterator.prototype, next: () => ({ value: 1, done: false }), return() { closed++; return {}; } }; try { it.map(() => { throw 1; }).next(); } catch (e) {} return closed; });
show(() => new Iterator());
show(() => [class A extends Iterator {}].map(A => new A() instanceof Iterator));
show(() => [].values().take(-1));
show(() => [].values().map(1));
show(() => Iterator.from('ab').toArray());
show(() => String([].values().map(x => x)));
show(() => typeof GoError);
const { promise, resolve } = Promise.withResolvers();
promise.then(v => console.log('resolved', v));
resolve(5);
Promise.try((a, b) => a + b, 1, 2).then(v => console.log('tried', v));
Promise.try(() => { throw new Error('x'); }).catch(e => console.log('caught', e.message));
(async () => {
  console.log(JSON.stringify(await Array.fromAsync([1, Promise.resolve(2)], x => x + 1)));
  console.log(JSON.stringify(await Array.fromAsync({ length: 2, 0: 'a', 1: Promise.resolve('b') })));
  const it = { [Symbol.asyncIterator]() { let i = 0; return { next: async () => ({ value: i, done: i++ > 1 }) }; } };
  console.log(JSON.stringify(await Array.fromAsync(it)));
  try { await Array.fromAsync(null); } catch (e) { console.log(e.name); }
})();
