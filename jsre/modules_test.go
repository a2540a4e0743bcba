package jsre_test

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"dunlin/jsre"
)

func TestSocket(t *testing.T) {
	check(t, "const socket = require('socket'), j = JSON.stringify;\n", []expectation{
		{
			"addresses", `show(j(socket.sockaddr('192.168.0.1', 8010))); show(j(socket.sockaddr('::1', 1))); show(j(socket.sockaddr('[fe80::1]', 1))); show(j(socket.sockaddr('broker.local', 0))); show(j(socket.sockaddr6('::1', 65535))); show(j(socket.sockaddr6('host', 1)));
			show(socket.sockaddr('::1', 1).domain === socket.AF_INET6); show([socket.AF_UNSPEC, socket.AF_INET, socket.AF_INET6, socket.SOCK_STREAM, socket.SOCK_DGRAM].join()); show(require('edgeros:socket') === socket);`,
			`{"domain":2,"addr":"192.168.0.1","port":8010}` + "\n" + `{"domain":10,"addr":"::1","port":1}` + "\n" + `{"domain":10,"addr":"fe80::1","port":1}` + "\n" + `{"domain":2,"addr":"broker.local","port":0}` + "\n" +
				`{"domain":10,"addr":"::1","port":65535}` + "\n" + `{"domain":10,"addr":"host","port":1}` + "\ntrue\n0,2,10,1,2\ntrue\n",
		},
		{
			"bad arguments", `show(() => socket.sockaddr()); show(() => socket.sockaddr(undefined, 1)); show(() => socket.sockaddr('a', '1')); show(() => socket.sockaddr('a', 65536)); show(() => socket.sockaddr('a', 1.5)); show(() => socket.sockaddr('', 1)); show(() => socket.sockaddr('a b', 1)); show(() => socket.sockaddr('host:1', 1)); show(() => socket.sockaddr6('1.2.3.4', 1)); show(() => socket.sockaddr('a', NaN));`,
			"TypeError[ERR_INVALID_ARG_TYPE]: sockaddr: addr must be a string, got undefined\nTypeError[ERR_INVALID_ARG_TYPE]: sockaddr: addr must be a string, got undefined\nTypeError[ERR_INVALID_ARG_TYPE]: sockaddr: port must be a number, got string\n" +
				"RangeError[ERR_OUT_OF_RANGE]: sockaddr: port must be from 0 to 65535, got 65536\nRangeError[ERR_OUT_OF_RANGE]: sockaddr: port must be a whole number, got 1.5\nRangeError[ERR_OUT_OF_RANGE]: sockaddr: addr must be an IP address or a host name, got \"\"\n" +
				"RangeError[ERR_OUT_OF_RANGE]: sockaddr: addr must be an IP address or a host name, got \"a b\"\nRangeError[ERR_OUT_OF_RANGE]: sockaddr: addr must be an IP address or a host name without a port, got \"host:1\"\n" +
				"RangeError[ERR_OUT_OF_RANGE]: sockaddr6: addr must be an IPv6 address or a host name, got \"1.2.3.4\"\nRangeError[ERR_OUT_OF_RANGE]: sockaddr: port must be a whole number, got NaN\n",
		},
	})
}

