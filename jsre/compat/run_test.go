package compat

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// limit is the longest that a script may run; none takes more than a second on an idle machine.
const limit = time.Minute

// program is what runs a script.
type program struct {
	name string
	args []string // the script's file follows
}

var node = program{name: "node"}

var build struct {
	sync.Once
	err error
	dir string
}

// dunlin builds the command, once for all tests.
func dunlin(t testing.TB) program {
	t.Helper()
	build.Do(func() {
		if build.dir, build.err = os.MkdirTemp("", "compat"); build.err != nil {
			return
		}
		if out, err := exec.Command("go", "build", "-o", build.dir, "dunlin/cmd/dunlin").CombinedOutput(); err != nil {
			build.err = fmt.Errorf("%w\n%s", err, out)
		}
	})
	if build.err != nil {
		t.Fatal(build.err)
	}
	return program{name: filepath.Join(build.dir, "dunlin"), args: []string{"run"}}
}

// run runs the script of a file, and returns what it printed, how it ended, and what its scripted
// server got, with names for what differs from run to run.
func run(t testing.TB, s *servers, p program, file string) string {
	t.Helper()
	script, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	rules, err := rulesOf(string(script))
	if err != nil {
		t.Fatal(err)
	}
	own := startScripted(t, rules)
	env := s.environment(own)
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, p.name, append(p.args[:len(p.args):len(p.args)], file)...)
	cmd.Env = os.Environ()
	for name, value := range env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err = cmd.Run()
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		fmt.Fprintf(&stdout, "[did not end within %v]\n", limit)
	case errors.As(err, &exit) && stderr.Len() > 0:
		fmt.Fprintf(&stdout, "[uncaught %s]\n", uncaught(stderr.String()))
	case errors.As(err, &exit):
		fmt.Fprintf(&stdout, "[status %d]\n", exit.ExitCode())
	case err != nil:
		t.Fatal(err)
	}
	t.Logf("%s: standard error:\n%s", filepath.Base(p.name), stderr.String())
	return numberIDs(sameInAllRuns(stdout.String()+own.end(), env))
}

var errorLine = regexp.MustCompile(`(?m)\b((?:[A-Z]\w*)?Error(?:\w+)?(?: \[\w+\])?(?:: .*)?)$`)

// uncaught is the first line of an uncaught exception: what it is, and its message.
func uncaught(stderr string) string {
	if found := errorLine.FindStringSubmatch(stderr); found != nil {
		return found[1]
	}
	return "exception"
}

var (
	randomName = regexp.MustCompile(`mqttjs_[0-9a-f]{1,8}`)
	messageID  = regexp.MustCompile(`(messageId"?: ?)(\d+)`)
)

// numberIDs replaces random names, and numbers packet identifiers in the order in which they come.
func numberIDs(text string) string {
	seen := map[string]int{}
	text = messageID.ReplaceAllStringFunc(text, func(match string) string {
		part := messageID.FindStringSubmatch(match)
		if _, known := seen[part[2]]; !known {
			seen[part[2]] = len(seen) + 1
		}
		return fmt.Sprintf("%s#%d", part[1], seen[part[2]])
	})
	return randomName.ReplaceAllString(text, "mqttjs_RANDOM")
}

// scripts returns the names of the files of a folder, without their ending.
func scripts(t testing.TB, pattern string) (names []string) {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files match %s (%v)", len(files), pattern, err)
	}
	for _, file := range files {
		names = append(names, strings.TrimSuffix(filepath.Base(file), filepath.Ext(file)))
	}
	return names
}
