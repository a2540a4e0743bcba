const log = (...a) => console.log(...a);
function a() { try { throw 1; } catch (e) { var e = 2, f = e + 1; log(e, f); } log(e, f); }
a();
function b() { try { throw 1; } catch (err) { for (var err = 5; err < 7; err++) log(err); log(err); if (true) { var err; log(err); } } return typeof err; }
log(b());
function c() { 'use strict'; try { null.x; } catch (e) { var e = e.name; log(e); } return e; }
log(c());
(() => { try { throw 3; } catch (e) { var e = 4; (() => { var e = 9; })(); log(e); } })();
function d() { try { throw 1; } catch (e) { try { throw 2; } catch (e) { var e = 3; log(e); } log(e); } return e; }
log(d());
try { throw 'top'; } catch (z) { var z = 'in'; }
log(z, new Function('try { throw 1 } catch (e) { var e = 7; return e }')());
function e1() { e2(); try { throw 1; } catch (q) { var q = 2; { function e3() { return q; } } } function e2() { log(typeof q); } return e3(); }
log(e1());

// prints:
// 2 3
// undefined 3
// 5
// 6
// 7
// 7
// undefined
// TypeError
// undefined
// 4
// 3
// 1
// undefined
// undefined 7
// undefined
// 2