func TestDNS(t *testing.T) {
	check(t, "const dns = require('dns'), socket = require('socket');\n", []expectation{
		{
			"what stands around the host is dropped", `for (const h of ['127.0.0.1', 'mqtt://127.0.0.1', 'mqtts://127.0.0.1:8883/path', '127.0.0.1:1883', '[::1]:1883', 'mqtt://[::1]', '::1', 'mqtt://user:pw@127.0.0.1:1']) show(dns.lookup(h));`,
			"127.0.0.1\n127.0.0.1\n127.0.0.1\n127.0.0.1\n::1\n::1\n::1\n127.0.0.1\n",
		},
		{
			"domain", `show(dns.lookup('127.0.0.1', socket.AF_INET)); show(dns.lookup('127.0.0.1', socket.AF_INET6)); show(dns.lookup('::1', socket.AF_INET6)); show(dns.lookup('localhost', socket.AF_INET)); show(dns.lookup('127.0.0.1', null));`,
			"127.0.0.1\nundefined\n::1\n127.0.0.1\n127.0.0.1\n",
		},
		{
			"callback", `show(dns.lookup('127.0.0.1', (e, a) => { show(e); show(a); dns.lookup('mqtt://[::1]:1', socket.AF_INET6, (e, a) => { show(a); dns.lookup('127.0.0.1', undefined, (e, a) => show('third ' + a)); }); })); show('main');`,
			"undefined\nmain\nnull\n127.0.0.1\n::1\nthird 127.0.0.1\n",
		},
		{
			"failure", `show(dns.lookup('nowhere.invalid')); dns.lookup('127.0.0.1', socket.AF_INET6, (e, a) => { show(e.code); show(a); show(e.hostname); });`,
			"undefined\nENOTFOUND\nundefined\n127.0.0.1\n",
		},
		{
			"bad arguments", `show(() => dns.lookup()); show(() => dns.lookup('')); show(() => dns.lookup('mqtt://')); show(() => dns.lookup('mqtt://u:s3cret@')); show(() => dns.lookup('a', 3)); show(() => dns.lookup('a', 'x')); show(() => dns.lookup('a', 2, 'x'));`,
			"TypeError[ERR_INVALID_ARG_TYPE]: lookup: host must be a string, got undefined\nRangeError[ERR_OUT_OF_RANGE]: lookup: host must name a host, got \"\"\nRangeError[ERR_OUT_OF_RANGE]: lookup: host must name a host, got \"mqtt://\"\nRangeError[ERR_OUT_OF_RANGE]: lookup: host must name a host, got \"\"\n" +
				"RangeError[ERR_OUT_OF_RANGE]: lookup: domain must be AF_UNSPEC, AF_INET or AF_INET6, got 3\nTypeError[ERR_INVALID_ARG_TYPE]: lookup: domain must be a number, got string\nTypeError[ERR_INVALID_ARG_TYPE]: lookup: callback must be a function, got string\n",
		},
	})
}

func TestProcess(t *testing.T) {
	args := func(o *jsre.Options) {
		o.Args = []string{"one", "--two"}
		o.Env = []string{"A=1", "B=x=y", "=odd", "__proto__=p"}
	}
	check(t, "", []expectation{
		{
			"members", `show(process.argv.slice(2).join()); show(process.argv[1].endsWith('/test.js')); show(process.env.A + process.env.B); show(Object.keys(process.env).join()); show(process.env.none);
			show(typeof process.pid); show(process.cwd() === require('path').resolve('.')); show(process.uptime() >= 0); const h = process.hrtime(); show(process.hrtime(h)[0]); show(typeof process.hrtime.bigint()); show(process.memoryUsage().heapUsed > 0);
			show(process.version); show(require('process') === process); show(process.on('x', () => show('x')) === process); show(process.emit('x')); show(Task.listenerCount('x')); show(process.stdout.isTTY);`,
			"one,--two\ntrue\n1x=y\nA,B,__proto__\nundefined\nnumber\ntrue\ntrue\n0\nbigint\ntrue\n0.0.0\ntrue\ntrue\nx\ntrue\n1\nfalse\n",
		},
		{
			"streams", `show(process.stdout.write('a')); process.stdout.write(Buffer.from('b\n'), () => show('written')); show(() => process.stdout.write(5));`,
			"atrue\nb\nTypeError[ERR_INVALID_ARG_TYPE]: write: data must be a string, Buffer, typed array or ArrayBuffer, got number\nwritten\n",
		},
		{"nextTick", `process.nextTick((a, b) => show(a + b), 1, 2); show(() => process.nextTick(1));`, "TypeError[ERR_INVALID_ARG_TYPE]: nextTick: callback must be a function, got number\n3\n"},
		{"argv can be replaced", `process.argv = [1]; show(process.argv.length);`, "1\n"},
	}, args)
}

