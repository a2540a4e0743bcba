package jsre_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"runtime"
	"strings"
	"testing"

	"dunlin/jsre"
)

// TestTimerClass checks the class Timer of JSRE.
func TestTimerClass(t *testing.T) {
	check(t, "const timers = require('timers');\n", []expectation{
		{
			"module and global", `show(timers === Timer && timers.Timer === Timer); show(timers.setTimeout === setTimeout && timers.clearTimeout === clearTimeout && timers.setInterval === setInterval && timers.clearInterval === clearInterval && timers.setImmediate === setImmediate && timers.clearImmediate === clearImmediate); show(require('edgeros:timers') === Timer); show(timers.promises === require('timers/promises'));`,
			"true\ntrue\ntrue\ntrue\n",
		},
		{"once", `const t = new Timer(); show(t.remain()); show(t.isStopped()); t.start(1, (a, b) => { show(a + b); show(t.isStopped()); show(t.remain()); }, 'x', 'y'); show(t.isStopped()); show(t.isRepeat()); show(t.remain() <= 1);`, "Infinity\ntrue\nfalse\nfalse\ntrue\nxy\ntrue\nInfinity\n"},
		{"again and again", `let n = 0; const t = new Timer(); t.start(1, 2, v => { show(v + ++n); if (n === 3) t.stop(); }, 'n'); show(t.isRepeat()); show(t.interval()); show(t.interval(1));`, "true\n2\n1\nn1\nn2\nn3\n"},
		{"started anew", `const t = new Timer(); t.start(100000, () => show('never')); t.start(1, () => show('second'));`, "second\n"},
		{"pause and resume", `const t = new Timer(); t.start(100000, () => show('fired')); show(t.pause() > 90000); show(t.remain() > 90000); show(t.isStopped()); show(t.resume(1)); show(t.resume()); const u = new Timer(); show(u.pause());`, "true\ntrue\nfalse\ntrue\nfalse\nInfinity\nfired\n"},
		{"resume goes on with the time that was left", `const t = new Timer(); t.start(1, 100000, () => { t.interval(50); t.pause(); t.resume(); show(t.remain() > 90000); t.stop(); });`, "true\n"},
		{"what repeats still does when it is stopped", `const t = new Timer(); t.start(1, 2, () => {}); t.stop(); show(t.isRepeat()); show(t.isStopped()); t.start(1, () => {}); show(t.isRepeat());`, "true\ntrue\nfalse\n"},
		{"reset and expire", `const t = new Timer(); t.reset(); t.expire(); t.start(100000, () => show('fired')); t.reset(); show(t.remain() > 90000); t.expire();`, "true\nfired\n"},
		{"0 is soon", `new Timer().start(0, () => show('timer')); show('main');`, "main\ntimer\n"},
		{"arguments", `const t = new Timer(); show(() => t.start('x')); show(() => t.start(-1, () => {})); show(() => t.start(1)); show(() => Timer.prototype.stop.call({}));`, "TypeError[ERR_INVALID_ARG_TYPE]: start: count must be a number, got string\nRangeError[ERR_OUT_OF_RANGE]: start: count must be from 0 to 2147483647, got -1\nTypeError[ERR_INVALID_ARG_TYPE]: start: func must be a function, got undefined\nTypeError[ERR_INVALID_ARG_TYPE]: stop was called on object, not on a Timer\n"},
		{"async/timer", `const at = require('async/timer'); (async () => { show(await at.delay(1)); show(await at.yield()); })(); show(() => at.delay('x'));`, "TypeError[ERR_INVALID_ARG_TYPE]: delay: ms must be a number, got string\nnull\nnull\n"},
		{"__promisify__", `setImmediate.__promisify__('i').then(v => { show(v); return setTimeout.__promisify__(1, 'v'); }).then(show);`, "i\nv\n"},
	})
}

