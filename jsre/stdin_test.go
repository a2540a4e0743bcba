package jsre_test

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"dunlin/jsre"
)

// input gives a script standard input, a byte at a time.
func input(text string) func(*jsre.Options) {
	return func(o *jsre.Options) { o.Stdin = iotest.OneByteReader(strings.NewReader(text)) }
}

func TestStandardInput(t *testing.T) {
	const s = "const s = process.stdin; "
	for _, tc := range []struct{ name, src, in, want string }{
		{"buffers", s + `let n = 0; s.on('data', (c) => { n += c.length; }).on('end', () => print(n, s.isTTY, s.fd)).on('close', () => print('close'));`, "a\nb", "3 false 0\nclose\n"},
		{"texts", s + `let t = ''; s.setEncoding('utf8').on('data', (c) => { t += c; }); s.on('end', () => print(t));`, "é😀", "é😀\n"},
		{"readable", s + `let t = ''; s.on('readable', () => { let c; while ((c = s.read()) !== null) t += c; }); s.on('end', () => print(t));`, "abc", "abc\n"},
		{"pause", s + `s.pause(); s.on('data', (c) => print(String(c))); print(s.isPaused()); setTimeout(() => s.resume(), 5);`, "ab", "true\na\nb\n"},
		{"for await", s + `(async () => { let t = ''; for await (const c of s) t += c; print(t); for await (const c of s) print('more'); print('end'); })();`, "abc", "abc\nend\n"},
		{"for await that is left", s + `(async () => { for await (const c of s) { print(String(c)); break; } })();`, "abc", "a\n"},
		{"nothing", s + `s.on('data', () => print('data')).on('end', () => print('end'));`, "", "end\n"},
		{"destroy", s + `s.once('data', (c) => { print(String(c)); s.destroy(); });`, "abc", "a\n"},
		{"lines", `const r = require('readline').createInterface({ input: process.stdin }); r.on('line', (l) => print('[' + l + ']')).on('close', () => print('close'));`, "a\r\n\nb\rç\nlast", "[a]\n[]\n[b]\n[ç]\n[last]\nclose\n"},
		{"lines by for await", `(async () => { for await (const l of require('node:readline').createInterface(process.stdin)) print(l); print('end'); })();`, "a\nb\n", "a\nb\nend\n"},
		{"a question", `const r = require('readline').createInterface({ input: process.stdin, output: { write(t) { print(t); } }, prompt: 'p' }); r.question('q', (a) => { print('=' + a); print(r.getPrompt()); r.setPrompt('>'); r.prompt(); r.once('line', (l) => { print(l); r.pause(); r.resume(); r.close(); }); });`, "a\nb\nc\n", "q\n=a\np\n>\nb\n"},
		{"promised answers", `const r = require('readline/promises').createInterface({ input: process.stdin }); (async () => { print(await r.question('q')); print(await r.question('q')); r.close(); try { r.question('q'); } catch (e) { print(e.code); } })();`, "a\nb\n", "a\nb\nERR_USE_AFTER_CLOSE\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, stderr, err := run(t, tc.src, input(tc.in))
			if got != tc.want || stderr != "" || err != nil {
				t.Errorf("got %q, want %q; %s %v", got, tc.want, stderr, err)
			}
		})
	}
}

// Input that never comes keeps a script alive only while that waits for it.
func TestInputKeepsNoScriptAliveThatDoesNotWaitForIt(t *testing.T) {
	for _, src := range []string{
		"", "process.stdin;", "process.stdin.setEncoding('utf8');", "process.stdin.on('end', () => {});", "process.stdin.on('data', () => {}).unref();",
		"process.stdin.on('data', () => {}); process.stdin.pause();", "process.stdin.on('data', () => {}); setImmediate(() => process.stdin.pause());",
		"const r = require('readline').createInterface({ input: process.stdin }); setImmediate(() => r.close());", "process.stdin.resume(); setImmediate(() => process.exit(0));",
	} {
		never, writer := io.Pipe()
		got, stderr, err := run(t, src, func(o *jsre.Options) { o.Stdin = never })
		_ = writer.CloseWithError(errors.New("the test is over"))
		if got != "" || stderr != "" || err != nil {
			t.Errorf("%s: %q %q %v", src, got, stderr, err)
		}
	}
}
