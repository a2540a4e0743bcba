package mqttjs

import (
	"github.com/dop251/goja"

	"dunlin/jsre/module/mqttjs/packet"
)

// unsubscribe is client.unsubscribe(topic[, options][, callback]).
func (c *client) unsubscribe(args goja.FunctionCall) goja.Value {
	options, f := c.optionsAndCallback(args.Argument(1), args.Argument(2))
	c.beginUnsubscribe(args.Argument(0), options, callbackOf(f))
	return c.obj
}

func (c *client) beginUnsubscribe(topics goja.Value, options *goja.Object, done outcome) {
	list, _, _ := c.filters(topics)
	if bad, invalid := c.invalidFilter(list); invalid {
		c.later(func() {
			if done != nil {
				done(c.plainError("Invalid topic "+bad.String()), nil)
			}
		})
		return
	}
	if c.isEnding(done) {
		return
	}
	for _, v := range list {
		delete(c.byScript, v.String())
	}
	c.whenPossible(func() bool { return c.sendUnsubscribe(list, options, done) })
}

func (c *client) sendUnsubscribe(list []goja.Value, options *goja.Object, done outcome) bool {
	id, ok := c.ids.allocate()
	if !ok {
		return false
	}
	o := &outgoing{p: packet.Packet{Type: packet.Unsubscribe, ID: id}}
	names := make([]any, len(list))
	for i, v := range list {
		names[i] = v
		o.p.Filters = append(o.p.Filters, packet.Filter{Topic: v.String()})
		if len(v.String()) > 65535 {
			o.fault = "Invalid unsubscriptions"
		}
		if in := c.interests[v.String()]; in != nil {
			in.asked++
			in.granted = false
		}
		if c.optBool("resubscribe") {
			c.wanted.remove(v.String())
		}
	}
	o.list = c.vm.Runtime().NewArray(names...)
	if options != nil {
		if p, ok := c.vm.Field(options, "properties").(*goja.Object); ok {
			o.properties = p
			if c.version == packet.V5 && o.fault == "" {
				o.p.Properties, o.fault = c.readProperties(p)
			}
		}
	}
	c.owe(id, &debt{of: packet.Unsubscribe, bound: true, tell: done})
	c.send(o)
	return true
}

// disconnectPacket is the DISCONNECT that ends the connection, with what the script gave to end.
func (c *client) disconnectPacket(options *goja.Object) *outgoing {
	o := &outgoing{p: packet.Packet{Type: packet.Disconnect}, options: options}
	if options == nil || c.version != packet.V5 {
		return o
	}
	if v := c.vm.Field(options, "reasonCode"); goja.IsNumber(v) {
		o.p.Code = byte(v.ToInteger()) //nolint:gosec // as much of it as the packet has room for
	}
	if p, ok := c.vm.Field(options, "properties").(*goja.Object); ok {
		o.p.Properties, o.fault = c.readProperties(p)
	}
	return o
}
