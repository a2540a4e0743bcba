package mqtt_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

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
