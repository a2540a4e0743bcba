package jsre_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"dunlin/jsre"
)

// interact runs talk in a session, and gives what was written and what nobody caught.
func interact(t *testing.T, talk func(*jsre.Session) int) (written string, err error) {
	t.Helper()
	var mu sync.Mutex
	var out strings.Builder
	locked := writerFunc(func(p []byte) (int, error) {
		mu.Lock()
		defer mu.Unlock()
		return out.Write(p)
	})
	rt, err := jsre.New(jsre.Options{Stdout: locked, Stderr: locked, Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	err = rt.Interact(ctx, func(text string) { _, _ = io.WriteString(locked, text+"\n") }, talk)
	mu.Lock()
	defer mu.Unlock()
	return out.String(), err
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// TestSession runs texts one after the other. What each gives stands beside it; errors begin with "! ".
func TestSession(t *testing.T) {
	for _, tc := range []struct {
		name  string
		texts []string // text, outcome, text, outcome...
	}{
		{"values", []string{"1 + 1", "2", "_", "2", "'a'", "'a'", "undefined", "undefined", "({ a: [1, { b: { c: {} } }] })", "{ a: [ 1, { b: [Object] } ] }", "{ a: 1 }", "{ a: 1 }", "{ 5; }", "5", "if (1) 'x'", "'x'"}},
		{"declarations stay and may come again", []string{
			"const a = 1, { b, ...c } = { b: 2, d: 3 }", "", "a + b + c.d", "6", "const a = 'other'", "", "a", "'other'", "let n; n", "undefined",
			"class A { x = 1 }", "", "new A()", "A { x: 1 }", "class A { y = 2 }", "", "new A()", "A { y: 2 }", "A.name", "'A'", "const f = () => {}", "", "f.name", "'f'",
			"g(); function g() { return 'hoisted'; }", "", "g()", "'hoisted'", "var v = 1", "", "var v", "", "v", "1", "for (var i = 0; i < 3; i++);", "undefined", "i", "3",
		}},
		{"await", []string{
			"await 1", "1", "const p = await Promise.resolve([1])", "", "p", "[ 1 ]", "for (let i = 0; i < 2; i++) await i", "undefined", "let w = await 5, x", "", "w", "5", "x", "undefined",
			"await Promise.reject(new Error('no'))", "! Uncaught Error: no\n    at REPL8:1:22", "_error.message", "'no'",
			"Promise.resolve(1)", "Promise { 1 }", "var q; for await (const z of [1, Promise.resolve(2)]) q = z; q", "2", "q", "2", "async function later() { return await 3 }", "", "await later()", "3",
			"await new Promise((done) => setTimeout(done, 5, 'late'))", "'late'", "var kept = 1; await 0", "0", "var kept; await kept", "1", "typeof __forAwait", "'undefined'",
		}},
		{"modules", []string{
			"typeof mqtt.connect", "'function'", "path.join('a', 'b')", "'a/b'", "require('os') === os", "true", "import { join as glue, sep } from 'path'", "", "glue('x', sep)", "'x/'",
			"import fs from 'node:fs'", "", "fs.existsSync('/')", "true", "import * as u from 'util'; u.isDeepStrictEqual(1, 1)", "true", "import def, { sep as s } from 'path'; def.sep === s", "true",
			"(await import('path')).sep", "'/'", "import('path').then((m) => m.sep)", "Promise { <pending> }", "import 'path'", "! none",
			"typeof module, typeof exports", "'object'",
		}},
		{"types", []string{"let y: number = 5", "", "y", "5", "interface I { a: number }", "", "", "", "const one = (a: I): number => a.a; one({ a: 1 })", "1", "enum E { A = 3 }; E.A", "3"}},
		{"what is wrong", []string{
			"nothing", "! Uncaught ReferenceError: nothing is not defined\n    at REPL1:1:1", "let 5", "! REPL2:1", "function f() {\n  throw new TypeError('bad');\n}", "",
			"f()", "! Uncaught TypeError: bad\n    at f (REPL3:2:9)\n    at REPL4:1:1", "throw { a: 1 }", "! Uncaught { a: 1 }", "await f()", "! Uncaught TypeError: bad\n    at f (REPL3:2:9)\n    at REPL6:1:7",
			"1 +", "! " + jsre.ErrIncomplete.Error(), "f(", "! " + jsre.ErrIncomplete.Error(), "`a", "! " + jsre.ErrIncomplete.Error(), "if (1) {", "! " + jsre.ErrIncomplete.Error(),
			"await f(", "! " + jsre.ErrIncomplete.Error(), "/* a", "! " + jsre.ErrIncomplete.Error(), "function f(a: number) {", "! " + jsre.ErrIncomplete.Error(), "'a", "! REPL14:1", ")", "! REPL15:1",
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			written, err := interact(t, func(s *jsre.Session) int {
				for i := 0; i < len(tc.texts); i += 2 {
					shown, err := s.Eval(tc.texts[i])
					if err != nil {
						shown = "! " + err.Error()
					}
					if want := tc.texts[i+1]; shown != want && want != "! none" && (!strings.HasPrefix(want, "! REPL") || !strings.HasPrefix(shown, want)) {
						t.Errorf("%s\ngot  %s\nwant %s", tc.texts[i], shown, want)
					}
				}
				return 0
			})
			if err != nil || written != "" {
				t.Errorf("%v, written %q", err, written)
			}
		})
	}
}

// What nobody catches is told, and the session goes on.
func TestSessionGoesOn(t *testing.T) {
	written, err := interact(t, func(s *jsre.Session) int {
		for _, text := range []string{
			"setTimeout(() => { throw new RangeError('in a timer') }, 1); await new Promise((done) => setTimeout(done, 5))",
			"Promise.reject(new Error('rejected')); await new Promise((done) => setTimeout(done, 5))",
		} {
			if _, err := s.Eval(text); err != nil {
				t.Errorf("%s: %v", text, err)
			}
		}
		if shown, err := s.Eval("_error.message"); shown != "'rejected'" {
			t.Errorf("%s %v", shown, err)
		}
		return 7
	})
	var exit *jsre.ExitError
	if !errors.As(err, &exit) || exit.Code != 7 {
		t.Errorf("ended with %v", err)
	}
	if written != "Uncaught RangeError: in a timer\n    at Timeout._onTimeout (REPL1:1:26)\nUncaught Error: rejected\n    at REPL2:1:16\n" && !strings.Contains(written, "Uncaught RangeError: in a timer\n    at REPL1:1:26\nUncaught Error: rejected\n    at REPL2:1:16\n") {
		t.Errorf("written %q", written)
	}
}

// A text may end the script.
func TestSessionExits(t *testing.T) {
	_, err := interact(t, func(s *jsre.Session) int {
		if _, err := s.Eval("process.on('exit', (code) => console.log('bye', code)); process.exit(3)"); !errors.Is(err, jsre.ErrClosed) {
			t.Errorf("%v", err)
		}
		return 0
	})
	var exit *jsre.ExitError
	if !errors.As(err, &exit) || exit.Code != 3 {
		t.Errorf("ended with %v", err)
	}
}

// An interrupt ends what runs and what waits, and nothing else.
func TestSessionIsInterrupted(t *testing.T) {
	_, err := interact(t, func(s *jsre.Session) int {
		for _, text := range []string{"for (;;);", "await new Promise(() => {})", "await (async () => { await 1; for (;;); })()"} {
			stop := time.AfterFunc(30*time.Millisecond, s.Interrupt)
			if _, err := s.Eval("globalThis.before = 1; " + text); !errors.Is(err, jsre.ErrInterrupted) {
				t.Errorf("%s: %v", text, err)
			}
			stop.Stop()
			s.ClearInterrupt() // it may be told twice: it broke off what runs
			if shown, err := s.Eval("before + 1"); shown != "2" {
				t.Errorf("after it: %s %v", shown, err)
			}
		}
		s.Interrupt()
		if _, err := s.Eval("before = 2"); !errors.Is(err, jsre.ErrInterrupted) {
			t.Errorf("an interrupt before the text: %v", err)
		}
		s.Interrupt()
		s.ClearInterrupt()
		if shown, err := s.Eval("let t = 0; for (let i = 0; i < 1e4; i++) t++; t"); shown != "10000" {
			t.Errorf("an interrupt of nothing: %s %v", shown, err)
		}
		return 0
	})
	if err != nil {
		t.Error(err)
	}
}

// Completion finds members, also inherited ones, and runs nothing of the script.
func TestSessionCompletes(t *testing.T) {
	_, err := interact(t, func(s *jsre.Session) int {
		const setup = "let calls = 0; class Base { base() {} get one() { calls++; return {}; } } class Box extends Base { inner = { deep: 1 } }; const box = new Box();" +
			"const trap = new Proxy({}, { get() { calls++ }, ownKeys() { calls++; return [] }, getOwnPropertyDescriptor() { calls++ }, getPrototypeOf() { calls++; return null } }); Object.defineProperty(globalThis, 'mine', { get() { calls++; return {} }, configurable: true }); 0"
		if _, err := s.Eval(setup); err != nil {
			t.Fatal(err)
		}
		for text, want := range map[string]string{
			"box.": "base constructor hasOwnProperty inner isPrototypeOf one propertyIsEnumerable toLocaleString toString valueOf", "box.inner.d": "deep", "x = box?.i": "inner isPrototypeOf",
			"box.one.": "", "trap.x.": "", "trap.": "", "mine.": "", "mqtt.connectA": "connectAsync", "console.lo": "log", "f(process.stdout.wri": "writable write", "ty": "typeof", "no.such.": "", "'box.": "", "f().": "",
		} {
			names, _ := s.Complete(text)
			if got := strings.Join(names, " "); got != want {
				t.Errorf("%s: %q, want %q", text, got, want)
			}
		}
		if shown, _ := s.Eval("calls"); shown != "0" {
			t.Errorf("completion ran %s functions of the script", shown)
		}
		return 0
	})
	if err != nil {
		t.Error(err)
	}
}
