// How iterators and objects of native classes are shown, and iterators of a URLSearchParams that changes.
const u = require('util'), { log } = console;
log(new Map([[1,{a:2}]]).entries(),new Map([[1,2]]).keys(),new Map([[1,2],['a',3]]).values(),new Set([1,'x']).values(),new Set([1,2]).entries(),new Set().values(),[1,2].values(),'ab'[Symbol.iterator](),'ab'.matchAll(/a/g));
const it=new Map([[1,2],[3,4],[5,6]])[Symbol.iterator]();it.next();log(it,[...it]);const s2=new Set([1,2,3])[Symbol.iterator]();s2.next();log(s2);log({a:{b:{c:new Map([[1,2]]).entries()}}});log([new Map([[1,2]]).keys()]);
log(u.inspect(new Map([[{a:1},'b']]).entries(),{depth:0}),u.inspect(new Set(Array.from({length:200},(_,i)=>i)).values(),{maxArrayLength:3}),u.inspect(new Map(Array.from({length:200},(_,i)=>[i,i])).entries(),{maxArrayLength:3}),u.inspect(new Map(Array.from({length:30},(_,i)=>[i,i])).keys()),u.inspect(new Map(Array.from({length:8},(_,i)=>['key'+i,'valuevalue'+i])).entries()));
const itx=new Map([[1,2]]).entries();itx.foo=1;log(itx);
const url=new URL('http://a:b@c.d:8/e?f=g#h');log(url);log({url});log([url]);log({a:{b:{url}}});log({a:{b:{c:{url}}}});log(u.inspect(url,{depth:0}),u.inspect({url},{depth:0}),u.inspect(url,{depth:-1}));
class U2 extends URL{};log(new U2('http://x'));
log(new URLSearchParams('a=1&b=2'),[new URLSearchParams()],{q:new URLSearchParams('a=1')},{a:{b:{q:new URLSearchParams('a=1')}}},u.inspect(new URLSearchParams('a=1'),{depth:-1}),u.inspect(new URLSearchParams('a=1'.repeat(40)+'&b=2&cccccccccccccccccccccccccc=ddddddddddddddddddddddddddddddddddddddd&e=f')));
log(new URLSearchParams('a=1').entries(),new URLSearchParams('a=1&b=2').keys(),new URLSearchParams('a=1').values());
log(new Blob(['abc']),new Blob(['a'],{type:'text/plain'}),{b:new Blob([])},{a:{b:{c:new Blob([])}}},u.inspect(new Blob([]),{depth:-1}));
log(new TextDecoder(),new TextEncoder(),[new TextDecoder('utf-16le',{fatal:true,ignoreBOM:true})],[new TextEncoder()],u.inspect(new TextDecoder(),{depth:-1}),u.inspect(new TextEncoder(),{depth:-1}));
const ac=new AbortController();log(ac,ac.signal,{ac},[ac.signal],{a:{b:{ac}}},{a:{b:{c:{ac}}}},u.inspect(ac,{depth:0}),u.inspect(ac,{depth:-1}),u.inspect(ac.signal,{depth:-1}),u.inspect({s:ac.signal},{depth:0}));ac.abort();log(ac,ac.signal);
const p = new URLSearchParams('a=1&b=2&c=3&d=4'), o = [];
for (const [k] of p) { o.push(k); p.delete(k); }
log(o.join());
const q = new URLSearchParams('a=1&b=2'), walk = q.keys();
log(walk.next()); q.append('c', '3'); log([...walk], walk.next(), walk[Symbol.iterator]() === walk, String(walk), Object.keys(Object.getPrototypeOf(walk)));
try { Object.getPrototypeOf(walk).next.call({}); } catch (e) { log(e.name, e.code, e.message); }
class Named extends URL { get x() { return 1; } }
log(new Named('http://q').x, new Named('http://q') instanceof URL, Reflect.construct(URL, ['http://z']).href);
log(u.inspect(q.entries(), { depth: -1 }), [q.values()]);
const m = new Map([[1, 2], [3, 4], [5, 6]]), gone = m.keys(); gone.next(); gone.next(); m.delete(3); m.set(7, 8); log(gone, [...gone]); log(gone);
