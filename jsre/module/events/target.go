package events

import (
	"slices"
	"time"

	"github.com/dop251/goja"

	"dunlin/jsre/engine"
	"dunlin/jsre/nodeerr"
)

// classes are EventTarget and Event, made when a script first asks for one of them.
type classes struct {
	vm          *engine.VM
	target      *goja.Object
	targetProto *goja.Object
	event       *goja.Object
	eventProto  *goja.Object
	custom      *goja.Object
	start       time.Time
}

type classesKey struct{}

func classesOf(vm *engine.VM) *classes {
	c, _ := vm.Shared(classesKey{}, func() any {
		c := &classes{vm: vm, start: time.Now()}
		c.defineTarget()
		c.defineEvent()
		return c
	}).(*classes)
	return c
}

// target is the Go side of an EventTarget.
type target struct {
	lists map[string][]*handler
	max   float64
}

// held implements holder.
func (t *target) held() *target { return t }

// holder is what has listeners of an EventTarget: a target, or a signal.
type holder interface{ held() *target }

// handler is one listener: a function, or an object with handleEvent.
type handler struct {
	value   goja.Value
	capture bool
	once    bool
	removed bool
}

func (t *target) listeners(name goja.Value) []goja.Value {
	var out []goja.Value
	for _, h := range t.lists[name.String()] {
		out = append(out, h.value)
	}
	return out
}

func (t *target) remove(name string, v goja.Value, capture bool) {
	if len(t.lists[name]) == 0 {
		return
	}
	t.lists[name] = slices.DeleteFunc(slices.Clone(t.lists[name]), func(h *handler) bool {
		gone := h.value == v && h.capture == capture
		h.removed = h.removed || gone
		return gone
	})
}

func (c *classes) defineTarget() {
	vm := c.vm
	c.target, c.targetProto = vm.NewClass("EventTarget", func(call goja.ConstructorCall) *goja.Object {
		vm.SetSlot(call.This, &target{max: 10})
		return nil
	})
	vm.NeedsNew(c.target, "EventTarget")
	tag(vm, c.targetProto, "EventTarget")
	method := func(name string, f func(this *goja.Object, t *target, a engine.Args) goja.Value) {
		vm.Export(c.targetProto, name, func(call goja.FunctionCall) goja.Value {
			h, ok := vm.Slot(call.This).(holder)
			if !ok {
				nodeerr.Throw(vm, "TypeError", "ERR_INVALID_THIS", `Value of "this" must be of type EventTarget`)
			}
			this, _ := call.This.(*goja.Object)
			return f(this, h.held(), vm.Args(name, call.Arguments))
		})
	}
	method("addEventListener", c.add)
	method("removeEventListener", func(_ *goja.Object, t *target, a engine.Args) goja.Value {
		c.needTwo(a)
		t.remove(a.Value(0).String(), a.Value(1), c.capture(a.Value(2)))
		return goja.Undefined()
	})
	method("dispatchEvent", func(this *goja.Object, t *target, a engine.Args) goja.Value {
		e, ok := vm.Slot(a.Value(0)).(*event)
		if !ok {
			if a.Len() == 0 {
				nodeerr.Throw(vm, "TypeError", "ERR_MISSING_ARGS", `The "event" argument must be specified`)
			}
			nodeerr.ArgType(vm, "event", "an instance of Event", a.Value(0))
		}
		return vm.Runtime().ToValue(c.dispatch(this, t, e))
	})
}

func tag(vm *engine.VM, proto *goja.Object, name string) {
	_ = proto.DefineDataPropertySymbol(goja.SymToStringTag, vm.Runtime().ToValue(name), goja.FLAG_FALSE, goja.FLAG_TRUE, goja.FLAG_FALSE)
}

// capture reads the option that, with the function, tells listeners apart.
func (c *classes) capture(v goja.Value) bool {
	if opts, ok := v.(*goja.Object); ok {
		return c.vm.Field(opts, "capture").ToBoolean()
	}
	return v.ToBoolean()
}

// needTwo throws when the type of an event or its listener was left out.
func (c *classes) needTwo(a engine.Args) {
	if a.Len() < 2 {
		nodeerr.Throw(c.vm, "TypeError", "ERR_MISSING_ARGS", `The "type" and "listener" arguments must be specified`)
	}
}

// add is addEventListener(type, listener[, options]).
func (c *classes) add(_ *goja.Object, t *target, a engine.Args) goja.Value {
	c.needTwo(a)
	name, v := a.Value(0).String(), a.Value(1)
	if !engine.Given(v) {
		return goja.Undefined()
	}
	if _, ok := v.(*goja.Object); !ok {
		nodeerr.ArgType(c.vm, "listener", "an instance of EventListener", v)
	}
	h := &handler{value: v, capture: c.capture(a.Value(2))}
	signal := signalOption(c.vm, a, 2)
	if opts, ok := a.Value(2).(*goja.Object); ok {
		h.once = c.vm.Field(opts, "once").ToBoolean()
	}
	if signal != nil {
		if signal.aborted {
			return goja.Undefined()
		}
		signal.OnAbort(func() { t.remove(name, v, h.capture) })
	}
	for _, other := range t.lists[name] {
		if other.value == v && other.capture == h.capture {
			return goja.Undefined()
		}
	}
	if t.lists == nil {
		t.lists = map[string][]*handler{}
	}
	t.lists[name] = append(t.lists[name], h)
	return goja.Undefined()
}

// dispatch calls the listeners of an event. What one throws is an uncaught exception, soon, and keeps
// the others from nothing.
func (c *classes) dispatch(this *goja.Object, t *target, e *event) bool {
	if e.target != nil && e.active {
		c.vm.Throw("ERR_EVENT_RECURSION", "The event \""+e.name+"\" is already being dispatched")
	}
	e.target, e.active, e.stopped = this, true, false
	for _, h := range t.lists[e.name] {
		if h.removed || e.stopped {
			continue
		}
		if h.once {
			t.remove(e.name, h.value, h.capture)
		}
		if ex := c.vm.Runtime().Try(func() { c.call(h.value, this, e) }); ex != nil {
			c.vm.Loop().NextTick(func() { panic(ex) })
		}
	}
	e.active = false
	return !e.prevented
}

func (c *classes) call(listener goja.Value, this *goja.Object, e *event) {
	if f, ok := c.vm.ToFunc(listener); ok {
		f.Call(this, e.obj)
		return
	}
	obj, _ := listener.(*goja.Object)
	if f, ok := c.vm.ToFunc(obj.Get("handleEvent")); ok {
		f.Call(obj, e.obj)
	}
}

// fire makes an event and dispatches it.
func (c *classes) fire(this *goja.Object, t *target, name string) {
	obj, err := c.vm.Runtime().New(c.event, c.vm.Runtime().ToValue(name))
	if err != nil {
		panic(err)
	}
	if e, ok := c.vm.Slot(obj).(*event); ok {
		e.trusted = true
		c.dispatch(this, t, e)
	}
}
