package kill9

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"testing"

	"dunlin/faultlab/internal/lab"
)

func TestMain(m *testing.M) {
	drivers["forgetful"] = driver{versions: []byte{3}, start: startForgetful}
	drivers["broken"] = driver{versions: []byte{3}, start: startBroken}
	if IsChild() {
		os.Exit(Child())
	}
	os.Exit(m.Run())
}

// startForgetful accepts everything and does nothing with it.
func startForgetful(*orders, effectFunc) (publishFunc, error) {
	return func(context.Context, []byte, byte) error { return nil }, nil
}

// startBroken cannot open its store.
func startBroken(*orders, effectFunc) (publishFunc, error) { return nil, os.ErrInvalid }

// line is what the tests want of the result.
type line struct {
	Pass     bool
	Counts   map[string]int
	Findings []string
}

func run(t *testing.T, args ...string) (line, int) {
	t.Helper()
	var out bytes.Buffer
	exit := Run(t.Context(), args, &out, io.Discard)
	var l line
	if err := json.Unmarshal(out.Bytes(), &l); err != nil {
		t.Fatalf("%q: %v", out.String(), err)
	}
	t.Log(out.String())
	return l, exit
}

// The harness must see what it is there to see, in clients that are not ours.

func TestSeesLostMessages(t *testing.T) {
	l, exit := run(t, "-client", "forgetful", "-kills", "2", "-side", "publish", "-drain", "100ms")
	if exit != lab.Failed || l.Pass || l.Counts["lost"] == 0 || l.Counts["lost"] != l.Counts["accepted"] || l.Counts["kills"] != 2 {
		t.Errorf("exit %d, %+v", exit, l)
	}
}

func TestSeesStartsThatFail(t *testing.T) {
	l, exit := run(t, "-client", "broken", "-kills", "20", "-side", "publish", "-drain", "100ms")
	if exit != lab.Failed || l.Counts["repairs"] != mostRepairs {
		t.Errorf("exit %d, %+v", exit, l)
	}
}

func TestOthersLoseNothingAtQoS1(t *testing.T) {
	for _, client := range []string{"paho", "autopaho"} {
		l, exit := run(t, "-client", client, "-kills", "4", "-qos", "1", "-messages", "20")
		if exit != lab.Passed || l.Counts["accepted"] == 0 {
			t.Errorf("%s: exit %d, %+v", client, exit, l)
		}
	}
}

func TestUsage(t *testing.T) {
	for _, args := range [][]string{
		{"-client", "none"}, {"-qos", "3"}, {"-client", "paho", "-version", "5"}, {"-side", "none"}, {"-kills", "0"}, {"-side", ""},
	} {
		if got := Run(t.Context(), args, io.Discard, io.Discard); got != lab.Usage {
			t.Errorf("%q: exit %d", args, got)
		}
	}
}

func TestNothingIsLost(t *testing.T) {
	l, exit := run(t, "-kills", "32", "-early")
	if exit != lab.Passed || l.Counts["accepted"] < 100 || l.Counts["kills"] != 32 || l.Counts["drops"] == 0 {
		t.Errorf("exit %d, %+v", exit, l)
	}
}
