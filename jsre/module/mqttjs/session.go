package mqttjs

import (
	"time"

	"github.com/dop251/goja"

	"dunlin/jsre/module/mqttjs/packet"
)

// begin makes an attempt to connect.
func (c *client) begin() {
	c.connackSeen, c.suppressed = false, false
	c.clearReconnect()
	c.serverProperties, c.keepAliveByServer = goja.Undefined(), 0
	if c.isDisconnected() && !c.reconnecting {
		c.incoming, c.outgoing = c.storeOf(c.opt("incomingStore")), c.storeOf(c.opt("outgoingStore"))
		clear(c.incomingQoS2)
		c.disconnecting = false
		c.setDisconnected(false)
	}
	c.version = c.readVersion()
	t := c.readTarget() // what the script is called for, and may throw, comes before anything is opened
	connect := c.readConnect()
	c.stream = c.open(t)
	c.sendConnect(connect)
	if c.authIsIncomplete() {
		return
	}
	c.stopConnackTimer()
	c.connackTimer = c.vm.Loop().NewTimer(milliseconds(c.opt("connectTimeout").ToFloat()), false, func() {
		c.cleanUp(true, nil, nil)
		c.emit("error", c.plainError("connack timeout"))
	})
}

func (c *client) stopConnackTimer() {
	if c.connackTimer != nil {
		c.connackTimer.Cancel()
		c.connackTimer = nil
	}
}

// milliseconds is a time that a script gives, as far as a timer takes it.
func milliseconds(n float64) time.Duration {
	if !(n >= 1) { // not a number, too
		n = 1
	}
	return time.Duration(min(n, 1<<31-1) * float64(time.Millisecond))
}

// authIsIncomplete ends the client when there is data to authenticate with and no method.
func (c *client) authIsIncomplete() bool {
	p, ok := c.opt("properties").(*goja.Object)
	if !ok {
		return false
	}
	if !c.vm.Field(p, "authenticationMethod").ToBoolean() && c.vm.Field(p, "authenticationData").ToBoolean() {
		c.finishWith(false, nil, func(goja.Value) { c.emit("error", c.plainError("Packet has no Authentication Method")) })
		return true
	}
	return false
}

// handleConnAck takes the server's answer.
func (c *client) handleConnAck(p *packet.Packet) {
	if c.connackSeen {
		c.fail(c.reasonFailure("Protocol error: duplicate CONNACK on the same network connection", 130))
		return
	}
	c.connackSeen = true
	c.stopConnackTimer()
	c.sendAliases = nil
	c.serverProperties, c.keepAliveByServer = goja.Undefined(), 0
	if p.Properties != nil {
		c.serverProperties = c.propertiesObject(p.Properties)
	}
	if most := packet.FindProperty(p.Properties, packet.TopicAliasMaximum); most != nil && most.Num > 0 {
		c.sendAliases = newSendAliases(int(most.Num))
	}
	if k := packet.FindProperty(p.Properties, packet.ServerKeepAlive); k != nil {
		c.keepAliveByServer = int(k.Num)
	}
	switch {
	case p.HasCode && p.Code == 0:
		c.reconnecting = false
		c.accepted(p)
	case p.HasCode:
		c.refused(int(p.Code))
	}
}

// refused ends the connection, and the attempts unless the script wants them.
func (c *client) refused(code int) {
	c.suppressed = true
	c.drop()
	c.cleanUp(true, nil, nil)
	defer func() {
		if c.optBool("reconnectOnConnackError") {
			c.suppressed = false
			c.setUpReconnect()
		}
	}()
	c.emit("error", c.reasonFailure("Connection refused: "+reasonText(code), code))
}

// accepted goes on with the session: what is stored is sent first, then what waits, then the
// subscriptions are renewed, and the script is told.
func (c *client) accepted(p *packet.Packet) {
	if c.isDisconnected() {
		return
	}
	c.connack = p
	c.ids.clear()
	c.topicsOf = map[uint16][]string{}
	if !p.SessionPresent {
		c.forgetIncoming()
	}
	c.setUpKeeper()
	c.connected = true
	c.resend()
}

// ready is the rest of accepted, once the stored packets are through.
func (c *client) ready() {
	c.deliverQueue()
	c.emit("connect", c.packetObject(c.connack))
}

// deliverQueue sends what has waited, and then renews the subscriptions.
func (c *client) deliverQueue() {
	if len(c.queue) == 0 {
		c.resubscribe()
		return
	}
	q := c.queue[0]
	c.queue[0] = queued{}
	c.queue = c.queue[1:]
	if id := q.out.p.ID; id != 0 && !c.ids.register(id) {
		c.deliverQueue()
		return
	}
	c.send(q.out, func(err goja.Value) {
		if q.done != nil {
			if err == nil {
				err = goja.Undefined() // which the callback gets here, though not elsewhere
			}
			q.done(err)
		}
		c.deliverQueue()
	}, nil)
}

// closed is what follows the end of a stream.
func (c *client) closed(s *stream) {
	for _, f := range s.afterClose {
		f()
	}
	s.afterClose = nil
	if s.shown != nil {
		defer s.shown.Emit("close", c.vm.Runtime().ToValue(false))
	}
	c.failVolatile()
	if s != c.stream || s.silent {
		return
	}
	c.connected = false
	c.stopConnackTimer()
	c.dropKeeper()
	c.serverProperties, c.keepAliveByServer = goja.Undefined(), 0
	clear(c.recvAliases)
	c.setUpReconnect()
	c.emit("close")
}

