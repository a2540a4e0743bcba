package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// settings are those of another machine that would change what is built.
func settings(t *testing.T) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "env")
	if err := os.WriteFile(file, []byte("GOAMD64=v2\nGOFLAGS=-tags=netgo\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		"GOENV": file, "GOAMD64": "v3", "GOARM": "5", "GOARM64": "v8.1", "GOMIPS": "hardfloat", "GORISCV64": "rva22u64", "GOEXPERIMENT": "nogreenteagc",
		"GOFLAGS": "-tags=timetzdata", "GOFIPS140": "latest", "GODEBUG": "http2client=0", "CGO_ENABLED": "1", "GOOS": "plan9", "LC_ALL": "tr_TR.UTF-8",
		"DUNLIN_HOST": "elsewhere", "NO_COLOR": "1", "COLUMNS": "20",
	} {
		t.Setenv(name, value)
	}
}

func TestNoSettingOfTheMachineReachesGo(t *testing.T) {
	settings(t)
	r := &release{root: ".."}
	if err := r.askGo(t.Context()); err != nil {
		t.Fatal(err)
	}
	names := []string{"GOENV", "GOAMD64", "GOARM", "GOARM64", "GOMIPS", "GORISCV64", "GOEXPERIMENT", "GOFLAGS", "GOFIPS140", "GODEBUG", "CGO_ENABLED", "GOOS", "GOWORK", "GOTOOLCHAIN"}
	for _, target := range targets {
		out, err := r.goTool(t.Context(), target, append([]string{"env"}, names...)...)
		want := strings.Join([]string{"", "v1", "6", "v8.0", "softfloat", "rva20u64", "", "", "off", "", "0", target.os, "off", "local"}, "\n") + "\n"
		if string(out) != want || err != nil {
			t.Errorf("%s/%s: %v, %v: got\n%s", target.os, target.arch, err, names, out)
		}
	}
	for _, variable := range r.goEnv(targets[0]) {
		if strings.HasPrefix(variable, "DUNLIN_HOST=") || strings.HasPrefix(variable, "COLUMNS=") {
			t.Errorf("there is %s", variable)
		}
	}
}
