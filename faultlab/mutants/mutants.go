// Package mutants breaks one rule of the code at a time and sees whether the
// tests and programs that should notice do. It works on a copy of the tree.
package mutants

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"dunlin/faultlab/internal/lab"
)

const (
	about = "break one rule of the code at a time and see whether it is noticed"
	// limit is how long a check may take. One that hangs has noticed, too.
	limit = 10 * time.Minute
)

// mutant is one rule, broken.
type mutant struct {
	name  string
	rule  string // what is broken
	edits []edit
	check string // who has to notice; see checks
	tests string // or which tests of package mqtt, as for go test -run
	quick bool   // the check takes seconds
}

// find returns who has to notice m, and a name for it.
func (l *laboratory) find(m mutant) (name string, c check, ok bool) {
	if m.tests != "" {
		return m.tests, check{".", []string{"go", "test", "-count=1", "-run", m.tests, "./mqtt"}}, true
	}
	c, ok = l.checks[m.check]
	return m.check, c, ok
}

// edit replaces old, which is in the file exactly once.
type edit struct {
	file     string // below the root of the tree
	old, new string
}

// check is a command that passes on the sound tree.
type check struct {
	folder string // below the root of the tree
	args   []string
}

// Run is the program.
func Run(ctx context.Context, args []string, out, progress io.Writer) (exit int) {
	flags, seed := lab.Flags("mutants", about)
	n := flags.Int("n", 0, "try so many of those whose checks are quick, chosen by the seed; 0: try all")
	only := flags.String("only", "", "try those only whose names contain this")
	tree := flags.String("tree", "", "the root of the source tree; default: the one that the working folder is in")
	if exit, done := lab.Parse(flags, seed, args); done {
		return exit
	}
	root, err := findTree(*tree)
	if err != nil {
		return lab.Misused(flags, "%v", err)
	}
	chosen := choose(all, *only, *n, *seed)
	if len(chosen) == 0 {
		return lab.Misused(flags, "no mutant is chosen")
	}
	result := lab.NewResult("mutants", *seed, map[string]any{"n": *n, "of": len(all)})
	l, err := newLaboratory(root)
	if err != nil {
		result.Fail("%v", err)
		return result.End(out)
	}
	defer func() { _ = os.RemoveAll(l.root) }() // the result is known by then
	caught := 0
	for i, m := range chosen {
		lab.Show(progress, "mutants: %d of %d, %d caught; %s", i, len(chosen), caught, m.name)
		err := l.try(ctx, m)
		if ctx.Err() != nil {
			result.Fail("stopped before the end")
			break
		}
		if err != nil {
			result.Fail("%s: %v", m.name, err)
			continue
		}
		caught++
	}
	lab.Done(progress)
	result.Count("mutants", len(chosen))
	result.Count("caught", caught)
	return result.End(out)
}

// choose returns the mutants to try: all, or n quick ones.
func choose(from []mutant, only string, n int, seed uint64) []mutant {
	chosen := slices.DeleteFunc(slices.Clone(from), func(m mutant) bool {
		return !strings.Contains(m.name, only) || n > 0 && !m.quick
	})
	if n > 0 {
		lab.Random(seed, "mutants").Shuffle(len(chosen), func(i, j int) { chosen[i], chosen[j] = chosen[j], chosen[i] })
		chosen = chosen[:min(n, len(chosen))]
	}
	return chosen
}

// findTree returns the root of the source tree that folder, or the working
// folder, is in.
func findTree(folder string) (string, error) {
	at, err := filepath.Abs(folder)
	if err != nil {
		return "", err
	}
	for {
		b, err := os.ReadFile(filepath.Join(at, "go.mod"))
		if err == nil && strings.HasPrefix(string(b), "module dunlin\n") {
			return at, nil
		}
		if at == filepath.Dir(at) {
			return "", errors.New("this is not inside the source tree; -tree says where it is")
		}
		at = filepath.Dir(at)
	}
}

// laboratory is a copy of the tree.
type laboratory struct {
	root   string
	checks map[string]check
	sound  map[string]error // how the checks went on the tree as it is
}

