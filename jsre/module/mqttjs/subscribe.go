package mqttjs

import (
	"strings"

	"github.com/dop251/goja"

	"dunlin/jsre/module/mqttjs/packet"
)

// subscription is a topic filter with its options as the script gave them.
type subscription struct {
	filter      string
	qos         goja.Value
	nl, rap, rh goja.Value // nil: not given
	properties  *goja.Object
}

// filters is the first argument of subscribe, as a list of names; of a map also its object.
func (c *client) filters(v goja.Value) (list []goja.Value, byName *goja.Object, again bool) {
	switch o := v.(type) {
	case goja.String:
		return []goja.Value{v}, nil, false
	case *goja.Object:
		if o.ClassName() == "Array" {
			c.vm.Runtime().ForOf(o, func(e goja.Value) bool { list = append(list, e); return len(list) < maxFilters })
			return list, nil, false
		}
		again = c.vm.Field(o, "resubscribe").ToBoolean()
		_ = o.Delete("resubscribe") // as MQTT.js does; one that stays is a topic
		for _, name := range o.Keys() {
			list = append(list, c.vm.Runtime().ToValue(name))
		}
		return list, o, again
	}
	if goja.IsNull(v) {
		c.vm.ThrowType("Cannot read properties of null (reading 'resubscribe')")
	}
	return nil, nil, false
}

// maxFilters bounds the filters of one call: a script can make an array of any length.
const maxFilters = 1 << 20

// invalidFilter returns the first filter that is none, "" when all are good.
func (m *module) invalidFilter(list []goja.Value) (name goja.Value, invalid bool) {
	if len(list) == 0 {
		return m.vm.Runtime().ToValue("empty_topic_list"), true
	}
	for _, v := range list {
		s, ok := v.(goja.String)
		if !ok {
			m.vm.ThrowType("topic.split is not a function")
		}
		if !validFilter(s.String()) {
			return v, true
		}
	}
	return nil, false
}

// validFilter reports whether the wildcards of a filter are whole levels, and # is the last one.
func validFilter(filter string) bool {
	for {
		level, rest, more := strings.Cut(filter, "/")
		switch {
		case level == "#":
			return !more
		case level != "+" && strings.ContainsAny(level, "+#"):
			return false
		case !more:
			return true
		}
		filter = rest
	}
}

// subscribe is client.subscribe(topic[, options][, callback]).
func (c *client) subscribe(args goja.FunctionCall) goja.Value {
	options, f := c.optionsAndCallback(args.Argument(1), args.Argument(2))
	var done func(...goja.Value)
	if f != nil {
		done = func(list ...goja.Value) { call(f, list...) }
	}
	c.beginSubscribe(args.Argument(0), options, done)
	return c.obj
}

// beginSubscribe makes a SUBSCRIBE. done gets the error, what was granted and the SUBACK.
func (c *client) beginSubscribe(topics goja.Value, options *goja.Object, done func(...goja.Value)) {
	list, byName, again := c.filters(topics)
	var ending outcome
	if done == nil {
		done = func(...goja.Value) {}
	} else {
		ending = func(err goja.Value, _ func() goja.Value) { done(err) }
	}
	if bad, invalid := c.invalidFilter(list); invalid {
		c.later(func() { done(c.plainError("Invalid topic " + bad.String())) })
		return
	}
	if c.isEnding(ending) {
		return
	}
	for _, v := range list {
		c.byScript[v.String()] = true
	}
	c.subscribeTo(wish{list, byName, options, again}, done)
}

// wish is what a call subscribes to.
type wish struct {
	filters []goja.Value
	byName  *goja.Object // options of each filter; nil: none
	options *goja.Object // of all; nil: none
	again   bool         // though it was subscribed to before
}

