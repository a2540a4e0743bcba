package cli_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// exampleOutput is a line of each example that shows that it did its work.
var exampleOutput = map[string]string{
	"connect.js":       "accepted: true",
	"events.js":        "disconnect",
	"mode.js":          "mode: publisher",
	"open-callback.js": "connected to 127.0.0.1",
	"open-tcp.js":      "open",
	"open-tls.js":      "open",
	"publish.js":       "serial: arrived exactly once\nstill queued: false",
	"quickstart.js":    "/testing: report 1\n",
	"subscribe.js":     "room/1/light: on (QoS 1, kept)\nroom/2/light: off (QoS 1)",
	"unsubscribe.js":   "no more sport\ngot news/weather",
}

func TestEveryExampleRuns(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../examples/*.js")
	if err != nil || len(files) != len(exampleOutput) {
		t.Fatalf("%d examples, %d expected (%v)", len(files), len(exampleOutput), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			args := []string{"run", "--broker", file}
			if filepath.Base(file) == "quickstart.js" { // it never ends by itself
				args = []string{"run", "--broker", "--for", "4s", file}
			}
			c := start(t, nil, args...)
			if status := c.wait(t); status != 0 {
				t.Errorf("status %d; stderr %s", status, c.stderr.String())
			}
			want, known := exampleOutput[filepath.Base(file)]
			if got := c.stdout.String(); !known || !strings.Contains(got, want) {
				t.Errorf("printed %q, want %q in it", got, want)
			}
		})
	}
}

func TestTheTypeScriptExampleRuns(t *testing.T) {
	t.Parallel()
	c := start(t, nil, "run", "--broker", "../../examples/typescript/climate.ts")
	const want = "kitchen: heat it\nkitchen: leave it as it is\nkitchen: open a window\non average 21.3 °C\n"
	if status := c.wait(t); status != 0 || c.stdout.String() != want {
		t.Errorf("status %d, printed %q; stderr %s", status, c.stdout.String(), c.stderr.String())
	}
}

// seedExample cuts the user's own example out of the page that asked for this
// program. The page is not part of the project: without it there is nothing to run.
func seedExample(t *testing.T) (script string, ok bool) {
	t.Helper()
	page, err := os.ReadFile(filepath.Join("..", "..", "..", "shared", "spec", "seed-mqtt-module.txt"))
	if err != nil {
		t.Log("the page is not here; nothing to run")
		return "", false
	}
	_, script, ok = strings.Cut(string(page), "Here is a typical example of MQTT Client.\n")
	if !ok {
		t.Fatal("no example in the page")
	}
	script, _, ok = strings.Cut(script, "iosched.forever();\n")
	if !ok {
		t.Fatal("the example has no end")
	}
	return script + "iosched.forever();\n", true
}
