package mqtt

import (
	"fmt"
	"time"

	"github.com/dop251/goja"

	"dunlin/jsre/engine"
	"dunlin/mqtt"
)

// versions are the ways to write a protocol version.
var versions = map[string]mqtt.Version{
	"3.1": mqtt.V31, "3": mqtt.V31, "3.1.1": mqtt.V311, "4": mqtt.V311, "5": mqtt.V5, "5.0": mqtt.V5,
}

// connect is client.connect(clientOpt[, callback]).
func (c *client) connect(a engine.Args) goja.Value {
	cfg := c.readConfig(a.Object(0, "clientOpt"))
	var done *engine.Func
	if a.Given(1) {
		done = a.Func(1, "callback")
	}
	if cfg.Will != nil && c.mode() != mqtt.ModePublisher {
		c.vm.Throw("EPERM", fmt.Sprintf("connect: a will is not permitted in mode %s", c.mode()))
	}
	if err := cfg.Validate(); err != nil {
		panic(c.errorObject(fmt.Errorf("connect: clientOpt: %w", err)))
	}
	conn := c.connection()
	switch {
	case c.closed:
		c.vm.Throw("ENOTCONN", "connect: the client is closed; open another one")
	case conn == nil || !c.ready:
		c.vm.Throw("ENOTCONN", "connect: the client is not open yet; wait for the callback of open")
	case c.asked:
		c.vm.Throw("EISCONN", "connect: connect was called before")
	}
	c.asked, c.accepted = true, done
	c.will, c.version = cfg.Will != nil, cfg.Version
	c.background.Go(func() {
		if err := conn.Connect(c.ctx, cfg); err != nil {
			c.push(event{kind: refused, err: err})
		}
	})
	return goja.Undefined()
}

// sendBytes is how much a script may publish ahead of the network before publish
// waits: what a script publishes in one turn has to wait somewhere, for while it
// publishes it does not listen, and a server that sends to it may not go on.
const sendBytes = 256 << 20

// readConfig checks clientOpt member by member.
func (c *client) readConfig(o *goja.Object) mqtt.Config {
	vm := c.vm
	field := func(name string) (v goja.Value, what string, given bool) {
		v = vm.Field(o, name)
		return v, "connect: clientOpt." + name, engine.Given(v)
	}
	v, what, _ := field("client")
	cfg := mqtt.Config{ClientID: string(vm.CheckBytes(what, v)), Mode: c.mode(), Limits: mqtt.Limits{SendBytes: sendBytes, Drain: -1}}
	if v, what, given := field("user"); given {
		cfg.Username = string(vm.CheckBytes(what, v))
	}
	if v, what, given := field("passwd"); given {
		cfg.Password = append([]byte{}, vm.CheckBytes(what, v)...)
	}
	if v, what, given := field("keepalive"); given {
		cfg.KeepAlive = time.Duration(vm.CheckInt(what, v, 0, 65535)) * time.Second
		if cfg.KeepAlive == 0 {
			cfg.KeepAlive = -1
		}
	}
	if v, what, given := field("clean"); given {
		cfg.KeepSession = !vm.CheckBool(what, v)
	}
	if v, what, given := field("version"); given {
		cfg.Version = c.readVersion(what, v)
	}
	if v, what, given := field("properties"); given {
		cfg.Properties = c.readConnectProperties(what, v)
	}
	if v, what, given := field("will"); given && vm.CheckBool(what, v) {
		cfg.Will = c.readWill(o)
	}
	return cfg
}

func (c *client) readVersion(what string, v goja.Value) mqtt.Version {
	if !goja.IsString(v) && !goja.IsNumber(v) {
		c.vm.ThrowType("%s must be '3.1', '3.1.1' or '5', got %s", what, c.vm.TypeName(v))
	}
	version, ok := versions[v.String()]
	if !ok {
		c.vm.ThrowRange("%s must be '3.1', '3.1.1' or '5', got %s", what, v.String())
	}
	return version
}

// readWill takes the members that count only with will: true.
func (c *client) readWill(o *goja.Object) *mqtt.Will {
	vm := c.vm
	will := &mqtt.Will{Message: mqtt.Message{
		Topic:   vm.CheckString("connect: clientOpt.topic", vm.Field(o, "topic")),
		Payload: append([]byte{}, vm.CheckBytes("connect: clientOpt.message", vm.Field(o, "message"))...),
	}}
	if v := vm.Field(o, "qos"); engine.Given(v) {
		will.QoS = mqtt.QoS(vm.CheckInt("connect: clientOpt.qos", v, 0, 2))
	}
	if v := vm.Field(o, "willRetain"); engine.Given(v) {
		will.Retain = vm.CheckBool("connect: clientOpt.willRetain", v)
	}
	return will
}
