package builtins_test

import (
	"bytes"
	"testing"

	"dunlin/jsre"
)

// TestDeepNativesAreExceptions shows that what nests too deep is an exception of the script before a stack of
// the host can run out: each is a little more than is allowed.
func TestDeepNativesAreExceptions(t *testing.T) {
	const cyclic, deep = "TypeError: Cyclic __proto__ value", "RangeError: Maximum call stack size exceeded"
	for _, tc := range []struct{ name, src, want string }{
		{"proxy in its own chain", `const o = {}; Object.setPrototypeOf(o, new Proxy(o, {}))`, cyclic},
		{"by __proto__", `const o = {}; o.__proto__ = new Proxy(o, {})`, cyclic},
		{"by Reflect", `const o = {}; Reflect.setPrototypeOf(o, new Proxy(o, {}))`, cyclic},
		{"by the proxy", `const q = new Proxy({}, {}); Object.setPrototypeOf(q, q)`, cyclic},
		{"by the handler", `const h = {}; const q = new Proxy({}, h); Object.setPrototypeOf(h, q)`, cyclic},
		{"proxies in proxies", `let p = {}; for (let i = 0; i < 1100; i++) p = new Proxy(p, {}); p.x = 1`, deep},
		{"handlers that are proxies", `let h = {}; for (let i = 0; i < 1100; i++) h = new Proxy({}, h); h.x`, deep},
		{"proxies that can be revoked", `let p = {}; for (let i = 0; i < 1100; i++) p = Proxy.revocable(p, {}).proxy; p.x`, deep},
		{"JSON of deep values", `let o = {}; for (let i = 0; i < 12000; i++) o = { o }; JSON.stringify(o)`, deep},
		{"JSON of values that are made as it goes", `let n = 0; const p = () => n++ > 30000 ? 1 : new Proxy({}, { get: (t, k) => k === 'toJSON' ? undefined : p(), ownKeys: () => ['a'], getOwnPropertyDescriptor: () => ({ enumerable: true, configurable: true }) }); JSON.stringify(p())`, deep},
		{"reviver of values that are made as it goes", `let n = 0; JSON.parse('[1,2]', function (k, v) { if (k === '0') { const p = () => n++ > 30000 ? 1 : new Proxy([], { get: (t, k) => k === 'length' ? 1 : p() }); this[1] = p(); } return v; })`, deep},
		{"eval", `eval('('.repeat(6000))`, deep},
		{"eval by another name", `(0, eval)('!'.repeat(12000) + 1)`, deep},
		{"eval in eval", `eval("eval('['.repeat(6000))")`, deep},
		{"eval of a sum", `eval('1+'.repeat(12000) + 1)`, deep},
		{"eval of templates", "eval('`${'.repeat(6000))", deep},
		{"eval of conditions", `eval('if(0);else '.repeat(12000) + 1)`, deep},
		{"Function", `new Function('['.repeat(6000) + ']'.repeat(6000))`, deep},
		{"constructor of a function", `(() => {}).constructor('['.repeat(6000))`, deep},
		{"constructor of a generator", `(function* () {}).constructor('['.repeat(6000))`, deep},
		{"regular expression", `new RegExp('('.repeat(2000) + ')'.repeat(2000)); `, "SyntaxError: Invalid regular expression: /(("},
		{"text of arrays", `let a = []; for (let i = 0; i < 12000; i++) a = [a]; String(a)`, deep},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var out bytes.Buffer
			rt, err := jsre.New(jsre.Options{Stdout: &out, Stderr: &out})
			if err != nil {
				t.Fatal(err)
			}
			defer rt.Close()
			err = rt.RunString(t.Context(), "t.js", `try { (() => { `+tc.src+` })(); console.log('nothing thrown'); } catch (e) { console.log((e.name + ': ' + e.message).slice(0, 44)); }`)
			if want := tc.want[:min(44, len(tc.want))] + "\n"; out.String() != want || err != nil {
				t.Errorf("%v, printed %s want %s", err, out.String(), want)
			}
		})
	}
	rt, err := jsre.New(jsre.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer rt.Close()
	if err := rt.RunString(t.Context(), "t.js", "x="+string(bytes.Repeat([]byte("["), 6000))); err == nil {
		t.Error("a script of brackets was loaded")
	}
}
