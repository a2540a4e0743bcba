// Package sparkplug is Sparkplug B, Eclipse Sparkplug specification 3.0.0, on dunlin/mqtt: an edge node with its devices, a host
// application, the payloads and topics that they exchange, and a checker that sees whether others keep the rules.
//
// An EdgeNode is given its metrics once and told of values from then on. Births, deaths, wills, sequence numbers, aliases,
// rebirths, and the wait for a primary host are its own business:
//
//	node, err := sparkplug.StartEdgeNode(ctx, "mqtt://localhost:1883", sparkplug.EdgeNodeConfig{
//		Group: "plant", ID: "press",
//		Metrics: []sparkplug.Metric{sparkplug.NewMetric("load", 0.0)},
//	})
//	if err != nil { ... }
//	defer node.Close(context.Background())
//	err = node.Update(ctx, sparkplug.NewMetric("load", 21.5))
//
// A Host tells of what nodes and devices do as events with names and types, in the order in which it was sent, knows the last
// values, and sends commands:
//
//	host, err := sparkplug.StartHost(ctx, "mqtt://localhost:1883", sparkplug.HostConfig{
//		ID: "scada",
//		OnEvent: func(ctx context.Context, e sparkplug.Event) { fmt.Println(e.Kind, e.ID, e.Metrics) },
//	})
//
// A Checker is a third party: it subscribes to all and names each rule that somebody breaks.
//
// # Values
//
// The constants of DataType say which Go type a value of each has. Times have a resolution of a millisecond and are in UTC. A
// nil value is null.
//
// # Concurrency
//
// All methods may be called from any goroutine, also from callbacks. The callbacks of one EdgeNode, Host or Checker are called one
// at a time, with no lock held, on goroutines of the MQTT client, of timers, or of whoever calls a method. They should
// return soon: while OnCommand or OnEvent runs no other message of that client is delivered, and the server is slowed when more
// come than there is room for.
//
// # Errors
//
// What is wrong with an argument is an *mqtt.ArgumentError, or an error that begins with "sparkplug:" and names the metric; what
// could not be sent is an error of mqtt.Client.Publish. What no call returns, such as a command that cannot be read, is told to
// mqtt.Config.OnError, and to a Host's OnEvent as Malformed.
//
// docs/SPARKPLUG.md says which test shows each of the specification's numbered assertions; comments name them as
// [tck-id-...].
package sparkplug
