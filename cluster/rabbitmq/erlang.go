//go:build linux

package rabbitmq

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"dunlin/cluster/harness"
)

// patience is how long anything may take that a node has to do by itself.
const patience = 2 * time.Minute

// reach tells whether somebody listens on a port.
func reach(port int) error {
	conn, err := net.DialTimeout("tcp", fmt.Sprintf("127.0.0.1:%d", port), time.Second)
	if err != nil {
		return err
	}
	return conn.Close()
}

// Eval evaluates Erlang on a node and returns the value as Erlang writes it. It is beside the connections between nodes, so
// that a node which is cut off hears it too; one that stands still does not.
func (c *Cluster) Eval(ctx context.Context, i int, expression string) (value string, err error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	err = harness.Await(ctx, fmt.Sprintf("node %d evaluates", i), func() error {
		value, err = c.eval(ctx, i, expression)
		if err != nil && !strings.Contains(err.Error(), "failed to connect") { // a busy node may be late with its greeting
			return harness.Fatal{Err: err}
		}
		return err
	})
	return value, err
}

func (c *Cluster) eval(ctx context.Context, i int, expression string) (string, error) {
	cmd := exec.CommandContext(ctx, c.script, c.folder, strconv.Itoa(c.port), "eval", c.nodes[i].name)
	cmd.Stdin = strings.NewReader(expression + "\n")
	var out, wrong bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &wrong
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("rabbitmq: evaluating on node %d: %w: %s%s", i, errors.Join(err, ctx.Err()), out.String(), wrong.String())
	}
	value, found := strings.CutPrefix(out.String(), "{ok, ")
	if !found {
		return "", fmt.Errorf("rabbitmq: node %d does not evaluate %s: %s", i, expression, out.String())
	}
	return strings.TrimSuffix(value, "}"), nil
}

// CutOff has both sides refuse each other, and then ends the connections from one side, all in the same moment: RabbitMQ takes it for a
// partial partition if another node can still reach what one has lost, and pauses on both sides.
func (c *Cluster) CutOff(i int) error {
	if err := c.cookies(i, func(own string) string { return "not_" + own }); err != nil {
		return err
	}
	_, err := c.Eval(context.Background(), i, "[erlang:disconnect_node(P) || P <- nodes()].")
	return err
}

// Heal has both sides take each other's connections again; the nodes look for each other by themselves.
func (c *Cluster) Heal(i int) error {
	return c.cookies(i, func(string) string { return cookie })
}

// cookie is the secret that the nodes of the cluster share; rabbitmq.sh has it too.
const cookie = "dunlin"

// cookies sets what a node and the others show each other.
func (c *Cluster) cookies(cut int, secret func(own string) string) error {
	for i, n := range c.nodes {
		if n.process == nil || n.stopped {
			continue
		}
		var peers []string
		for k, peer := range c.nodes {
			if k != i && (k == cut || i == cut) {
				peers = append(peers, "'"+peer.erlang()+"'")
			}
		}
		set := fmt.Sprintf("[erlang:set_cookie(P, '%s') || P <- [%s]].", secret(n.name), strings.Join(peers, ", "))
		if _, err := c.Eval(context.Background(), i, set); err != nil {
			return err
		}
	}
	return nil
}

// members counts the nodes of the cluster, those that run, those of the registry of client identifiers, and the partitions that are not mended.
const members = `
{ok, Registry, _} = ra:members({mqtt_node, node()}),
{length(rabbit_mnesia:cluster_nodes(all)), length(rabbit_mnesia:cluster_nodes(running)), length(Registry), length(rabbit_node_monitor:partitions())}.`

// behind counts the queues, with each node that has not yet stored what any had stored when it began, and mirrors that are not as their masters.
// A node that was killed right after a queue was made has forgotten that it is a member; it becomes one again, and is then known to the
// metrics by the name of the process instead of the queue's.
const behind = `
Nodes = rabbit_mnesia:cluster_nodes(running),
Stored = fun(N) -> maps:from_list([{element(1, M), element(6, M)} || M <- erpc:call(N, ets, tab2list, [ra_metrics], 5000)]) end,
Queues = [{amqqueue:get_name(Q), element(1, amqqueue:get_pid(Q))} || Q <- rabbit_amqqueue:list(), amqqueue:get_type(Q) =:= rabbit_quorum_queue],
At = fun({Name, Process}, S) -> maps:get(Name, S, maps:get(Process, S, -1)) end,
Begin = [Stored(N) || N <- Nodes],
Goal = [{Q, lists:max([At(Q, S) || S <- Begin])} || Q <- Queues],
Behind = fun() -> length([Q || N <- Nodes, S <- [Stored(N)], {Q, G} <- Goal, At(Q, S) < G]) end,
Wait = fun(Wait, K) -> case Behind() of L when L =:= 0; K =:= 0 -> L; _ -> timer:sleep(250), Wait(Wait, K - 1) end end,
Mirrors = [Q || Q <- rabbit_amqqueue:list(), amqqueue:get_type(Q) =:= rabbit_classic_queue, amqqueue:get_policy(Q) =/= undefined,
	length(amqqueue:get_sync_slave_pids(Q)) + 1 < length(Nodes)],
{Wait(Wait, 40), length(Mirrors)}.`

// Whole waits until the cluster is as it was, and restarts what does not come back by itself.
func (c *Cluster) Whole(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	n := len(c.nodes)
	want := fmt.Sprintf("{%d, %d, %d, 0}", n, n, n)
	return harness.Await(ctx, "the cluster is whole", func() error {
		for i := range c.nodes {
			if err := c.mend(ctx, i); err != nil {
				return err
			}
		}
		for i := range c.nodes {
			if got, err := c.Eval(ctx, i, members); err != nil || got != want {
				return errors.Join(err, fmt.Errorf("node %d sees nodes, running, registered, partitions: %s", i, got))
			}
		}
		if got, err := c.Eval(ctx, 0, behind); err != nil || got != "{0, 0}" {
			return errors.Join(err, fmt.Errorf("queues and mirrors behind: %s", got))
		}
		return nil
	})
}

// mend restarts RabbitMQ on a node that has seen all others go and come back in the same moment, as one does that stood still for longer than
// they wait. It runs on, apart from them, whatever cluster_partition_handling says; RabbitMQ's manual leaves it to the operator to restart
// the side that is trusted less.
func (c *Cluster) mend(ctx context.Context, i int) error {
	got, err := c.Eval(ctx, i, "case rabbit:is_running() andalso rabbit_node_monitor:partitions() of L when is_list(L) -> length(L); _ -> 0 end.")
	if err != nil || got != strconv.Itoa(len(c.nodes)-1) {
		return err
	}
	if _, err := c.Eval(ctx, i, "spawn(fun() -> rabbit:stop(), rabbit:start() end)."); err != nil {
		return err
	}
	c.mended++
	return c.await(ctx, i)
}