// TestUtilOfJSRE checks what JSRE's util has beside that of Node.js.
func TestUtilOfJSRE(t *testing.T) {
	check(t, "const util = require('util'), j = v => util.inspect(v);\n", []expectation{
		{"tests", `show([1, 1.5, Infinity, '1', 1n].map(util.isInteger).join()); show([1, NaN, Infinity, '1'].map(util.isFinite).join());`, "true,false,false,false,false\ntrue,false,false,false\n"},
		{
			"clone", `class A { constructor() { this.x = { y: [1] }; } get sum() { return 1; } } const a = new A(); a.self = a; a.f = show; a.m = new Map([[{ k: 1 }, new Set([1])]]); a.d = new Date(5); a.b = Buffer.from('b'); a.r = /r/g; const c = util.clone(a);
			show(c !== a && c.self === c && c.x !== a.x && c.x.y !== a.x.y && c instanceof A && c.f === show && c.m !== a.m && c.b !== a.b); show(j(c).replace(/\s+/g, ' ')); show(util.clone(5)); show(j(util.clone([1, , [2]])));
			let deep = []; for (let i = 0; i < 1e5; i++) deep = [deep]; show(() => util.clone(deep)); show(() => util.isDeepStrictEqual(deep, util.clone));`,
			"true\n<ref *1> A { x: { y: [ 1 ] }, self: [Circular *1], f: [Function: show], m: Map(1) { { k: 1 } => Set(1) { 1 } }, d: 1970-01-01T00:00:00.005Z, b: <Buffer 62>, r: /r/g }\n5\n[ 1, <1 empty item>, [ 2 ] ]\nRangeError: Maximum call stack size exceeded\nfalse\n",
		},
		{
			"mixin, fillup, update, different", `show(j(util.mixin({ a: 1 }, { a: 2, b: 3 }))); show(j(util.fillup({ a: 1 }, { a: 2, b: 3 }, null, { b: 4, c: 5 }))); show(j(util.update({ a: 1 }, { a: 2, b: 3 }))); show(util.different({ a: 1, b: [1] }, { b: [1] })); show(util.different({ a: 1 }, { a: 2 })); show(() => util.mixin(5));`,
			"{ a: 2, b: 3 }\n{ a: 1, b: 3, c: 5 }\n{ a: 2 }\nfalse\ntrue\nTypeError[ERR_INVALID_ARG_TYPE]: mixin: target must be an object, got number\n",
		},
		{"logToString", `show(/^\d+ [A-Z][a-z]{2} \d\d:\d\d:\d\d - a=1$/.test(util.logToString('a=%d', 1)));`, "true\n"},
	})
	stdout, _, _ := run(t, `require('util').log('line %d', 7);`)
	if !strings.HasSuffix(stdout, " - line 7\n") {
		t.Errorf("log: %q", stdout)
	}
	_, stderr, _ := run(t, `const util = require('util'); const f = util.deprecate(function (a) { return a; }, 'old', 'DEP1'); f(1); f(2); util.debuglog('some')('x %d', 1); util.debug('other')('no'); process.on('warning', w => console.error('heard', w.name, w.code));`, func(o *jsre.Options) { o.Env = []string{"NODE_DEBUG=so*"} })
	lines := strings.Split(stderr, "\n")
	if len(lines) != 4 || !strings.HasPrefix(lines[0], "SOME ") || !strings.HasSuffix(lines[1], ") [DEP1] DeprecationWarning: old") || lines[2] != "heard DeprecationWarning DEP1" {
		t.Errorf("warnings: %q", stderr)
	}
}

