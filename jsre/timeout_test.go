package jsre_test

import "testing"

// TestTimeoutObject checks that what setTimeout gives is an object like others, which keeps what a script sets on it.
func TestTimeoutObject(t *testing.T) {
	check(t, "const t = setTimeout(() => {}, 1);\n", []expectation{
		{"members", `show(t.constructor.name); show(t.ref() === t && t.unref() === t && t.hasRef()); show(Object.keys(t).length); show(String(Object.getPrototypeOf(t) === Object.getPrototypeOf(setInterval(() => {}, 1).unref()))); show(typeof t.close);`, "Timeout\nfalse\n0\ntrue\nfunction\n"},
		{"properties", `'use strict'; t.note = 'n'; t[5] = 'five'; show(t.note + t[5] + t.none); show('note' in t); show(Object.keys(t).join()); delete t.note; show('note' in t); show(require('util').inspect(t)); Object.defineProperty(t, 'd', { value: 1, writable: true, enumerable: true, configurable: true }); show(t.d);`, "nfiveundefined\ntrue\n5,note\nfalse\nTimeout { '5': 'five' }\n1\n"},
		{"numbers", `let n = 0; const i = setInterval(() => { if (++n === 2) { clearInterval(String(+i)); show(n); } }, 1); const o = setTimeout(() => show('never'), 5); clearTimeout(+o); show(+o === +o && +o !== +i);`, "true\n2\n"},
		{"not of others", `for (const v of [{}, null, 5.5, 'x', Object.create(t)]) clearTimeout(v); show(() => Object.getPrototypeOf(t).ref.call({})); show(() => new t.constructor());`, "TypeError[ERR_INVALID_ARG_TYPE]: ref was called on object, not on a Timeout\nTypeError[ERR_INVALID_ARG_TYPE]: Timeout cannot be constructed by a script\n"},
	})
}
