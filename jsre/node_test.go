package jsre_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestAsNode runs scripts whose output Node.js 20.20.2 has written to the .out files: the modules do
// as Node.js does, line by line. To make one again: node buffer.js > buffer.out.
func TestAsNode(t *testing.T) {
	files, err := filepath.Glob("testdata/node/*.out")
	if err != nil || len(files) == 0 {
		t.Fatal("no files to compare with", err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".out")
		t.Run(name, func(t *testing.T) {
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			if err := newRuntime(t, &out, "testdata/node").RunFile(context.Background(), name+".js"); err != nil {
				t.Fatalf("%v\n%s", err, out.String())
			}
			compareLines(t, out.String(), string(want))
		})
	}
}