func TestSmallModules(t *testing.T) {
	check(t, "", []expectation{
		{"tls", `const tls = require('tls'); show(tls.DEFAULT_MIN_VERSION); show(tls.TLSv1_2); show(tls.getCiphers().length > 3);`, "TLSv1.2\n771\ntrue\n"},
		{
			"path", `const p = require('path'); show(p.join('/a', '..', 'b', 'c/')); show(p.join()); show(p.resolve('/a', 'b', '../c')); show(p.dirname('/a/b/')); show(p.basename('/x/y.js', '.js')); show(p.extname('a.b.c')); show(p.extname('.rc')); show(p.isAbsolute('/a')); show(p.normalize('a//b/../c')); show(() => p.join(1));`,
			"/b/c/\n.\n/a/c\n/a\ny\n.c\n\ntrue\na/c\nTypeError[ERR_INVALID_ARG_TYPE]: The \"path\" argument must be of type string. Received type number (1)\n",
		},
		{
			"util", `const util = require('util'); show(util.format('%s=%d', 'a', 1, { b: 2 })); show(util.inspect({ a: { b: { c: { d: 1 } } } }, { depth: 0 })); show(util.inspect({ a: 1 }, false, 0, true)); show(util.inspect('x'));
			util.promisify((a, cb) => cb(null, a + 1))(1).then(v => show('p ' + v)); util.promisify(cb => cb(new Error('e')))().catch(e => show('p ' + e.message)); function A() {} function B() {} B.prototype.hi = () => 'hi'; util.inherits(A, B); show(new A().hi()); show(A.super_ === B); show(() => util.promisify(1));`,
			"a=1 { b: 2 }\n{ a: [Object] }\n{ a: \x1b[33m1\x1b[39m }\n'x'\nhi\ntrue\nTypeError[ERR_INVALID_ARG_TYPE]: The \"original\" argument must be of type function. Received type number (1)\np 2\np e\n",
		},
		{
			"timers", `const t = require('timers'); show(t.setTimeout === setTimeout && t.clearImmediate === clearImmediate); show(() => setTimeout()); show(() => setTimeout('code')); show(() => setImmediate(1)); show(() => queueMicrotask()); clearTimeout(undefined); clearTimeout({}); clearInterval(99); clearTimeout('x');
			const i = setTimeout(() => {}, 1); show(i.hasRef()); show(i.unref().hasRef()); show(i.ref() === i); i.close(); show(() => new i.constructor()); show(() => i.ref.call({}));`,
			"true\nTypeError[ERR_INVALID_ARG_TYPE]: The \"callback\" argument must be of type function. Received undefined\nTypeError[ERR_INVALID_ARG_TYPE]: The \"callback\" argument must be of type function. Received type string ('code')\nTypeError[ERR_INVALID_ARG_TYPE]: The \"callback\" argument must be of type function. Received type number (1)\nTypeError[ERR_INVALID_ARG_TYPE]: The \"callback\" argument must be of type function. Received undefined\n" +
				"true\nfalse\ntrue\nTypeError[ERR_INVALID_ARG_TYPE]: Timeout cannot be constructed by a script\nTypeError[ERR_INVALID_ARG_TYPE]: ref was called on object, not on a Timeout\n",
		},
		{"task", `show(Task.me()); show(require('task') === Task); show(Task instanceof EventEmitter);`, "1\ntrue\ntrue\n"},
		{"globals", `show(globalThis === global); show(typeof Symbol.asyncIterator); show(Symbol.keyFor(Symbol.asyncIterator)); show(Object.keys(globalThis).join());`, "true\nsymbol\nSymbol.asyncIterator\n\n"},
	})
}

func TestRequire(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"main.js": `const a = require('./a'); print(a.name, a.file, require('./a.js') === a); print(require('./data').x, require('./data.json').list.length); print(require('./lib').index, require('./lib/').index, require('./lib/deep/x').up);
			print(require('./cycle1').done); print(require('./class').constructor === Function, new (require('./class'))().v); print(__filename.endsWith('/main.js'), __dirname === require('path').dirname(__filename)); print(require.main === module, module.id === __filename, module.loaded);
			for (const id of ['./none', '../', 'left-pad', '', '/none.js', 5]) try { require(id); } catch (e) { print(e.name, e.code, e.message); }
			for (const id of ['./bad', './badjson', './throws', './throws']) try { require(id); } catch (e) { print(e.name, e.code, e.message); }
			print(require.resolve('mqtt-less' && 'events'), require.resolve('./a').endsWith('/a.js')); print(require('./early').v, typeof leaked); print(require('./strict').err);`,
		"a.js":          "#!/usr/bin/env dunlin\nexports.name = 'a'; exports.file = require('path').basename(__filename); var leaked = 1;",
		"data.json":     "\ufeff{\"x\": 1, \"list\": [1, 2]}",
		"lib/index.js":  "module.exports = { index: 'lib' };",
		"lib/deep/x.js": "exports.up = require('../../a').name + require('..').index;",
		"cycle1.js":     "exports.done = false; const two = require('./cycle2'); exports.done = two.saw;",
		"cycle2.js":     "exports.saw = 'partly ' + require('./cycle1').done;",
		"class.js":      "module.exports = class { v = 7; };",
		"bad.js":        "let x = ;",
		"badjson.json":  "{x}",
		"throws.js":     "throw new Error('at load');",
		"early.js":      "exports.v = 1; if (exports.v) return; exports.v = 2;",
		"strict.js":     "'use strict'; try { undeclared = 1; } catch (e) { exports.err = e.name; }",
	} {
		write(t, dir, name, text)
	}
	var out strings.Builder
	rt := newRuntime(t, &out, dir)
	if err := rt.RunFile(context.Background(), "main.js"); err != nil {
		t.Fatal(err)
	}
	const there = "there are ...; a file's name begins with './'"
	want := "a a.js true\n1 2\nlib lib alib\npartly false\ntrue 7\ntrue true\ntrue true false\n" +
		"Error MODULE_NOT_FOUND Cannot find module './none' (required by main.js): no such file\nError MODULE_NOT_FOUND Cannot find module '../' (required by main.js): no such file\n" +
		"Error MODULE_NOT_FOUND Cannot find module 'left-pad' (required by main.js): " + there + "\nError MODULE_NOT_FOUND Cannot find module '' (required by main.js): " + there + "\n" +
		"Error MODULE_NOT_FOUND Cannot find module '/none.js' (required by main.js): no such file\nTypeError ERR_INVALID_ARG_TYPE require: id must be a string, got number\n" +
		"SyntaxError ERR_MODULE_SYNTAX bad.js:1:9: Unexpected token ;\nSyntaxError ERR_MODULE_SYNTAX badjson.json: SyntaxError: Unexpected token at the end: x}\n" +
		"Error undefined at load\nError undefined at load\nevents true\n1 undefined\nReferenceError\n"
	got := regexp.MustCompile(`there are [a-z_, /]+, mqtt, [a-z_, /]+;`).ReplaceAllString(out.String(), "there are ...;")
	if i := strings.Index(got, "badjson.json: "); i >= 0 { // the rest of this line is the engine's wording
		j := strings.IndexByte(got[i:], '\n')
		got = got[:i] + "badjson.json: SyntaxError: Unexpected token at the end: x}" + got[i+j:]
	}
	if got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

