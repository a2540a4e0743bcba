function plain(a) { return () => arguments[0] + arguments.length; }
print(plain(1, 2)());
function nested() { return () => () => arguments[1]; }
print(nested(1, 'two')()());
function usesDefault(a = () => arguments[1]) { return a(); }
print(usesDefault(undefined, 'given'));
function withBoth(a = 1, b = () => [...arguments].join()) { var c = () => arguments.length; return b() + '/' + c(); }
print(withBoth(5, undefined, 7));
const o = { m() { return [1].map(() => arguments[0])[0]; }, get g() { return (() => arguments.length)(); }, set s(v) { print((() => arguments[0])()); } };
print(o.m('method'), o.g);
o.s = 'setter';
class A { constructor() { this.n = (() => arguments.length)(); } static s() { return (() => arguments[0])(); } }
print(new A(1, 2, 3).n, A.s('static'));
class B extends A { constructor() { const f = () => super(...arguments); f(); } }
print(new B(1, 2, 3, 4).n);
function strict() { 'use strict'; return (() => { arguments[0]; return typeof this + arguments[0]; })(); }
print(strict('x'));
function* gen() { yield* [0, 1].map(i => arguments[i]); }
print([...gen('a', 'b')].join());
async function later() { const f = async () => { await null; return arguments[0]; }; return f(); }
later('async').then(print);
function assigned(a) { const f = () => { arguments[0] = 9; }; f(); return a; }
print(assigned(1));
function shadowed(arguments) { return (() => arguments)(); }
print(shadowed('param'));
function redeclared() { let arguments = 'let'; return (() => arguments)(); }
print(redeclared());
function variable() { var arguments = 'var'; return (() => arguments)(); }
print(variable());
function declared() { function arguments() {} return typeof (() => arguments)(); }
print(declared());
function short() { const f = () => ({ arguments }); return f().arguments.length; }
print(short(1, 2));
function inner() { return (() => { function own() { return arguments[0]; } return own('own') + arguments[0]; })(); }
print(inner('outer'));
function destructured({ x }, [y] = [() => arguments.length]) { return x + y(); }
print(destructured({ x: 1 }));
const loops = []; function loop() { for (let i = 0; i < 2; i++) loops.push(() => arguments[i]); }
loop('p', 'q'); print(loops.map(f => f()).join());
function inTemplate() { return (() => `${arguments[0]}${arguments?.length}`)(); }
print(inTemplate('t'));
function typeOf() { return (() => typeof arguments)(); }
print(typeOf());
(() => print(typeof arguments[1], arguments.length))();
function returned() { return (() => arguments.length)(); arguments; }
print(returned(1));
print(new Error('position').stack.split('\n')[1].match(/\d+:\d+/)[0]);
// prints:
// 3
// two
// given
// 5,,7/3
// method 0
// setter
// 3 static
// 4
// undefinedx
// a,b
// 9
// param
// let
// var
// function
// 2
// ownouter
// 2
// p,q
// t1
// object
// function 5
// 1
// 47:7
// async
