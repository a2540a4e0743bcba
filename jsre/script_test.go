package jsre_test

import (
	"testing"

	"dunlin/jsre"
)

// expectation is a script whose lines print expressions, and what they must print.
type expectation struct{ name, src, want string }

// check runs scripts and compares what they print. `show` prints what an expression gives, or the
// error it throws.
func check(t *testing.T, head string, list []expectation, change ...func(*jsre.Options)) {
	t.Helper()
	const show = `function show(f) { let v; try { v = typeof f === 'function' ? f() : f; } catch (e) { v = e.name + (e.code ? '[' + e.code + ']' : '') + ': ' + e.message; } print(v); }
`
	for _, tc := range list {
		t.Run(tc.name, func(t *testing.T) {
			t.Helper()
			got, stderr, err := run(t, head+show+tc.src, change...)
			if err != nil {
				t.Fatalf("%v\nstderr: %s\nstdout: %s", err, stderr, got)
			}
			if got != tc.want {
				t.Errorf("got:\n%swant:\n%s", got, tc.want)
			}
		})
	}
}
