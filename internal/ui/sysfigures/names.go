package sysfigures

import (
	"strings"
	"sync"
)

// kind says how the values of a topic are read.
type kind byte

const (
	gauge   kind = iota // a number of this moment
	counter             // a number that grows: the figure is how much it grows a second
	words               // no number
	product             // the name of the program
	version             // its version
)

// name is what a topic means.
type name struct {
	pattern string // behind $SYS/, a + is the name of a node
	title   string
	unit    string
	kind    kind
	product string // that alone has this topic
	order   int
}

// names are the topics that are known. Where they come from:
//   - broker/...: mosquitto(8) of Mosquitto 2.0.11 to 2.1.2, whose names HiveMQ's extension for $SYS topics and mochi-mqtt 2.7.9
//     (server.go, publishSysTopics) follow with a few of their own.
//   - brokers/NODE/...: EMQX 5, docs.emqx.com, "System Topic"; EMQX 4 has some of them with a dot in the place of a slash.
//   - NODE/...: VerneMQ 2, docs.vernemq.com, "$SYSTree": the names of its metrics with a slash for each underscore.
var names = []name{
	{pattern: "broker/version", kind: version},
	{pattern: "brokers/+/version", kind: version},
	{pattern: "brokers/+/sysdescr", kind: product},

	{pattern: "broker/clients/connected", title: "clients connected"},
	{pattern: "brokers/+/stats/connections/count", title: "clients connected", product: "EMQX"},
	{pattern: "+/total/active/connections", title: "clients connected", product: "VerneMQ"},

	{pattern: "broker/clients/disconnected", title: "sessions of absent clients"},
	{pattern: "broker/clients/total", title: "sessions"},
	{pattern: "brokers/+/stats/sessions/count", title: "sessions"},
	{pattern: "+/queue/processes", title: "sessions"},
	{pattern: "broker/clients/maximum", title: "most clients at once"},
	{pattern: "brokers/+/stats/connections/max", title: "most clients at once"},

	{pattern: "broker/publish/messages/received", title: "messages received", unit: "/s", kind: counter},
	{pattern: "broker/publish/messages/sent", title: "messages sent", unit: "/s", kind: counter},
	{pattern: "broker/publish/messages/dropped", title: "messages dropped", unit: "/s", kind: counter},
	{pattern: "broker/messages/received", title: "packets or messages received", unit: "/s", kind: counter},
	{pattern: "broker/messages/sent", title: "packets or messages sent", unit: "/s", kind: counter},
	{pattern: "broker/messages/dropped", title: "messages dropped", unit: "/s", kind: counter},
	{pattern: "broker/packets/received", title: "packets received", unit: "/s", kind: counter},
	{pattern: "broker/packets/sent", title: "packets sent", unit: "/s", kind: counter},
	{pattern: "brokers/+/metrics/messages/received", title: "messages received", unit: "/s", kind: counter},
	{pattern: "brokers/+/metrics/messages/sent", title: "messages sent", unit: "/s", kind: counter},
	{pattern: "brokers/+/metrics/messages/dropped", title: "messages dropped", unit: "/s", kind: counter},
	{pattern: "+/mqtt/publish/received", title: "messages received", unit: "/s", kind: counter, product: "VerneMQ"},
	{pattern: "+/mqtt/publish/sent", title: "messages sent", unit: "/s", kind: counter, product: "VerneMQ"},
	{pattern: "+/queue/message/drop", title: "messages dropped", unit: "/s", kind: counter},

	{pattern: "broker/bytes/received", title: "bytes received", unit: "bytes/s", kind: counter},
	{pattern: "broker/bytes/sent", title: "bytes sent", unit: "bytes/s", kind: counter},
	{pattern: "broker/load/bytes/received", title: "bytes received", unit: "bytes/s", kind: counter},
	{pattern: "broker/load/bytes/sent", title: "bytes sent", unit: "bytes/s", kind: counter},
	{pattern: "brokers/+/metrics/bytes/received", title: "bytes received", unit: "bytes/s", kind: counter},
	{pattern: "brokers/+/metrics/bytes/sent", title: "bytes sent", unit: "bytes/s", kind: counter},
	{pattern: "+/bytes/received", title: "bytes received", unit: "bytes/s", kind: counter},
	{pattern: "+/bytes/sent", title: "bytes sent", unit: "bytes/s", kind: counter},

	{pattern: "broker/subscriptions/count", title: "subscriptions"},
	{pattern: "broker/subscriptions", title: "subscriptions"},
	{pattern: "brokers/+/stats/subscriptions/count", title: "subscriptions"},
	{pattern: "+/router/subscriptions", title: "subscriptions"},
	{pattern: "broker/retained messages/count", title: "messages retained"},
	{pattern: "broker/retained", title: "messages retained"},
	{pattern: "brokers/+/stats/retained/count", title: "messages retained"},
	{pattern: "+/retain/messages", title: "messages retained"},
	{pattern: "broker/store/messages/count", title: "messages stored"},
	{pattern: "broker/store/messages/bytes", title: "payloads stored", unit: "bytes"},
	{pattern: "broker/messages/inflight", title: "messages in flight"},
	{pattern: "brokers/+/stats/topics/count", title: "topics subscribed to"},

	{pattern: "broker/heap/current", title: "memory", unit: "bytes"},
	{pattern: "broker/system/memory", title: "memory", unit: "bytes", product: "mochi-mqtt"},
	{pattern: "+/vm/memory/total", title: "memory", unit: "bytes"},
	{pattern: "broker/uptime", title: "up for", unit: "s"},
	{pattern: "brokers/+/uptime", title: "up for", kind: words},
}

// table has the names by how many levels they have.
var table = sync.OnceValue(func() map[int][]name {
	all := map[int][]name{}
	for i, n := range names {
		n.order = i
		levels := strings.Count(n.pattern, "/") + 1
		all[levels] = append(all[levels], n)
	}
	return all
})

// find returns what a topic means, and the node that it is of.
func find(topic string) (known name, node string, ok bool) {
	rest, ok := strings.CutPrefix(topic, "$SYS/")
	if !ok || len(rest) > 1000 {
		return name{}, "", false
	}
	levels := strings.Split(rest, "/")
	if len(levels) > 2 && levels[0] == "brokers" && strings.Contains(levels[len(levels)-1], ".") { // EMQX 4
		levels = append(levels[:len(levels)-1], strings.Split(levels[len(levels)-1], ".")...)
	}
	for _, n := range table()[len(levels)] {
		if node, ok := n.match(levels); ok {
			return n, node, true
		}
	}
	return name{}, "", false
}

// match reports whether the levels of a topic are those of the name.
func (n *name) match(levels []string) (node string, ok bool) {
	i := 0
	for want := range strings.SplitSeq(n.pattern, "/") {
		switch {
		case want == "+" && strings.HasPrefix(levels[i], "broker"): // is no node
			return "", false
		case want == "+":
			node = levels[i]
		case want != levels[i]:
			return "", false
		}
		i++
	}
	return node, true
}
