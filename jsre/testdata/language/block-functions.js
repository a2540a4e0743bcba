{ function f() { return 'f'; } }
print(f());
print(typeof later); { function later() {} } print(typeof later);
(function () { print(typeof g); if (true) { function g() { return 'g'; } } print(g()); })();
(function () { if (true) function h() { return 'h'; } else function h() { return 'not h'; } print(h()); })();
(function () { 'use strict'; { function s() {} } print(typeof s); })();
(function () { switch (1) { case 0: function never() {} case 1: function c() { return 'case'; } } print(c(), typeof never); })();
(function () { let x = 'let'; { function x() {} } print(x); })();
(function () { { let y = 'inner'; { function y() {} } } print(typeof y); })();
(function (p) { { function p() {} } print(p); })('param');
(function () { { function a() { return 1; } } { function a() { return 2; } } print(a()); })();
(function () { { q = 1; function q() {} q = 2; print(q); } print(q); })();
(function () { const made = []; for (let i = 0; i < 2; i++) { function m() { return i ? i : 'zero'; } made.push(m); } print(made.map(k => k()).join(), m()); })();
(function () { try { throw 1; } catch (e) { function inCatch() { return 'catch'; } } print(inCatch()); })();
(function () { try { throw [1]; } catch ([z]) { function z2() {} } print(typeof z2); })();
(function () { for (let r of [1]) { { function r() {} } } print(typeof r); })();
(() => { { function inArrow() { return 'arrow'; } } print(inArrow()); })();
(function () { { async function as() {} function* ge() {} } print(typeof as, typeof ge); })();
(function () { var v = 'var'; print(v); { function v() {} } print(typeof v); })();
(function () { 'not strict'; { function d() { return d.name; } } print(d()); })();
(function () { { function self() { self = 1; } self(); print(typeof self); } print(typeof self); })();
class K { m() { { function k() {} } return typeof k; } static { { function t() {} } print(typeof t); } }
print(new K().m());
(function () { { { { function deep() { return 'deep'; } } } } print(deep()); })();
(function () { label: { function l() { return 'l'; } break label; } print(l()); })();
(function () { function top() { return 1; } { function top() { return 2; } } print(top()); })();
(function () { { function one() { return 1; } function one() { return 2; } print(one()); } print(one()); })();
(function () { if (0) { function unreached() {} } print(typeof unreached, Object.keys(globalThis).filter(n => n.startsWith(' ')).length); })();
// prints:
// f
// undefined
// function
// undefined
// g
// h
// undefined
// case undefined
// let
// undefined
// param
// 2
// 2
// 1
// zero,1 1
// catch
// function
// undefined
// arrow
// undefined undefined
// var
// function
// d
// number
// function
// undefined
// undefined
// deep
// l
// 2
// 2
// 2
// undefined 0
