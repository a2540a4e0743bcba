package main

import (
	"bytes"
	"context"
	"io"
	"strings"
	"testing"

	"dunlin/faultlab/internal/lab"
)

func TestHelpNamesEachProgram(t *testing.T) {
	var out bytes.Buffer
	if got := run(context.Background(), []string{"--help"}, &out, io.Discard); got != lab.Passed {
		t.Errorf("exit %d", got)
	}
	for _, p := range programs {
		if !strings.Contains(out.String(), "\n  "+p.name) {
			t.Errorf("no %s in\n%s", p.name, out.String())
		}
	}
}

func TestUnknownProgram(t *testing.T) {
	if got := run(context.Background(), []string{"none"}, io.Discard, io.Discard); got != lab.Usage {
		t.Errorf("exit %d", got)
	}
}
