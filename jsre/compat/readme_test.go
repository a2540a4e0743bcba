package compat

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestExamplesOfTheReadme runs what MQTT.js's README shows, in words of our own.
func TestExamplesOfTheReadme(t *testing.T) {
	t.Parallel()
	s := startServers(t)
	files, err := filepath.Glob("testdata/readme/*.*js")
	if err != nil || len(files) < 20 {
		t.Fatalf("%d examples (%v)", len(files), err)
	}
	for _, file := range files {
		name := "readme/" + strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			compareFile(t, s, name, file)
		})
	}
}

var block = regexp.MustCompile("(?s)```(js|ts)\n(.*?)```")

// TestTheReadmeItselfRuns runs the programs of the README that npm has installed, as they are, but
// for the name of the broker, and for the end of those that have none.
func TestTheReadmeItselfRuns(t *testing.T) {
	t.Parallel()
	s := startServers(t)
	text, err := os.ReadFile("node_modules/mqtt/README.md")
	if err != nil {
		t.Fatal(err)
	}
	modules, err := filepath.Abs("node_modules")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, found := range block.FindAllStringSubmatch(string(text), -1) {
		program := found[2]
		if !strings.Contains(program, "mqtt://test.mosquitto.org") {
			continue // an option, or for a phone's or a browser's own kind of program
		}
		n++
		program = strings.ReplaceAll(program, "mqtt://test.mosquitto.org", s.open.URL())
		if !strings.Contains(program, ".end()") {
			program += "\nclient.on('connect', () => { console.log('connected'); client.end(); });\n"
		}
		folder := t.TempDir()
		if err := os.Symlink(modules, filepath.Join(folder, "node_modules")); err != nil {
			t.Fatal(err)
		}
		kind := ".js"
		if strings.Contains(program, "import ") {
			kind = ".mjs" // the one in TypeScript is JavaScript, too
		}
		file := filepath.Join(folder, "program"+kind)
		if err := os.WriteFile(file, []byte(program), 0o600); err != nil {
			t.Fatal(err)
		}
		compareFile(t, s, "", file)
		if t.Failed() {
			t.Fatalf("the program is\n%s", program)
		}
	}
	if n != 5 {
		t.Errorf("%d programs, 5 in the README of 5.16.0", n)
	}
}