// setUpReconnect has the next attempt follow, unless none is wanted.
func (c *client) setUpReconnect() {
	period := c.period()
	if c.disconnecting || c.suppressed || c.reconnectTimer != nil || period == 0 {
		return
	}
	if !c.reconnecting {
		c.emit("offline")
		c.reconnecting = true
	}
	c.reconnectTimer = c.vm.Loop().NewTimer(milliseconds(period), true, c.again)
}

func (c *client) clearReconnect() {
	if c.reconnectTimer != nil {
		c.reconnectTimer.Cancel()
		c.reconnectTimer = nil
	}
}

// again makes the next attempt.
func (c *client) again() {
	c.emit("reconnect")
	if c.connected {
		c.finishWith(false, nil, func(goja.Value) { c.begin() })
		return
	}
	c.begin()
}

// drop throws away what has come and was not handled.
func (c *client) drop() { c.chunk, c.at = nil, 0 }

// fail ends the connection over something that the server did, and tells the script.
func (c *client) fail(err goja.Value) {
	c.drop()
	c.cleanUp(true, nil, nil)
	c.emit("error", err)
}

// cleanUp ends the connection: at once, or by DISCONNECT with what the script gave for it. done is
// called when it has closed, or at once when none stands.
func (c *client) cleanUp(force bool, options *goja.Object, done func()) {
	s := c.stream
	waits := done != nil && c.connected && !s.over
	if waits {
		s.afterClose = append(s.afterClose, done)
	}
	switch {
	case force:
		if c.period() == 0 && c.optBool("clean") {
			c.failPending()
		}
		s.destroy()
	case c.connected:
		out := c.disconnectPacket(options)
		c.send(out, func(goja.Value) { c.later(s.finish) }, nil)
	default: // nobody is there to be told; no event follows, for the script is told that it has ended
		s.silent = true
		c.stopConnackTimer()
		s.destroy()
	}
	if !c.disconnecting && !c.reconnecting {
		c.clearReconnect()
		c.setUpReconnect()
	}
	c.dropKeeper()
	if done != nil && !waits {
		done()
	}
}

// end is client.end([force][, options][, callback]).
func (c *client) end(call goja.FunctionCall) goja.Value {
	force, options, done := c.endArguments(call.Arguments)
	c.finishWith(force, options, done)
	return c.obj
}

func (c *client) endArguments(list []goja.Value) (force bool, options *goja.Object, done func(goja.Value)) {
	for _, v := range list {
		if f, ok := c.vm.ToFunc(v); ok {
			if done == nil {
				done = func(err goja.Value) { callWith(f, err) }
			}
			continue
		}
		if o, ok := v.(*goja.Object); ok && options == nil {
			options = o
		}
	}
	if len(list) > 0 && c.vm.TypeName(list[0]) == "boolean" {
		force = list[0].ToBoolean()
	}
	return force, options, done
}

// finishWith ends the client: once all is acknowledged, unless force is set.
func (c *client) finishWith(force bool, options *goja.Object, done func(goja.Value)) {
	if done == nil {
		done = func(goja.Value) {}
	}
	if c.disconnecting {
		done(nil)
		return
	}
	c.clearReconnect()
	c.disconnecting = true
	if c.stream == nil { // as with MQTT.js, which has nothing to end either
		panic(c.vm.NewError("TypeError", "", "Cannot read properties of undefined (reading 'on')"))
	}
	finish := func() {
		c.cleanUp(force, options, func() { c.vm.Loop().NextTick(func() { c.closeStores(done) }) })
	}
	if force || len(c.pending) == 0 {
		finish()
		return
	}
	c.drained = append(c.drained, func() {
		c.vm.Loop().NewTimer(10*time.Millisecond, false, finish)
	})
}

// closeStores is the last step of an end.
func (c *client) closeStores(done func(goja.Value)) {
	c.setDisconnected(true)
	clear(c.incomingQoS2)
	c.incoming.close(func(first goja.Value) {
		c.outgoing.close(func(second goja.Value) {
			c.endIterations()
			c.emit("end")
			if engineGiven(first) {
				second = first
			}
			done(second)
		})
	})
	if c.period() == 0 || c.optBool("manualConnect") {
		c.disconnecting = false
	}
	if f := c.deferred; f != nil {
		c.deferred = nil
		f()
	}
}

// reconnect is client.reconnect([options]): it begins anew after an end, or before its time.
func (c *client) reconnect(call goja.FunctionCall) goja.Value {
	options, _ := call.Argument(0).(*goja.Object)
	again := func() {
		for _, name := range []string{"incomingStore", "outgoingStore"} {
			var v goja.Value = goja.Null()
			if options != nil {
				if given := c.vm.Field(options, name); engineGiven(given) {
					v = given
				}
			}
			c.setOpt(name, v)
		}
		c.incoming, c.outgoing = c.storeOf(c.opt("incomingStore")), c.storeOf(c.opt("outgoingStore"))
		c.disconnecting = false
		c.setDisconnected(false)
		c.deferred = nil
		c.again()
	}
	if c.disconnecting && !c.isDisconnected() {
		c.deferred = again
	} else {
		again()
	}
	return c.obj
}
