package sandbox_test

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	memory  = 64 << 20
	allowed = 400 * time.Millisecond
	tooLate = 100 * time.Millisecond
)

// program builds the command, as it is published, once: with the race detector or cgo it has other memory.
var program = sync.OnceValues(func() (string, error) {
	folder, err := os.MkdirTemp("", "sandbox")
	if err != nil {
		return "", err
	}
	path := filepath.Join(folder, "dunlin")
	build := exec.Command("go", "build", "-o", path, "dunlin/cmd/dunlin")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return path, nil
})

func TestMain(m *testing.M) {
	status := m.Run()
	if path, err := program(); err == nil {
		_ = os.RemoveAll(filepath.Dir(path))
	}
	os.Exit(status)
}

// outcome is how a run of the command ended.
type outcome struct {
	status         int
	took           time.Duration
	peak           int64 // the most memory that the script's process was seen to have
	stdout, stderr string
}

// run runs the command and watches its child.
func run(t *testing.T, args ...string) outcome {
	t.Helper()
	path, err := program()
	if err != nil {
		t.Fatal(err)
	}
	var stdout, stderr bytes.Buffer
	cmd := exec.Command(path, args...)
	cmd.Env = append(os.Environ(), "SECRET=LEAK", "PUBLIC=yes")
	cmd.Stdout, cmd.Stderr = &limited{buffer: &stdout}, &limited{buffer: &stderr}
	begun := time.Now()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended, peak := make(chan struct{}), make(chan int64)
	go func() { peak <- watch(cmd.Process.Pid, ended) }()
	err = cmd.Wait()
	took := time.Since(begun)
	close(ended)
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return outcome{cmd.ProcessState.ExitCode(), took, <-peak, stdout.String(), stderr.String()}
}

// limited keeps the beginning of what is written.
type limited struct{ buffer *bytes.Buffer }

func (l *limited) Write(p []byte) (int, error) {
	const most = 1 << 16
	l.buffer.Write(p[:min(len(p), max(0, most-l.buffer.Len()))])
	return len(p), nil
}

// watch returns the most memory that children of a process had, as Linux shows it in /proc.
func watch(pid int, ended <-chan struct{}) (peak int64) {
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ended:
			return peak
		case <-tick.C:
			peak = max(peak, childrensPeak(pid))
		}
	}
}

func childrensPeak(pid int) (peak int64) {
	threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, thread := range threads {
		children, _ := os.ReadFile(thread)
		for child := range strings.FieldsSeq(string(children)) {
			// The child is the parent still until it has begun to run its own program.
			name, _ := os.ReadFile("/proc/" + child + "/cmdline")
			status, _ := os.ReadFile("/proc/" + child + "/status")
			_, after, found := strings.Cut(string(status), "\nVmHWM:")
			fields := strings.Fields(after)
			if found && len(fields) > 0 && bytes.Contains(name, []byte("--sandboxed")) {
				kibibytes, _ := strconv.ParseInt(fields[0], 10, 64)
				peak = max(peak, kibibytes<<10)
			}
		}
	}
	return peak
}

// surroundings are what the scripts look for: a file beyond their reach, and a server that counts.
type surroundings struct {
	file     string
	port     string
	accepted chan struct{}
}

func newSurroundings(t *testing.T) *surroundings {
	t.Helper()
	s := &surroundings{file: filepath.Join(t.TempDir(), "secret.json"), accepted: make(chan struct{}, 100)}
	if err := os.WriteFile(s.file, []byte(`"LEAK"`), 0o600); err != nil {
		t.Fatal(err)
	}
	server, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	go func() {
		for {
			conn, err := server.Accept()
			if err != nil {
				return
			}
			_ = conn.Close()
			s.accepted <- struct{}{}
		}
	}()
	_, s.port, _ = net.SplitHostPort(server.Addr().String())
	return s
}

// save writes a script into a folder of its own.
func (s *surroundings) save(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "script.js")
	text = strings.NewReplacer("FILE", s.file, "PORT", s.port).Replace(text)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// runHostile runs a script within limits, and returns how late it ended. Starting the command and its child takes time, too, on a
// busy machine much; it is what a script takes that does nothing, and a script may be late that is not the next time.
func runHostile(t *testing.T, path, nothing string) (o outcome, late time.Duration) {
	t.Helper()
	const tries = 5
	limits := []string{"run", "--sandbox", "--memory", "64M", "--time", allowed.String()}
	for range tries {
		o = run(t, append(limits, path)...)
		if late = o.took - allowed; late > tooLate {
			late -= run(t, "run", "--sandbox", nothing).took
		}
		if late <= tooLate {
			break
		}
	}
	return o, late
}

// Each script ends within its limits of time and memory, in a way that is told, and reaches nothing.
func TestHostileScriptsEndWithinTheirLimits(t *testing.T) {
	s := newSurroundings(t)
	nothing := s.save(t, "")
	for _, group := range [][]hostile{endless, greedy, deep, tampering, probes} {
		for _, script := range group {
			t.Run(script.name, func(t *testing.T) {
				t.Parallel()
				path := s.save(t, script.text)
				o, late := runHostile(t, path, nothing)
				if late > tooLate {
					t.Errorf("it ended %v after its limit", late)
				}
				checkOutcome(t, o, script.good)
			})
		}
	}
	t.Cleanup(func() {
		if len(s.accepted) > 0 {
			t.Errorf("%d connections came about", len(s.accepted))
		}
		if text, err := os.ReadFile(s.file); err != nil || string(text) != `"LEAK"` {
			t.Errorf("the file is now %q, %v", text, err)
		}
	})
}

func checkOutcome(t *testing.T, o outcome, good []int) {
	t.Helper()
	if !slices.Contains(good, o.status) {
		t.Errorf("status %d, want one of %v", o.status, good)
	}
	if o.peak > memory+memory/10 {
		t.Errorf("it had %d KiB, of %d", o.peak>>10, memory>>10)
	}
	if strings.Contains(o.stdout, "LEAK") {
		t.Errorf("it got at something: %q", o.stdout)
	}
	if o.status == 14 && !strings.HasPrefix(lastLine(o.stderr), "dunlin: run: ") && len(o.stderr) < 1<<16 {
		t.Errorf("nothing tells why it was ended: %q", o.stderr)
	}
	if strings.Contains(o.stderr, "goroutine ") {
		t.Errorf("Go's own words came through: %q", o.stderr)
	}
	if t.Failed() {
		t.Logf("stdout %.300q\nstderr %.300q", o.stdout, o.stderr)
	}
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[len(lines)-1]
}

func TestThereAreAHundredHostileScripts(t *testing.T) {
	if n := len(endless) + len(greedy) + len(deep) + len(tampering) + len(probes); n < 100 {
		t.Errorf("there are %d", n)
	}
}
