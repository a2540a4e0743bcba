const log = (...a) => console.log(...a);
const t = f => { try { log(f()); } catch (e) { log(e instanceof SyntaxError ? 'SyntaxError' : `${e.name}: ${e.message}`); } };
t(() => new Function('return (()=>arguments)()')(1, 2).length);
t(() => new Function('a', 'b', 'return [1].map(() => arguments[1] + a)[0]')(1, 2));
t(() => Function('a,b', 'c', 'return a+b+c')(1, 2, 3));
t(() => new Function('{ function f() { return 7 } } return f()')());
t(() => (0, eval)('(function (a) { return [1].map(() => arguments[0] + a)[0] })')(3));
t(() => eval('(function (a) { return [1].map(() => arguments[0] + a)[0] })')(4));
t(() => eval('(function (a, b = () => arguments[0]) { "use strict"; return b() })'.replace('"use strict"; ', ''))(5));
(function () { t(() => eval('arguments.length')); log(eval('[1].map(() => arguments[0])')); })('A');
t(() => '\u{10ffff}'.length + `\u{10FFFF}`.length + eval("'\\u{10ffff}'.length") + new Function("return '\\u{10ffff}'.length")());
t(() => '\u{10ffff}'.codePointAt(0) === 0x10ffff && /^\u{10ffff}$/u.test('\u{10ffff}') && '\\u{10ffff}'.length);
t(() => new Function('a', 'b').toString());
t(() => new Function('a //', 'return 1').toString());
t(() => Function('/*', '*/){'));
t(() => Function('){', ''));
t(() => Function('', '}, function () {'));
t(() => Function('return }; {'));
t(() => [Function('a', 'b', '').length, Function('a = 1', '...b', '').length, Function().name, Function.length, new Function() instanceof Function]);
t(() => { class F extends Function { m() { return this(2); } } return [new F('x', 'return x * 2').m(), new F().constructor === F, Object.getPrototypeOf(new F()) === F.prototype]; });
t(() => [new (Object.getPrototypeOf(function* () {}).constructor)('yield 1; yield 2')().next().value, typeof new (Object.getPrototypeOf(async () => {}).constructor)('await 1')().then]);
t(() => new Function('return this === globalThis')());
t(() => new Function('"use strict"; return this')());
t(() => new Function('"use strict"; with (x) {}'));
t(() => new Function('return new.target')());
t(() => new Function('super.x'));
t(() => new Function('let s = ""; for (let i = 0; i < 1e5; i++) s += "x"; return s.length')());
t(() => new Function('x', 'return /(?<y>a)\\k<y>/v.test(x)')('aa'));
t(() => { try { new Function('throw new Error("in")')(); } catch (e) { return e.message; } });
t(() => Function('a', 'a', 'return a')(1, 2));
t(() => Function('a', 'a', '"use strict"; return a')(1, 2));
t(() => Function('<!-- c\nreturn 5')());
t(() => Function('x', 'x.y.z')({}));
t(() => { Function('a b', ''); });
t(() => { eval('var x ='); });
t(() => { try { eval('var x y'); } catch (e) { return String(e instanceof SyntaxError) + /^SyntaxError: [A-Z]/.test(String(e)) + /Line|eval|SyntaxError:.*SyntaxError/.test(e.message); } });
t(() => { try { Function('var x y'); } catch (e) { return String(e instanceof SyntaxError) + /^SyntaxError: [A-Z]/.test(String(e)) + /Line|eval|SyntaxError:.*SyntaxError/.test(e.message); } });
t(() => ({ toString() { return {}; }, valueOf() { return {}; } }) + '');
t(() => Number(Object.create(null)));
t(() => `${Object.create(null)}`);
t(() => Object.create(null) + 1);
t(() => new Date({ [Symbol.toPrimitive]() { return {}; } }));

// prints:
// 2
// 3
// 6
// 7
// 6
// 8
// 5
// 1
// [ 'A' ]
// 8
// 10
// function anonymous(a
// ) {
// b
// }
// function anonymous(a //
// ) {
// return 1
// }
// SyntaxError
// SyntaxError
// SyntaxError
// SyntaxError
// [ 2, 0, 'anonymous', 1, true ]
// [ 4, true, true ]
// [ 1, 'function' ]
// true
// undefined
// SyntaxError
// undefined
// SyntaxError
// 100000
// true
// in
// 2
// SyntaxError
// 5
// TypeError: Cannot read properties of undefined (reading 'z')
// SyntaxError
// SyntaxError
// truetruefalse
// truetruefalse
// TypeError: Cannot convert object to primitive value
// TypeError: Cannot convert object to primitive value
// TypeError: Cannot convert object to primitive value
// TypeError: Cannot convert object to primitive value
// TypeError: Cannot convert object to primitive value
