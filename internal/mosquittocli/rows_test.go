package mosquittocli_test

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// allRows returns all rows of the comparison.
func allRows() []*row {
	var all []*row
	for _, rows := range [][]row{pubRows, pubPropertyRows, pubWayRows, subRows, subFormatRows, rrRows, misuseRows} {
		for i := range rows {
			all = append(all, &rows[i])
		}
	}
	return all
}

// option finds the options in the help of one of Mosquitto's tools.
var option = regexp.MustCompile(`(?m)^ (-\w|--[\w-]+) :`)

// withoutTLS are the options that Go's TLS cannot serve: they are refused, and have rows of misuse alone.
var withoutTLS = []string{"--psk", "--psk-identity", "--tls-engine", "--tls-engine-kpass-sha1"}

// TestEveryOptionHasARow reads the help of Debian's tools and finds each of their options in a row that
// is not a misuse.
func TestEveryOptionHasARow(t *testing.T) {
	used := map[string][]string{}
	for _, row := range allRows() {
		if args := words(row.line); !row.noBroker {
			used[args[0]] = append(used[args[0]], args...)
		}
	}
	for _, tool := range []string{"pub", "sub", "rr"} {
		help, _ := exec.Command("/usr/bin/mosquitto_"+tool, "--help").Output() // it ends with status 1
		found := option.FindAllSubmatch(help, -1)
		if len(found) < 40 {
			t.Fatalf("mosquitto_%s --help: %d options found, at least 40 expected:\n%s", tool, len(found), help)
		}
		for _, m := range found {
			name := string(m[1])
			if name != "--help" && !slices.Contains(withoutTLS, name) && !slices.Contains(used[tool], name) {
				t.Errorf("mosquitto_%s %s is in no row", tool, name)
			}
		}
	}
}

// TestRowNames shows that no two rows have the same name, which would be the same file of a record.
func TestRowNames(t *testing.T) {
	seen := map[string]bool{}
	for _, row := range allRows() {
		key := strings.ToLower(row.name)
		if seen[key] {
			t.Errorf("there are two rows %q", row.name)
		}
		seen[key] = true
	}
}

// TestRecordsAreUsed finds no record of a row that is not there, or is compared with Debian's tool.
func TestRecordsAreUsed(t *testing.T) {
	used := map[string]bool{}
	for _, row := range allRows() {
		used[recordFile(row)] = listed(follows21, row.name)
	}
	files, err := filepath.Glob("testdata/recorded/*")
	if err != nil || len(files) == 0 {
		t.Fatalf("records: %v, %v", files, err)
	}
	for _, file := range files {
		if !used[file] {
			t.Errorf("%s belongs to no row that follows 2.1.2", file)
		}
	}
}
