package mqttjs

import (
	"github.com/dop251/goja"

	"dunlin/jsre/engine"
	"dunlin/jsre/module/mqttjs/packet"
	"dunlin/mqtt"
)

// sendConnect sends CONNECT, which waits for the connection. What cannot be written ends the attempt.
func (c *client) sendConnect(o opening) {
	if c.emitter.Count("packetsend") > 0 {
		c.emit("packetsend", o.shown)
	}
	if o.fault != "" {
		c.cutTransport()
		return
	}
	c.stream.put(func(dst []byte) []byte { return packet.AppendConnect(dst, o.p) })
	c.sendFirstAuth()
}

// opening is a CONNECT, as it is sent and as scripts see it.
type opening struct {
	p     *packet.ConnectPacket
	shown *goja.Object
	fault string // why it cannot be written, "" when it can
	most  int    // bytes of a packet that are taken
}

// readConnect makes the packet of the options.
func (c *client) readConnect() opening {
	shown := c.vm.NewObject("cmd", "connect")
	for _, name := range []string{"protocolId", "protocolVersion", "clean", "clientId", "keepalive", "username", "password"} {
		_ = shown.Set(name, c.opt(name))
	}
	p := &packet.ConnectPacket{
		ProtocolID: c.opt("protocolId").String(), Version: byte(c.version), //nolint:gosec // checked next
		Clean: c.optBool("clean"), Bridge: c.optBool("bridgeMode"), ClientID: c.opt("clientId").String(),
	}
	fault := c.fillConnect(p)
	if fault == "" {
		fault = c.readConnectProperties(p, shown)
	}
	if fault == "" {
		fault = c.readWill(p, shown)
	}
	return opening{p, shown, fault, c.largestPacket()}
}

// fillConnect takes what needs a check.
func (c *client) fillConnect(p *packet.ConnectPacket) (fault string) {
	alive := c.opt("keepalive")
	n := alive.ToFloat()
	switch {
	case c.version < 3 || c.version > 5:
		return "Invalid protocol version"
	case len(p.ClientID) > 65535 || len(p.ProtocolID) > 65535:
		return "Invalid clientId"
	case p.ClientID == "" && !p.Clean:
		return "clientId must be given if cleanSession set to 0"
	case !goja.IsNumber(alive) || n < 0 || n > 65535 || n != float64(int(n)):
		return "Invalid keepalive"
	}
	p.KeepAlive = uint16(n)
	return c.readCredentials(p)
}

func (c *client) readCredentials(p *packet.ConnectPacket) (fault string) {
	field := func(name string) (b []byte, given, ok bool) {
		v := c.opt(name)
		if !engine.Given(v) {
			return nil, false, true
		}
		if s, isText := v.(goja.String); isText {
			b, ok = []byte(s.String()), true
		} else if bytes, isBytes := c.vm.Bytes(v); isBytes {
			b, ok = append([]byte{}, bytes...), true
		}
		return b, true, ok && len(b) <= 65535
	}
	var ok bool
	if p.Username, p.HasUser, ok = field("username"); !ok {
		return "Invalid username"
	}
	if p.Password, p.HasPassword, ok = field("password"); !ok {
		return "Invalid password"
	}
	if p.HasPassword && !p.HasUser {
		return "Username is required to use password"
	}
	return ""
}

func (c *client) readConnectProperties(p *packet.ConnectPacket, shown *goja.Object) (fault string) {
	c.authMethod, c.maxPacketSize = "", 0
	given, ok := c.opt("properties").(*goja.Object)
	if !ok {
		return ""
	}
	props := c.vm.NewObject()
	for _, name := range given.Keys() {
		_ = props.Set(name, given.Get(name))
	}
	if engine.Given(c.vm.Field(given, "receiveMaximum")) {
		_ = props.Set("receiveMaximum", c.receiveMaximum)
	}
	if c.recvAliases != nil {
		_ = props.Set("topicAliasMaximum", c.recvAliasMax)
	}
	_ = shown.Set("properties", props)
	if m := c.vm.Field(given, "authenticationMethod"); goja.IsString(m) {
		c.authMethod = m.String()
	}
	c.maxPacketSize = int(c.vm.Field(given, "maximumPacketSize").ToInteger())
	if c.version != packet.V5 {
		return ""
	}
	p.Properties, fault = c.readProperties(props)
	return fault
}

// largestPacket is how long a packet may be: option maxPacketBytes, else what the server is told, but not
// less than the default, for a packet above that has an error of its own.
func (c *client) largestPacket() int {
	if v := c.opt("maxPacketBytes"); engine.Given(v) {
		return int(c.vm.CheckInt("connect: option maxPacketBytes", v, 1, packet.MaxLength))
	}
	return min(max(defaultMaxPacket, c.maxPacketSize), packet.MaxLength)
}

func (c *client) readWill(p *packet.ConnectPacket, shown *goja.Object) (fault string) {
	v := c.opt("will")
	if !engine.Given(v) || !v.ToBoolean() {
		return ""
	}
	w, ok := v.(*goja.Object)
	if !ok {
		return "Invalid will"
	}
	if c.options.Mode() != mqtt.ModePublisher {
		c.vm.Throw("EPERM", "connect: a will is not permitted in mode "+c.options.Mode().String())
	}
	_ = shown.Set("will", w)
	topic := c.vm.Field(w, "topic")
	if !goja.IsString(topic) || topic.String() == "" || len(topic.String()) > 65535 {
		return "Invalid will topic"
	}
	p.HasWill, p.WillTopic = true, topic.String()
	payload := c.vm.Field(w, "payload")
	switch b, isBytes := c.vm.Bytes(payload); {
	case !engine.Given(payload):
	case goja.IsString(payload):
		p.WillPayload = []byte(payload.String())
	case isBytes:
		p.WillPayload = append([]byte{}, b...)
	default:
		return "Invalid will payload"
	}
	if len(p.WillPayload) > 65535 {
		return "Invalid will payload"
	}
	p.WillQoS = byte(c.vm.Field(w, "qos").ToInteger() & 3)
	p.WillRetain = c.vm.Field(w, "retain").ToBoolean()
	if props, ok := c.vm.Field(w, "properties").(*goja.Object); ok && c.version == packet.V5 {
		p.WillProperties, fault = c.readProperties(props)
	}
	return fault
}

// sendFirstAuth sends the AUTH that a script has follow its CONNECT.
func (c *client) sendFirstAuth() {
	given, ok := c.opt("authPacket").(*goja.Object)
	if !ok || c.authMethod == "" {
		return
	}
	o := c.vm.NewObject("cmd", "auth", "reasonCode", 0)
	for _, name := range given.Keys() {
		_ = o.Set(name, given.Get(name))
	}
	if out := c.fromObject(o); out != nil {
		c.send(out)
	}
}

// defaultAcks is customHandleAcks where the script has none: all is acknowledged with success.
func (c *client) defaultAcks() goja.Value {
	c.acks = c.vm.NewFunction("", func(args goja.FunctionCall) goja.Value {
		if done, ok := c.vm.ToFunc(args.Argument(3)); ok {
			call(done, goja.Null(), c.vm.Runtime().ToValue(0))
		}
		return goja.Undefined()
	})
	return c.acks
}
