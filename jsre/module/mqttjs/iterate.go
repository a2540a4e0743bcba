package mqttjs

import (
	"slices"

	"github.com/dop251/goja"

	"dunlin/jsre/module/mqttjs/packet"
)

// iteration is what client.messages returns: an async iterator of messages.
type iteration struct {
	c       *client
	handler *filterHandler
	queue   []loopMessage
	given   []*handling // of the messages that the loop is at
	waiting []demand
	over    bool
	err     goja.Value
}

// demand is a call of next that has got nothing yet.
type demand struct {
	give func(v goja.Value, done bool)
	fail func(err goja.Value)
}

// loopMessage is a message that waits for its loop. It becomes values when the loop asks for it.
type loopMessage struct {
	p     *packet.Packet
	topic string
	h     *handling // nil: it needs no acknowledgement
	bytes int
}

// messages is client.messages(filter[, options]): it subscribes, and gives the messages that match one
// by one as { topic, payload, packet }. It ends with the client, and when the loop is left.
func (c *client) messages(args goja.FunctionCall) goja.Value {
	a := c.vm.Args("messages", args.Arguments)
	filter := c.filterArgument(a, "messages")
	var options *goja.Object
	if a.Given(1) {
		options = c.optionsArgument(a, "messages")
	}
	it := &iteration{c: c}
	it.handler = c.addHandler(filter, it.take)
	c.iterations = append(c.iterations, it)
	c.subscribeFor(it.handler.in, options, it.end)
	return it.object()
}

// take gives a message to the loop, or keeps it for it.
func (it *iteration) take(r *received, h *handling) {
	c := it.c
	m := loopMessage{p: r.p, topic: r.topic, bytes: r.p.Length + heldPerMessage}
	if r.p.QoS > 0 {
		m.h = h
		h.left++
	}
	switch {
	case len(it.waiting) > 0:
		w := it.waiting[0]
		it.waiting = it.waiting[1:]
		it.give(m, r, w.give)
	case c.loops.bytes >= mostLoopBytes && !c.hasClosed(): // what came before the end is bounded
		c.loses()
		if m.h != nil {
			m.h.fail()
		}
	default:
		it.queue = append(it.queue, m)
		c.loops.bytes += m.bytes
	}
}

func (it *iteration) give(m loopMessage, r *received, give func(v goja.Value, done bool)) {
	if m.h != nil {
		it.given = append(it.given, m.h)
	}
	give(it.c.vm.NewObject("topic", r.args[0], "payload", r.args[1], "packet", r.args[2]), false)
}

// end ends the iteration, with an error or without. What waits in its queue is still given.
func (it *iteration) end(err goja.Value) {
	if it.over {
		return
	}
	it.over, it.err = true, err
	it.c.removeHandler(it.handler)
	it.c.iterations = slices.DeleteFunc(it.c.iterations, func(o *iteration) bool { return o == it })
	waiting := it.waiting
	it.waiting = nil
	for i, w := range waiting {
		if err != nil && i == 0 {
			it.err = nil
			w.fail(err)
			continue
		}
		w.give(goja.Undefined(), true)
	}
}

// leave ends the iteration because the script has left the loop. A loop that is left by break and one that is left by
// an exception call the same: it was an exception when nobody has caught one by the end of this turn. Then
// neither the message that the loop was at nor those that waited are acknowledged.
func (it *iteration) leave() {
	c := it.c
	rest := it.given
	for _, m := range it.queue {
		c.loopAsks(m.bytes)
		if m.h != nil {
			rest = append(rest, m.h)
		}
	}
	it.given, it.queue = nil, nil
	it.end(nil)
	if len(rest) == 0 {
		return
	}
	uncaught := c.vm.Uncaught()
	c.later(func() {
		for _, h := range rest {
			h.leave(c.vm.Uncaught() != uncaught)
		}
	})
}

func (it *iteration) object() *goja.Object {
	vm := it.c.vm
	rt := vm.Runtime()
	o := rt.NewObject()
	vm.Method(o, "next", func(goja.FunctionCall) goja.Value { return it.next() })
	vm.Method(o, "return", func(call goja.FunctionCall) goja.Value {
		it.leave()
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

// next gives the next message. Whoever asks for it has done with one before.
func (it *iteration) next() goja.Value {
	c := it.c
	vm := c.vm
	rt := vm.Runtime()
	p, resolve, reject := rt.NewPromise()
	w := demand{
		give: func(v goja.Value, done bool) { _ = resolve(vm.NewObject("value", v, "done", done)) },
		fail: func(err goja.Value) { _ = reject(err) },
	}
	if len(it.given) > 0 {
		h := it.given[0]
		it.given = it.given[1:]
		h.done()
	}
	switch {
	case len(it.queue) > 0:
		m := it.queue[0]
		it.queue[0] = loopMessage{}
		it.queue = it.queue[1:]
		c.loopAsks(m.bytes)
		r := c.newReceived(m.p)
		r.topic, r.args[0] = m.topic, c.topicValue(m.topic)
		it.give(m, r, w.give)
	case it.err != nil:
		err := it.err
		it.err = nil
		w.fail(err)
	case it.over:
		w.give(goja.Undefined(), true)
	default:
		it.waiting = append(it.waiting, w)
	}
	return rt.ToValue(p)
}

// endIterations ends what iterates over messages: no more will come.
func (c *client) endIterations() {
	c.loops.watch.stop()
	for _, it := range slices.Clone(c.iterations) {
		it.end(nil)
	}
}
