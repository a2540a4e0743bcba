package engine

import (
	"context"
	"errors"
	"testing"
)

// TestTextTooLong shows that an addition throws what V8 throws, before it takes the memory.
func TestTextTooLong(t *testing.T) {
	vm, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	vm.appender.limit = 1000
	err = vm.Run(context.Background(), func() error {
		return vm.RunString("/t.js", "t.js", "let s = 'ab'.repeat(200); s += s;\nfor (;;) s += s;")
	})
	var script *ScriptError
	if !errors.As(err, &script) || script.Message != "RangeError: Invalid string length" || script.Where.Line != 2 {
		t.Errorf("ended with %v", err)
	}
}
