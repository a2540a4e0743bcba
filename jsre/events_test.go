package jsre_test

import "testing"

func TestEvents(t *testing.T) {
	check(t, "const events = require('events');\n", []expectation{
		{
			"class", `show(events === EventEmitter); show(events.EventEmitter === events); show(require('edgeros:events') === events); show(require('node:events') === events);
			class A extends EventEmitter { constructor() { super(); this.x = 1; } } const a = new A(); show(a instanceof EventEmitter); a.on('e', function (v) { show(this === a && this.x + v); }); show(a.emit('e', 2)); show(a.emit('f'));
			function Old() { EventEmitter.call(this); } Object.setPrototypeOf(Old.prototype, EventEmitter.prototype); show(new Old().on('x', () => {}).emit('x'));
			const mixed = Object.assign({}, EventEmitter.prototype); mixed.on('m', () => show('mixed')); mixed.emit('m');
			const child = Object.create(a); child.on('e', () => show('child')); show(a.listenerCount('e'));`,
			"true\ntrue\ntrue\ntrue\ntrue\n3\ntrue\nfalse\ntrue\nmixed\n1\n",
		},
		{
			"on, once, off", `const e = new EventEmitter(); const f = v => show('f' + v); e.on('x', f).once('x', v => show('once' + v)).prependListener('x', () => show('first')); e.emit('x', 1); e.emit('x', 2); e.off('x', f); e.emit('x', 3); show(e.listenerCount('x'));
			e.addListener('x', f); e.addListener('x', f); e.removeListener('x', f); show(e.listeners('x').length); e.prependOnceListener('x', () => show('po')); e.emit('x', 4); e.removeAllListeners('x'); show(e.emit('x')); show(e.off('none', f) === e);`,
			"first\nf1\nonce1\nfirst\nf2\nfirst\n1\n2\npo\nfirst\nf4\nfalse\ntrue\n",
		},
		{
			"names and symbols", `const e = new EventEmitter(), s = Symbol('s'); e.on('b', () => {}).on(s, () => show('sym')).on('a', () => {}); show(e.eventNames().map(String).join()); e.emit(s); e.removeAllListeners(); show(e.eventNames().length); e.on(1, () => show('one')); e.emit('1');`,
			"b,Symbol(s),a\nsym\n0\none\n",
		},
		{
			"changes while emitting", `const e = new EventEmitter(); const b = () => show('b'); e.on('x', () => { e.off('x', b); e.on('x', () => show('late')); show('a'); }); e.on('x', b); e.emit('x'); show('--'); e.emit('x');`,
			"a\nb\n--\na\nlate\n",
		},
		{"once runs once also when nested", `const e = new EventEmitter(); let n = 0; e.once('x', () => { n++; e.emit('x'); }); e.emit('x'); show(n); let m = 0; e.on('y', () => { if (m++ < 1) e.emit('y'); }); e.once('y', () => show('y')); e.emit('y');`, "1\ny\n"},
		{
			"error", `const e = new EventEmitter(); show(() => e.emit('error', new RangeError('boom'))); show(() => e.emit('error', 'text')); show(() => e.emit('error')); e.on('error', x => show('got ' + x)); show(() => e.emit('error', 1));`,
			"RangeError: boom\nError[ERR_UNHANDLED_ERROR]: Unhandled error. (text)\nError[ERR_UNHANDLED_ERROR]: Unhandled error.\ngot 1\ntrue\n",
		},
		{"off takes the one that was added last", `const e = new EventEmitter(), f = () => show('f'), g = () => show('g'); e.on('x', f).on('x', g).on('x', f); e.off('x', f); e.emit('x');`, "f\ng\n"},
		{
			"a rejected listener of error is not told to itself", `const e = new EventEmitter({ captureRejections: true }); let n = 0; e.on('error', async () => { if (++n < 9) throw new Error('again'); }); process.on('unhandledRejection', x => show(x.message)); e.emit('error', new Error('x')); setTimeout(() => show(n), 20);`,
			"again\n2\n",
		},
		{"a listener that throws", `const e = new EventEmitter(); e.on('x', () => { throw new Error('in listener'); }); e.on('x', () => show('never')); show(() => e.emit('x'));`, "Error: in listener\n"},
		{
			"newListener and removeListener", `const e = new EventEmitter(); e.on('newListener', (n, f) => show('+' + n + ' ' + typeof f + e.listenerCount(n))); e.on('removeListener', n => show('-' + n)); const f = () => {}; e.on('x', f); e.off('x', f); e.once('y', f); e.emit('y'); e.on('z', f); e.removeAllListeners();`,
			"+removeListener function0\n+x function0\n-x\n+y function0\n-y\n+z function0\n-newListener\n-z\n",
		},
		{
			"arguments checked", `const e = new EventEmitter(); show(() => e.on('x')); show(() => e.once('x', 5)); show(() => e.off('x', null)); show(() => EventEmitter.prototype.on.call(1, 'x', () => {})); show(() => e.setMaxListeners(-1));`,
			"TypeError[ERR_INVALID_ARG_TYPE]: on: listener must be a function, got undefined\nTypeError[ERR_INVALID_ARG_TYPE]: once: listener must be a function, got number\nTypeError[ERR_INVALID_ARG_TYPE]: off: listener must be a function, got null\n" +
				"TypeError[ERR_INVALID_ARG_TYPE]: an EventEmitter method was called on number\nRangeError[ERR_OUT_OF_RANGE]: setMaxListeners: n must be from 0 to 2147483647, got -1\n",
		},
		{
			"statics", `const e = new EventEmitter(); show(e.getMaxListeners()); show(e.setMaxListeners(3).getMaxListeners()); show(EventEmitter.listenerCount(e, 'x'));
			events.once(e, 'x').then(v => show('once ' + v)); events.once(e, 'never').catch(x => show('failed ' + x)); e.emit('x', 1, 2); e.emit('error', 'E');`,
			"10\n3\n0\nonce 1,2\nfailed E\n",
		},
	})
}

func TestLeakWarning(t *testing.T) {
	_, stderr, err := run(t, `const e = new EventEmitter(); for (let i = 0; i < 12; i++) e.on('x', () => {});`)
	if want := `warning: possible EventEmitter leak: 11 listeners of "x" added; use setMaxListeners to raise the limit` + "\n"; stderr != want || err != nil {
		t.Errorf("stderr %q, error %v", stderr, err)
	}
}