// TestProcessOfJSRE checks the functions of JSRE and Node.js beside those in TestProcess.
func TestProcessOfJSRE(t *testing.T) {
	env := func(o *jsre.Options) {
		o.Env, o.Args = []string{"A=1", "SECRET=2"}, []string{"x", "y"}
		o.Access.Env = func(name string) bool { return name != "SECRET" }
	}
	check(t, "const p = process;\n", []expectation{
		{"environment", `show(p.getenv('A')); show(p.getenv('SECRET')); show(Object.keys(p.env).join()); show(p.setenv('B', '2')); show(p.env.B); show(p.setenv('B', '3', false)); show(p.setenv('', '')); show(p.unsetenv('B')); show(p.unsetenv('B')); p.env.N = 5; show(typeof p.env.N); show('N' in p.env); delete p.env.N; show(p.environ(true).join()); show(JSON.stringify(p.environ()));`, "1\nundefined\nA\ntrue\n2\nfalse\nfalse\ntrue\nfalse\nstring\ntrue\nA=1\n{\"A\":\"1\"}\n"},
		{"numbers", `show(p.me() === p.pid && p.parent() === p.ppid); show(p.monoTime() >= 0); const u = p.cpuUsage(); show(u.user >= 0 && p.cpuUsage(u).system >= 0); show(p.memoryUsage.rss() > 0); show(p.title + p.argv0 + p.execArgv.length + p.release.name); show(typeof p.execPath + p.arch + p.versions.dunlin); show(p.getBuiltinModule('fs') === require('fs')); show(ARGUMENT.join());`, "true\ntrue\ntrue\ntrue\ndunlindunlin0dunlin\nstring" + archName() + "0.0.0\ntrue\nx,y\n"},
		{"stream", `show(p.stdout.fd + p.stderr.fd); show(p.stdout instanceof EventEmitter); show(p.stdout.writable); p.stdout.end('last\n', () => show('ended'));`, "3\ntrue\ntrue\nlast\nended\n"},
		{"listeners", `const f = () => {}; p.addListener('x', f).prependListener('x', f).prependOnceListener('x', f).once('x', f); show(p.rawListeners('x').length); p.removeListener('x', f).off('x', f); show(p.listeners('x').length); p.removeAllListeners('x'); show(p.eventNames().length); show(p.setMaxListeners(3) === p); show(p.getMaxListeners());`, "4\n2\n0\ntrue\n3\n"},
	}, env)
	if runtime.GOOS != "windows" {
		check(t, "", []expectation{{"users", `for (const k of ['getuid', 'geteuid', 'getgid', 'getegid']) show(process[k]() >= 0);`, "true\ntrue\ntrue\ntrue\n"}})
	}
	_, stderr, _ := run(t, `process.emitWarning('w1'); process.emitWarning('w2', 'Kind', 'C1'); process.emitWarning('w3', { type: 'T', code: 'C', detail: 'more' }); process.emitWarning(new RangeError('w4'));`)
	got := ""
	for line := range strings.Lines(stderr) {
		_, rest, _ := strings.Cut(line, ") ")
		got += rest
	}
	if got != "Warning: w1\n[C1] Kind: w2\n[C] T: w3\nRangeError: w4\n" {
		t.Errorf("emitWarning: %q", stderr)
	}
}

func archName() string {
	if runtime.GOARCH == "amd64" {
		return "x64"
	}
	return runtime.GOARCH
}

// TestTask checks Task, of which there is one.
func TestTask(t *testing.T) {
	check(t, "", []expectation{
		{"members", `show([Task.me(), Task.parent(), Task.count(), Task.isMain(), Task.testCancel(), Task.list(), Task.list(true).length, Task.yield()].join()); show(() => Task.create('x.js')); Task.tls.set('a', 1); show(Task.tls.get('a')); show(Task.tls.has('a')); Task.tls.delete('a'); show(Task.tls.get('a')); Task.wtls.set('b', 2); show(Task.wtls.get('b')); show(require('edgeros:task') === Task);`, "1,0,1,true,false,1,0,\nError[ENOTSUP]: Task.create: tasks that run in parallel are not there; start another dunlin run for each\n1\ntrue\nundefined\n2\ntrue\n"},
		{"cleanup", `Task.cleanup(v => show('first ' + v), 1); Task.cleanup(() => show('last')); show('main'); Task.nextTick(v => show(v), 'tick');`, "main\ntick\nlast\nfirst 1\n"},
	})
}

// TestConsoleOfJSRE checks what JSRE's console has beside that of Node.js.
func TestConsoleOfJSRE(t *testing.T) {
	for _, tc := range []struct{ name, src, stdout, stderr string }{
		{"toString", `console.log(console.toString('a', { b: 1 }), String(console) === console.toString());`, "a { b: 1 } true\n", ""},
		{"backtrace", "function f() {\n  return console.backtrace();\n}\nconsole.log(f().length, /test.js:2/.test(f()[0]));", "2 true\n", ""},
		{"count gives its text", `console.log(console.count('x')); console.drain();`, "x: 1\nx: 1\n", ""},
		{"tag", `const m = { id: 'm' }, n = { id: 'n' }; console.tag(m, 'off'); console.tagEnable = true; console.tag(m, 'on %d', 1); console.tagFilterAdd('n'); console.tag(m, 'no'); console.tag(n, 'yes'); console.tagFilterDelete('n'); console.tagFilterAdd(['m'], true); console.tag(m, 'no'); console.tag(n, 'n'); console.tagFilterDelete(['m']); console.tag(m, 'm');`, "on 1\nyes\nn\nm\n", ""},
		{"complaints", `console.countReset('no'); console.time('t'); console.time('t'); console.timeLog('u'); console.profile(); console.profileEnd(); console.timeStamp(); console.clear();`, "", "warning: console: Count for 'no' does not exist\nwarning: console: Label 't' already exists for console.time()\nwarning: console: No such label 'u' for console.timeLog()\n"},
	} {
		stdout, stderr, err := run(t, tc.src)
		if stdout != tc.stdout || stderr != tc.stderr || err != nil {
			t.Errorf("%s: %q %q %v", tc.name, stdout, stderr, err)
		}
	}
	stamped := func(line string) bool { return len(line) > 24 && line[10] == 'T' && strings.HasSuffix(line, " x") }
	stdout, _, _ := run(t, `console.timestamps = true; console.log('x'); console.timestamps = false; console.log('x');`)
	if lines := strings.Split(stdout, "\n"); !stamped(lines[0]) || lines[1] != "x" {
		t.Errorf("timestamps of the script: %q", stdout)
	}
	stdout, _, _ = run(t, `console.log('x');`, func(o *jsre.Options) { o.Host = map[string]any{"timestamps": true} })
	if !stamped(strings.TrimSuffix(stdout, "\n")) {
		t.Errorf("timestamps of the host: %q", stdout)
	}
}

