package mqttjs

import "github.com/dop251/goja"

// promise makes a promise. begin starts what it is for; settle ends it.
func (m *module) promise(begin func(settle func(err, v goja.Value))) goja.Value {
	rt := m.vm.Runtime()
	p, resolve, reject := rt.NewPromise()
	if thrown := rt.Try(func() {
		begin(func(err, v goja.Value) {
			if engineGiven(err) && err.ToBoolean() {
				_ = reject(err)
				return
			}
			if v == nil {
				v = goja.Undefined()
			}
			_ = resolve(v)
		})
	}); thrown != nil {
		_ = reject(thrown.Value())
	}
	return rt.ToValue(p)
}

// settled is the outcome of a call that a promise waits for.
func settled(settle func(err, v goja.Value)) outcome {
	return func(err goja.Value, packet func() goja.Value) {
		var v goja.Value
		if packet != nil && !engineGiven(err) {
			v = packet()
		}
		settle(err, v)
	}
}

func (c *client) publishAsync(args goja.FunctionCall) goja.Value {
	topic, message := args.Argument(0), args.Argument(1)
	options, _ := args.Argument(2).(*goja.Object)
	return c.promise(func(settle func(err, v goja.Value)) { c.beginPublish(topic, message, options, settled(settle)) })
}

func (c *client) subscribeAsync(args goja.FunctionCall) goja.Value {
	topics := args.Argument(0)
	options, _ := args.Argument(1).(*goja.Object)
	return c.promise(func(settle func(err, v goja.Value)) {
		c.beginSubscribe(topics, options, func(list ...goja.Value) {
			var granted goja.Value
			if len(list) > 1 {
				granted = list[1]
			}
			settle(list[0], granted)
		})
	})
}

func (c *client) unsubscribeAsync(args goja.FunctionCall) goja.Value {
	topics := args.Argument(0)
	options, _ := args.Argument(1).(*goja.Object)
	return c.promise(func(settle func(err, v goja.Value)) { c.beginUnsubscribe(topics, options, settled(settle)) })
}

func (c *client) endAsync(args goja.FunctionCall) goja.Value {
	l := c.endArguments(args.Arguments)
	return c.promise(func(settle func(err, v goja.Value)) {
		l.done = func(err goja.Value) { settle(err, nil) }
		c.beginLeave(l)
	})
}
