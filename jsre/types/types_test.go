package types_test

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"dunlin/jsre"
	"dunlin/jsre/types"
)

// write lays the declarations into a folder, and a tsconfig.json with the options.
func write(t *testing.T, folder string, config map[string]any) {
	t.Helper()
	files, err := types.Files()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(folder, "types"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if err := os.WriteFile(filepath.Join(folder, "types", f.Name), []byte(f.Text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	text, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "tsconfig.json"), text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// options are those of the project that dunlin init makes.
func options(more map[string]any) map[string]any {
	all := map[string]any{
		"target": "es2023", "lib": []string{"esnext"}, "module": "preserve", "types": []string{}, "strict": true, "noEmit": true,
		"allowImportingTsExtensions": true, "skipLibCheck": false,
	}
	for name, value := range more {
		all[name] = value
	}
	return all
}

// compile runs TypeScript's compiler, which ci/install-test-tools installs, and gives what it says.
func compile(t *testing.T, folder string) string {
	t.Helper()
	compiler, err := filepath.Abs("compile/node_modules/typescript/bin/tsc")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("node", compiler, "-p", folder, "--pretty", "false")
	cmd.Dir = folder
	out, err := cmd.CombinedOutput()
	if err != nil && len(out) == 0 {
		t.Fatal(err)
	}
	return string(out)
}

// TestExamplesCompile checks the types of all examples, JavaScript as well, each as a module of its own.
func TestExamplesCompile(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	examples := 0
	err := filepath.WalkDir("../../examples", func(path string, _ fs.DirEntry, err error) error {
		if ext := filepath.Ext(path); err != nil || ext != ".js" && ext != ".ts" {
			return err
		}
		examples++
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		to := filepath.Join(folder, strings.TrimPrefix(path, "../../"))
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		return os.WriteFile(to, text, 0o600)
	})
	if err != nil || examples < 20 {
		t.Fatalf("%d examples, %v", examples, err)
	}
	write(t, folder, map[string]any{
		"compilerOptions": options(map[string]any{"allowJs": true, "checkJs": true, "noImplicitAny": false, "moduleDetection": "force", "useUnknownInCatchVariables": false, "strictNullChecks": false}),
		"include":         []string{"types", "examples"},
	})
	if out := compile(t, folder); out != "" {
		t.Errorf("TypeScript says:\n%s", out)
	}
}

// TestDeclarationsSayNo shows that wrong use of the modules is an error, so that what compiles means something.
func TestDeclarationsSayNo(t *testing.T) {
	t.Parallel()
	lines := []string{
		`mqtt.connect(5);`, `mqtt.connect('mqtt://x').publish('a');`, `mqtt.connect('mqtt://x', { protocolVersion: '5' });`, `mqtt.nothing();`,
		`mqtt.open('x');`, `mqtt.open({ addr: 'x', port: 1 })!.connect({ version: 5 });`, `mqtt.connect('mqtt://x').subscribe('a', { qos: 3 });`,
		`setTimeout(5);`, `Buffer.from(5);`, `fs.readFileSync('x', 'utf8').copy();`, `path.join(1);`, `console.nothing();`, `require('edgeros:fs').nothing();`, `window;`,
		`for await (const m of mqtt.connect('mqtt://x').messages('a')) m.nothing;`, `new EventEmitter().on('a', 5);`, `sys.sleep('a');`, `process.exit({});`,
	}
	folder := t.TempDir()
	head := "import * as mqtt from 'mqtt';\nimport fs from 'node:fs';\nimport * as path from 'edgeros:path';\n"
	if err := os.WriteFile(filepath.Join(folder, "main.ts"), []byte(head+strings.Join(lines, "\n")+"\nexport { fs, path };\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	write(t, folder, map[string]any{"compilerOptions": options(nil), "include": []string{"types", "main.ts"}})
	out := compile(t, folder)
	for i, line := range lines {
		if !strings.Contains(out, "main.ts("+itoa(i+4)+",") {
			t.Errorf("nothing is said of %s", line)
		}
	}
	if n := strings.Count(out, ": error "); n != len(lines) {
		t.Errorf("%d errors of %d lines:\n%s", n, len(lines), out)
	}
}

func itoa(n int) string {
	text, _ := json.Marshal(n)
	return string(text)
}

//go:embed testdata/runtime.js
var runtimeScript string

// onlyDeclared are members that the walk over the runtime does not find although they are there, or not always.
var onlyDeclared = []string{
	"console.timestamps", // it is read, and not made
}

// onlyThere are members of the runtime that are not for scripts.
var onlyThere = []string{
	"__asyncHelper__", // what lowered async generators stand on
	"__textOfCode__",  // what eval and Function are lowered by
}

// TestDeclarationsAreTheRuntime walks the runtime and the declarations, and finds each member of one in the other.
func TestDeclarationsAreTheRuntime(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	write(t, folder, map[string]any{"compilerOptions": options(nil), "include": []string{"types"}})
	walk, err := filepath.Abs("compile/walk.mjs")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("node", walk, folder)
	cmd.Stderr = os.Stderr
	declared, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var there bytes.Buffer
	runtime, err := jsre.New(jsre.Options{Stdout: &there, Stderr: os.Stderr})
	if err != nil {
		t.Fatal(err)
	}
	if err := runtime.RunString(context.Background(), "runtime.js", runtimeScript); err != nil {
		t.Fatal(err)
	}
	a, b := strings.Fields(string(declared)), strings.Fields(there.String())
	if len(a) < 1000 || len(b) < 1000 {
		t.Fatalf("%d members declared, %d there", len(a), len(b))
	}
	report(t, "not declared", b, a, onlyThere)
	report(t, "declared, and not there", a, b, onlyDeclared)
}

func report(t *testing.T, what string, list, in, except []string) {
	t.Helper()
	known := map[string]bool{}
	for _, name := range in {
		known[name] = true
	}
	for _, name := range list {
		if !known[name] && !slices.Contains(except, name) {
			t.Errorf("%s: %s", what, name)
		}
	}
}
