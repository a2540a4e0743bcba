// Package harness puts clients of dunlin/mqtt on a cluster of MQTT servers, breaks its nodes under load, and accounts for every
// message: what the cluster lost, and what the clients did.
package harness

import "context"

// Cluster is some nodes of one kind of server, each a process of its own on this machine, which together serve MQTT. The methods are
// called one at a time, and nodes are numbered from 0. Whatever a cluster has started ends with Close, and with this process.
type Cluster interface {
	// About says what is tested; it is in the tables of docs/CLUSTERS.md.
	About() About
	// Start starts all nodes and returns when each takes MQTT clients and their cluster is whole.
	Start(ctx context.Context) error
	// URLs are the nodes' addresses for MQTT, such as "mqtt://127.0.0.1:1883": they stay the same over restarts.
	URLs() []string

	// Kill ends a node with SIGKILL, and returns when its process is gone.
	Kill(node int) error
	// End asks a node to end in an orderly way, as for an update, and returns when its process is gone.
	End(ctx context.Context, node int) error
	// Restart starts a node that was killed or has ended, with what its disk has, and returns when it takes MQTT clients.
	Restart(ctx context.Context, node int) error
	// Stop has a node stand still, with SIGSTOP: its connections stay open, and nobody answers on them.
	Stop(node int) error
	// Continue has it go on.
	Continue(node int) error
	// CutOff takes a node's connections to the other nodes away. Its clients still reach it.
	CutOff(node int) error
	// Heal ends the cut.
	Heal(node int) error
	// Whole waits until all nodes are members of one cluster again and none lags behind with what it has to store.
	Whole(ctx context.Context) error

	// Log returns the end of what a node has logged, for the report of a test that failed.
	Log(node int) string
	// Close ends all nodes and what was started beside them.
	Close() error
}

// About is what a reader has to know of a cluster to believe its figures.
type About struct {
	Name    string // such as "NATS JetStream"
	Version string // of the server, as it says itself
	// Settings are those that differ from the server's defaults and matter for what is lost and for how fast
	// clients are back, a line each, such as "mqtt.stream_replicas: 3".
	Settings []string
	// Shared: the servers have shared subscriptions ($share/group/filter).
	Shared bool
	// V5: they speak MQTT 5; otherwise clients speak 3.1.1.
	V5 bool
	// Cut says how CutOff does it, in half a sentence.
	Cut string
}
