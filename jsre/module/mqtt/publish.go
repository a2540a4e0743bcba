package mqtt

import (
	"fmt"

	"github.com/dop251/goja"

	"dunlin/jsre/engine"
	"dunlin/mqtt"
)

// tail takes the arguments behind the required ones: [options][, callback].
func tail(c *client, a engine.Args, at int) (options *goja.Object, done *engine.Func) {
	if f, ok := c.vm.ToFunc(a.Value(at)); ok {
		return nil, f
	}
	if a.Given(at) {
		options = a.Object(at, "options")
	}
	if a.Given(at + 1) {
		done = a.Func(at+1, "callback")
	}
	return options, done
}

// optionQoS is options.qos, 0 when it is not given. what names it in an error.
func (c *client) optionQoS(what string, options *goja.Object) mqtt.QoS {
	if options == nil {
		return 0
	}
	v := c.vm.Field(options, "qos")
	if !engine.Given(v) {
		return 0
	}
	return mqtt.QoS(c.vm.CheckInt(what, v, 0, 2))
}

// optionBool is a boolean of options, false when it is not given. what names it in an error.
func (c *client) optionBool(what string, options *goja.Object, name string) bool {
	if options == nil {
		return false
	}
	v := c.vm.Field(options, name)
	return engine.Given(v) && c.vm.CheckBool(what, v)
}

// publish is client.publish(topic, message[, options][, callback]).
func (c *client) publish(a engine.Args) goja.Value {
	m := mqtt.Message{Topic: a.String(0, "topic"), Payload: a.Bytes(1, "message")}
	options, done := tail(c, a, 2)
	m.QoS = c.optionQoS("publish: options.qos", options)
	m.Retain = c.optionBool("publish: options.retain", options, "retain")
	if options != nil {
		m.Properties = c.readProperties("publish: options.properties", c.vm.Field(options, "properties"))
	}
	c.start("publish", done, func(report func(error)) error {
		if c.mode() != mqtt.ModePublisher {
			return fmt.Errorf("mode is %s: %w", c.mode(), mqtt.ErrNotPermitted)
		}
		_, err := c.connection().PublishAsync(c.vm.Context(), m, report)
		return err
	})
	return goja.Undefined()
}

// start begins an operation whose outcome goes to done or, when it fails without
// a callback, to an error event. What is wrong at the call goes to done
// asynchronously, and is thrown without one. begin calls report once unless it
// returns an error.
func (c *client) start(call string, done *engine.Func, begin func(report func(error)) error) {
	err := c.usable(call)
	if err == nil {
		if err = begin(c.reporter(done)); err != nil {
			err = fmt.Errorf("%s: %w", call, err)
		}
	}
	c.vm.CheckStop()
	switch {
	case err == nil:
	case done != nil && c.closing() && !c.over:
		c.late = append(c.late, event{kind: callback, err: err, done: done})
	case done != nil:
		c.report(done, err)
	default:
		panic(c.errorObject(err))
	}
}

// closing reports whether the connection is being closed or is closed, by the script or because it was lost.
func (c *client) closing() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ended
}

// usable returns why the script cannot use the connection now.
func (c *client) usable(call string) error {
	conn := c.connection()
	switch {
	case c.closed:
		return unusable(call + ": the client is closed")
	case conn == nil || !c.ready:
		return unusable(call + ": the client is not open yet; wait for the callback of open")
	case !conn.IsConnected():
		return unusable(call + ": the client is not connected")
	}
	return nil
}

// unusable is why a call without a connection fails.
type unusable string

func (e unusable) Error() string { return string(e) }
func (e unusable) Unwrap() error { return mqtt.ErrNotConnected }

// reporter returns what the connection calls with the outcome.
func (c *client) reporter(done *engine.Func) func(error) {
	if done != nil {
		return func(err error) { c.report(done, err) }
	}
	return func(err error) {
		if err != nil {
			c.push(event{kind: failed, err: err})
		}
	}
}

// report queues a callback. Safe from any goroutine.
func (c *client) report(done *engine.Func, err error) {
	c.push(event{kind: callback, err: err, done: done})
}
