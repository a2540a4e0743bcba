package jsre_test

import "testing"

// TestStructuredCloneOfDeepValues shows that no depth ends the process.
func TestStructuredCloneOfDeepValues(t *testing.T) {
	check(t, "", []expectation{
		{"deep", `let o = {}; for (let i = 0; i < 1e5; i++) o = [o]; show(() => structuredClone(o)); let p = {}; for (let i = 0; i < 4000; i++) p = { p }; show(() => typeof structuredClone(p));`, "RangeError: Maximum call stack size exceeded\nobject\n"},
		{"each member is read once", `let n = 0; structuredClone({ a: { get b() { n++; return 1; } } }); show(n);`, "1\n"},
		{"fakes", `show(() => Object.keys(structuredClone(Object.create(Map.prototype))).length); show(() => structuredClone(Object.setPrototypeOf(new Uint8Array([1, 2]), null))[1]);`, "0\n2\n"},
	})
}
