package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// fixed is what decides what Go makes of the sources: no setting of the machine may. What a target needs comes behind it,
// and what is not named here and not in passed does not reach Go at all.
var fixed = []string{
	"CGO_ENABLED=0", "GOENV=off", "GOFLAGS=", "GOEXPERIMENT=", "GODEBUG=", "GOFIPS140=off", "GO111MODULE=on", "GOWORK=off", "GOTOOLCHAIN=local",
	"GO386=sse2", "GOAMD64=v1", "GOARM=6", "GOARM64=v8.0", "GOMIPS=softfloat", "GORISCV64=rva20u64", "LC_ALL=C", "TZ=UTC",
}

// passed is what the machine has to say: where things are and how the network is reached.
var passed = []string{
	"PATH", "HOME", "TMPDIR", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR",
	"SystemRoot", "SYSTEMROOT", "TEMP", "TMP", "USERPROFILE", "APPDATA", "LOCALAPPDATA", "PATHEXT", "ComSpec", // of Windows
}

// asked is what go env tells, because it may stand in a file: where modules are and come from. They are what go.sum says,
// wherever they come from.
var asked = []string{"GOPATH", "GOMODCACHE", "GOCACHE", "GOPROXY", "GONOPROXY", "GOPRIVATE", "GOAUTH"}

// askGo finds out the environment that all targets have.
func (r *release) askGo(ctx context.Context) error {
	cmd := exec.CommandContext(ctx, "go", append([]string{"env", "-json"}, asked...)...)
	cmd.Dir, cmd.Stderr = r.root, os.Stderr
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOTOOLCHAIN=local")
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("go env: %w", err)
	}
	told := map[string]string{}
	if err := json.Unmarshal(out, &told); err != nil {
		return fmt.Errorf("go env: %w", err)
	}
	r.env = append(machine(), fixed...)
	for _, name := range asked {
		r.env = append(r.env, name+"="+told[name])
	}
	return nil
}

// machine returns the variables of passed that are set.
func machine() []string {
	var env []string
	for _, name := range passed {
		if value, set := os.LookupEnv(name); set {
			env = append(env, name+"="+value)
		}
	}
	return env
}

// goEnv returns the environment in which Go builds for a target.
func (r *release) goEnv(t target) []string {
	env := append([]string{}, r.env...)
	return append(append(env, "GOOS="+t.os, "GOARCH="+t.arch), t.env...)
}

// goTool runs Go in the checkout for a target, and returns what it prints.
func (r *release) goTool(ctx context.Context, t target, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir, cmd.Env = r.root, r.goEnv(t)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go %s: %w: %s", args[0], err, strings.TrimSpace(stderr.String()))
	}
	return out, nil
}