// TestEventsOfJSRE checks what JSRE's events have beside those of Node.js.
func TestEventsOfJSRE(t *testing.T) {
	check(t, "const events = require('events');\n", []expectation{
		{"several events at once", `const e = new EventEmitter(), f = v => show(v); e.on(['a', 'b'], f); e.addListener(['c'], f); e.emit('a', 1); e.emit('b', 2); e.emit('c', 3); e.off(['a', 'b'], f); show(e.eventNames().join());`, "1\n2\n3\nc\n"},
		{"inherits", `function A() {} events.inherits(A); const a = new A(); a.on('x', () => show('class')); a.emit('x'); const o = { y: 1 }; events.inherits(o); o.on('x', () => show('object')); o.emit('x'); show(() => events.inherits(5));`, "class\nobject\nTypeError[ERR_INVALID_ARG_TYPE]: inherits: obj must be an object or a class, got number\n"},
		{"all emitters capture rejections", `EventEmitter.captureRejections = true; const e = new EventEmitter(); EventEmitter.captureRejections = false; show(EventEmitter.captureRejections); e.on('x', async () => { throw new Error('caught'); }); e.on('error', x => show(x.message)); e.emit('x'); show(() => { EventEmitter.captureRejections = 1; }); show(EventEmitter.defaultMaxListeners); show(EventEmitter.captureRejectionSymbol === Symbol.for('nodejs.rejection'));`, "false\nTypeError[ERR_INVALID_ARG_TYPE]: The \"EventEmitter.captureRejections\" property must be of type boolean. Received type number (1)\n10\ntrue\ncaught\n"},
	})
}

// TestPerformance checks the clock.
func TestPerformance(t *testing.T) {
	check(t, "const p = performance;\n", []expectation{
		{"clock", `show(require('perf_hooks').performance === p); const a = p.now(); show(p.now() >= a && a > 0); show(Math.abs(p.timeOrigin + a - Date.now()) < 1000); show(p.toJSON().timeOrigin === p.timeOrigin); show(String(p));`, "true\ntrue\ntrue\ntrue\n[object Performance]\n"},
		{"marks", `p.mark('a', { startTime: 5, detail: 'd' }); p.mark('b', { startTime: 9 }); const m = p.measure('m', 'a', 'b'); show([m.name, m.entryType, m.startTime, m.duration].join()); show(p.measure('n', { start: 1, duration: 3 }).duration); show(p.getEntries().map(e => e.name).join()); show(p.getEntriesByName('a')[0].detail); show(p.getEntriesByType('measure').length); p.clearMarks('a'); p.clearMeasures(); show(p.getEntries().length); show(() => p.measure('x', 'none'));`, "m,measure,5,4\n3\nn,a,m,b\nd\n2\n1\nSyntaxError[ERR_INVALID_PERFORMANCE_MARK]: The \"none\" performance mark has not been set\n"},
	})
}

