package mqtt_test

import (
	"bufio"
	"bytes"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write docs/CONFORMANCE.md anew")

const conformancePage = "../docs/CONFORMANCE.md"

// TestConformancePage builds the page that says which test shows what, compares
// it with the one that is committed, and fails when something that is due has no
// test. `go test ./mqtt -run TestConformancePage -update` writes the page.
func TestConformancePage(t *testing.T) {
	c := readConformance(t)
	for _, gap := range c.gaps() {
		t.Error(gap)
	}
	page := c.page()
	if *update {
		if err := os.WriteFile(conformancePage, page, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	old, err := os.ReadFile(conformancePage)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(old, page) {
		t.Errorf("%s is out of date at %s: run go test ./mqtt -run TestConformancePage -update", conformancePage, firstDifference(old, page))
	}
}

func firstDifference(old, now []byte) string {
	a, b := strings.Split(string(old), "\n"), strings.Split(string(now), "\n")
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return fmt.Sprintf("%.80q, now %.80q", a[i], b[i])
		}
	}
	return "its end"
}

// scenario is a row of rows.tsv or faults.tsv.
type scenario struct {
	id, versions, severity, what string
}

// statement is a normative statement of a version of the standard.
type statement struct {
	version, number, binds, what string
	rows                         []string // the scenarios that show it
}

func (s *statement) id() string { return s.version + " " + s.number }

// conformance is what the tables and the tags say.
type conformance struct {
	rows, faults []scenario
	statements   []statement
	explained    map[string]string
	tags         *tagIndex
}

func readConformance(t *testing.T) *conformance {
	t.Helper()
	c := &conformance{explained: make(map[string]string), tags: readTags(t, "..", "mqtt", "interop")}
	for _, f := range readTable(t, "testdata/rows.tsv", 4) {
		c.rows = append(c.rows, scenario{f[0], f[1], f[2], f[3]})
	}
	for _, f := range readTable(t, "testdata/faults.tsv", 2) {
		c.faults = append(c.faults, scenario{id: f[0], what: f[1], severity: "MUST"})
	}
	for _, f := range readTable(t, "testdata/statements.tsv", 5) {
		c.statements = append(c.statements, statement{f[0], f[1], f[2], f[3], strings.Fields(f[4])})
	}
	for _, f := range readTable(t, "testdata/explained.tsv", 2) {
		c.explained[f[0]] = f[1]
	}
	c.readCases(t)
	return c
}

// readCases adds the cases of the interoperability suite, which are no functions.
func (c *conformance) readCases(t *testing.T) {
	t.Helper()
	files, err := filepath.Glob("../interop/*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	var suite strings.Builder
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		suite.Write(text)
	}
	for _, f := range readTable(t, "testdata/interop.tsv", 2) {
		if !strings.Contains(suite.String(), fmt.Sprintf("{name: %q,", f[1])) {
			t.Errorf("testdata/interop.tsv names the case %q, which does not exist", f[1])
		}
		c.tags.tests[f[0]] = append(c.tags.tests[f[0]], "interop: "+f[1])
	}
}

// readTable reads the lines of a table that has so many columns.
func readTable(t *testing.T, path string, columns int) (table [][]string) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if strings.HasPrefix(lines.Text(), "#") {
			continue
		}
		cells := strings.Split(lines.Text(), "\t")
		if len(cells) != columns {
			t.Fatalf("%s: %q has %d columns, want %d", path, lines.Text(), len(cells), columns)
		}
		table = append(table, cells)
	}
	return table
}

