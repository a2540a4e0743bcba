package mqtt

import (
	"context"

	"github.com/dop251/goja"

	"dunlin/jsre/engine"
	"dunlin/mqtt"
)

// filters is the topic argument of subscribe and unsubscribe: a string, or an
// array of strings for one packet.
func (c *client) filters(call string, v goja.Value) []string {
	if !isArray(v) {
		return []string{c.vm.CheckString(call+": topic", v)}
	}
	var out []string
	for at, element := range elements(v) {
		out = append(out, c.vm.CheckString(call+": topic["+at+"]", element))
	}
	if len(out) == 0 {
		c.vm.ThrowRange("%s: topic must not be an empty array", call)
	}
	return out
}

// subscribe is client.subscribe(topic[, options][, callback]).
func (c *client) subscribe(a engine.Args) goja.Value {
	filters := c.filters("subscribe", a.Value(0))
	options, done := tail(c, a, 1)
	qos := c.optionQoS("subscribe: options.qos", options)
	retained := mqtt.RetainedNever
	if c.optionBool("subscribe: options.retain", options, "retain") {
		retained = mqtt.RetainedAlways
	}
	subs := make([]mqtt.Subscription, len(filters))
	for i, f := range filters {
		subs[i] = mqtt.Subscription{Filter: f, QoS: qos, RetainHandling: retained, ManualAck: true}
	}
	c.start("subscribe", done, func(report func(error)) error {
		_, err := c.connection().SubscribeAsync(context.Background(), subs, report)
		return err
	})
	return goja.Undefined()
}

// unsubscribe is client.unsubscribe(topic[, callback]).
func (c *client) unsubscribe(a engine.Args) goja.Value {
	filters := c.filters("unsubscribe", a.Value(0))
	_, done := tail(c, a, 1)
	c.start("unsubscribe", done, func(report func(error)) error {
		_, err := c.connection().UnsubscribeAsync(context.Background(), filters, report)
		return err
	})
	return goja.Undefined()
}
