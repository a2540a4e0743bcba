package mqttjs

import (
	"github.com/dop251/goja"

	"dunlin/jsre/module/mqttjs/life"
)

// leave is an end of the client as the script wants it.
type leave struct {
	force    bool
	options  *goja.Object         // for DISCONNECT; nil: none
	done     func(err goja.Value) // is called when it is complete
	waits    bool                 // until nothing is owed to the script any more
	departed bool                 // the connection is ending, or none stood
	then     func()               // follows; nil: nothing does
}

// end is client.end([force][, options][, callback]).
func (c *client) end(call goja.FunctionCall) goja.Value {
	c.beginLeave(c.endArguments(call.Arguments))
	return c.obj
}

func (c *client) endArguments(list []goja.Value) *leave {
	l := &leave{}
	for _, v := range list {
		f, isFunction := c.vm.ToFunc(v)
		o, isObject := v.(*goja.Object)
		switch {
		case isFunction && l.done == nil:
			l.done = func(err goja.Value) { callWith(f, err) }
		case !isFunction && isObject && l.options == nil:
			l.options = o
		}
	}
	if len(list) > 0 && c.vm.TypeName(list[0]) == "boolean" {
		l.force = list[0].ToBoolean()
	}
	return l
}

// beginLeave ends the client: once all is acknowledged, or at once by force.
func (c *client) beginLeave(l *leave) {
	if l.done == nil {
		l.done = func(goja.Value) {}
	}
	switch {
	case c.life.Leaving():
		l.done(nil)
		return
	case !c.life.Begun(): // the text that scripts get there, too
		panic(c.vm.NewError("TypeError", "", "Cannot read properties of undefined (reading 'on')"))
	}
	c.retry.stop()
	c.again = false
	c.life.Leave()
	c.leave = l
	if l.waits = !l.force && c.hasBusiness(); !l.waits {
		c.depart()
	}
}

// depart ends the connection for good.
func (c *client) depart() {
	l := c.leave
	if l == nil || l.departed {
		return
	}
	l.departed = true
	if l.force && c.period() == 0 && c.optBool("clean") {
		c.failDebts(true)
	}
	c.stopWatch()
	c.connackLimit.stop()
	switch c.life.Step(life.Depart) {
	case life.Part:
		c.part(l)
	case life.GiveUp:
		c.stream.givenUp, c.stream.silent = true, !l.force
		c.stream.destroy()
		c.vm.Loop().NextTick(c.complete)
	case life.Tell:
		c.vm.Loop().NextTick(c.complete)
	default: // it is closing
	}
}

// part takes leave of the server. By force it goes without a word.
func (c *client) part(l *leave) {
	s := c.stream
	if l.force {
		s.destroy()
		return
	}
	bye := c.disconnectPacket(l.options)
	bye.sent = func(goja.Value) { c.later(s.finish) }
	c.write(bye)
}

// complete is the last step of an end, once no connection stands.
func (c *client) complete() {
	l := c.leave
	if l == nil || c.life.Step(life.Complete) != life.Tell {
		return
	}
	c.leave = nil
	clear(c.unreleased)
	c.forgetLoops()
	c.incoming.close(func(first goja.Value) {
		c.outgoing.close(func(second goja.Value) {
			if engineGiven(first) {
				second = first
			}
			c.endIterations()
			c.emit("end")
			l.done(second)
		})
	})
	if _, now := c.life.HasEnded(); now && (c.period() == 0 || c.optBool("manualConnect")) {
		c.life.Stay()
	}
	if l.then != nil {
		l.then()
	}
}

// reconnect is client.reconnect([options]): it begins anew after an end, or before its time.
func (c *client) reconnect(call goja.FunctionCall) goja.Value {
	options, _ := call.Argument(0).(*goja.Object)
	begin := func() {
		for _, name := range []string{"incomingStore", "outgoingStore"} {
			var v goja.Value = goja.Null()
			if options != nil {
				if given := c.vm.Field(options, name); engineGiven(given) {
					v = given
				}
			}
			c.setOpt(name, v)
		}
		c.takeStores()
		c.life.Stay()
		c.attemptAgain()
	}
	if c.leave != nil {
		c.leave.then = begin
	} else {
		begin()
	}
	return c.obj
}