// TestHostile runs scripts that attack the host.
func TestHostile(t *testing.T) {
	secret := t.TempDir() + "/secret.map"
	if err := os.WriteFile(secret, []byte(`{"version":3,"sources":["stolen"],"mappings":"AAAA"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	check(t, fmt.Sprintf("const secret = %q;\n", secret), []expectation{
		{
			"options on Object.prototype do not count", `Object.prototype.fatal = true; Object.prototype.stream = true; Object.prototype.encoding = 'hex'; Object.prototype.recursive = true;
			const fs = require('fs'); fs.writeFile('x', 'a'); show(fs.readFile('x', {}) instanceof Buffer); show(new TextDecoder('utf-8', {}).decode(new Uint8Array([255])) === '\ufffd'); show(() => fs.mkdir('p/q', {}));
			class O { get encoding() { return 'latin1'; } } show(fs.readFile('x', new O())); show(fs.readFile('x', { encoding: 'base64' }));`,
			"true\ntrue\nfalse\na\nYQ==\n",
		},
		{
			"getters that throw", `const read = () => require('fs').readFile('x', { get encoding() { throw new Error('mine'); } }); show(read); console.log({ get x() { throw new Error('no'); } }); show(() => Buffer.from({ get length() { throw new Error('len'); } })); console.log(new Proxy({}, { ownKeys() { throw new Error('trap'); }, getPrototypeOf() { throw new Error('trap'); }, get() { throw 1; } }));`,
			"Error: mine\n{ x: [Getter] }\nError: len\n{}\n",
		},
		{
			"replaced built-ins", `Error = null; TypeError = 5; Map.prototype.forEach = null; Object.getOwnPropertyDescriptor = null; Array.prototype.push = null; Promise = null; JSON = null; Symbol = null; Uint8Array = null;
			console.log(new Map([[1, 2]]), Buffer.from('x'), Buffer.from('abc').slice(1).toString()); try { require('socket').sockaddr(); } catch (e) { print(e.message); } new EventEmitter().on('x', () => print('x')).emit('x');`,
			"Map(1) { 1 => 2 } <Buffer 78> bc\nsockaddr: addr must be a string, got undefined\nx\n",
		},
		{
			"replaced built-ins and modules", "const fs = require('fs'), util = require('util'); Symbol.for = null; Symbol = null; Map = null; Date = null; JSON.parse = JSON.stringify = null; JSON = null; Error = null; Object.defineProperties = Object.defineProperty = Object.getOwnPropertyDescriptors = null; Object = null;" +
				`show(fs.statSync('/').mtime.getTime() > 0); show(util.inspect(new URLSearchParams('a=1')).includes("'a' => '1'")); show(new URL('http://h/').host); const { EventEmitter: E } = require('events'); show(typeof E.addAbortListener(new AbortController().signal, () => {})); show(util.promisify(function f(cb) { cb(null, 1); }).name);
			show(util.types.isNativeError(1)); try { require('assert').equal(1, 2); } catch (e) { show(e.name); } console.table([{ a: 1 }]); console.log(util.format('%j %o', { a: 1 }, [1]), util.isDeepStrictEqual([1], [1]));`,
			"true\ntrue\nh\nobject\nf\nfalse\nAssertionError\n┌─────────┬───┐\n│ (index) │ a │\n├─────────┼───┤\n│ 0       │ 1 │\n└─────────┴───┘\n{\"a\":1} [ 1, [length]: 1 ] true\n",
		},
		{"source maps open no files", `eval('1;\n//# sourceMappingURL=' + secret); for (const f of [eval, Function, s => setTimeout(new Function(s))]) f('1;\n//# sourceMappingURL=file:///dev/none/x.map\n'); show('fine');`, "fine\n"},
		{"deep objects", `let o = {}; for (let i = 0; i < 20000; i++) o = { o }; console.log(o); let a = []; for (let i = 0; i < 20000; i++) a = [a]; show(require('util').inspect(a, { depth: null }).length > 1000);`, "{ o: { o: { o: [Object] } } }\ntrue\n"},
		{"wide values", `console.log([new Array(1e6)]); const s = require('util').inspect(['x'.repeat(1e6)]); show(s.length < 20000); const sparse = []; sparse[4e9] = 1; console.log(sparse);`, "[ [ <1000000 empty items> ] ]\ntrue\n[ <4000000000 empty items>, 1 ]\n"},
		{"listeners that add listeners", `const e = new EventEmitter(); let n = 0; e.setMaxListeners(0); e.on('x', function f() { if (n++ < 1000) e.on('x', f); }); e.emit('x'); e.emit('x'); show(n);`, "3\n"},
		{
			"fake natives", `const b = Object.create(Buffer.prototype); show(() => b.toString()); show(Buffer.isBuffer(b)); const t = Object.create(setTimeout(() => {}, 1)); clearTimeout(t); show(() => t.ref()); show(() => TextDecoder.prototype.decode.call(new TextEncoder()));`,
			"TypeError[ERR_INVALID_ARG_TYPE]: toString was called on object, not on a Buffer\nfalse\nTypeError[ERR_INVALID_ARG_TYPE]: ref was called on object, not on a Timeout\nTypeError[ERR_INVALID_THIS]: Value of \"this\" must be of type TextDecoder\n",
		},
		{"views that lie", `const d = new DataView(new ArrayBuffer(4), 2); Object.defineProperty(d, 'byteOffset', { value: 1e9 }); Object.defineProperty(d, 'byteLength', { value: 1e9 }); show(Buffer.byteLength(d)); const u = new Uint16Array(2); Object.defineProperty(u, 'buffer', { value: new ArrayBuffer(1) }); show(Buffer.byteLength(u));`, "2\n4\n"},
		{"symbols of natives", `const t = setTimeout(() => {}, 1); const [s] = Object.getOwnPropertySymbols(t); const o = {}; o[s] = t[s]; show(() => t.ref.call(o)); delete t[s]; clearTimeout(t); t[s] = 5; clearTimeout(t);`, "TypeError[ERR_INVALID_ARG_TYPE]: ref was called on object, not on a Timeout\n"},
	})
}

// TestDeepText feeds the parsers text that nests deeper than a stack is.
func TestDeepText(t *testing.T) {
	check(t, "", []expectation{
		{
			"JSON of brackets", `show(() => JSON.parse('['.repeat(1e7))); show(() => JSON.parse('{"a":'.repeat(1e6))); show(() => JSON.parse({ toString: () => '['.repeat(1e7) }));`,
			strings.Repeat("SyntaxError[ERR_JSON_DEPTH]: JSON.parse: the text nests deeper than 10000 levels\n", 3),
		},
		{
			"JSON that is deep but not too deep", `const n = 10000; let a = JSON.parse('['.repeat(n) + ']'.repeat(n)); let d = 0; for (; a; a = a[0]) d++; show(d); show(JSON.parse('["' + '[\\\\"'.repeat(1) + ']').length); show(JSON.parse(JSON.stringify('['.repeat(20000) + '"{')).length);
			show(JSON.parse('[' + '[1],'.repeat(20000) + '2]').length); show(JSON.parse('{"a":[1,{"b":2}]}', (k, v) => k === 'b' ? v + 1 : v).a[1].b); show(JSON.parse.length + JSON.parse.name); try { JSON.parse('{x'); } catch (e) { show(e.name); }`,
			"10000\n1\n20002\n20001\n3\n2parse\nSyntaxError\n",
		},
		{"a script of brackets", `try { eval('('.repeat(1e5)); } catch (e) { show(e.name); }`, "RangeError\n"},
	})
}
