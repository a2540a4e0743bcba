package jsre_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/dop251/goja"
	"github.com/dop251/goja/parser"

	"dunlin/jsre"
	"dunlin/jsre/engine"
)

var update = flag.Bool("update", false, "write docs/ECMASCRIPT.md anew")

const featurePage = "../docs/ECMASCRIPT.md"

// feature is a line of testdata/features.txt.
type feature struct {
	edition, name string
	body          string // of a function that returns true, or a promise of it, where the feature is there
	file          string // or a whole file, which calls report
}

func features(t *testing.T) (list []feature) {
	t.Helper()
	text, err := os.ReadFile("testdata/features.txt")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		parts := strings.SplitN(strings.TrimRight(line, "\n"), " | ", 3)
		if len(parts) != 3 {
			t.Fatalf("no feature: %q", line)
		}
		f := feature{edition: parts[0], name: parts[1]}
		body := strings.ReplaceAll(parts[2], "⏎", "\n")
		if file, ok := strings.CutPrefix(body, "file: "); ok {
			f.file = file
		} else {
			f.body = body
		}
		list = append(list, f)
	}
	return list
}

// script is a text that reports whether the feature is there.
func (f feature) script() string {
	if f.file != "" {
		return f.file
	}
	return "var result = (function () {\n" + f.body + "\n})();\nPromise.resolve(result).then(function (v) { report(v === true); }, function () { report(false); });"
}

// inGoja reports whether plain goja has a feature, and whether it at least compiles the text.
func (f feature) inGoja() (works, compiles bool) {
	tree, err := parser.ParseFile(nil, "f.js", f.script(), 0, parser.WithDisableSourceMaps)
	if err != nil {
		return false, false
	}
	prog, err := goja.CompileAST(tree, false)
	if err != nil {
		return false, false
	}
	rt := goja.New()
	rt.SetMaxCallStackSize(1000)
	_ = rt.Set("report", func(ok bool) { works = ok })
	_, err = rt.RunProgram(prog)
	return works && err == nil, true
}

// inRuntime reports whether a script that runs here has a feature.
func (f feature) inRuntime(t *testing.T) (works bool) {
	t.Helper()
	var out bytes.Buffer
	rt, err := jsre.New(jsre.Options{Dir: "testdata", Stdout: &out, Stderr: &out, Modules: []engine.Module{{Name: "report", Setup: func(vm *engine.VM) error {
		vm.SetGlobal("report", func(ok bool) { works = ok })
		return nil
	}}}})
	if err != nil {
		t.Fatal(err)
	}
	defer rt.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	err = rt.RunString(ctx, "feature.js", f.script())
	return works && err == nil
}

// inEngine reports whether the engine alone, which rewrites no text, has a feature.
func (f feature) inEngine(t *testing.T) (works bool) {
	t.Helper()
	vm, err := engine.New(engine.Options{Dir: "testdata", Modules: []engine.Module{{Name: "report", Setup: func(vm *engine.VM) error {
		vm.SetGlobal("report", func(ok bool) { works = ok })
		return nil
	}}}})
	if err != nil {
		t.Fatal(err)
	}
	defer vm.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	err = vm.Run(ctx, func() error { return vm.RunString("/feature.js", "feature.js", f.script()) })
	return works && err == nil
}

// state says how a script gets a feature.
func (f feature) state(t *testing.T) string {
	native, compiles := f.inGoja()
	switch here := f.inRuntime(t); {
	case native && here:
		return "native"
	case native:
		t.Errorf("%s: plain goja has it, and a script here has not", f.name)
		return "lost"
	case here && (compiles || f.inEngine(t)):
		return "mended"
	case here:
		return "lowered"
	}
	return "missing"
}

// TestFeaturePage compares docs/ECMASCRIPT.md with what scripts have.
func TestFeaturePage(t *testing.T) {
	var b strings.Builder
	b.WriteString(`# ECMAScript in scripts

What of the language a script has, feature by feature. Scripts run on goja, whose version go.mod names:

- **native**: goja has it;
- **mended**: goja lacks it or has it wrong, and it is mended here;
- **lowered**: goja cannot parse it, and it is rewritten before (by esbuild);
- **missing**: a script cannot use it.

This page is built by a test out of jsre/testdata/features.txt, which runs each feature in plain goja and in a script. The test
fails when the page is out of date:

    go test ./jsre -run TestFeaturePage -update

| edition | feature | |
| --- | --- | --- |
`)
	for _, f := range features(t) {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", f.edition, f.name, f.state(t))
	}
	b.WriteString(featureNotes)
	if *update {
		if err := os.WriteFile(featurePage, []byte(b.String()), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	page, err := os.ReadFile(featurePage)
	if err != nil {
		t.Fatal(err)
	}
	if string(page) != b.String() {
		t.Errorf("docs/ECMASCRIPT.md is out of date; write it anew with: go test ./jsre -run TestFeaturePage -update")
		compareLines(t, b.String(), string(page))
	}
}

const featureNotes = `
## What is mended, and how far

- ` + "`arguments`" + ` in arrow functions, functions that are declared in a block, and the places that stacks show for calls are put right
  in files and modules, before goja compiles them. The text of ` + "`new Function`" + ` is changed as well; in that of ` + "`eval`" + `,
  functions declared in a block are not variables outside of it.
- ` + "`s += x`" + ` takes time for x alone, in a template as well, once s has 256 characters, in files and modules; ` + "`s = x + s`" + ` copies s. A text that would be
  longer than 536,870,888 characters is a RangeError.
- Errors have V8's texts where goja's say less: what was called and is no function, what was undefined or null and which property was
  read or written, which variable was used before its declaration, what is not iterable or no constructor. Other texts are goja's.
- ` + "`stack`" + ` has V8's form and, as under Node.js, gets its text when it is first looked at. A method is shown with the class that
  declares it, where V8 shows the class of the object; the frame of an async function that waits stands where the
  function goes on; a frame of eval is ` + "`<eval>:1:2`" + `. ` + "`Error.prepareStackTrace`" + ` is called then, too; its call sites know
  names and places, not ` + "`this`" + ` and the function. An error of ` + "`Promise.any`" + ` has no frames.
- A plain object that ` + "`Error.captureStackTrace`" + ` was called for has ` + "`stack`" + ` as an accessor until it is first looked at.
`
