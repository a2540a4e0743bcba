package cli_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TypeScript's compiler, strict as tsconfig.json says, has nothing to say of what dunlin init writes, and does look at it.
func TestInitCompiles(t *testing.T) {
	t.Parallel()
	compiler, err := filepath.Abs("../../jsre/types/compile/node_modules/typescript/bin/tsc")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		main string
	}{{nil, "main.ts"}, {[]string{"--js"}, "main.js"}} {
		folder := filepath.Join(t.TempDir(), "My Lamp")
		output(t, append([]string{"init", folder}, c.args...)...)
		check := func() (string, error) {
			cmd := exec.Command("node", compiler, "--noEmit", "--skipLibCheck", "false")
			cmd.Dir = folder
			out, err := cmd.CombinedOutput()
			return string(out), err
		}
		if out, err := check(); err != nil {
			t.Errorf("%s: %v\n%s", c.main, err, out)
		}
		text, err := os.ReadFile(filepath.Join(folder, c.main))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, c.main), append(text, "client.publish(1);\n"...), 0o600); err != nil {
			t.Fatal(err)
		}
		if out, err := check(); err == nil {
			t.Errorf("%s: a wrong call is taken: %s", c.main, out)
		}
	}
}