// subscribeTo sends what is not subscribed to yet.
func (c *client) subscribeTo(w wish, done func(...goja.Value)) {
	var subs []subscription
	for _, v := range w.filters {
		s := c.readSubscription(v.String(), w.byName, w.options)
		had, has := c.wanted.byKey[s.filter]
		if !has || had.qos.ToFloat() < s.qos.ToFloat() || w.again {
			subs = append(subs, s)
		}
	}
	if len(subs) == 0 {
		done(goja.Null(), c.vm.Runtime().NewArray())
		return
	}
	var properties *goja.Object
	if w.options != nil {
		properties, _ = c.vm.Field(w.options, "properties").(*goja.Object)
	}
	c.whenPossible(func() bool { return c.sendSubscribes(subs, properties, done) })
}

// readSubscription takes the options of one filter: its own ones, or those of the call.
func (c *client) readSubscription(filter string, byName, options *goja.Object) subscription {
	rt := c.vm.Runtime()
	s := subscription{filter: filter, qos: rt.ToValue(0)}
	of := options
	if byName != nil {
		of, _ = byName.Get(filter).(*goja.Object)
		s.qos = goja.Undefined()
	} else if c.version == packet.V5 {
		s.nl, s.rap, s.rh = rt.ToValue(false), rt.ToValue(false), rt.ToValue(0)
	}
	if of != nil {
		set := func(name string, to *goja.Value) {
			if v := c.vm.Field(of, name); !goja.IsUndefined(v) {
				*to = v
			}
		}
		set("qos", &s.qos)
		if c.version == packet.V5 {
			set("nl", &s.nl)
			set("rap", &s.rap)
			set("rh", &s.rh)
		}
	}
	if options != nil && c.version == packet.V5 {
		s.properties, _ = c.vm.Field(options, "properties").(*goja.Object)
	}
	return s
}

// sendSubscribes sends the filters in as many packets as the option wants. It reports false when no
// identifier is free.
func (c *client) sendSubscribes(subs []subscription, properties *goja.Object, done func(...goja.Value)) bool {
	size := len(subs)
	if n := c.opt("subscribeBatchSize").ToInteger(); n > 0 {
		size = int(min(n, int64(size)))
	}
	granted := c.grantedArray(subs)
	left, over := (len(subs)+size-1)/size, false
	for at := 0; at < len(subs); at += size {
		id, ok := c.ids.allocate()
		if !ok {
			return false
		}
		to := min(at+size, len(subs))
		c.sendSubscribe(id, request{subs[at:to], properties, granted, at}, func(err, ack goja.Value) {
			left--
			switch {
			case over:
			case err != nil:
				over = true
				c.microtasks(3, func() { done(err, granted, ack) })
			case left == 0:
				c.microtasks(2, func() { done(goja.Null(), granted, ack) })
			}
		})
	}
	return true
}

// microtasks runs f after so many turns of the promise queue: a SUBSCRIBE's callback comes out of
// promises there, behind the messages that came together with the SUBACK.
func (c *client) microtasks(n int, f func()) {
	c.vm.Loop().Microtask(func() {
		if n == 1 {
			f()
			return
		}
		c.microtasks(n-1, f)
	})
}

// request is what goes into one SUBSCRIBE: some of the filters of a call.
type request struct {
	subs       []subscription
	properties *goja.Object // nil: none
	granted    *goja.Object // what the callback gets for all filters of the call
	at         int          // where in it those of this packet begin
}

