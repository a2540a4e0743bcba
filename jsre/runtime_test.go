package jsre_test

import (
	"bytes"
	"context"
	"io"
	"testing"
	"time"

	"github.com/dop251/goja"
	"go.uber.org/goleak"

	"dunlin/jsre"
	"dunlin/jsre/engine"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// testModule gives the tests a native print and a cancel.
func testModule(out *bytes.Buffer, extra func(vm *engine.VM)) engine.Module {
	return engine.Module{Name: "test", Setup: func(vm *engine.VM) error {
		vm.SetGlobal("print", vm.NewFunction("print", func(c goja.FunctionCall) goja.Value {
			for i, v := range c.Arguments {
				if i > 0 {
					out.WriteByte(' ')
				}
				out.WriteString(v.String())
			}
			out.WriteByte('\n')
			return goja.Undefined()
		}))
		if extra != nil {
			extra(vm)
		}
		return nil
	}}
}

// run runs a script and gives what it printed, what it wrote to stderr, and how it ended.
func run(t *testing.T, src string, change ...func(*jsre.Options)) (stdout, stderr string, err error) {
	t.Helper()
	var out, errs bytes.Buffer
	opts := jsre.Options{Stdout: &out, Stderr: &errs, Env: []string{"HOME=/nowhere"}, Dir: t.TempDir(), Modules: []engine.Module{testModule(&out, nil)}}
	for _, c := range change {
		c(&opts)
	}
	rt, err := jsre.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	defer rt.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	err = rt.RunString(ctx, "test.js", src)
	return out.String(), errs.String(), err
}

// newRuntime makes a runtime whose print and console write to out.
func newRuntime(t testing.TB, out io.Writer, dir string) *jsre.Runtime {
	t.Helper()
	var printed bytes.Buffer
	module := testModule(&printed, nil)
	rt, err := jsre.New(jsre.Options{Stdout: out, Stderr: out, Dir: dir, Modules: []engine.Module{module, {Name: "copy", Setup: func(vm *engine.VM) error {
		vm.OnClose(func() { _, _ = printed.WriteTo(out) })
		return nil
	}}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = rt.Close() })
	return rt
}
