package jsre_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dop251/goja"

	"dunlin/jsre"
	"dunlin/jsre/engine"
)

// TestReport checks what a person is shown of a script that failed.
func TestReport(t *testing.T) {
	for _, tc := range []struct{ name, src, want string }{
		{
			"thrown in a function", "function f(o) {\n\treturn o.a.b;\n}\nf({});",
			"test.js:2\n\treturn o.a.b;\n\t           ^\nUncaught TypeError: Cannot read properties of undefined (reading 'b')\n    at f (test.js:2:13)\n    at test.js:4:1\n",
		},
		{"the first line has its right column", "throw new Error('x');", "test.js:1\nthrow new Error('x');\n      ^\nUncaught Error: x\n    at test.js:1:7\n"},
		{"columns count characters", "const ü = 'ääää'; throw new Error('x');", "test.js:1\nconst ü = 'ääää'; throw new Error('x');\n                        ^\nUncaught Error: x\n    at test.js:1:25\n"},
		{"in a timer", "setTimeout(() => {\n  nope();\n}, 1);", "test.js:2\n  nope();\n  ^\nUncaught ReferenceError: nope is not defined\n    at test.js:2:3\n"},
		{
			"in a listener", "const e = new EventEmitter();\ne.on('x', function listener() { throw new RangeError('r'); });\nsetImmediate(() => e.emit('x'));",
			"test.js:2\ne.on('x', function listener() { throw new RangeError('r'); });\n                                      ^\nUncaught RangeError: r\n    at listener (test.js:2:39)\n    at emit (native)\n    at test.js:3:22\n",
		},
		{
			"an error event nobody hears", "const e = new EventEmitter();\ne.emit('error', new Error('lost'));",
			"test.js:2\ne.emit('error', new Error('lost'));\n                ^\nUncaught Error: lost\n    at test.js:2:17\n",
		},
		{
			"with fields and causes", "const e = new Error('x', { cause: new TypeError('y') }); e.code = 'ECONNACK'; e.reasonCode = 5; e.deep = {}; throw e;",
			"test.js:1\nconst e = new Error('x', { cause: new TypeError('y') }); e.code = 'ECONNACK'; e.reasonCode = 5; e.deep = {}; throw e;\n          ^\nUncaught Error: x\n    at test.js:1:11\n  caused by TypeError: y\n  code: ECONNACK\n  reasonCode: 5\n",
		},
		{"a string", "throw 'text';", "test.js:1\nthrow 'text';\n^\nUncaught \"text\"\n    at test.js:1:1\n"},
		{"a number, undefined, null", "throw undefined;", "test.js:1\nthrow undefined;\n^\nUncaught undefined\n    at test.js:1:1\n"},
		{"an object", "throw { message: 'm' };", "test.js:1\nthrow { message: 'm' };\n^\nUncaught object: m\n    at test.js:1:1\n"},
		{"a plain object", "throw {code: 7, why: 'no'};", "test.js:1\nthrow {code: 7, why: 'no'};\n^\nUncaught {\"code\":7,\"why\":\"no\"}\n    at test.js:1:1\n"},
		{"a symbol", "throw Symbol('s');", "test.js:1\nthrow Symbol('s');\n^\nUncaught Symbol(s)\n    at test.js:1:1\n"},
		{"a rejection", "async function f() {\n  throw new Error('async');\n}\nf();", "test.js:2\n  throw new Error('async');\n        ^\nUncaught (in promise) Error: async\n    at f (test.js:2:9)\n    at test.js:4:1\n"},
		{"a rejection with a plain value", "Promise.reject(5);", "Uncaught (in promise) 5\n"},
		{"a native that refuses", "require('socket').sockaddr('1.1.1.1', 'x');", "test.js:1\nrequire('socket').sockaddr('1.1.1.1', 'x');\n                  ^\nUncaught TypeError: sockaddr: port must be a number, got string\n    at sockaddr (native)\n    at test.js:1:19\n  code: ERR_INVALID_ARG_TYPE\n"},
		{"a module that is missing", "require('./nope');", "test.js:1\nrequire('./nope');\n^\nUncaught Error: Cannot find module './nope' (required by test.js): no such file\n    at require (native)\n    at test.js:1:1\n  code: MODULE_NOT_FOUND\n"},
		{
			"an error made hostile", "const e = new Error('x'); Object.defineProperty(e, 'message', { get() { throw 1; } }); Object.defineProperty(e, 'zip', { enumerable: true, get() { throw 2; } }); throw e;",
			"test.js:1\nconst e = new Error('x'); Object.defineProperty(e, 'message', { get() { throw 1; } }); Object.defineProperty(e, 'zip', { enumerable: true, get() { throw 2; } }); throw e;\n          ^\nUncaught [a value that cannot be shown]\n    at test.js:1:11\n",
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, _, err := run(t, tc.src)
			var script *jsre.ScriptError
			if !errors.As(err, &script) {
				t.Fatalf("got %v, want a ScriptError", err)
			}
			got := script.Report()
			if i, j := strings.Index(got, "there are "), strings.Index(got, "; a file's"); i >= 0 && j > i {
				got = got[:i] + "there are ..." + got[j:] // the list of modules
			}
			if got != tc.want {
				t.Errorf("got:\n%swant:\n%s", got, tc.want)
			}
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("Error() has more than one line: %q", err.Error())
			}
		})
	}
}

