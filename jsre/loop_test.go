package jsre_test

import "testing"

// TestOrder checks who runs when: the order is that of Node.js.
// A timer that has to come after an immediate is long: on a busy machine a short
// one is due before the first turn.
func TestOrder(t *testing.T) {
	for _, tc := range []struct{ name, src, want string }{
		{
			"ticks, promises, timers, immediates", `
			setTimeout(() => print('timeout'), 500);
			setImmediate(() => print('immediate'));
			Promise.resolve().then(() => print('promise'));
			queueMicrotask(() => print('microtask'));
			Task.nextTick(() => print('tick'));
			print('main');`,
			"main\ntick\npromise\nmicrotask\nimmediate\ntimeout\n",
		},
		{
			"a tick of a promise job runs after all promise jobs", `
			Promise.resolve().then(() => { print('p1'); Task.nextTick(() => print('t')); });
			Promise.resolve().then(() => print('p2'));`,
			"p1\np2\nt\n",
		},
		{
			"promises between two timers", `
			setTimeout(() => { print('a'); Promise.resolve().then(() => print('a-p')); Task.nextTick(() => print('a-t')); }, 5);
			setTimeout(() => print('b'), 5);`,
			"a\na-t\na-p\nb\n",
		},
		{
			"an immediate of an immediate waits a turn", `
			setImmediate(() => { print('1'); setImmediate(() => print('3')); });
			setImmediate(() => print('2'));`,
			"1\n2\n3\n",
		},
		{
			"arguments", `setTimeout((...a) => print(a.join()), 500, 1, 'x'); setImmediate((...a) => print(a.join()), 2, 'y'); Task.nextTick((...a) => print(a.join()), 3);`,
			"3\n2,y\n1,x\n",
		},
		{"timers by time, then by order", `setTimeout(print, 500, 'c'); setTimeout(print, 10, 'a'); setTimeout(print, 10, 'b');`, "a\nb\nc\n"},
		{"interval until cleared", `let n = 0; const t = setInterval(() => { print(++n); if (n === 3) clearInterval(t); }, 1);`, "1\n2\n3\n"},
		{"clear by number", `const t = setTimeout(print, 1, 'no'); clearTimeout(+t); print('end');`, "end\n"},
		{"unref does not keep the script alive", `setTimeout(print, 100000, 'no').unref(); print('end');`, "end\n"},
		{"cleared immediate", `clearImmediate(setImmediate(print, 'no')); print('end');`, "end\n"},
		{"ref of a timer that has fired does not keep the script alive", `const t = setTimeout(() => { t.ref(); print('fired'); }, 1);`, "fired\n"},
		{"unref of a timer that has fired is no fault", `const t = setTimeout(() => { t.unref(); t.ref(); t.ref(); t.unref(); print('fired'); }, 1); setTimeout(print, 20, 'other');`, "fired\nother\n"},
		{"a timer that is started by one waits for the next turn", `setTimeout(() => { setTimeout(print, 0, 'next'); setImmediate(print, 'immediate'); const from = Date.now(); while (Date.now() - from < 5); }, 1);`, "immediate\nnext\n"},
		{"refresh", `let t = setTimeout(() => { print('x'); if (t) { const u = t; t = null; u.refresh(); } }, 1);`, "x\nx\n"},
		{"await", `(async () => { print(1); await null; print(3); await new Promise(r => setTimeout(r, 2)); print(4); })(); print(2);`, "1\n2\n3\n4\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, _, err := run(t, tc.src)
			if err != nil {
				t.Fatal(err)
			}
			if got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

// TestServing checks that promises and async functions go on while a native call serves events, at
// the top level and inside callbacks.
func TestServing(t *testing.T) {
	const head = `const iosched = require('iosched'); const sleep = ms => new Promise(r => setTimeout(r, ms));
`
	for _, tc := range []struct{ name, src, want string }{
		{"forever(check) at the top level", `
			let done = false;
			(async () => { print('a'); await sleep(2); print('b'); await null; print('c'); done = true; })();
			iosched.forever(() => done); print('after');`, "a\nb\nc\nafter\n"},
		{"forever(check) in a timer", `
			setTimeout(() => { let done = false; (async () => { await sleep(2); print('in'); done = true; })(); iosched.forever(() => done); print('out'); }, 1);
			setTimeout(print, 2, 'other');`, "other\nin\nout\n"},
		{"forever(check) in a promise job", `
			(async () => {
				await null;
				let done = false;
				Promise.resolve().then(() => print('inner'));
				setTimeout(() => { done = true; }, 2);
				iosched.forever(() => done);
				print('out');
			})();
			Promise.resolve().then(() => print('p1')).then(() => print('p2'));`, "p1\ninner\np2\nout\n"},
		{"forever(check) in a listener, await inside", `
			const e = new EventEmitter(); let n = 0;
			e.on('x', async () => { await sleep(1); print('x', ++n); });
			setImmediate(() => { e.emit('x'); e.emit('x'); iosched.forever(() => n === 2); print('two'); });`, "x 1\nx 2\ntwo\n"},
		{"nested three deep", `
			let a = false, b = false, c = false;
			setTimeout(() => { setTimeout(() => { setTimeout(() => { c = true; }, 1); iosched.forever(() => c); print('c'); b = true; }, 1); iosched.forever(() => b); print('b'); a = true; }, 1);
			iosched.forever(() => a); print('a');`, "c\nb\na\n"},
		{"poll serves what is ready, once", `
			setImmediate(print, 'i'); Promise.resolve().then(() => print('p'));
			print(iosched.poll()); print(iosched.poll());`, "p\ni\ntrue\nfalse\n"},
		{"poll without a time waits", `
			let n = 0, quit = false; setTimeout(() => { quit = true; }, 50); while (!quit) { print(iosched.poll()); n++; } print(n);`, "true\n1\n"},
		{"poll without a time waits for what a promise begins", `
			(async () => { await null; await sleep(5); print('slept'); })(); print(iosched.poll());`, "slept\ntrue\n"},
		{"poll(0) does not wait", `const t = setTimeout(print, 100000, 'no'); print(iosched.poll(0)); clearTimeout(t);`, "false\n"},
		{"poll with a negative time waits", `setTimeout(print, 5, 't'); print(iosched.poll(-1));`, "t\ntrue\n"},
		{"forever with a time alone serves on", `setTimeout(() => { print('bye'); Task.exit(0); }, 20); iosched.forever(1); print('never');`, "bye\n"},
		{"forever with a negative time asks after events alone", `let n = 0; setTimeout(() => {}, 20); iosched.forever(() => n++ > 0, -1); print(n);`, "2\n"},
		{"poll with a time", `setTimeout(print, 5, 't'); print(iosched.poll(10000)); print(iosched.poll(1));`, "t\ntrue\nfalse\n"},
		{"poll in a loop inside a callback with await", `
			setImmediate(() => { let n = 0; (async () => { while (n < 3) { await sleep(1); n++; } })(); while (n < 3) iosched.poll(50); print('n', n); });`, "n 3\n"},
		{"poll in a promise job keeps the order", `
			Promise.resolve().then(() => { print(1); iosched.poll(); print(3); });
			Promise.resolve().then(() => print(2));`, "1\n2\n3\n"},
		{"check is asked without events", `let n = 0; iosched.forever(() => ++n > 3, 1); print(n);`, "4\n"},
		{"check that throws", `try { iosched.forever(() => { throw new Error('stop'); }); } catch (e) { print(e.message); }`, "stop\n"},
		{"check may return what counts as true", `let n = 0; iosched.forever(() => ++n > 2 ? 'yes' : 0, 1); print(n);`, "3\n"},
		{"forever() ends by exit", `setTimeout(() => { print('bye'); Task.exit(0); }, 1); iosched.forever(); print('never');`, "bye\n"},
		{"forever() in a callback ends by exit", `setTimeout(() => { iosched.forever(); print('never'); }, 1); (async () => { await sleep(5); print('bye'); Task.exit(); })();`, "bye\n"},
		{
			"bad arguments", `
			for (const f of [() => iosched.forever('x'), () => iosched.forever(() => true, 'x'), () => iosched.poll({})])
				try { f(); } catch (e) { print(e.name + ': ' + e.message); }`,
			"TypeError: forever: check must be a function, got string\nTypeError: forever: timeout must be a number, got string\nTypeError: poll: timeout must be a number, got object\n",
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, _, err := run(t, head+tc.src)
			if err != nil {
				t.Fatal(err)
			}
			if got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}