// sendSubscribe sends one SUBSCRIBE and notes what to renew.
func (c *client) sendSubscribe(id uint16, r request, done func(err, ack goja.Value)) {
	o := &outgoing{p: packet.Packet{Type: packet.Subscribe, ID: id}, properties: r.properties}
	o.list = c.subscriptionArray(r)
	for _, s := range r.subs {
		options, fault := c.subscribeOptions(s)
		if fault != "" {
			o.fault = fault
		}
		o.p.Filters = append(o.p.Filters, packet.Filter{Topic: s.filter, Options: options})
	}
	if r.properties != nil && c.version == packet.V5 {
		var fault string
		if o.p.Properties, fault = c.readProperties(r.properties); fault != "" {
			o.fault = fault
		}
	}
	identified := c.noteSubscribe(o, r.subs)
	if c.optBool("resubscribe") {
		var topics []string
		if c.period() > 0 {
			for _, s := range r.subs {
				c.wanted.put(c.completed(s))
				topics = append(topics, s.filter)
			}
		}
		c.topicsOf[id] = topics
	}
	c.owe(id, &debt{of: packet.Subscribe, bound: true, tell: func(err goja.Value, ack func() goja.Value) {
		c.subscribed(err, ack, r, func(err, ack goja.Value) {
			if err == nil {
				identified()
			}
			done(err, ack)
		})
	}})
	c.send(o)
}

// subscribed takes the answer to a SUBSCRIBE, or that there is none.
func (c *client) subscribed(err goja.Value, ack func() goja.Value, r request, done func(err, ack goja.Value)) {
	rt, n := c.vm.Runtime(), len(r.subs)
	answer := goja.Undefined()
	if ack != nil {
		answer = ack()
	}
	if engineGiven(err) {
		text := err.ToObject(rt).Get("message").String()
		done(c.subackFailure(text, answer), answer)
		return
	}
	codes, _ := answer.ToObject(rt).Get("granted").(*goja.Object)
	got := int(codes.Get("length").ToInteger())
	if got != n {
		done(c.subackFailure("Protocol error: suback granted "+rt.ToValue(got).String()+" reason code(s) for "+
			rt.ToValue(n).String()+" subscription(s)", answer), answer)
		c.breakOff(nil)
		return
	}
	for i := range n {
		entry := r.granted.Get(rt.ToValue(r.at + i).String()).ToObject(rt)
		_ = entry.Set("qos", codes.Get(rt.ToValue(i).String()))
	}
	done(nil, answer)
}

// subscribeOptions is the options byte of a filter, or why there is none.
func (c *client) subscribeOptions(s subscription) (options byte, fault string) {
	if len(s.filter) > 65535 {
		return 0, "Invalid subscriptions - invalid topic"
	}
	if !goja.IsNumber(s.qos) {
		return 0, "Invalid subscriptions - invalid qos"
	}
	if n := s.qos.ToInteger(); n >= 0 && n <= 2 {
		options = byte(n)
	}
	if c.version != packet.V5 {
		return options, ""
	}
	if s.nl != nil && s.nl.ToBoolean() {
		options |= 4
	}
	if s.rap != nil && s.rap.ToBoolean() {
		options |= 8
	}
	if s.rh != nil && engineGiven(s.rh) {
		n := s.rh.ToInteger()
		if n < 0 || n > 2 {
			return 0, "Invalid subscriptions - invalid Retain Handling"
		}
		options |= byte(n) << 4
	}
	return options, ""
}

// grantedArray is what the callback gets: an object for each filter.
func (c *client) grantedArray(subs []subscription) *goja.Object {
	list := make([]any, len(subs))
	for i, s := range subs {
		o := c.vm.NewObject("topic", s.filter, "qos", s.qos)
		if c.version == packet.V5 {
			for _, f := range []struct {
				name string
				v    goja.Value
			}{{"nl", s.nl}, {"rap", s.rap}, {"rh", s.rh}} {
				if f.v == nil {
					f.v = goja.Undefined()
				}
				_ = o.Set(f.name, f.v)
			}
			if s.properties != nil {
				_ = o.Set("properties", s.properties)
			} else {
				_ = o.Set("properties", goja.Undefined())
			}
		}
		list[i] = o
	}
	return c.vm.Runtime().NewArray(list...)
}

// subscriptionArray is the part of that which goes into one packet.
func (c *client) subscriptionArray(r request) goja.Value {
	list := make([]any, len(r.subs))
	for i := range list {
		list[i] = r.granted.Get(c.vm.Runtime().ToValue(r.at + i).String())
	}
	return c.vm.Runtime().NewArray(list...)
}
