package mqtt_test

import (
	"go/ast"
	"go/parser"
	"go/token"
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
	isTest    = regexp.MustCompile(`^(Test|Fuzz|Example|Benchmark)`)
)

// groups are the families of scenarios; other words in capitals are no tags.
const groups = " CN CA KA P0 P1 P2 RX SR SU UN RT WL DC ID MF TA AU FC TL FR TR EE "

// readTags reads all Go files in dirs, which are below root.
func readTags(t *testing.T, root string, dirs ...string) *tagIndex {
	t.Helper()
	x := &tagIndex{tests: make(map[string][]string), code: make(map[string][]string)}
	for _, dir := range dirs {
		err := filepath.WalkDir(filepath.Join(root, dir), func(path string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() || filepath.Ext(path) != ".go" {
				return err
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
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, path, text, parser.ParseComments)
	if err != nil {
		return err
	}
	for _, d := range file.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && isTest.MatchString(f.Name.Name) {
			x.addTest(testName(name, f.Name.Name), textOf(files, file, f))
		}
	}
	return nil
}

// testName is how the page calls a test: with its folder, if that is not mqtt.
func testName(file, function string) string {
	dir := filepath.ToSlash(filepath.Dir(file))
	if dir == "mqtt" {
		return function
	}
	return strings.TrimPrefix(dir, "mqtt/") + "." + function
}

// textOf returns the comments of f, above, inside and on its last line, and the
// strings inside that begin with the id of a scenario.
func textOf(files *token.FileSet, file *ast.File, f *ast.FuncDecl) string {
	var b strings.Builder
	from, last := f.Pos(), files.Position(f.End()).Line
	if f.Doc != nil {
		from = f.Doc.Pos()
	}
	for _, c := range file.Comments {
		if c.Pos() >= from && files.Position(c.Pos()).Line <= last {
			for _, line := range c.List {
				b.WriteString(line.Text + "\n")
			}
		}
	}
	ast.Inspect(f, func(n ast.Node) bool {
		if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			if at := rowTag.FindStringIndex(lit.Value); at != nil && at[0] == 1 {
				b.WriteString(lit.Value[at[0]:at[1]] + "\n")
			}
		}
		return true
	})
	return b.String()
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
	for _, m := range clauseTag.FindAllStringSubmatch(newLine.ReplaceAllString(text, " "), -1) {
		for _, number := range clause.FindAllString(m[1], -1) {
			ids = append(ids, m[2]+" "+number)
		}
	}
	return ids
}
