package mqttjs

import (
	"errors"
	"fmt"
	"slices"

	"github.com/dop251/goja"

	"dunlin/jsre/engine"
	"dunlin/jsre/module/mqttjs/life"
	"dunlin/jsre/module/mqttjs/packet"
	"dunlin/mqtt/dial"
)

// drain serves what the streams have told, up to most items.
func (c *client) drain(most int) (more bool) {
	for most > 0 {
		if c.vm.Loop().Stopped() {
			return false
		}
		if c.at < len(c.chunk) && !c.waits() {
			most -= c.serveChunk()
			continue
		}
		it, ok := c.take()
		if !ok {
			return false
		}
		most--
		c.serve(it)
	}
	return true
}

func (c *client) take() (item, bool) {
	waits := c.waits()
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.inbox) == 0 {
		return item{}, false
	}
	at := 0
	if waits || c.at < len(c.chunk) { // packets wait, what happens to the connection does not
		at = slices.IndexFunc(c.inbox, func(it item) bool { return it.packets == nil })
		if at < 0 {
			return item{}, false
		}
	}
	it := c.inbox[at]
	if at > 0 {
		c.inbox = slices.Delete(c.inbox, at, at+1)
	} else {
		c.inbox[0] = item{}
		c.inbox = c.inbox[1:]
	}
	if len(c.inbox) == 0 {
		c.inbox = nil
	}
	c.queued -= it.bytes
	c.room.Broadcast()
	return it, true
}

// unread throws away what has come and was not handled.
func (c *client) unread() { c.chunk, c.at = nil, 0 }

// hasUnread reports whether something has come that was not handled.
func (c *client) hasUnread() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at < len(c.chunk) || len(c.inbox) > 0
}

// serve tells the script of what a stream has told.
func (c *client) serve(it item) {
	s := it.of
	switch {
	case it.closed:
		s.over, s.gone = true, true
		s.release()
		if s.limit != nil {
			s.limit.Cancel()
		}
		if c.of == s {
			c.busy = false
			c.unread()
		}
		c.run(func() { c.closed(s) })
	case s.gone:
	case it.drained:
		waiting := s.afterDrain
		s.afterDrain = nil
		for _, f := range waiting {
			c.run(func() { f(nil) })
		}
	case it.err != nil:
		c.tellError(s, it.err)
	default:
		c.chunk, c.at, c.of = it.packets, 0, s
		for c.at < len(c.chunk) && !c.waits() && !c.vm.Loop().Stopped() {
			c.serveChunk()
		}
	}
}

// tellError tells of an error of the transport, or of what is no packet.
func (c *client) tellError(s *stream, err error) {
	v := c.errorValue(err)
	if v == nil {
		return
	}
	times := 1
	var stage *dial.Error
	if errors.As(err, &stage) && stage.Stage == dial.StageTLS && !s.webSocket { // MQTT.js tells of these twice
		times = 2
	}
	for range times {
		c.run(func() { c.emit("error", v) })
	}
}

// serveChunk handles the packets that came together, as one entry into the script: promises go on
// behind the last of them. What a listener throws does not keep the next packets back.
func (c *client) serveChunk() (n int) {
	c.vm.Loop().RunEach(func() bool {
		for c.at < len(c.chunk) && !c.waits() && !c.vm.Loop().Stopped() {
			if c.of != c.stream || c.of.gone {
				c.unread()
				break
			}
			p := c.chunk[c.at]
			c.chunk[c.at] = nil
			c.at++
			n++
			c.handle(p)
		}
		return false
	})
	return n
}

// handle handles one packet.
func (c *client) handle(p *packet.Packet) {
	if err := c.unwelcome(p); err != nil {
		c.breakOff(err)
		return
	}
	var message *received
	if p.Type == packet.Publish {
		message = c.newReceived(p)
	}
	if c.emitter.Count("packetreceive") > 0 {
		if message != nil {
			c.emit("packetreceive", message.packetValue())
		} else {
			c.emit("packetreceive", c.packetObject(p))
		}
	}
	if message != nil {
		c.handlePublish(p, message)
		return
	}
	c.handleControl(p)
}

// unwelcome is the error for a packet that may not come now, or is too large; nil for another one.
func (c *client) unwelcome(p *packet.Packet) goja.Value {
	if c.life.Phase() == life.Connecting && p.Type != packet.ConnAck && p.Type != packet.Auth && p.Type != packet.Disconnect {
		return c.reasonFailure(fmt.Sprintf("Protocol error: %s before CONNACK", p.Type), 130) // [MQTT-3.2.0-1]
	}
	if most := c.maxPacketSize; c.version == packet.V5 && most > 0 && packetSize(p.Length) > most {
		return c.reasonFailure(fmt.Sprintf("exceeding packets size %s: %d bytes, maximumPacketSize is %d", p.Type, packetSize(p.Length), most), 149)
	}
	return nil
}

// handleControl handles what is no message. All of it but DISCONNECT and CONNACK is a sign of life.
func (c *client) handleControl(p *packet.Packet) {
	if p.Type != packet.ConnAck && p.Type != packet.Disconnect {
		c.reschedulePing(p.Type == packet.PingResp)
	}
	switch p.Type {
	case packet.ConnAck:
		c.handleConnAck(p)
	case packet.PubRel:
		c.handlePubRel(p)
	case packet.Disconnect:
		c.emit("disconnect", c.packetObject(p))
	case packet.Auth:
		c.receiveAuth(p)
	case packet.PingResp:
	default:
		c.handleAck(p)
	}
}

func packetSize(length int) int {
	n := 2
	for l := length; l >= 0x80; l >>= 7 {
		n++
	}
	return n + length
}

// receiveAuth takes a step of an enhanced authentication.
func (c *client) receiveAuth(p *packet.Packet) {
	method := packet.FindProperty(p.Properties, packet.AuthenticationMethod)
	switch {
	case c.version != packet.V5:
		c.breakOff(c.reasonFailure(fmt.Sprintf("Protocol error: Auth packets are only supported in MQTT 5. Your version:%d", c.version), 130))
		return
	case c.authMethod == "":
		c.breakOff(c.reasonFailure("Protocol error: Auth packet received but enhanced authentication was not requested", 130))
		return
	case method == nil || method.Text != c.authMethod:
		c.breakOff(c.reasonFailure(fmt.Sprintf("Protocol error: Auth packet Authentication Method does not match the %q sent in CONNECT", c.authMethod), 130))
		return
	}
	s := c.stream
	f, ok := c.vm.ToFunc(c.obj.Get("handleAuth"))
	if !ok {
		return
	}
	f.Call(c.obj, c.packetObject(p), c.vm.NewFunction("", func(call goja.FunctionCall) goja.Value {
		if s == c.stream && !s.gone {
			c.answerAuth(int(p.Code), call.Argument(0), call.Argument(1))
		}
		return goja.Undefined()
	}))
}

// answerAuth sends what the script answers to a step of an authentication.
func (c *client) answerAuth(code int, err, answer goja.Value) {
	switch {
	case engine.Given(err) && err.ToBoolean():
		c.breakOff(err)
	case code == 0:
	case code != 24:
		c.breakOff(c.reasonFailure(fmt.Sprintf("Protocol error: Auth packet reason code %d is not one a broker may send", code), 130))
	default:
		o := c.fromObject(answer)
		if o == nil {
			c.breakOff(c.reasonFailure("Protocol error: No auth packet to continue the authentication exchange", 130))
			return
		}
		c.away = false
		c.send(o)
	}
}
