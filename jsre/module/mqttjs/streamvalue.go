package mqttjs

import "github.com/dop251/goja"

// streamValue is client.stream: what scripts use of it, to break or end the connection on purpose.
func (c *client) streamValue() goja.Value {
	s := c.stream
	if s == nil {
		return goja.Undefined()
	}
	if s.shown != nil {
		return s.shown.Object()
	}
	vm := c.vm
	rt := vm.Runtime()
	o := rt.CreateObject(vm.EmitterPrototype())
	s.shown = vm.NewEmitter(o)
	vm.Method(o, "destroy", func(args goja.FunctionCall) goja.Value {
		if s == c.stream {
			c.cutTransport()
		}
		if err := args.Argument(0); engineGiven(err) {
			c.later(func() { c.emit("error", err) })
		}
		return o
	})
	vm.Method(o, "end", func(goja.FunctionCall) goja.Value { s.finish(); return o })
	vm.Method(o, "setMaxListeners", func(goja.FunctionCall) goja.Value { return o })
	vm.Getter(o, "destroyed", func(goja.Value) goja.Value { return rt.ToValue(s.gone) })
	vm.Getter(o, "writable", func(goja.Value) goja.Value { return rt.ToValue(!s.gone) })
	return o
}
