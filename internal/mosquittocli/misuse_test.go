package mosquittocli_test

import (
	"bufio"
	"bytes"
	"errors"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"dunlin/internal/environ"
	"dunlin/internal/mosquittocli"
)

// misuse is one wrong command line and what Mosquitto 2.1.2 says to it.
type misuse struct {
	words  []string // the tool's name first
	stderr string
	help   bool // on stdout
	debian bool // 2.0.11 says the same
}

// TestMisuse gives the three commands hundreds of wrong command lines: they say what those of Mosquitto 2.1.2 say. The help is in
// words of our own. Beside it run those of Debian 12, with which it shows that the record is right.
func TestMisuse(t *testing.T) {
	cases := readMisuse(t, "testdata/misuse-2.1.2.txt")
	if len(cases) < 150 {
		t.Fatalf("%d command lines, want at least 150", len(cases))
	}
	beside := 0
	for _, m := range cases {
		name := strings.Join(m.words, " ")
		status, stdout, stderr := call(t, m.words)
		m.compare(t, "ours: "+name, status, stdout, stderr)
		if m.debian {
			beside++
			status, stdout, stderr := exec20(t, m.words)
			m.compare(t, "2.0.11: "+name, status, stdout, stderr)
		}
	}
	t.Logf("%d command lines, %d of them beside Debian's Mosquitto", len(cases), beside)
}

func (m *misuse) compare(t *testing.T, name string, status int, stdout, stderr string) {
	t.Helper()
	if status != 1 || stderr != m.stderr {
		t.Errorf("%s:\nstatus %d, stderr %q\nwant 1, %q", name, status, stderr, m.stderr)
	}
	if m.help != (stdout != "") || m.help && !strings.Contains(stdout, "Usage: "+m.words[0]+" ") {
		t.Errorf("%s: stdout %q, want the help: %v", name, stdout, m.help)
	}
}

// call runs one of our commands with an empty stdin, and no options file.
func call(t *testing.T, words []string) (status int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	status = mosquittocli.Run(t.Context(), environ.Environment{
		Name: words[0], Args: words[1:], Env: []string{"XDG_CONFIG_HOME=" + t.TempDir()},
		Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs,
	})
	return status, out.String(), errs.String()
}

// exec20 runs Debian's command in the same way.
func exec20(t *testing.T, words []string) (status int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	cmd := exec.CommandContext(t.Context(), words[0], words[1:]...)
	cmd.Env = append(os.Environ(), "XDG_CONFIG_HOME="+t.TempDir())
	cmd.Stdout, cmd.Stderr = &out, &errs
	var ended *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &ended) {
		t.Fatalf("%v; ci/install-test-tools installs it", err)
	}
	return cmd.ProcessState.ExitCode(), out.String(), errs.String()
}

// readMisuse reads the record: a line with the command, and one with what is said, for each case.
func readMisuse(t *testing.T, name string) (cases []misuse) {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		line := lines.Text()
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		m := misuse{words: quotedWords(t, line)}
		lines.Scan()
		said := lines.Text()
		said, m.debian = strings.CutPrefix(said, "2.0 ")
		said, m.help = strings.CutPrefix(said, "help ")
		if m.stderr, err = strconv.Unquote(said); err != nil {
			t.Fatalf("%s: %s: %v", name, said, err)
		}
		cases = append(cases, m)
	}
	return cases
}

// quotedWords cuts a line into words, which may be Go strings.
func quotedWords(t *testing.T, line string) (words []string) {
	t.Helper()
	for line != "" {
		word, rest, _ := strings.Cut(line, " ")
		if strings.HasPrefix(line, `"`) {
			quoted, err := strconv.QuotedPrefix(line)
			if err != nil {
				t.Fatalf("%s: %v", line, err)
			}
			rest = strings.TrimPrefix(line[len(quoted):], " ")
			if word, err = strconv.Unquote(quoted); err != nil {
				t.Fatalf("%s: %v", line, err)
			}
		}
		words, line = append(words, word), rest
	}
	return words
}
