//go:build linux

package nats_test

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"dunlin/cluster/harness"
	"dunlin/cluster/nats"
)

// TestNothingIsLost puts a few clients on the cluster and kills a node; `make cluster` has all faults and the real numbers. How long
// clients took to be back is not looked at: that depends on the machine.
func TestNothingIsLost(t *testing.T) {
	dir, err := os.MkdirTemp(harness.InMemory(), "nats")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir) // a temporary folder
	c, err := nats.New(dir)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeoutCause(t.Context(), 4*time.Minute, errors.New("the test has taken four minutes"))
	defer cancel()
	o, err := harness.Run(ctx, c, harness.Options{
		Clients: 12, Messages: 500, Rate: 100, Rounds: 1, Faults: []harness.Fault{harness.Killed},
		Hold: time.Second, Calm: 100 * time.Millisecond, Log: t.Output(),
	})
	err = errors.Join(err, o.Lost())
	if err != nil {
		for i := range c.URLs() {
			t.Logf("node %d:\n%s", i, c.Log(i))
		}
	}
	if err := errors.Join(err, c.Close()); err != nil {
		t.Error(err)
	}
	for _, f := range o.Faults {
		if f.Lost < f.On || f.Away > 0 || f.Spread[f.Node] > 0 {
			t.Errorf("%s: of %d clients %d lost their connections, %d are not back; then %v a node", f.Fault, f.On, f.Lost, f.Away, f.Spread)
		}
		if f.KeptAfter < 50 || f.NoSession > 0 {
			t.Errorf("%s: the cluster has lost sessions or retained messages: %+v", f.Fault, f)
		}
	}
}