// TestIosched checks the events of descriptors, on a pipe that is ready and one that is not.
func TestIosched(t *testing.T) {
	if runtime.GOOS != "linux" && runtime.GOOS != "darwin" {
		return
	}
	ready, idle := pipes(t)
	check(t, fmt.Sprintf("const iosched = require('iosched'), ready = %d, idle = %d, j = JSON.stringify;\n", ready, idle), []expectation{
		{"constants", `show([iosched.READ, iosched.WRITE, iosched.EXCEPT, iosched.ACCEPT, iosched.CONNECT].join()); show(require('edgeros:iosched') === globalThis.iosched);`, "0,1,2,0,1\ntrue\n"},
		{"once", `const e = iosched.event(iosched.READ, ready, (arg, ev) => { show(arg + (ev === e)); show(iosched.listening(e)); }, 'arg'); iosched.once(e); show(iosched.listening(e)); show(j(iosched.fds([[1], [2], []])));`, "true\n[[1," + fmt.Sprint(ready) + "],[2],[]]\nargtrue\nfalse\n"},
		{"add until false", `let n = 0; const e = iosched.event(0, ready, () => ++n < 3, a => show(n + a), 'err'); iosched.add(e); iosched.add(e);`, "3err\n"},
		{"remove", `const e = iosched.event(0, idle, () => show('never'), null); iosched.add(e); iosched.remove(e); iosched.add(e); setTimeout(() => { iosched.remove(); show(iosched.listening(e)); }, 1);`, "false\n"},
		{"select", `show(j(iosched.select([[ready, idle], [], []], 1000))); show(j(iosched.select([[idle], [], []], 1))); show(j(iosched.select(0))); show(() => iosched.select([[99999], [], []], 0));`, fmt.Sprintf("[[%d],[],[]]\n[[],[],[]]\n[[],[],[]]\nError[EBADF]: select: descriptor 99999: bad file descriptor\n", ready)},
		{"a bad descriptor", `iosched.add(iosched.event(0, 99999, () => show('never'), () => show('errback')));`, "errback\n"},
		{"forever and quit", `const check = { quit: false }; setTimeout(() => { check.quit = true; }, 1); iosched.forever(check, 1); show('over'); show(iosched.poll(0)); show(() => iosched.add({})); show(() => iosched.event(5, 0, () => {}));`, "over\nfalse\nTypeError[ERR_INVALID_ARG_TYPE]: ioevent must be what iosched.event gave, got object\nRangeError[ERR_OUT_OF_RANGE]: event: method must be from 0 to 2, got 5\n"},
	})
}

