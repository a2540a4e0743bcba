package mosquittocli_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"dunlin/internal/mosquitto"
	"dunlin/internal/testserver"
	"dunlin/mqtt"
)

// runLimit bounds one run of a tool. Nothing takes so long but what hangs.
const runLimit = 30 * time.Second

// row is one invocation, and the world that it finds. In all its texts $port, $dir and so on stand
// for what is another one in each run, see run.expand.
type row struct {
	name string
	line string // the command line without "mosquitto_", as "sub -p $port -t a"

	stdin  string
	env    []string
	files  map[string]string // written to $dir before the run
	closed bool              // stdout is a pipe that nobody reads

	needs    need           // more than a broker for everybody on $port
	before   []mqtt.Message // published before the tool starts
	answer   bool           // the rig answers what comes on "request"
	peer     []reply        // $port is a scripted server instead of the broker
	steps    []step         // done one after the other while the tool runs
	again    string         // then this command line, as the first one
	noBroker bool           // nothing is compared but the process
}

// need is what a broker has beside its plain listener.
type need uint

const (
	needUsers     need = 1 << iota // alice with the password secret, nobody else
	needTLS                        // TLS on $tlsport, trusted by $dir/ca.pem
	needCert                       // TLS with client certificates on $certport: $dir/client.pem and .key
	needWebSocket                  // WebSocket on $wsport
	needUnix                       // a unix socket at $dir/sock
	needProxy                      // a SOCKS5 proxy on $proxyport, with and without users
)

// step is something that happens while the tool runs.
type step func(r *run)

// outcome is all that is compared.
type outcome struct {
	status         int
	stdout, stderr string
	arrived        string // what the tool published, as a subscriber got it, a line each
	wire           string // what the broker logged of the tool's packets
}

// String returns the outcome as text, which is what is compared and recorded.
func (o outcome) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "-- status --\n%d\n-- stdout --\n%s\n-- stderr --\n%s", o.status, o.stdout, o.stderr)
	fmt.Fprintf(&b, "-- arrived --\n%s-- wire --\n%s", o.arrived, o.wire)
	return b.String()
}

// run is one run of a row on one side.
type run struct {
	t      testing.TB
	row    *row
	dir    string
	ports  map[string]string
	broker *mosquitto.Broker
	from   int // the broker's log from here on is the tool's
	driver *driver
	cmd    *exec.Cmd
	stdout *testserver.Transcript
}

// side starts one of the two programs that are compared.
type side func(tool string, args ...string) *exec.Cmd

// play runs the row on a side, against a broker of its own.
func (row *row) play(t testing.TB, s side) outcome {
	t.Helper()
	r := &run{t: t, row: row, dir: t.TempDir(), ports: map[string]string{}, stdout: &testserver.Transcript{}}
	r.serve()
	for name, content := range row.files {
		if err := os.WriteFile(filepath.Join(r.dir, name), []byte(r.expand(content)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	o := r.once(s, row.line)
	if row.again != "" {
		second := r.once(s, row.again)
		second.stdout = o.stdout + "again:\n" + second.stdout
		second.stderr = o.stderr + second.stderr
		o = second
	}
	if r.driver != nil {
		r.settle()
		o.arrived, o.wire = r.driver.end(t), wireLines(r.broker.Log()[r.from:])
	}
	o = r.normalise(o)
	if _, own := ownWordsOf(row.name); own {
		o.stdout, o.stderr = "", ""
	}
	return o
}

// once runs one command line to its end, and the row's steps beside the first one.
func (r *run) once(s side, line string) outcome {
	r.t.Helper()
	args := words(r.expand(line))
	ctx, cancel := context.WithTimeout(context.Background(), runLimit)
	defer cancel()
	cmd := s("mosquitto_"+args[0], args[1:]...)
	cmd.Dir = r.dir
	cmd.Env = []string{"PATH=/usr/bin:/bin", "TZ=UTC", "HOME=" + r.dir}
	for _, v := range r.row.env {
		cmd.Env = append(cmd.Env, r.expand(v))
	}
	cmd.Stdin = strings.NewReader(r.row.stdin)
	r.stdout = &testserver.Transcript{}
	var stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = r.stdout, &stderr
	if r.row.closed {
		cmd.Stdout = brokenPipe(r.t)
	}
	if err := cmd.Start(); err != nil {
		r.t.Fatal(err)
	}
	stop := context.AfterFunc(ctx, func() { _ = cmd.Process.Kill() })
	defer stop()
	r.cmd = cmd
	if line == r.row.line {
		for _, step := range r.row.steps {
			step(r)
		}
	}
	err := cmd.Wait()
	if ctx.Err() != nil {
		if line != r.row.line {
			r.t.Errorf("%s did not end within %v; stdout:\n%s\nstderr:\n%s", line, runLimit, r.stdout, &stderr)
		}
		return outcome{status: notEnded, stdout: r.stdout.String(), stderr: stderr.String()}
	}
	return outcome{status: status(r.t, err), stdout: r.stdout.String(), stderr: stderr.String()}
}

// notEnded stands for the exit status of a tool that did not end within runLimit. Mosquitto's do not at times after a
// signal, and are asked again.
const notEnded = -1

// status returns the exit status as a shell sees it, which takes a process that a signal has killed for one
// that ended with 128 and its number.
func status(t testing.TB, err error) int {
	t.Helper()
	if err == nil {
		return 0
	}
	exit, ok := errors.AsType[*exec.ExitError](err)
	if !ok {
		t.Fatal(err)
	}
	if s, ok := exit.Sys().(syscall.WaitStatus); ok && s.Signaled() {
		return 128 + int(s.Signal())
	}
	return exit.ExitCode()
}

// brokenPipe returns the writing end of a pipe that nobody reads.
func brokenPipe(t testing.TB) *os.File {
	t.Helper()
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	reader.Close()
	t.Cleanup(func() { writer.Close() })
	return writer
}

// expand puts in what this run has.
func (r *run) expand(text string) string {
	pairs := []string{"$dir", r.dir}
	for name, port := range r.ports {
		pairs = append(pairs, "$"+name, port)
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// freePort returns a port that nobody listens on.
func freePort(t testing.TB) string {
	t.Helper()
	ports, err := testserver.FreePorts(1)
	if err != nil {
		t.Fatal(err)
	}
	return strconv.Itoa(ports[0])
}

// settle waits until the broker knows that all connections of the tool have ended.
func (r *run) settle() {
	r.publish(text("rig/mark", "")) // what the tool did before is logged before this
	r.broker.WaitLogFrom(r.from, "'rig/mark'")
	log := r.broker.Log()
	for _, c := range connects(log, r.from) {
		r.broker.WaitLogFrom(c.at, "Client "+c.id+" ")
	}
}

// words splits a command line as a shell does, with single quotes as the only ones.
func words(line string) []string {
	var list []string
	var word strings.Builder
	inWord, quoted := false, false
	for _, c := range line {
		switch {
		case c == '\'':
			quoted, inWord = !quoted, true
		case c == ' ' && !quoted:
			if inWord {
				list = append(list, word.String())
			}
			word.Reset()
			inWord = false
		default:
			word.WriteRune(c)
			inWord = true
		}
	}
	if inWord {
		list = append(list, word.String())
	}
	return list
}
