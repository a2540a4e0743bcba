package main

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

func small(goVersion string, cost int) table {
	return table{Go: goVersion, Costs: []row{{amd64, library, "pub0", cost}}}
}

func TestJudge(t *testing.T) {
	for _, test := range []struct {
		name, goVersion string
		cost            int
		want            []string // none: nothing to say
	}{
		{"as the table says", runtime.Version(), 1000, nil},
		{"10 % more", runtime.Version(), 1100, nil},
		{"10 % less", runtime.Version(), 900, nil},
		{"more", runtime.Version(), 1101, []string{"amd64 library pub0: 1101", "10 % more than the table's 1000", "what was added"}},
		{"less", runtime.Version(), 850, []string{"15 % less", "make instructions"}},
		{"with another Go", "go1.1", 1200, []string{"20 % more", "The table is of go1.1 and this is " + runtime.Version()}},
	} {
		t.Run(test.name, func(t *testing.T) {
			table := small(test.goVersion, 1000)
			err := table.judge(path{Arch: amd64, Program: library, Name: "pub0"}, test.cost)
			if (err != nil) != (test.want != nil) {
				t.Fatalf("judged as %v", err)
			}
			for _, part := range test.want {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%q does not say %q", err, part)
				}
			}
		})
	}
}

// TestJudgeOfPathsThatWait allows more where the scheduler's looking for work is counted.
func TestJudgeOfPathsThatWait(t *testing.T) {
	table := table{Go: runtime.Version(), Costs: []row{{amd64, library, "rtt1", 1000}}}
	p := path{Arch: amd64, Program: library, Name: "rtt1"}
	if err := table.judge(p, 1300); err != nil {
		t.Error(err)
	}
	if err := table.judge(p, 1301); err == nil {
		t.Error("30 % is not the bound")
	}
}

func TestPathThatIsNotInTheTableIsNamed(t *testing.T) {
	table := small(runtime.Version(), 1000)
	if err := table.judge(path{Arch: amd64, Program: script, Name: "pub0"}, 1); err == nil || !strings.Contains(err.Error(), "amd64 script pub0: not in the table") {
		t.Errorf("judged as %v", err)
	}
}

// TestTableStaysForADrift: a figure moves in the table only when it has moved by more than chance, or when Go is
// another.
func TestTableStaysForADrift(t *testing.T) {
	for _, test := range []struct {
		goVersion  string
		cost, want int
	}{
		{runtime.Version(), 1015, 1000},
		{runtime.Version(), 1021, 1020},
		{"go1.1", 1015, 1020},
	} {
		old := small(test.goVersion, 1000)
		costs := slices.Repeat([]int{test.cost}, len(allPaths(amd64, arm64, arm)))
		fresh := old.renewed(costs)
		if got := fresh.cost(allPaths(amd64)[0]); got != test.want || fresh.Go != runtime.Version() {
			t.Errorf("%d with %s and %s: %d, expected %d", test.cost, test.goVersion, fresh.Go, got, test.want)
		}
	}
}

func TestTableIsReadAsItWasWritten(t *testing.T) {
	file := filepath.Join(t.TempDir(), tableFile)
	wrote := (&table{}).renewed(slices.Repeat([]int{1234}, len(allPaths(amd64, arm64, arm))))
	if err := wrote.write(file); err != nil {
		t.Fatal(err)
	}
	read, err := readTable(file)
	if err != nil || read.Go != wrote.Go || !slices.Equal(read.Costs, wrote.Costs) {
		t.Errorf("wrote %v, read %v, %v", wrote, read, err)
	}
}

// TestPageShowsTheTable holds docs/PERFORMANCE.md to the table.
func TestPageShowsTheTable(t *testing.T) {
	table, err := readTable(tableFile)
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile("../../docs/PERFORMANCE.md")
	if err != nil {
		t.Fatal(err)
	}
	if filled, err := table.fill(string(page)); err != nil || filled != string(page) {
		t.Errorf("the page does not show table.json (%v); %s", err, renewing)
	}
}

func TestPageWithoutMarkersIsRefused(t *testing.T) {
	for _, page := range []string{"", pageBegin, pageEnd} {
		if _, err := (&table{}).fill(page); err == nil {
			t.Errorf("filled %q", page)
		}
	}
}

func TestMarkdown(t *testing.T) {
	table := table{Go: "go1.1", Costs: []row{
		{amd64, library, "pub0", 767}, {amd64, library, "rtt0", 15100}, {arm64, library, "pub0", 800}, {arm, script, "pub0", 1006020},
	}}
	const want = "| instructions a message, go1.1 | library, amd64 | arm64 | arm | script, amd64 | arm64 | arm |\n" +
		"| --- | ---: | ---: | ---: | ---: | ---: | ---: |\n" +
		"| pub0 | 767 | 800 | - | - | - | 1,006,020 |\n| rtt0 | 15,100 | - | - | - | - | - |\n"
	if got := table.markdown(); got != want {
		t.Errorf("got\n%s", got)
	}
}

// TestThreadsAreSummed: all but the one that watches over Go's scheduler, which must be among them.
func TestThreadsAreSummed(t *testing.T) {
	const worker, watcher = "fn=(1) main.main\ntotals: 12\n", "fn=(1) runtime.sysmon\ntotals: 100\n"
	for _, test := range []struct {
		threads []string
		want    int
		fault   string
	}{
		{[]string{worker, watcher, worker}, 24, ""},
		{[]string{worker}, 0, "0 of 1 threads are runtime.sysmon"},
		{[]string{watcher, "fn=(1) main.main\n"}, 0, "no line of totals"},
	} {
		profile := filepath.Join(t.TempDir(), "profile")
		for i, text := range test.threads {
			if err := os.WriteFile(profile+"-"+string(rune('1'+i)), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		got, err := sumThreads(profile)
		if got != test.want || (err != nil) != (test.fault != "") || err != nil && !strings.Contains(err.Error(), test.fault) {
			t.Errorf("%q: %d, %v", test.threads, got, err)
		}
	}
}