// TestDNSRecords asks a server of our own for records of each kind, and checks the cache.
func TestDNSRecords(t *testing.T) {
	server := fmt.Sprintf("const dns = require('dns'), j = JSON.stringify; dns.setServers([%q]);\n", dnsServer(t))
	check(t, server, []expectation{
		{
			"promises", `(async () => { const d = require('dns/promises'); show(dns.promises === d); for (const f of ['resolve4', 'resolveMx', 'resolveTxt', 'resolveSrv', 'resolveNs']) show(f + j(await d[f]('a.test'))); await d.resolveCname('no.test').catch(e => show(e.code)); show(j(await d.resolve6('a.test'))); show(j(await d.resolve('a.test', 'MX'))); show(j(await d.reverse('1.2.3.4'))); show(j(await d.resolvePtr('1.2.3.4'))); })();`,
			"true\nresolve4[\"1.2.3.4\"]\nresolveMx[{\"exchange\":\"mx.test\",\"priority\":10}]\nresolveTxt[[\"text\"]]\nresolveSrv[{\"name\":\"srv.test\",\"port\":1883,\"priority\":1,\"weight\":2}]\nresolveNs[\"ns.test\"]\nENOTFOUND\n[\"::1\"]\n[{\"exchange\":\"mx.test\",\"priority\":10}]\n[\"p.test\"]\n[\"p.test\"]\n",
		},
		{
			"callbacks and failures", `show(dns.getServers().length); dns.resolve('a.test', (e, l) => { show(e + j(l)); dns.resolve4('no.test', e => show(e.code + ' ' + e.syscall + ' ' + e.hostname)); }); show(() => dns.resolve('a', 'ODD', () => {})); show(() => dns.reverse('x', () => {})); show(() => dns.setServers(['x'])); show(dns.NOTFOUND + dns.ADDRCONFIG);`,
			"1\nTypeError[ERR_INVALID_ARG_TYPE]: resolve: rrtype must be one of A, AAAA, CNAME, MX, NS, PTR, SRV and TXT, got ODD\nError[EINVAL]: getHostByAddr EINVAL x\nTypeError[ERR_INVALID_ARG_TYPE]: setServers: a server must be an IP address with or without a port, got \"x\"\nENOTFOUND32\nnull[\"1.2.3.4\"]\nENOTFOUND query4 no.test\n",
		},
		{
			"lookup", `dns.lookup('127.0.0.1', { all: true }, (e, l) => { show(j(l)); dns.lookup('::1', { family: 6 }, (e, a, f) => { show(a + ' ' + f); dns.promises.lookup('127.0.0.1').then(r => { show(j(r)); dns.getaddrinfo('127.0.0.1', (e, a) => show('gai ' + a), 1000); }); }); }); show(j(dns.gethostbyname('127.0.0.1'))); show(dns.getaddrinfo('127.0.0.1', 2, 0)); show(() => dns.lookup('a', { family: 5 }));`,
			"{\"hostname\":\"127.0.0.1\",\"domain\":2,\"addr\":\"127.0.0.1\"}\n127.0.0.1\nRangeError[ERR_OUT_OF_RANGE]: lookup: options.family must be 0, 4 or 6, got 5\n[{\"address\":\"127.0.0.1\",\"family\":4}]\n::1 6\n{\"address\":\"127.0.0.1\",\"family\":4}\ngai 127.0.0.1\n",
		},
		{"constants", `show(['NODATA', 'FORMERR', 'SERVFAIL', 'NOTIMP', 'REFUSED', 'BADQUERY', 'BADNAME', 'BADFAMILY', 'BADRESP', 'CONNREFUSED', 'TIMEOUT', 'CANCELLED'].every(k => dns[k] === 'E' + k && dns.promises[k] === dns[k])); show(dns.EOF + dns.ALL + dns.V4MAPPED);`, "true\nEOF168\n"},
		{"cache", `show(dns.cacheTimeout()); show(dns.cacheTimeout(1)); show(dns.cacheTimeout(60000)); show(dns.lookup('a.test')); dns.setServers(['127.0.0.1:1']); show(dns.lookup('a.test')); dns.cacheFlush('b.test'); show(dns.lookup('a.test')); dns.cacheFlush('a.test'); show(dns.lookup('a.test')); dns.cacheFlush(); show(dns.cacheTimeout(0));`, "300000\n10000\n60000\n1.2.3.4\n1.2.3.4\n1.2.3.4\nundefined\n0\n"},
	})
	refuse := func(o *jsre.Options) {
		o.Access.Net = func(address string) error {
			if address == "a.test:" {
				return errors.New("not granted")
			}
			return nil
		}
	}
	stdout, _, _ := run(t, server+`for (const f of [() => dns.lookup('a.test'), () => dns.lookup('a.test', () => {}), () => dns.resolve4('a.test', () => {}), () => dns.promises.resolve4('a.test')]) try { f(); print('no'); } catch (e) { print(e.code); }`, refuse)
	if stdout != strings.Repeat("EACCES\n", 4) {
		t.Errorf("without the right: %q", stdout)
	}
}

// dnsServer answers for a.test, and with "no such name" for the rest.
func dnsServer(t *testing.T) string {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		buf := make([]byte, 1500)
		for {
			n, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			_, _ = conn.WriteTo(dnsAnswer(buf[:n]), from)
		}
	}()
	t.Cleanup(func() { _ = conn.Close(); <-done })
	return conn.LocalAddr().String()
}

func dnsName(name string) []byte {
	var out []byte
	for part := range strings.SplitSeq(name, ".") {
		out = append(append(out, byte(len(part))), part...)
	}
	return append(out, 0)
}

// dnsAnswer repeats the question and adds one record of the kind that was asked for.
func dnsAnswer(q []byte) []byte {
	end := 12
	for q[end] != 0 {
		end += int(q[end]) + 1
	}
	name, kind := string(q[13:end]), binary.BigEndian.Uint16(q[end+1:])
	data := map[uint16][]byte{
		1: {1, 2, 3, 4}, 2: dnsName("ns.test"), 5: dnsName("c.test"), 12: dnsName("p.test"), 15: append([]byte{0, 10}, dnsName("mx.test")...),
		16: append([]byte{4}, "text"...), 28: append(make([]byte, 15), 1), 33: append([]byte{0, 1, 0, 2, 0x07, 0x5b}, dnsName("srv.test")...),
	}[kind]
	out := append([]byte{q[0], q[1], 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0}, q[12:end+5]...)
	if !strings.Contains(name, "a\x04test") && kind != 12 || data == nil || strings.Contains(name, "no") {
		out[3], out[7] = 0x83, 0
		return out
	}
	out = append(out, 0xc0, 12, byte(kind>>8), byte(kind), 0, 1, 0, 0, 0, 60)
	out = binary.BigEndian.AppendUint16(out, uint16(len(data)))
	return append(out, data...)
}
