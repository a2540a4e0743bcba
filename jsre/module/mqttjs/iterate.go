package mqttjs

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dop251/goja"

	"dunlin/jsre/engine"
)

// filterHandler is told of the messages that match a filter.
type filterHandler struct {
	filter string
	tell   func(r *received)
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

func (c *client) tellHandlers(r *received) {
	for _, h := range slices.Clone(c.filterHandlers) {
		if matches(h.filter, r.topic) {
			h.tell(r)
		}
	}
}

func (c *client) addHandler(filter string, tell func(r *received)) *filterHandler {
	h := &filterHandler{filter, tell}
	c.filterHandlers = append(c.filterHandlers, h)
	return h
}

func (c *client) removeHandler(h *filterHandler) {
	c.filterHandlers = slices.DeleteFunc(slices.Clone(c.filterHandlers), func(o *filterHandler) bool { return o == h })
}

// handleFilter is client.handle(filter[, options], listener): it subscribes, and calls the listener with
// the messages that match. It returns a function that takes the listener off.
func (c *client) handleFilter(args goja.FunctionCall) goja.Value {
	a := c.vm.Args("handle", args.Arguments)
	filter := a.String(0, "filter")
	if !validFilter(filter) {
		c.vm.ThrowType("handle: filter %q is none: + and # must be whole levels, and # the last one", filter)
	}
	var options *goja.Object
	listener, ok := c.vm.ToFunc(a.Value(1))
	if !ok {
		if a.Given(1) {
			options = a.Object(1, "options")
		}
		listener = a.Func(2, "listener")
	}
	h := c.addHandler(filter, func(r *received) { listener.Call(c.obj, r.args[:]...) })
	c.subscribeFor(filter, options)
	return c.vm.NewFunction("", func(goja.FunctionCall) goja.Value {
		c.removeHandler(h)
		return goja.Undefined()
	})
}

// subscribeFor subscribes for a handler; a refusal is an error event.
func (c *client) subscribeFor(filter string, options *goja.Object) {
	c.beginSubscribe(c.vm.Runtime().ToValue(filter), options, func(list ...goja.Value) {
		if engine.Given(list[0]) {
			c.emit("error", list[0])
		}
	})
}

// iteration is what client.messages returns: an async iterator of messages.
type iteration struct {
	c       *client
	handler *filterHandler
	queue   []waitingMessage
	bytes   int // that it holds
	waiting []func(v goja.Value, done bool)
	failed  []func(err goja.Value)
	over    bool
	err     goja.Value
}

type waitingMessage struct {
	v     goja.Value
	bytes int
}

// mostWaiting and mostBytes bound what waits for a loop which takes its time. Above them it ends with
// an error. Reading cannot stop for it: the acknowledgement that the loop waits for may be next.
const (
	mostWaiting = 100_000
	mostBytes   = 64 << 20
)

// messages is client.messages(filter[, options]): it subscribes, and gives the messages that match one
// by one as { topic, payload, packet }. It ends with the client, and when the loop is left.
func (c *client) messages(args goja.FunctionCall) goja.Value {
	a := c.vm.Args("messages", args.Arguments)
	filter := a.String(0, "filter")
	if !validFilter(filter) {
		c.vm.ThrowType("messages: filter %q is none: + and # must be whole levels, and # the last one", filter)
	}
	var options *goja.Object
	if a.Given(1) {
		options = a.Object(1, "options")
	}
	it := &iteration{c: c}
	it.handler = c.addHandler(filter, it.take)
	c.iterations = append(c.iterations, it)
	c.beginSubscribe(c.vm.Runtime().ToValue(filter), options, func(list ...goja.Value) {
		if engine.Given(list[0]) {
			it.end(list[0])
		}
	})
	return it.object()
}

func (it *iteration) take(r *received) {
	v := it.c.vm.NewObject("topic", r.args[0], "payload", r.args[1], "packet", r.args[2])
	if len(it.waiting) > 0 {
		f := it.waiting[0]
		it.waiting, it.failed = it.waiting[1:], it.failed[1:]
		f(v, false)
		return
	}
	if len(it.queue) >= mostWaiting || it.bytes > mostBytes {
		it.end(it.c.vm.NewError("Error", "ENOBUFS", fmt.Sprintf(
			"messages: %d messages (%d bytes) wait for the loop, which is too slow; the next one is lost", len(it.queue), it.bytes)))
		return
	}
	it.queue = append(it.queue, waitingMessage{v, r.p.Length})
	it.bytes += r.p.Length
}

// end ends the iteration, with an error or without. What waits in its queue is still given.
func (it *iteration) end(err goja.Value) {
	if it.over {
		return
	}
	it.over, it.err = true, err
	it.c.removeHandler(it.handler)
	it.c.iterations = slices.DeleteFunc(it.c.iterations, func(o *iteration) bool { return o == it })
	waiting, failed := it.waiting, it.failed
	it.waiting, it.failed = nil, nil
	for i, f := range waiting {
		if err != nil && i == 0 {
			it.err = nil
			failed[i](err)
			continue
		}
		f(goja.Undefined(), true)
	}
}

func (it *iteration) object() *goja.Object {
	vm := it.c.vm
	rt := vm.Runtime()
	o := rt.NewObject()
	vm.Method(o, "next", func(goja.FunctionCall) goja.Value { return it.next() })
	vm.Method(o, "return", func(call goja.FunctionCall) goja.Value {
		it.queue = nil
		it.end(nil)
		p, resolve, _ := rt.NewPromise()
		_ = resolve(vm.NewObject("value", call.Argument(0), "done", true))
		return rt.ToValue(p)
	})
	self := vm.NewFunction("[Symbol.asyncIterator]", func(call goja.FunctionCall) goja.Value { return call.This })
	if symbol, ok := vm.Original("Symbol").Get("asyncIterator").(*goja.Symbol); ok {
		_ = o.DefineDataPropertySymbol(symbol, self, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE)
	}
	return o
}

func (it *iteration) next() goja.Value {
	vm := it.c.vm
	rt := vm.Runtime()
	p, resolve, reject := rt.NewPromise()
	give := func(v goja.Value, done bool) { _ = resolve(vm.NewObject("value", v, "done", done)) }
	switch {
	case len(it.queue) > 0:
		m := it.queue[0]
		it.queue[0] = waitingMessage{}
		it.queue = it.queue[1:]
		it.bytes -= m.bytes
		give(m.v, false)
	case it.err != nil:
		err := it.err
		it.err = nil
		_ = reject(err)
	case it.over:
		give(goja.Undefined(), true)
	default:
		it.waiting = append(it.waiting, give)
		it.failed = append(it.failed, func(err goja.Value) { _ = reject(err) })
	}
	return rt.ToValue(p)
}

// endIterations ends what iterates over messages: no more will come.
func (c *client) endIterations() {
	for _, it := range slices.Clone(c.iterations) {
		it.end(nil)
	}
}
