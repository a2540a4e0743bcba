package cli_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"dunlin/internal/environ"
)

// TestWatchRunsAgainWhenAnyFileChanges changes a module that the script imports, breaks it, and mends
// it again.
func TestWatchRunsAgainWhenAnyFileChanges(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	lay := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	lay("main.ts", "import { word } from './word.ts';\nconsole.log('the word is', word);\nsetInterval(() => {}, 1e6);\n")
	lay("word.ts", "export const word: string = 'first';\n")
	c := start(t, nil, "run", "--watch", filepath.Join(dir, "main.ts"))
	c.stdout.waitFor(t, "the word is first\n")
	lay("word.ts", "export const word: string = 'the second';\n")
	c.stdout.waitFor(t, "the word is the second\n")
	lay("word.ts", "export const word: string = ;\n")
	c.stderr.waitFor(t, "SyntaxError: Unexpected \";\"\n")
	c.stderr.waitFor(t, "it starts again when one of its files changes\n")
	lay("word.ts", "export const word: string = 'mended, at last';\n")
	c.stdout.waitFor(t, "the word is mended, at last\n")
	lay("main.ts", "console.log('short'); process.exit(3);\n")
	c.stderr.waitFor(t, "exited with status 3\n")
	lay("main.ts", "console.log('and again');\n")
	c.stdout.waitFor(t, "and again\n")
	c.stop(environ.Interrupt{Signal: syscall.SIGINT})
	if status := c.wait(t); status != 130 {
		t.Errorf("status %d, want 130; stderr %q", status, c.stderr.String())
	}
}
