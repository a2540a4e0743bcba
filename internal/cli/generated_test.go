package cli_test

import (
	"bytes"
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"dunlin/internal/cli"
)

var update = flag.Bool("update", false, "write docs/man/dunlin.1 and docs/CHEAT.md anew")

// output returns what the command prints.
func output(t *testing.T, args ...string) string {
	t.Helper()
	c := start(t, nil, args...)
	if status := c.wait(t); status != 0 || c.stderr.String() != "" {
		t.Fatalf("dunlin %s: status %d, stderr %s", strings.Join(args, " "), status, c.stderr.String())
	}
	return c.stdout.String()
}

// The pages in docs that are made from the commands are as the commands are.
func TestGeneratedPagesAreCurrent(t *testing.T) {
	t.Parallel()
	for file, want := range map[string]string{
		"../../docs/man/dunlin.1": output(t, "man"),
		"../../docs/CHEAT.md": "# Cheat sheet\n\nWhat `dunlin cheat` prints: examples by task, with your broker's name for broker.example. A test runs each of them.\n\n" +
			"```text\n" + output(t, "cheat") + "```\n",
	} {
		if *update {
			if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if got, err := os.ReadFile(file); err != nil || string(got) != want {
			t.Errorf("%s is not current (%v); go test ./internal/cli -run TestGeneratedPages -update writes it", file, err)
		}
	}
}

// The manual page is one that groff has nothing to say about, and holds each option.
func TestManualPage(t *testing.T) {
	t.Parallel()
	page := output(t, "man")
	groff := exec.Command("groff", "-ww", "-man", "-Tascii", "-P-c")
	groff.Stdin = strings.NewReader(page)
	var warnings bytes.Buffer
	groff.Stderr = &warnings
	text, err := groff.Output()
	if err != nil || warnings.Len() > 0 {
		t.Fatalf("%v: %s", err, warnings.String())
	}
	plain := regexp.MustCompile(`.\x08`).ReplaceAllString(string(text), "") // bold and underlined, as printers did it
	for _, want := range []string{
		"NAME\n       dunlin - ", "EXIT STATUS\n", "ENVIRONMENT\n", "FILES\n", "dunlin completion bash|zsh|fish|powershell",
		"       -q, --qos int\n", "--tls-self-signed[=folder]", `"server unavailable"`, "sub -h broker.example -t 'home/#' -v",
	} {
		if !strings.Contains(plain, want) {
			t.Errorf("%q is missing", want)
		}
	}
}

// Each exit status that the code has, and each variable that it reads, is in the manual page.
func TestManualPageKnowsStatusesAndVariables(t *testing.T) {
	t.Parallel()
	statuses, variables := cli.ExitStatuses(), cli.Variables()
	code, err := os.ReadFile("failure.go")
	if err != nil {
		t.Fatal(err)
	}
	constants := regexp.MustCompile(`(?m)^\tExit\w+\s+= (\d+)`).FindAllSubmatch(code, -1)
	if len(constants) < 8 {
		t.Errorf("only %d exit statuses in failure.go", len(constants))
	}
	want := []int{cli.ExitScript, cli.ExitLoad}
	for _, c := range constants {
		status, err := strconv.Atoi(string(c[1]))
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, status)
	}
	for _, status := range want {
		if !statuses[status] {
			t.Errorf("exit status %d is not explained", status)
		}
	}
	read := make(map[string]bool)
	for _, folder := range []string{".", "../connect", "../terminal"} {
		namesRead(t, folder, read)
	}
	if len(read) < 5 {
		t.Errorf("the code reads only %v", read)
	}
	for name := range read {
		if !variables[name] {
			t.Errorf("variable %s is not explained", name)
		}
	}
}

// variableName is what names of variables look like.
var variableName = regexp.MustCompile(`^[A-Z][A-Z_]*$`)

