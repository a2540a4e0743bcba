const util=require('util'); const I=(v,o)=>{try{console.log(util.inspect(v,o))}catch(e){console.log('THROW',e.message)}};
// arrays and strings
I('a'.repeat(120)); I(['a'.repeat(120)]); I('it\'s'); I("a\nb"); I({s:'line1\nline2 long long long long long long long long long long long long long long long'});
I({s:'x'.repeat(10)+'\n'+'y'.repeat(20)}); I(['a\nb\nc'],{compact:false}); I('\ud83d\ude00 \ud800 \x7f \u2028');
I({a:[1,2,{b:3}]},{compact:false}); I({a:[1,2,{b:3}]},{compact:true}); I({a:[1,2,{b:3}]},{compact:1}); I({a:1,b:2},{breakLength:5}); I({a:1,b:{c:2,d:[3,4,5]}},{breakLength:Infinity});
I([1,2,3],{maxArrayLength:1}); I([1,2,3],{maxArrayLength:0}); I(new Set([1,2,3]),{maxArrayLength:1}); I(new Map([[1,2],[3,4]]),{maxArrayLength:1}); I('abcdef',{maxStringLength:3}); I(['abcdef'],{maxStringLength:3}); I('abcdef',{maxStringLength:0});I(new Uint8Array(200)); I(new Uint8Array(5),{maxArrayLength:2});
I({b:1,a:2,c:{z:1,y:2}},{sorted:true}); I({b:1,a:2},{sorted:(a,b)=>a<b?1:-1});
I({get a(){return {x:1}},set b(v){},get c(){return 5},set c(v){},get d(){throw new Error('oops')}},{getters:true}); I({get a(){return 1},get c(){return 5},set c(v){}},{getters:'get'}); I({get a(){return 1},get c(){return 5},set c(v){}},{getters:'set'});
I([123456789,1234.5678,-1000000,1234567n,1e21,0.0001234567],{numericSeparator:true});
I(new Proxy({a:1},{get(){return 2}}),{showProxy:true}); I(new Proxy([1,2],{}),{showProxy:1}); I(new Proxy(function(){},{})); I({p:new Proxy({},{})},{showProxy:true,depth:0});
I([1,2,3],{showHidden:true}); I(new Map([[1,2]]),{showHidden:true}); I(Buffer.from('abc'),{showHidden:true}); I(new Uint8Array([1,2]),{showHidden:true}); I(Symbol('x'),{showHidden:true}); I(Object.create({},{h:{value:1,enumerable:false}}),{showHidden:true}); I(new Date(0),{showHidden:true});
I({[Symbol('a')]:1,[Symbol('b b')]:2,[Symbol()]:3}); I(Symbol()); I(Object(Symbol('a')));
I(Object.assign(new Date(0),{x:1})); I(Object.assign(/a/g,{x:1})); I(Object.assign(()=>{},{x:1})); I(Object.assign(new Number(1),{x:1})); I(new String('abc')); I(Object.assign(new String('abc'),{x:1}));
class A extends Map{}; class B extends Array{}; class C extends Promise{}; class D extends Date{}; class E extends Error{}; class F extends RegExp{}; class G extends Uint8Array{}; class H extends Function{}
I(new A([[1,2]])); I(B.from([1,2])); I(new C(()=>{})); I(new D(0)); I(new F('a')); I(new G(2)); 
I(Object.setPrototypeOf([1],null)); I(Object.setPrototypeOf(new Map([[1,2]]),null)); I(Object.setPrototypeOf(new Date(0),null)); I(Object.setPrototypeOf(function x(){},null)); I(Object.setPrototypeOf(new Set([1]),null)); I(Object.setPrototypeOf(Promise.resolve(1),null)); I(Object.setPrototypeOf(new Uint8Array(1),null)); I(Object.setPrototypeOf(new Number(1),null));
I({a:Object.create(null)}); I(Object.create(Object.create(null))); I(Object.create(class Q{}.prototype)); function Old(){}; I(new Old); Old.prototype={}; I(new Old); I(Object.create(Old.prototype,{constructor:{value:5}}));
I((function(){return arguments})(1,2)); I([1,2,3].entries()); I('abc'[Symbol.iterator]()); I('a1'.matchAll(/a/g)); I((function*g(){})()); I(async()=>{}); I(async function named(){}); I(function*g(){}); I(class X extends A{}); I(class{}); I(class Y{static x=1}); I(class Z extends null{});
I(globalThis===global); I(Math); I(JSON); I(Reflect);
