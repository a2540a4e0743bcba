package mosquittocli_test

import (
	"flag"
	"os"
	"os/exec"
	ossignal "os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
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
	// Where SIGHUP is ignored, as under nohup, the tools would ignore it, too. What is caught here is not ignored there.
	ossignal.Notify(make(chan os.Signal, 1), syscall.SIGHUP)
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
			compare(t, row, mine)
		})
	}
}

// attempts is how often Mosquitto's tool may be asked for what ours has done. What it does depends in
// places on which of two things comes first, such as the end of the process and its last packet.
const attempts = 4

// compare fails the test if our tool does what Mosquitto's does not.
func compare(t *testing.T, row *row, mine side) {
	t.Helper()
	ended := row.play(t, mine)
	if ended.status == notEnded {
		t.Errorf("mosquitto_%s did not end within %v; it wrote\n%s", row.line, runLimit, ended)
		return
	}
	own, isOwn := ownWordsOf(row.name)
	if isOwn && !*itself && ended.status != own.ours {
		t.Errorf("mosquitto_%s\nended with status %d, want %d", row.line, ended.status, own.ours)
	}
	got := ended.String()
	var want string
	if listed(follows21, row.name) {
		outcomes := recordedOutcomes(t, row)
		if slices.Contains(outcomes, got) {
			return
		}
		want = outcomes[0]
	} else {
		for range attempts {
			theirs := row.play(t, debians)
			if isOwn && slices.Contains(own.theirs, theirs.status) {
				theirs.status = ended.status
			}
			if want = theirs.String(); want == got {
				return
			}
		}
	}
	t.Errorf("mosquitto_%s\ndiffers (- theirs, + ours):\n%s", row.line, difference(want, got))
}

// recordedOutcomes returns what Mosquitto 2.1.2 did in a row, in one way or in several.
func recordedOutcomes(t *testing.T, row *row) []string {
	t.Helper()
	content, err := os.ReadFile(recordFile(row))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(string(content), nextOutcome)
}

// nextOutcome stands between the outcomes of one row in a record.
const nextOutcome = "-- or --\n"

func recordFile(row *row) string {
	return filepath.Join("testdata", "recorded", strings.ReplaceAll(row.name, " ", "-")+".txt")
}

// recordRow writes down what Mosquitto 2.1.2 does in a row in which we follow it, and finds a row in
// which it does not do as 2.0.11 and that is not listed.
func recordRow(t *testing.T, row *row) {
	t.Helper()
	var now []string
	for range attempts {
		o := row.play(t, recorded).String()
		if !listed(follows21, row.name) {
			o = politely.ReplaceAllString(o, "")
		}
		if !slices.Contains(now, o) {
			now = append(now, o)
		}
	}
	if !listed(follows21, row.name) {
		before := politely.ReplaceAllString(row.play(t, debians).String(), "")
		if !listed(follows20, row.name) && !slices.Contains(now, before) {
			t.Errorf("%q: mosquitto_%s (- 2.0.11, + 2.1.2):\n%s", row.name, row.line, difference(before, now[0]))
		}
		return
	}
	if err := os.MkdirAll(filepath.Dir(recordFile(row)), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(recordFile(row), []byte(strings.Join(now, nextOutcome)), 0o644); err != nil {
		t.Fatal(err)
	}
}

// politely finds how a connection ended. mosquitto_pub 2.1.2 ends before its DISCONNECT has left at times,
// at QoS 1 and 2; 2.0.11 does not.
var politely = regexp.MustCompile(`Received DISCONNECT from .*\n|Client .* (disconnected|closed its connection)\.\n`)

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
