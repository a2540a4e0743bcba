//go:build linux

package rabbitmq

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"dunlin/cluster/harness"
)

// checkConf has the server read a file of settings, with all its rules for them.
const checkConf = `
Files = filelib:wildcard(filename:dirname(code:lib_dir(rabbit)) ++ "/*/priv/schema/*.schema"),
Conf = cuttlefish_conf:file(%q),
case cuttlefish_generator:map(cuttlefish_schema:files(Files), Conf) of {error, _, _} = E -> E; L when is_list(L) -> fine end.`

// TestNothingIsLostWhenANodeIsKilled runs few clients for a short time; make cluster runs more of all.
func TestNothingIsLostWhenANodeIsKilled(t *testing.T) {
	c, err := New(t.TempDir(), Safe)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	ctx, cancel := context.WithTimeout(t.Context(), 6*time.Minute)
	defer cancel()
	outcome, err := harness.Run(ctx, c, harness.Options{
		Clients: 30, Messages: 500, Rate: 100, Rounds: 1, Faults: []harness.Fault{harness.Killed}, Log: t.Output(),
	})
	if err != nil {
		for i := range c.nodes {
			t.Logf("node %d:\n%s", i, c.Log(i))
		}
		t.Fatal(err)
	}
	if err := outcome.Lost(); err != nil {
		t.Error(err)
	}
	for _, f := range outcome.Faults {
		if f.NoSession > 0 || f.KeptMeanwhile > 0 {
			t.Errorf("node %d %s: %d sessions lost, %d retained messages on other nodes; want none of either", f.Node, f.Fault, f.NoSession, f.KeptMeanwhile)
		}
	}
	deployedIsValid(t, c)
}

// deployedIsValid has a node read the settings that readers are to deploy.
func deployedIsValid(t *testing.T, c *Cluster) {
	t.Helper()
	example, err := filepath.Abs("../../examples/clusters/rabbitmq/rabbitmq.conf")
	if err != nil {
		t.Fatal(err)
	}
	bad := filepath.Join(t.TempDir(), "rabbitmq.conf")
	if err := os.WriteFile(bad, []byte("cluster_partition_handling = nonsense\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, valid := range map[string]bool{example: true, bad: false} {
		got, err := c.Eval(t.Context(), 0, fmt.Sprintf(checkConf, name))
		if err != nil || (got == "fine") != valid {
			t.Errorf("%s: %s, %v; want it valid: %v", name, got, err, valid)
		}
	}
}
