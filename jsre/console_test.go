package jsre_test

import (
	"bytes"
	"context"
	"os"
	"strings"
	"testing"

	"dunlin/jsre"
)

// TestInspect compares what console.log shows with what Node.js shows, line by line.
func TestInspect(t *testing.T) {
	want, err := os.ReadFile("testdata/inspect.out")
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	rt, err := jsre.New(jsre.Options{Stdout: &out})
	if err != nil {
		t.Fatal(err)
	}
	if err := rt.RunFile(context.Background(), "testdata/inspect.js"); err != nil {
		t.Fatal(err)
	}
	got, wanted := strings.Split(out.String(), "\n"), strings.Split(string(want), "\n")
	for i := range wanted {
		if i >= len(got) || got[i] != wanted[i] {
			t.Fatalf("line %d: got %q, want %q", i+1, got[min(i, len(got)-1)], wanted[i])
		}
	}
	if len(got) > len(wanted) {
		t.Errorf("more lines than wanted: %q", got[len(wanted):])
	}
}

func TestConsole(t *testing.T) {
	for _, tc := range []struct{ name, src, stdout, stderr string }{
		{"streams", `console.log(1); console.info(2); console.debug(3); console.error(4); console.warn(5);`, "1\n2\n3\n", "4\n5\n"},
		{"error with its stack", "function f() {\n  return new TypeError('bad');\n}\nconsole.log(f());", "TypeError: bad\n    at f (test.js:2:10)\n    at test.js:4:13\n", ""},
		{"stack as text", "console.log(new Error('x').stack);", "Error: x\n    at test.js:1:13\n", ""},
		{
			"error with fields", "const e = new Error('x'); e.code = 'ENOTCONN'; console.log(e, [e]);",
			"Error: x\n    at test.js:1:11 {\n  code: 'ENOTCONN'\n} [\n  Error: x\n      at test.js:1:11 {\n    code: 'ENOTCONN'\n  }\n]\n", "",
		},
		{"cause", "console.log(new Error('out', { cause: new RangeError('in') }));", "Error: out\n    at test.js:1:13 {\n  [cause]: RangeError: in\n      at test.js:1:39\n}\n", ""},
		{
			"error subclass", "class MyError extends Error { constructor(m) { super(m); this.name = 'MyError'; this.n = 1; } }\nconsole.log(new MyError('m'));",
			"MyError: m\n    at test.js:2:13 {\n  n: 1\n}\n", "",
		},
		{
			"trace and assert", "function f() {\n  console.trace('here', 1);\n}\nf(); console.assert(true, 'no'); console.assert(false, 'a %s', 'b'); console.assert();",
			"", "Trace: here 1\n    at f (test.js:2:11)\n    at test.js:4:1\nAssertion failed: a b\nAssertion failed\n",
		},
		{"label unknown", `console.timeEnd('x');`, "", "warning: console: No such label 'x' for console.timeEnd()\n"},
		{"custom inspection", `const util = require('util'); console.log({ [util.inspect.custom]() { return 'mine'; } }, { a: { [util.inspect.custom](d) { return { d }; } } });`, "mine { a: { d: 1 } }\n", ""},
		{"native objects", `console.log(setTimeout(() => {}, 1), new TextDecoder(), require('socket').sockaddr('1.2.3.4', 5));`, "Timeout {} TextDecoder { encoding: 'utf-8', fatal: false, ignoreBOM: false } { domain: 2, addr: '1.2.3.4', port: 5 }\n", ""},
		{"emitters", `class A extends EventEmitter { x = 1 } const a = new A(); a.on('e', () => {}); console.log(a, new EventEmitter());`, "A { x: 1 } EventEmitter {}\n", ""},
		{"require is hidden", `console.log(typeof require, typeof module, typeof exports, this === module.exports);`, "function object object true\n", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			stdout, stderr, err := run(t, tc.src)
			if err != nil {
				t.Fatal(err)
			}
			if stdout != tc.stdout {
				t.Errorf("stdout:\n%swant:\n%s", stdout, tc.stdout)
			}
			if stderr != tc.stderr {
				t.Errorf("stderr:\n%swant:\n%s", stderr, tc.stderr)
			}
		})
	}
}

func TestConsoleColours(t *testing.T) {
	stdout, _, err := run(t, `console.log('plain', { a: 1, b: 'x', c: null, d: undefined, e: [true], f() {} })`, func(o *jsre.Options) { o.Color = true })
	if err != nil {
		t.Fatal(err)
	}
	want := "plain { a: \x1b[33m1\x1b[39m, b: \x1b[32m'x'\x1b[39m, c: \x1b[1mnull\x1b[22m, d: \x1b[90mundefined\x1b[39m, e: [ \x1b[33mtrue\x1b[39m ], f: \x1b[36m[Function: f]\x1b[39m }\n"
	if stdout != want {
		t.Errorf("got %q\nwant %q", stdout, want)
	}
}

func TestConsoleTime(t *testing.T) {
	stdout, _, err := run(t, `console.time('t'); console.timeLog('t', 1); console.timeEnd('t');`)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(stdout, "\n")
	if len(lines) != 3 || !strings.HasPrefix(lines[0], "t: ") || !strings.HasSuffix(lines[0], "ms 1") || !strings.HasSuffix(lines[1], "ms") {
		t.Errorf("got %q", stdout)
	}
}
