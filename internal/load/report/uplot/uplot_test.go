package uplot_test

import (
	"crypto/sha256"
	"fmt"
	"os"
	"strings"
	"testing"
)

func TestFilesHaveTheChecksumsOfTheReadme(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"uPlot.iife.min.js", "uPlot.min.css", "LICENSE"} {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		row := fmt.Sprintf("| `%x` |", sha256.Sum256(data))
		found := false
		for line := range strings.Lines(string(readme)) {
			found = found || strings.HasPrefix(line, "| `"+name+"` |") && strings.Contains(line, row)
		}
		if !found {
			t.Errorf("README.md does not say that %s has the checksum %s", name, row)
		}
	}
}
