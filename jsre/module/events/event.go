package events

import (
	"fmt"
	"time"

	"github.com/dop251/goja"

	"dunlin/jsre/engine"
	"dunlin/jsre/nodeerr"
)

// event is the Go side of an Event.
type event struct {
	obj                           *goja.Object
	name                          string
	bubbles, cancelable, composed bool
	target                        *goja.Object
	active                        bool // it is being dispatched
	stopped                       bool // no further listener
	propagation                   bool // stopPropagation was called
	prevented, trusted            bool
	at                            time.Duration
	detail                        goja.Value // of a CustomEvent
}

// construct makes an event of new Event(type[, options]).
func (c *classes) construct(call goja.ConstructorCall, class string) *event {
	a := c.vm.Args(class, call.Arguments)
	if a.Len() == 0 {
		nodeerr.Throw(c.vm, "TypeError", "ERR_MISSING_ARGS", `The "type" argument must be specified`)
	}
	e := &event{obj: call.This, name: a.Value(0).String(), at: time.Since(c.start), detail: goja.Null()}
	if a.Given(1) {
		opts, ok := a.Value(1).(*goja.Object)
		if !ok {
			nodeerr.ArgType(c.vm, "options", "of type object", a.Value(1))
		}
		e.bubbles = c.vm.Field(opts, "bubbles").ToBoolean()
		e.cancelable = c.vm.Field(opts, "cancelable").ToBoolean()
		e.composed = c.vm.Field(opts, "composed").ToBoolean()
		if v := c.vm.Field(opts, "detail"); !goja.IsUndefined(v) {
			e.detail = v
		}
	}
	c.vm.SetSlot(call.This, e)
	return e
}

func (c *classes) defineEvent() {
	vm, rt := c.vm, c.vm.Runtime()
	c.event, c.eventProto = vm.NewClass("Event", func(call goja.ConstructorCall) *goja.Object {
		c.construct(call, "Event")
		return nil
	})
	vm.NeedsNew(c.event, "Event")
	tag(vm, c.eventProto, "Event")
	for i, name := range []string{"NONE", "CAPTURING_PHASE", "AT_TARGET", "BUBBLING_PHASE"} {
		_ = c.event.DefineDataProperty(name, rt.ToValue(i), goja.FLAG_FALSE, goja.FLAG_FALSE, goja.FLAG_TRUE)
	}
	c.eventGetters()
	show(vm, c.eventProto, c.showEvent)
	method := func(name string, f func(e *event, a engine.Args) goja.Value) {
		vm.Export(c.eventProto, name, func(call goja.FunctionCall) goja.Value {
			if v := f(c.eventOf(call.This), vm.Args(name, call.Arguments)); v != nil {
				return v
			}
			return goja.Undefined()
		})
	}
	method("preventDefault", func(e *event, _ engine.Args) goja.Value { e.prevented = e.prevented || e.cancelable; return nil })
	method("stopPropagation", func(e *event, _ engine.Args) goja.Value { e.propagation = true; return nil })
	method("stopImmediatePropagation", func(e *event, _ engine.Args) goja.Value { e.stopped = true; return nil })
	method("composedPath", func(e *event, _ engine.Args) goja.Value {
		if e.active {
			return rt.NewArray(e.target)
		}
		return rt.NewArray()
	})
	method("initEvent", func(e *event, a engine.Args) goja.Value {
		if !e.active {
			e.name, e.bubbles, e.cancelable = a.Value(0).String(), a.Value(1).ToBoolean(), a.Value(2).ToBoolean()
		}
		return nil
	})
}

func (c *classes) eventOf(this goja.Value) *event {
	e, ok := c.vm.Slot(this).(*event)
	if !ok {
		nodeerr.Throw(c.vm, "TypeError", "ERR_INVALID_THIS", `Value of "this" must be of type Event`)
	}
	return e
}

// eventGetters defines the properties of events, which are getters of the class.
func (c *classes) eventGetters() {
	target := func(e *event) any {
		if e.target == nil {
			return goja.Null()
		}
		return e.target
	}
	for _, g := range []struct {
		name string
		get  func(*event) any
	}{
		{"type", func(e *event) any { return e.name }},
		{"bubbles", func(e *event) any { return e.bubbles }},
		{"cancelable", func(e *event) any { return e.cancelable }},
		{"composed", func(e *event) any { return e.composed }},
		{"defaultPrevented", func(e *event) any { return e.prevented }},
		{"returnValue", func(e *event) any { return !e.prevented }},
		{"isTrusted", func(e *event) any { return e.trusted }},
		{"target", target},
		{"srcElement", target},
		{"currentTarget", func(e *event) any {
			if !e.active {
				return goja.Null()
			}
			return e.target
		}},
		{"eventPhase", func(e *event) any {
			if e.active {
				return 2
			}
			return 0
		}},
		{"timeStamp", func(e *event) any { return float64(e.at) / float64(time.Millisecond) }},
	} {
		c.vm.Getter(c.eventProto, g.name, func(this goja.Value) goja.Value {
			return c.vm.Runtime().ToValue(g.get(c.eventOf(this)))
		})
	}
	get := c.vm.NewFunction("get cancelBubble", func(call goja.FunctionCall) goja.Value {
		return c.vm.Runtime().ToValue(c.eventOf(call.This).propagation)
	})
	set := c.vm.NewFunction("set cancelBubble", func(call goja.FunctionCall) goja.Value {
		e := c.eventOf(call.This)
		e.propagation = e.propagation || call.Argument(0).ToBoolean()
		return goja.Undefined()
	})
	_ = c.eventProto.DefineAccessorProperty("cancelBubble", get, set, goja.FLAG_TRUE, goja.FLAG_FALSE)
}

// customEvent is the class CustomEvent, an event with a detail.
func (c *classes) customEvent() *goja.Object {
	if c.custom != nil {
		return c.custom
	}
	class, proto := c.vm.NewClass("CustomEvent", func(call goja.ConstructorCall) *goja.Object {
		c.construct(call, "CustomEvent")
		return nil
	})
	_ = proto.SetPrototype(c.eventProto)
	_ = class.SetPrototype(c.event)
	tag(c.vm, proto, "CustomEvent")
	c.vm.Getter(proto, "detail", func(this goja.Value) goja.Value { return c.eventOf(this).detail })
	c.custom = class
	return class
}

// showEvent is an event as console.log shows it.
func (c *classes) showEvent(this goja.Value) string {
	e, ok := c.vm.Slot(this).(*event)
	if !ok {
		return "Event {}"
	}
	class := "Event"
	if v, ok := e.obj.Get("constructor").(*goja.Object); ok {
		class = v.Get("name").String()
	}
	return fmt.Sprintf("%s {\n  type: '%s',\n  defaultPrevented: %t,\n  cancelable: %t,\n  timeStamp: %s\n}", class, e.name, e.prevented, e.cancelable,
		c.vm.Runtime().ToValue(float64(e.at)/float64(time.Millisecond)).String())
}
