package compat

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// difference is what scripts show to be other than with MQTT.js on Node.js.
type difference struct {
	node, here, why string
	scripts         []string
}

// listOfDifferences is all that is other. A script that prints the same on both sides, and one that
// prints something else and is not here, fail.
var listOfDifferences = []difference{
	{
		node:    "`end()` before the connection stands emits `end`; then the connection is made all the same, `connect` comes, and the process stays",
		here:    "The connection is given up",
		why:     "A fault of MQTT.js",
		scripts: []string{"end-before-connect"},
	},
	{
		node:    "`mqtt.default` is another object than `mqtt`; the module has the names of MQTT.js",
		here:    "`mqtt.default` is `mqtt`, which has `open`, `mode` and `lastError`, too",
		why:     "One module serves both APIs",
		scripts: []string{"exports-names"},
	},
	{
		node:    "A client is no `instanceof` Node.js's EventEmitter, and `listenerCount` counts listeners of its own",
		here:    "It is one, and has only the script's listeners",
		why:     "MQTT.js copies the methods, and uses them for itself",
		scripts: []string{"client-emitter"},
	},
	{
		node:    "`new Client(streamBuilder, options)` connects by a stream that the script makes with the module `net`",
		here:    "There is no module `net`",
		why:     "Sockets are not served; `connect` takes what they would be made for",
		scripts: []string{"client-class", "readme/stream-builder"},
	},
	{
		node:    "`createWebsocket` makes the WebSocket, with the package `ws`",
		here:    "The package cannot be loaded: there is no module `https`",
		why:     "Sockets are not served; `transformWsUrl` is",
		scripts: []string{"readme/create-websocket"},
	},
	{
		node:    "`timerVariant` makes the timers of the keep alive",
		here:    "It is not called",
		why:     "Pings are timed natively, and do not wait for the script",
		scripts: []string{"readme/timer-variant"},
	},
}

// differences has the scripts of the list by name.
var differences = func() map[string]bool {
	all := map[string]bool{}
	for _, d := range listOfDifferences {
		for _, name := range d.scripts {
			all[name] = true
		}
	}
	return all
}()

const (
	listBegins = "<!-- go test ./jsre/compat -run TestListOfDifferences -update writes this table. -->\n"
	listEnds   = "<!-- Its end. -->\n"
)

// TestListOfDifferences holds docs/SCRIPTS.md to the list, and writes it there with -update.
func TestListOfDifferences(t *testing.T) {
	t.Parallel()
	for name := range maps.Keys(differences) {
		if found, err := filepath.Glob(filepath.Join("testdata", name+".*js")); err != nil || len(found) != 1 {
			t.Errorf("%s is listed, and there are %d such scripts (%v)", name, len(found), err)
		}
	}
	var list strings.Builder
	list.WriteString("\n| MQTT.js on Node.js | here | why | seen with |\n| --- | --- | --- | --- |\n")
	for _, d := range listOfDifferences {
		slices.Sort(d.scripts)
		fmt.Fprintf(&list, "| %s | %s | %s | %s |\n", d.node, d.here, d.why, strings.Join(d.scripts, ", "))
	}
	list.WriteString("\n")
	const page = "../../docs/SCRIPTS.md"
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, begins := strings.Cut(string(text), listBegins)
	old, after, ends := strings.Cut(rest, listEnds)
	if !begins || !ends {
		t.Fatalf("%s has no place for the list, which is between %s and %s", page, listBegins, listEnds)
	}
	if *update {
		if err := os.WriteFile(page, []byte(before+listBegins+list.String()+listEnds+after), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if old != list.String() {
		t.Errorf("%s does not list what differences_test.go does; go test ./jsre/compat -run TestListOfDifferences -update", page)
	}
}
