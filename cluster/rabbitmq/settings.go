//go:build linux

package rabbitmq

import (
	"fmt"
	"strings"
)

// Settings are what a node is started with besides addresses and the names of the nodes. The zero value is what RabbitMQ does by default.
type Settings struct {
	// Conf is for rabbitmq.conf, a line "key = value" each.
	Conf []string
	// Erlang are arguments for Erlang, such as "-kernel net_ticktime 5".
	Erlang string
	// Policy, if not empty, is the definition of a policy for all queues, as JSON.
	Policy string
}

// Safe are the settings that lose nothing which was acknowledged; examples/clusters/rabbitmq has them too, which a test sees to.
var Safe = Settings{
	Conf: []string{
		"mqtt.durable_queue_type = quorum",
		"cluster_partition_handling = pause_minority",
	},
	Erlang: "-kernel net_ticktime 5",
}

// lines are the settings as a reader of a table wants them.
func (s Settings) lines() []string {
	lines := append([]string{}, s.Conf...)
	if s.Erlang != "" {
		lines = append(lines, "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: "+s.Erlang)
	}
	if s.Policy != "" {
		lines = append(lines, "policy for all queues: "+s.Policy)
	}
	return lines
}

// conf is the rabbitmq.conf of a node.
func (s Settings) conf(nodes []*node, own *node) string {
	var b strings.Builder
	fmt.Fprintln(&b, "listeners.tcp = none")
	fmt.Fprintf(&b, "mqtt.listeners.tcp.1 = 127.0.0.1:%d\n", own.mqtt)
	fmt.Fprintf(&b, "web_mqtt.tcp.ip = 127.0.0.1\nweb_mqtt.tcp.port = %d\n", own.web)
	fmt.Fprintln(&b, "log.file.level = warning") // each connection and each leader of a queue would be a line
	fmt.Fprintln(&b, "cluster_formation.peer_discovery_backend = classic_config")
	for i, n := range nodes { // those that are started before it: the first would wait for the others
		fmt.Fprintf(&b, "cluster_formation.classic_config.nodes.%d = %s\n", i+1, n.erlang())
		if n == own {
			break
		}
	}
	for _, line := range s.Conf {
		fmt.Fprintln(&b, line)
	}
	return b.String()
}