// left is what the copy does without.
var left = []string{".git", ".tools", "node_modules", "interop", "bench", "dist"}

func newLaboratory(root string) (*laboratory, error) {
	copied, err := os.MkdirTemp("", "faultlab-mutants-")
	if err != nil {
		return nil, err
	}
	err = filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		to := filepath.Join(copied, strings.TrimPrefix(path, root))
		switch {
		case d.IsDir() && slices.Contains(left, d.Name()):
			return filepath.SkipDir
		case d.IsDir():
			return os.MkdirAll(to, 0o700)
		case !d.Type().IsRegular():
			return nil
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(to, b, 0o600)
	})
	if err != nil {
		return nil, fmt.Errorf("copy the tree: %w", err)
	}
	return &laboratory{root: copied, checks: checks, sound: map[string]error{}}, nil
}

// try returns nil when the mutant is caught.
func (l *laboratory) try(ctx context.Context, m mutant) error {
	name, c, ok := l.find(m)
	if !ok {
		return fmt.Errorf("there is no check %q", m.check)
	}
	sound, known := l.sound[name]
	if !known {
		_, sound = l.run(ctx, c.folder, c.args...)
		l.sound[name] = sound
	}
	if sound != nil {
		return fmt.Errorf("the check %s fails without it: %w", name, sound)
	}
	restore, err := l.apply(m)
	if err != nil {
		return err
	}
	defer restore()
	for _, e := range m.edits { // a mutant that does not compile proves nothing
		folder, at := l.modulePath(e.file)
		if output, err := l.run(ctx, folder, "go", "build", at); err != nil {
			return fmt.Errorf("does not compile: %s", lastLines(output))
		}
	}
	if _, err := l.run(ctx, c.folder, c.args...); err == nil {
		return fmt.Errorf("not caught by %s: %s", name, m.rule)
	}
	return nil
}

// modulePath returns the folder of the module that file is in, and its package.
func (l *laboratory) modulePath(file string) (folder, at string) {
	if rest, ok := strings.CutPrefix(file, "faultlab/"); ok {
		return "faultlab", "./" + filepath.Dir(rest)
	}
	return ".", "./" + filepath.Dir(file)
}

// apply changes the copy.
func (l *laboratory) apply(m mutant) (restore func(), err error) {
	before := map[string][]byte{}
	restore = func() {
		for path, b := range before {
			_ = os.WriteFile(path, b, 0o600) // the next mutant would tell
		}
	}
	for _, e := range m.edits {
		path := filepath.Join(l.root, e.file)
		b, err := os.ReadFile(path)
		if err != nil {
			restore()
			return nil, fmt.Errorf("it no longer fits the code: %w", err)
		}
		if _, ok := before[path]; !ok {
			before[path] = b
		}
		if n := strings.Count(string(b), e.old); n != 1 {
			restore()
			return nil, fmt.Errorf("it no longer fits the code: %q is %d times in %s, and has to be there once", e.old, n, e.file)
		}
		if err := os.WriteFile(path, []byte(strings.Replace(string(b), e.old, e.new, 1)), 0o600); err != nil {
			restore()
			return nil, err
		}
	}
	return restore, nil
}

// run runs a command in the copy.
func (l *laboratory) run(ctx context.Context, folder string, args ...string) (output []byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	command := exec.CommandContext(ctx, args[0], args[1:]...)
	command.Dir = filepath.Join(l.root, folder)
	command.WaitDelay = time.Second
	// go test and go run have children that do not end with them.
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	command.Cancel = func() error { return syscall.Kill(-command.Process.Pid, syscall.SIGKILL) }
	output, err = command.CombinedOutput()
	if err != nil {
		err = fmt.Errorf("%w: %s", err, lastLines(output))
	}
	return output, err
}

// lastLines returns the end of an output, for one line of a finding.
func lastLines(output []byte) string {
	s := strings.TrimSpace(string(output))
	return strings.ReplaceAll(s[max(0, len(s)-300):], "\n", " | ")
}