// gaps returns what is missing or wrong: a MUST without a test, a statement that binds
// the client and appears nowhere, an excuse for what has a test, a name of something
// that does not exist.
func (c *conformance) gaps() (gaps []string) {
	known := make(map[string]bool)
	for _, s := range slices.Concat(c.rows, c.faults) {
		known[s.id] = true
		if tests := c.tags.tests[s.id]; len(tests) > 0 && c.explained[s.id] != "" {
			gaps = append(gaps, "explained.tsv has "+s.id+", which "+tests[0]+" shows")
		}
		if s.severity == "MUST" && len(c.tags.tests[s.id]) == 0 && c.explained[s.id] == "" {
			gaps = append(gaps, s.id+" ("+s.what+") has no test")
		}
	}
	for i := range c.statements {
		s := &c.statements[i]
		known[s.id()] = true
		for _, row := range s.rows {
			if !known[row] {
				gaps = append(gaps, "statement "+s.id()+" names "+row+", which does not exist")
			}
		}
		if tests := c.testsOf(s); len(tests) > 0 && c.explained[s.id()] != "" {
			gaps = append(gaps, "explained.tsv has "+s.id()+", which "+tests[0]+" shows")
		}
		if s.binds != "server" && len(c.filesOf(s)) == 0 && len(c.testsOf(s)) == 0 && c.explained[s.id()] == "" {
			gaps = append(gaps, "statement "+s.id()+" ("+s.what+") is neither enforced, tested nor explained")
		}
	}
	return append(gaps, c.unknown(known)...)
}

// unknown returns what is named but not known.
func (c *conformance) unknown(known map[string]bool) (gaps []string) {
	for id := range c.explained {
		if !known[id] {
			gaps = append(gaps, "explained.tsv names "+id+", which does not exist")
		}
	}
	for _, index := range []map[string][]string{c.tags.tests, c.tags.code} {
		for id, where := range index {
			if version, number, ok := strings.Cut(id, " "); ok && version == "" { // of either version
				gaps = append(gaps, c.doubt(number, where[0])...)
			} else if !known[id] {
				gaps = append(gaps, where[0]+" names "+id+", which does not exist")
			}
		}
	}
	slices.Sort(gaps)
	return gaps
}

// doubt returns what is wrong with a number that is named without its version.
func (c *conformance) doubt(number, where string) (gaps []string) {
	meaning := make(map[string]string)
	for _, s := range c.statements {
		if s.number == number {
			meaning[s.version] = s.what
		}
	}
	old, five := meaning["3.1.1"], meaning["5"]
	switch {
	case old == "" && five == "":
		return []string{where + " names MQTT-" + number + ", which does not exist"}
	case old != "" && five != "" && old != five:
		return []string{where + " names MQTT-" + number + ", which does not mean the same in 3.1.1 and 5: say of which"}
	}
	return nil
}

// testsOf returns the tests that name s, or a scenario that shows it.
func (c *conformance) testsOf(s *statement) []string {
	tests := make(map[string]bool)
	for _, id := range append([]string{s.id(), " " + s.number}, s.rows...) {
		for _, test := range c.tags.tests[id] {
			tests[test] = true
		}
	}
	return slices.Sorted(maps.Keys(tests))
}

// tagIndex says where scenarios, faults and statements are named.
type tagIndex struct {
	tests map[string][]string // by id: the tests
	code  map[string][]string // by id of a statement: the files
}

var (
	// CA-02, and ranges as CA-02..CA-06 or CA-02..06.
	rowTag   = regexp.MustCompile(`\b([A-Z][A-Z0-9])-([0-9]{2})(?:\.\.(?:[A-Z][A-Z0-9]-)?([0-9]{2}))?\b`)
	faultTag = regexp.MustCompile(`\bT-A[0-9]+|\bpeer [04]\.[0-9]+`)
	// [MQTT-3.3.1-2]; after one or several of them " of 5" or " of 3.1.1" where
	// the number means something else in the other version.
	clauseTag = regexp.MustCompile(`((?:\[MQTT-[0-9.]+-[0-9]+\](?:, and |, | and | )?)+)(?:of (3\.1\.1|5)\b)?`)
	clause    = regexp.MustCompile(`[0-9.]+-[0-9]+`)
	newLine   = regexp.MustCompile(`\n[\t ]*(// ?)?`)
	caseTag   = regexp.MustCompile(`"([A-Z][A-Z0-9]-[0-9]{2}\b)`)
	oneLiner  = regexp.MustCompile(`^func [^/]*\}\s*(//.*)?$`)
	testStart = regexp.MustCompile(`^func ((?:Test|Fuzz|Example|Benchmark)\w*)\(`)
)