// namesRead finds the arguments of Getenv and LookupEnv in the folder's code.
func namesRead(t *testing.T, folder string, names map[string]bool) {
	t.Helper()
	set := token.NewFileSet()
	err := filepath.WalkDir(folder, func(path string, _ fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
			return nil // a folder that is not there reads nothing
		}
		file, err := parser.ParseFile(set, path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if name := variableOf(n); variableName.MatchString(name) {
				names[name] = true
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// variableOf returns the variable that a call of Getenv reads, or "".
func variableOf(n ast.Node) string {
	call, ok := n.(*ast.CallExpr)
	if !ok || len(call.Args) != 1 {
		return ""
	}
	function, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || function.Sel.Name != "Getenv" && function.Sel.Name != "LookupEnv" {
		return ""
	}
	literal, ok := call.Args[0].(*ast.BasicLit)
	if !ok {
		return ""
	}
	name, err := strconv.Unquote(literal.Value)
	if err != nil {
		return ""
	}
	return name
}

// bashComplete returns what bash offers for the last of words.
func bashComplete(t *testing.T, folder string, words ...string) []string {
	t.Helper()
	script := `
# What the package bash-completion has, for words without = and :.
_get_comp_words_by_ref() { cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} words=("${COMP_WORDS[@]}") cword=$COMP_CWORD; }
__ltrim_colon_completions() { :; }
compopt() { [[ "$*" != *-o\ default* ]]; }
source <(dunlin completion bash)
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_LINE="$*" COMP_POINT=${#COMP_LINE} COMP_TYPE=9
complete -p dunlin | grep -q 'F __start_dunlin dunlin$' || exit 1
__start_dunlin
printf '%s\n' "${COMPREPLY[@]}"`
	cmd := exec.Command("bash", append([]string{"-c", script, "bash"}, words...)...)
	cmd.Dir = folder
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %v: %s", words, err, out)
	}
	var offers []string
	for line := range strings.Lines(string(out)) {
		if name := strings.Fields(line); len(name) > 0 { // what follows explains it
			offers = append(offers, name[0])
		}
	}
	return offers
}

// A real bash completes commands, options and what is known of their values. The scripts of
// zsh, fish and PowerShell ask the same command for the same offers.
func TestBashCompletes(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "file"), nil, 0o600); err != nil { // none of them is for a file
		t.Fatal(err)
	}
	for line, want := range map[string]string{
		"dunlin pu":               "pub",
		"dunlin comp":             "completion",
		"dunlin help su":          "sub",
		"dunlin cheat vers":       "version",
		"dunlin completion f":     "fish",
		"dunlin pub -q ":          "0 1 2",
		"dunlin sub -V a":         "auto",
		"dunlin pub --cafi":       "--cafile",
		"dunlin run --mode l":     "listener",
		"dunlin broker --fault k": "kick=30s",
		"dunlin pub -t ":          "",
		"dunlin sub ":             "",
	} {
		offers := strings.Join(bashComplete(t, folder, strings.Split(line, " ")...), " ")
		if offers != want {
			t.Errorf("%q: %q, want %q", line, offers, want)
		}
	}
}

func TestCompletionKnowsNoOptionThatIsNone(t *testing.T) {
	t.Parallel()
	if names := cli.UnknownOptions(); len(names) > 0 {
		t.Errorf("options of no command: %v", names)
	}
}

func TestCompletionScripts(t *testing.T) {
	t.Parallel()
	for shell, want := range map[string]string{
		"bash": "complete -o default -F __start_dunlin dunlin", "zsh": "#compdef dunlin", "fish": "complete -c dunlin", "powershell": "Register-ArgumentCompleter",
	} {
		if script := output(t, "completion", shell); !strings.Contains(script, want) || !strings.Contains(script, "__complete") {
			t.Errorf("%s: no %q in %q", shell, want, script)
		}
	}
}

// No line of text is taken for a request or an escape.
func TestRoff(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		".TH X": `\&.TH X`, `a\nb`: `a\enb`, "it's -q": `it\(aqs \-q`, `"x"`: `\(dqx\(dq`, "'br": `\(aqbr`,
	} {
		if got := cli.Roff(line); got != want {
			t.Errorf("%s: %s, want %s", line, got, want)
		}
	}
}
