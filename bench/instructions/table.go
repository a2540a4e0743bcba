package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"runtime"
	"strconv"
	"strings"
)

// tableFile is the table that the test goes by, in the folder of this package.
const tableFile = "table.json"

const (
	// bound is how far a cost may be from the table's, as a part of it.
	bound = 0.10
	// waitingBound is that of the paths that wait for each answer: looking for work, which the scheduler does meanwhile, is counted
	// too, and there is up to a fifth more of it while other programs have the processors.
	waitingBound = 0.30
	// drift is what moves by itself; the table stays as it is for less.
	drift = 0.02
)

// table is what each path costs.
type table struct {
	Go    string `json:"go"`
	Costs []row  `json:"instructions"`
}

type row struct {
	Arch    string `json:"arch"`
	Program string `json:"program"`
	Path    string `json:"path"`
	Cost    int    `json:"cost"`
}

func readTable(file string) (table, error) {
	var t table
	text, err := os.ReadFile(file)
	if err != nil {
		return t, err
	}
	if err := json.Unmarshal(text, &t); err != nil {
		return t, fmt.Errorf("%s: %w", file, err)
	}
	return t, nil
}

// write has a line for each path, so that a difference tells which one moved.
func (t *table) write(file string) error {
	text := &bytes.Buffer{}
	fmt.Fprintf(text, "{\n\"go\": %q,\n\"instructions\": [\n", t.Go)
	for i, r := range t.Costs {
		line, err := json.Marshal(r)
		if err != nil {
			return err
		}
		text.Write(line)
		if i < len(t.Costs)-1 {
			text.WriteByte(',')
		}
		text.WriteByte('\n')
	}
	text.WriteString("]\n}\n")
	return os.WriteFile(file, text.Bytes(), 0o644)
}

// cost returns what the table says of the path, 0 if nothing.
func (t *table) cost(p path) int {
	for _, r := range t.Costs {
		if r.Arch == p.Arch && r.Program == p.Program && r.Path == p.Name {
			return r.Cost
		}
	}
	return 0
}

// renewed returns the table with the costs of all paths. One that has only drifted stays, unless Go is another.
func (t *table) renewed(costs []int) table {
	fresh := table{Go: runtime.Version()}
	for i, p := range allPaths(amd64, arm64, arm) {
		cost := threeDigits(costs[i])
		if old := t.cost(p); t.Go == fresh.Go && old > 0 && math.Abs(change(costs[i], old)) < drift {
			cost = old
		}
		fresh.Costs = append(fresh.Costs, row{p.Arch, p.Program, p.Name, cost})
	}
	return fresh
}

// change is by which part of old the cost differs.
func change(cost, old int) float64 { return float64(cost-old) / float64(old) }

func threeDigits(n int) int {
	unit := 1
	for n/unit >= 1000 {
		unit *= 10
	}
	return (n + unit/2) / unit * unit
}

// renewing is how to renew the table.
const renewing = "renew the table with make instructions"

// judge returns what is to be said of a path's cost, or nil when it is as the table says.
func (t *table) judge(p path, cost int) error {
	old := t.cost(p)
	if old == 0 {
		return fmt.Errorf("%s: not in the table; %s", p, renewing)
	}
	allowed := bound
	if strings.HasPrefix(p.Name, "rtt") {
		allowed = waitingBound
	}
	if math.Abs(change(cost, old)) <= allowed {
		return nil
	}
	more, then := "more", "find what was added to the path (docs/PERFORMANCE.md says how), or, if it is worth it, "+renewing
	if cost < old {
		more, then = "less", renewing+", so that it cannot grow back unnoticed"
	}
	other := ""
	if t.Go != runtime.Version() {
		other = fmt.Sprintf(" The table is of %s and this is %s, which may be all of it.", t.Go, runtime.Version())
	}
	return fmt.Errorf("%s: %d instructions a message, %.0f %% %s than the table's %d.%s To do: %s",
		p, cost, 100*math.Abs(change(cost, old)), more, old, other, then)
}

// The markers of the table in the page.
const (
	pageBegin = "<!-- instructions -->\n"
	pageEnd   = "<!-- end of instructions -->"
)

// fill puts the table between its markers in the page.
func (t *table) fill(page string) (string, error) {
	before, rest, ok := strings.Cut(page, pageBegin)
	_, after, closed := strings.Cut(rest, pageEnd)
	if !ok || !closed {
		return "", errors.New("no " + strings.TrimSpace(pageBegin) + " with " + pageEnd + " behind it")
	}
	return before + pageBegin + t.markdown() + pageEnd + after, nil
}

// markdown is the table for people: a row for each path, a column for each program and architecture.
func (t *table) markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "| instructions a message, %s | library, amd64 | arm64 | arm | script, amd64 | arm64 | arm |\n", t.Go)
	b.WriteString("| --- | ---: | ---: | ---: | ---: | ---: | ---: |\n")
	for _, r := range t.Costs {
		if r.Program != library || r.Arch != amd64 {
			continue
		}
		fmt.Fprintf(&b, "| %s |", r.Path)
		for _, program := range []string{library, script} {
			for _, arch := range []string{amd64, arm64, arm} {
				fmt.Fprintf(&b, " %s |", figure(t.cost(path{Arch: arch, Program: program, Name: r.Path})))
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// figure writes n with commas, and - for 0.
func figure(n int) string {
	switch {
	case n == 0:
		return "-"
	case n < 1000:
		return strconv.Itoa(n)
	default:
		return fmt.Sprintf("%s,%03d", figure(n/1000), n%1000)
	}
}
