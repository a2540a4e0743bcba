package mqttjs

import (
	"time"

	"github.com/dop251/goja"

	"dunlin/jsre/engine"
	"dunlin/jsre/module/mqttjs/life"
	"dunlin/jsre/module/mqttjs/packet"
)

// attempt makes a connection, unless one stands or is being made. It throws when the script may not
// connect there.
func (c *client) attempt() {
	if denied := c.tryAttempt(); denied != nil {
		panic(denied.Value())
	}
}

// attemptLater is attempt where no call of the script waits for it: the error is an event, if anybody
// listens. Other servers of the list may be granted.
func (c *client) attemptLater() {
	denied := c.tryAttempt()
	switch {
	case denied == nil:
		c.denials = 0
		return
	case c.emitter.Count("error") == 0:
		panic(denied.Value())
	}
	if c.denials++; c.denials < c.serverCount() {
		c.planAttempt()
	}
	c.emit("error", denied.Value())
}

// tryAttempt is attempt, and returns the error for a connection that the script may not make.
func (c *client) tryAttempt() (denied *goja.Exception) {
	if l := c.leave; l != nil && l.departed {
		l.then = c.attemptLater
		return nil
	}
	switch c.life.Step(life.Attempt) {
	case life.OpenLater:
		c.again = true
		return nil
	case life.Renew:
		c.takeStores()
		clear(c.unreleased)
	case life.Open:
	default:
		return nil
	}
	defer c.life.Step(life.Fail) // which means something only when nothing was opened
	return c.open()
}

func (c *client) takeStores() {
	c.incoming, c.outgoing = c.storeOf(c.opt("incomingStore")), c.storeOf(c.opt("outgoingStore"))
}

// open reads the options, has the transport made, and sends CONNECT.
func (c *client) open() (denied *goja.Exception) {
	c.retry.stop()
	c.forgetServer()
	c.version = c.readVersion()
	t := c.readTarget() // what the script is called for, and may throw, comes before anything is opened
	if t.denied != nil {
		return t.denied
	}
	hello := c.readConnect()
	if c.life.Phase() != life.Opening {
		return nil // the script has ended the client meanwhile
	}
	c.life.Step(life.Ask)
	c.stream = c.newStream(t, hello)
	c.sendConnect(hello)
	if c.authIsIncomplete() || c.life.Phase() != life.Connecting {
		return nil
	}
	c.connackLimit.start(c, milliseconds(c.opt("connectTimeout").ToFloat()), func() { c.breakOff(c.plainError("connack timeout")) })
	return nil
}

// forgetServer drops what the server of a connection has said of itself.
func (c *client) forgetServer() { c.serverProperties, c.keepAliveByServer = goja.Undefined(), 0 }

// delay is something that is to happen after a time, once.
type delay struct{ timer *engine.Timer }

func (d *delay) start(c *client, after time.Duration, f func()) {
	d.stop()
	d.timer = c.vm.Loop().NewTimer(after, false, func() { d.timer = nil; f() })
}

func (d *delay) stop() {
	if d.timer != nil {
		d.timer.Cancel()
		d.timer = nil
	}
}

func (d *delay) runs() bool { return d.timer != nil }

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
	if !ok || c.vm.Field(p, "authenticationMethod").ToBoolean() || !c.vm.Field(p, "authenticationData").ToBoolean() {
		return false
	}
	c.beginLeave(&leave{done: func(goja.Value) { c.emit("error", c.plainError("Packet has no Authentication Method")) }})
	return true
}

// handleConnAck takes the server's answer.
func (c *client) handleConnAck(p *packet.Packet) {
	if c.life.Connected() {
		c.breakOff(c.reasonFailure("Protocol error: duplicate CONNACK on the same network connection", 130))
		return
	}
	c.connackLimit.stop()
	c.readServer(p)
	switch {
	case !p.HasCode:
	case p.Code != 0:
		c.refused(int(p.Code))
	case c.life.Step(life.Accept) == life.Welcome:
		c.welcome(p)
	}
}

// readServer takes what the server says of itself.
func (c *client) readServer(p *packet.Packet) {
	c.forgetServer()
	c.sendAliases = nil
	c.window = newWindow(p.Properties)
	if p.Properties != nil {
		c.serverProperties = c.propertiesObject(p.Properties)
	}
	if most := packet.FindProperty(p.Properties, packet.TopicAliasMaximum); most != nil && most.Num > 0 {
		c.sendAliases = newSendAliases(int(most.Num))
	}
	if k := packet.FindProperty(p.Properties, packet.ServerKeepAlive); k != nil {
		c.keepAliveByServer = int(k.Num)
	}
}

// welcome begins the session that the server has accepted.
func (c *client) welcome(p *packet.Packet) {
	c.away = false
	c.connack = p
	c.ids.clear()
	clear(c.topicsOf)
	if !p.SessionPresent {
		c.dropUnreleased()
	}
	c.startWatch()
	c.resume()
}

// refused ends the connection, and the attempts unless the script wants them.
func (c *client) refused(code int) {
	c.life.Bar(!c.optBool("reconnectOnConnackError"))
	c.cutTransport()
	c.emit("error", c.reasonFailure("Connection refused: "+reasonText(code), code))
	c.planAttempt()
}

// cutTransport ends the connection without a word. What happened to it follows when it has closed.
func (c *client) cutTransport() {
	c.unread()
	c.stopWatch()
	c.connackLimit.stop()
	if c.life.Step(life.Cut) == life.CutTransport {
		c.stream.destroy()
	}
	if c.period() == 0 && c.optBool("clean") { // neither a connection nor a session is to come
		c.failDebts(true)
	}
}

// breakOff ends the connection over something that happened on it, and tells the script. err may be nil.
func (c *client) breakOff(err goja.Value) {
	c.cutTransport()
	c.planAttempt()
	if err != nil {
		c.emit("error", err)
	}
}

// closed is what follows the end of a transport.
func (c *client) closed(s *stream) {
	if s.shown != nil {
		defer s.shown.Emit("close", c.vm.Runtime().ToValue(false))
	}
	if s.givenUp {
		c.failDebts(false)
		if !s.silent {
			c.emit("close")
		}
		return
	}
	if s != c.stream || c.life.Step(life.Close) != life.TellClosed {
		return
	}
	c.connackLimit.stop()
	c.stopWatch()
	c.forgetServer()
	clear(c.recvAliases)
	c.closeWindow()
	c.replay = replay{}
	if l := c.leave; l != nil && l.departed {
		c.vm.Loop().NextTick(c.complete)
	}
	if c.again {
		c.again = false
		c.later(c.attemptLater)
	}
	c.failDebts(false)
	c.planAttempt()
	c.emit("close")
}

// planAttempt has the next attempt follow, unless none is wanted. The script is told once that the
// client is away.
func (c *client) planAttempt() {
	period := c.period()
	if period == 0 || c.retry.runs() || c.again || !c.life.Returns() {
		return
	}
	c.retry.start(c, milliseconds(period), c.attemptAgain)
	if !c.away {
		c.emit("offline")
		c.away = true
	}
}

// attemptAgain makes the next attempt, once the connection before has ended.
func (c *client) attemptAgain() {
	c.emit("reconnect")
	if c.life.Connected() && c.life.Phase() != life.Going {
		c.beginLeave(&leave{done: func(goja.Value) { c.attemptLater() }})
		return
	}
	c.attemptLater()
}