// groups are the families of scenarios; other words in capitals are no tags.
const groups = " CN CA KA P0 P1 P2 RX SR SU UN RT WL DC ID MF TA AU FC TL FR TR EE "

// readTags reads all Go files in dirs, which are below root.
func readTags(t *testing.T, root string, dirs ...string) *tagIndex {
	t.Helper()
	x := &tagIndex{tests: make(map[string][]string), code: make(map[string][]string)}
	for _, dir := range dirs {
		err := filepath.WalkDir(filepath.Join(root, dir), func(path string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() || filepath.Ext(path) != ".go" || strings.HasPrefix(e.Name(), "conformance_") {
				return err // what is here names what it looks for
			}
			name, err := filepath.Rel(root, path)
			if err == nil {
				err = x.read(path, filepath.ToSlash(name))
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, index := range []map[string][]string{x.tests, x.code} {
		for id, where := range index {
			slices.Sort(where)
			index[id] = slices.Compact(where)
		}
	}
	return x
}

func (x *tagIndex) read(path, name string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if !strings.HasSuffix(name, "_test.go") {
		for _, id := range clauses(string(text)) {
			x.addCode(id, name)
		}
		return nil
	}
	x.readTests(name, strings.Split(string(text), "\n"))
	return nil
}

// readTests takes a file apart as gofmt writes it: a function begins at the first
// column, below its comment, and ends with a brace there or on its only line.
func (x *tagIndex) readTests(file string, lines []string) {
	var text strings.Builder // of the comment above, and of the function
	test := ""
	for _, line := range lines {
		if m := testStart.FindStringSubmatch(line); m != nil {
			test = testName(file, m[1])
		}
		if test == "" && !strings.HasPrefix(line, "//") {
			text.Reset()
			continue
		}
		text.WriteString(tagText(line) + "\n")
		if test != "" && (line == "}" || oneLiner.MatchString(line)) {
			x.addTest(test, text.String())
			test = ""
			text.Reset()
		}
	}
}

// tagText returns what can name something in a line: its comment, and strings
// that begin with a scenario.
func tagText(line string) (found string) {
	if at := strings.Index(line, "//"); at == 0 || at > 0 && (line[at-1] == ' ' || line[at-1] == '\t') {
		found = line[at:]
	}
	if !strings.Contains(line, `"`) {
		return found
	}
	for _, m := range caseTag.FindAllStringSubmatch(line, -1) {
		found = m[1] + " " + found
	}
	return found
}

// testName is how the page calls a test: with its folder, if that is not mqtt.
func testName(file, function string) string {
	dir := filepath.ToSlash(filepath.Dir(file))
	if dir == "mqtt" {
		return function
	}
	return strings.TrimPrefix(dir, "mqtt/") + "." + function
}

func (x *tagIndex) addTest(test, text string) {
	add := func(id string) { x.tests[id] = append(x.tests[id], test) }
	for _, m := range rowTag.FindAllStringSubmatch(text, -1) {
		if !strings.Contains(groups, " "+m[1]+" ") {
			continue
		}
		from, _ := strconv.Atoi(m[2]) // two digits
		to := from
		if m[3] != "" {
			to, _ = strconv.Atoi(m[3])
		}
		for ; from <= to; from++ {
			add(m[1] + "-" + string(rune('0'+from/10)) + string(rune('0'+from%10)))
		}
	}
	for _, id := range faultTag.FindAllString(text, -1) {
		add(id)
	}
	for _, id := range clauses(text) {
		add(id)
	}
}

func (x *tagIndex) addCode(id, file string) { x.code[id] = append(x.code[id], file) }

// clauses returns the statements that text names, as "5 3.3.1-2", or " 3.3.1-2"
// for whichever versions have that number.
func clauses(text string) (ids []string) {
	if !strings.Contains(text, "[MQTT-") {
		return nil
	}
	for _, m := range clauseTag.FindAllStringSubmatch(newLine.ReplaceAllString(text, " "), -1) {
		for _, number := range clause.FindAllString(m[1], -1) {
			ids = append(ids, m[2]+" "+number)
		}
	}
	return ids
}
