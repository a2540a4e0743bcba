package jsre_test

import "testing"

// TestManyListenersTakeLinearTime works with so many listeners that what takes time by the square of their number
// would take minutes.
func TestManyListenersTakeLinearTime(t *testing.T) {
	check(t, "const n = 60000, e = new EventEmitter(); e.setMaxListeners(0); let calls = 0; const f = () => { calls++; };\n", []expectation{
		{"once of many names", `for (let i = 0; i < n; i++) e.once('reply/' + i, f); show(e.eventNames().length); for (let i = 0; i < n; i++) e.emit('reply/' + i); show(calls); show(e.eventNames().length);`, "60000\n60000\n0\n"},
		{"once of one name", `for (let i = 0; i < n; i++) e.once('x', () => { calls++; }); e.emit('x'); show(calls); show(e.listenerCount('x'));`, "60000\n0\n"},
		{"all of one name taken off", `for (let i = 0; i < n; i++) e.on('x', f); e.removeAllListeners('x'); show(e.listenerCount('x'));`, "0\n"},
		{"all of one name taken off while somebody is told", `let told = 0; for (let i = 0; i < n; i++) e.on('x', f); e.on('removeListener', () => { told++; }); e.removeAllListeners('x'); show(told);`, "60000\n"},
		{"all of many names taken off", `for (let i = 0; i < n; i++) e.on('x' + i, f); e.removeAllListeners(); show(e.eventNames().length);`, "0\n"},
		{"put in front", `for (let i = 0; i < n; i++) e.prependListener('x', f); e.emit('x'); show(calls);`, "60000\n"},
		{"off in the order of on", `const list = []; for (let i = 0; i < 5000; i++) { list.push(() => {}); e.on('x', list[i]); } for (const g of list) e.off('x', g); show(e.listenerCount('x'));`, "0\n"},
	})
}

// TestListenersThatChangeWhileTheyAreCalled changes the listeners of an event in each way while they are called: those
// that there were when the event came are called, and later events find what there is then.
func TestListenersThatChangeWhileTheyAreCalled(t *testing.T) {
	check(t, "const e = new EventEmitter(); let out = []; const say = s => () => { out.push(s); }; const end = () => { show(out.join('')); out = []; };\n", []expectation{
		{"front, back and off", `const b = say('b'), z = say('z'); e.on('x', () => { out.push('a'); e.off('x', b); e.prependListener('x', z); e.on('x', say('n')); e.off('x', z); e.prependListener('x', z); }); e.on('x', b); e.on('x', say('c')); e.emit('x'); end(); e.emit('x'); end();`, "abc\nzacn\n"},
		{"front after front was taken off", `const p = say('p'); e.on('x', say('1')); e.prependListener('x', p); e.prependListener('x', say('q')); e.off('x', p); e.prependListener('x', p); e.on('x', say('2')); e.prependListener('x', say('r')); e.emit('x'); end();`, "rpq12\n"},
		{"all off", `e.on('x', () => { out.push('a'); e.removeAllListeners('x'); e.on('x', say('n')); }); e.on('x', say('b')); e.emit('x'); end(); e.emit('x'); end();`, "ab\nn\n"},
		{"off after a listener threw", `const b = say('b'); e.on('x', () => { throw new Error('t'); }); e.on('x', b); try { e.emit('x'); } catch {} e.off('x', b); e.on('x', say('c')); e.removeListener('x', e.listeners('x')[0]); e.emit('x'); end();`, "c\n"},
		{"nested", `let deep = 0; const b = say('b'); e.on('x', () => { out.push('a'); if (deep++ < 2) { e.emit('x'); e.off('x', b); } }); e.on('x', b); e.on('x', say('c')); e.emit('x'); end();`, "aaabcbcbc\n"},
	})
}