func TestUncaughtHandlers(t *testing.T) {
	for _, tc := range []struct{ name, src, want string }{
		{
			"exception", `Task.on('uncaughtException', (e, origin) => print('got', e.message, origin)); setTimeout(() => { throw new Error('a'); }, 1); setTimeout(print, 5, 'still here'); throw new Error('b');`,
			"got b uncaughtException\ngot a uncaughtException\nstill here\n",
		},
		{"process.on is the same", `process.on('uncaughtException', e => print('got', e)); throw 1;`, "got 1\n"},
		{"rejection", `Task.on('unhandledRejection', (reason, p) => print('got', reason.message, p instanceof Promise)); Promise.reject(new Error('r')); print('main');`, "main\ngot r true\n"},
		{"rejection goes to uncaughtException else", `Task.on('uncaughtException', (e, origin) => print(e.message, origin)); Promise.reject(new Error('r'));`, "r unhandledRejection\n"},
		{"a rejection handled in time is none", `const p = Promise.reject(1); setImmediate(() => print('end')); Promise.resolve().then(() => p.catch(() => print('caught')));`, "caught\nend\n"},
		{"in a served callback", `const iosched = require('iosched'); Task.on('uncaughtException', e => print('got', e.message)); let done = false; setTimeout(() => { throw new Error('t'); }, 1); setTimeout(() => { done = true; }, 3); iosched.forever(() => done); print('after');`, "got t\nafter\n"},
		{"stack overflow", `Task.on('uncaughtException', e => print(e.name, e.message)); setImmediate(() => print('goes on')); (function f() { f(); })();`, "RangeError Maximum call stack size exceeded\ngoes on\n"},
		{"exit listeners", `Task.on('exit', c => { print('exit', c); setTimeout(print, 1, 'never'); }); process.on('exit', () => print('second')); print('main');`, "main\nexit 0\nsecond\n"},
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

func TestEndings(t *testing.T) {
	for _, tc := range []struct {
		name, src, want string
		code            int // of an ExitError; -1: a ScriptError
	}{
		{"exit", `print(1); process.exit(3); print(2);`, "1\n", 3},
		{"exit passes catch and finally", `try { Task.exit(4); } catch (e) { print('caught'); } finally { print('finally'); }`, "", 4},
		{"exit in a callback of a native", `[1, 2].forEach(i => { print(i); process.exit(5); });`, "1\n", 5},
		{"exit in a promise job", `Promise.resolve().then(() => process.exit(6)); setTimeout(print, 1, 'no');`, "", 6},
		{"exit in a constructor of a promise", `new Promise(() => process.exit(7)).catch(() => print('no'));`, "", 7},
		{"exit in a sort", `[3, 1, 2].sort(() => process.exit(8));`, "", 8},
		{"exit in an async function", `(async () => { await null; try { process.exit(9); } finally { print('no'); } })();`, "", 9},
		{"exit in a generator", `function* g() { try { yield 1; } finally { print('no'); } } for (const x of g()) process.exit(12);`, "", 12},
		{"exit in a getter of an option", `Buffer.from({ get length() { process.exit(13); } });`, "", 13},
		{"exitCode", `process.exitCode = 14; print(process.exitCode);`, "14\n", 14},
		{"exit uses exitCode", `process.exitCode = 15; process.exit();`, "", 15},
		{"exit listeners see the status", `Task.on('exit', c => print('exit', c)); process.exit(16);`, "exit 16\n", 16},
		{"exit listeners may change it", `Task.on('exit', () => process.exit(17)); process.exit(1);`, "", 17},
		{"exit 256 is 0", `process.exit(256);`, "", 0},
		{"exit listeners of an uncaught exception", `Task.on('exit', c => print('exit', c)); throw 1;`, "exit 10\n", -1},
		{"an uncaughtException listener that throws", `Task.on('uncaughtException', () => { throw new Error('second'); }); throw new Error('first');`, "", -1},
		{"an exit listener that throws", `Task.on('exit', () => { throw new Error('late'); });`, "", -1},
		{"nothing runs after an uncaught exception", `setTimeout(print, 1, 'no'); Promise.resolve().then(() => print('no')); throw 1;`, "", -1},
		{"stack overflow", `(function f() { f(); })();`, "", -1},
		{"stack overflow through natives", `function f() { [1].forEach(f); } f();`, "", -1},
		{"stack overflow through getters and toString", `const o = { get x() { return o.x; } }; o.x;`, "", -1},
		{"bad exit code", `process.exit('x');`, "", -1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, _, err := run(t, tc.src)
			var exit *jsre.ExitError
			var script *jsre.ScriptError
			switch {
			case tc.code == 0 && err != nil:
				t.Errorf("ended with %v", err)
			case tc.code > 0 && (!errors.As(err, &exit) || exit.Code != tc.code):
				t.Errorf("ended with %v, want status %d", err, tc.code)
			case tc.code < 0 && !errors.As(err, &script):
				t.Errorf("ended with %v, want a ScriptError", err)
			}
			if got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func TestLoadErrors(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "bad.js", "const a = 1;\nconst b = ;\n")
	write(t, dir, "early.js", "let x;\nlet x;\n")
	for _, tc := range []struct{ file, want string }{
		{"bad.js", "bad.js:2\nconst b = ;\n          ^\nSyntaxError: Unexpected token ;\n"},
		{"early.js", "early.js:2\nlet x;\n    ^\nSyntaxError: Identifier 'x' has already been declared\n"},
		{"none.js", "cannot load script none.js: no such file or directory\n"},
		{".", "cannot load script .: is a directory\n"},
	} {
		rt, err := jsre.New(jsre.Options{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		err = rt.RunFile(context.Background(), tc.file)
		var load *jsre.LoadError
		if !errors.As(err, &load) {
			t.Errorf("%s: got %v, want a LoadError", tc.file, err)
			continue
		}
		if load.Report() != tc.want {
			t.Errorf("%s: got:\n%swant:\n%s", tc.file, load.Report(), tc.want)
		}
	}
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

// TestCancel checks that a script ends when its context does, wherever it is, and that the hooks
// run.
func TestCancel(t *testing.T) {
	cause := errors.New("ctrl-c")
	for name, src := range map[string]string{
		"busy loop":            `ready(); for (;;) {}`,
		"busy loop in a catch": `ready(); for (;;) { try { for (;;) {} } catch (e) {} finally { for (;;) {} } }`,
		"waiting":              `setTimeout(() => {}, 1e6); ready();`,
		"forever":              `ready(); require('iosched').forever();`,
		"forever in callbacks": `setTimeout(() => require('iosched').forever(() => { ready(); return false; }, 1), 1); require('iosched').forever();`,
		"sleep":                `ready(); require('sys').sleep(1e6); print('no');`,
		"timers without end":   `(function f() { setImmediate(f); })(); ready();`,
		"ticks without end":    `ready(); (function f() { process.nextTick(f); })();`,
		"promises without end": `ready(); (async () => { for (;;) await null; })();`,
		"exit listener":        `Task.on('exit', () => { ready(); for (;;) {} });`,
		"uncaught listener":    `Task.on('uncaughtException', () => { ready(); for (;;) {} }); throw 1;`,
		"long sort":            `ready(); for (;;) [3, 1, 2].sort(() => 0);`,
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			ctx, cancel := context.WithCancelCause(context.Background())
			defer cancel(nil)
			hooks := ""
			rt, err := jsre.New(jsre.Options{Modules: []engine.Module{testModule(&out, func(vm *engine.VM) {
				vm.SetGlobal("ready", vm.NewFunction("ready", func(goja.FunctionCall) goja.Value {
					time.AfterFunc(5*time.Millisecond, func() { cancel(cause) })
					return goja.Undefined()
				}))
				vm.OnClose(func() { hooks += "1" })
				vm.OnClose(func() { hooks += "2"; panic("must not stop the others") })
				vm.OnClose(func() {
					if vm.Context().Err() == nil {
						t.Error("the context is not done when the hooks run")
					}
					hooks += "3"
				})
			})}})
			if err != nil {
				t.Fatal(err)
			}
			start := time.Now()
			err = rt.RunString(ctx, "t.js", src)
			if !errors.Is(err, cause) {
				t.Errorf("got %v, want the cause of the cancellation", err)
			}
			if d := time.Since(start); d > time.Minute {
				t.Errorf("took %v", d)
			}
			if hooks != "321" || out.Len() > 0 {
				t.Errorf("hooks %q, output %q", hooks, out.String())
			}
			if err := rt.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestClose(t *testing.T) {
	t.Run("while running", func(t *testing.T) {
		started := make(chan struct{})
		rt, err := jsre.New(jsre.Options{Modules: []engine.Module{{Name: "s", Load: func(vm *engine.VM) goja.Value { close(started); return nil }}}})
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan error)
		go func() {
			done <- rt.RunString(context.Background(), "t.js", `require('s'); require('iosched').forever();`)
		}()
		<-started
		rt.Close()
		if err := <-done; !errors.Is(err, jsre.ErrClosed) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("before running", func(t *testing.T) {
		closed := false
		rt, err := jsre.New(jsre.Options{Modules: []engine.Module{{Name: "s", Setup: func(vm *engine.VM) error {
			vm.OnClose(func() { closed = true })
			return nil
		}}}})
		if err != nil {
			t.Fatal(err)
		}
		rt.Close()
		rt.Close()
		if !closed {
			t.Error("the hook did not run")
		}
		if err := rt.RunString(context.Background(), "t.js", ""); err == nil {
			t.Error("a closed runtime ran a script")
		}
	})
}
