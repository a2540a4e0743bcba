package mqttjs

import (
	"slices"
	"strings"

	"github.com/dop251/goja"
)

// filterHandler is told of the messages that match a filter.
type filterHandler struct {
	in   *interest
	tell func(r *received, h *handling)
}

// matches reports whether a topic matches a filter; what is before a filter's group of shared
// subscribers does not count.
func matches(filter, topic string) bool {
	if rest, shared := strings.CutPrefix(filter, "$share/"); shared {
		_, filter, _ = strings.Cut(rest, "/")
	}
	if strings.HasPrefix(topic, "$") && (strings.HasPrefix(filter, "#") || strings.HasPrefix(filter, "+")) {
		return false
	}
	for {
		level, filterRest, filterMore := strings.Cut(filter, "/")
		if level == "#" {
			return true
		}
		part, topicRest, topicMore := strings.Cut(topic, "/")
		if level != "+" && level != part {
			return false
		}
		if !filterMore || !topicMore {
			return filterMore == topicMore || filterMore && filterRest == "#"
		}
		filter, topic = filterRest, topicRest
	}
}

// tellHandlers tells of a message. It returns how to acknowledge it, which waits for the loops that have it.
func (c *client) tellHandlers(r *received, ack acknowledgement) acknowledgement {
	c.noteIdentifiers(r.p)
	h := &handling{c: c, of: c.stream, qos: r.p.QoS, id: r.p.ID, ack: ack, left: 1}
	for _, f := range slices.Clone(c.filterHandlers) {
		if matches(f.in.filter, r.topic) && c.isFor(f.in, r.p) {
			f.tell(r, h)
		}
	}
	if h.left == 1 && !h.refused {
		return ack
	}
	if h.qos == 2 {
		c.inLoops[h.id] = h
	}
	return acknowledgement{answer: h.done, refuse: h.fail}
}

func (c *client) addHandler(filter string, tell func(r *received, h *handling)) *filterHandler {
	f := &filterHandler{c.want(filter), tell}
	c.filterHandlers = append(c.filterHandlers, f)
	return f
}

// removeHandler takes a handler off, once.
func (c *client) removeHandler(f *filterHandler) {
	if !slices.Contains(c.filterHandlers, f) {
		return
	}
	c.filterHandlers = slices.DeleteFunc(slices.Clone(c.filterHandlers), func(o *filterHandler) bool { return o == f })
	c.unwant(f.in)
}

// handleFilter is client.handle(filter[, options], listener): it subscribes, and calls the listener with
// the messages that match. It returns a function that takes the listener off.
func (c *client) handleFilter(args goja.FunctionCall) goja.Value {
	a := c.vm.Args("handle", args.Arguments)
	filter := c.filterArgument(a, "handle")
	var options *goja.Object
	listener, ok := c.vm.ToFunc(a.Value(1))
	if !ok {
		if a.Given(1) {
			options = c.optionsArgument(a, "handle")
		}
		listener = a.Func(2, "listener")
	}
	f := c.addHandler(filter, func(r *received, _ *handling) { listener.Call(c.obj, r.args[:]...) })
	c.subscribeFor(f.in, options, func(err goja.Value) { c.emit("error", err) })
	return c.vm.NewFunction("", func(goja.FunctionCall) goja.Value {
		c.removeHandler(f)
		return goja.Undefined()
	})
}
