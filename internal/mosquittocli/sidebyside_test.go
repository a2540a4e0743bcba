package mosquittocli_test

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"dunlin/internal/cli"
	"dunlin/internal/mosquittocli"
)

var (
	// record is the folder of Mosquitto 2.1.2's three tools: then testdata/recorded is written anew.
	record = flag.String("record", "", "folder of Mosquitto 2.1.2's tools, to record what they do")
	// itself has Debian's tools on both sides, which shows that the rows are fit for comparing.
	itself = flag.Bool("itself", false, "compare Debian's tools with themselves instead of ours")
)

// TestMain is also the tool that the rig starts: the test binary called by one of the three names.
func TestMain(m *testing.M) {
	if mosquittocli.Tool(os.Args[0]) != "" {
		os.Exit(cli.Main())
	}
	flag.Parse()
	// The rows wait for networks and clocks more than they work.
	if err := flag.Set("test.parallel", "10"); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// ours starts this test binary as one of the tools.
func ours(tool string, args ...string) *exec.Cmd {
	self, err := os.Executable()
	if err != nil {
		panic(err)
	}
	cmd := exec.Command(self, args...)
	cmd.Args[0] = tool
	return cmd
}

// debians starts the tool that the package mosquitto-clients has installed.
func debians(tool string, args ...string) *exec.Cmd { return exec.Command("/usr/bin/"+tool, args...) }

// recorded starts a tool of Mosquitto 2.1.2.
func recorded(tool string, args ...string) *exec.Cmd {
	return exec.Command(filepath.Join(*record, tool), args...)
}

// TestSideBySide runs each row twice, once with Mosquitto's own tool and once with ours, and finds no
// difference: in the exit status, in a byte of stdout or stderr, in what a subscriber gets, or in what
// the broker logs of the packets.
func TestSideBySide(t *testing.T) {
	for _, row := range allRows() {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			if *record != "" {
				recordRow(t, row)
				return
			}
			mine := ours
			if *itself {
				mine = debians
			}
			want := theirs(t, row)
			if got := row.play(t, mine).String(); got != want {
				t.Errorf("mosquitto_%s\ndiffers (- theirs, + ours):\n%s", row.line, difference(want, got))
			}
		})
	}
}

// theirs returns what Mosquitto's tool does.
func theirs(t *testing.T, row *row) string {
	t.Helper()
	if row.only21 == "" {
		return row.play(t, debians).String()
	}
	want, err := os.ReadFile(recordFile(row))
	if err != nil {
		t.Fatal(err)
	}
	return string(want)
}

func recordFile(row *row) string {
	return filepath.Join("testdata", "recorded", strings.ReplaceAll(row.name, " ", "-")+".txt")
}

// recordRow writes down what Mosquitto 2.1.2 does, where 2.0.11 does otherwise, and checks that the row
// says so.
func recordRow(t *testing.T, row *row) {
	t.Helper()
	now, before := row.play(t, recorded).String(), row.play(t, debians).String()
	if now == before {
		if row.only21 != "" {
			t.Errorf("%s: 2.0.11 does as 2.1.2 does; take only21 out", row.name)
		}
		return
	}
	if row.only21 == "" {
		t.Errorf("%s: mosquitto_%s (- 2.0.11, + 2.1.2):\n%s", row.name, row.line, difference(before, now))
		return
	}
	if err := os.MkdirAll(filepath.Dir(recordFile(row)), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(recordFile(row), []byte(now), 0o644); err != nil {
		t.Fatal(err)
	}
}

// difference returns the lines of both that are not the same, in order.
func difference(want, got string) string {
	a, b := strings.SplitAfter(want, "\n"), strings.SplitAfter(got, "\n")
	var out strings.Builder
	i, j := 0, 0
	write := func(sign, line string) { out.WriteString(sign + strings.TrimSuffix(line, "\n") + "\n") }
	for i < len(a) || j < len(b) {
		switch {
		case i < len(a) && j < len(b) && a[i] == b[j]:
			write("  ", a[i])
			i, j = i+1, j+1
		case i < len(a) && (j >= len(b) || index(b[j:], a[i]) < 0 || index(a[i:], b[j]) >= 0 && index(b[j:], a[i]) > index(a[i:], b[j])):
			write("- ", a[i])
			i++
		default:
			write("+ ", b[j])
			j++
		}
	}
	return out.String()
}

func index(lines []string, line string) int {
	for i, l := range lines {
		if l == line {
			return i
		}
	}
	return -1
}
