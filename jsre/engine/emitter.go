package engine

import (
	"fmt"
	"slices"

	"github.com/dop251/goja"
)

// defaultMaxListeners is how many listeners an event may have before a warning says that they may
// leak.
const defaultMaxListeners = 10

// Emitter holds the listeners of one object. They live in Go, so that emitting costs no script code
// of our own. Loop goroutine only.
type Emitter struct {
	vm     *VM
	this   *goja.Object
	events map[eventKey]*event
	oldest *event // of events, which are chained in the order of their first listener
	newest *event
	max    int

	hears   int // listeners of newListener
	follows int // listeners of removeListener

	capture bool // a promise of a listener that is rejected is an 'error' event

	last      *event // of events, the one looked for last; nil: none
	lastIsFor eventKey
}

// eventKey is the name of an event: a string or a symbol.
type eventKey struct {
	name string
	sym  *goja.Symbol
}

type event struct {
	key          eventKey
	list         listenerList
	warned       bool
	older, newer *event
}

// NewEmitter ties an emitter to obj, which becomes `this` in its listeners. Give obj a prototype
// that inherits from [VM.EmitterPrototype] to have on, once, emit and the rest.
func (vm *VM) NewEmitter(obj *goja.Object) *Emitter {
	e := &Emitter{vm: vm, this: obj, max: -1, capture: vm.captureAll}
	vm.setHidden(obj, vm.emits, e)
	return e
}

// EmitterOf is the emitter of an object, made when it has none yet; it throws a TypeError for what
// is no object.
func (vm *VM) EmitterOf(v goja.Value) *Emitter {
	if e, ok := vm.hiddenValue(v, vm.emits).(*Emitter); ok {
		return e
	}
	obj, ok := v.(*goja.Object)
	if !ok {
		vm.ThrowType("an EventEmitter method was called on %s", vm.TypeName(v))
	}
	return vm.NewEmitter(obj)
}

// Object is the object the emitter belongs to.
func (e *Emitter) Object() *goja.Object { return e.this }

// Count is the number of listeners of an event.
func (e *Emitter) Count(name string) int { return len(e.listeners(eventKey{name: name})) }

// Emit calls the listeners of an event in order and reports whether there were any. What one throws
// is a panic and keeps the rest from being called. An 'error' without a listener throws its
// argument. It is for native calls and for code inside [Loop.Run]; see Dispatch.
func (e *Emitter) Emit(name string, args ...goja.Value) bool {
	return e.emit(eventKey{name: name}, args)
}

// Dispatch is Emit as an entry into the script: from a posted job, a timer or a source.
func (e *Emitter) Dispatch(name string, args ...goja.Value) {
	e.vm.loop.Run(func() { e.emit(eventKey{name: name}, args) })
}

func (e *Emitter) listeners(key eventKey) []listener {
	if e.last == nil || e.lastIsFor != key { // the same event mostly comes again
		e.last, e.lastIsFor = e.events[key], key
	}
	if e.last == nil {
		return nil
	}
	return e.last.list.items
}

// event is the event with a name, made and put behind the others when there is none yet.
func (e *Emitter) event(key eventKey) *event {
	if ev := e.events[key]; ev != nil {
		return ev
	}
	if e.events == nil {
		e.events = map[eventKey]*event{}
	}
	ev := &event{key: key, older: e.newest}
	if e.newest == nil {
		e.oldest = ev
	} else {
		e.newest.newer = ev
	}
	e.events[key], e.newest = ev, ev
	e.last = nil
	return ev
}

// forget takes an event out that has no listeners any more.
func (e *Emitter) forget(ev *event) {
	delete(e.events, ev.key)
	e.last = nil
	if ev.older == nil {
		e.oldest = ev.newer
	} else {
		ev.older.newer = ev.newer
	}
	if ev.newer == nil {
		e.newest = ev.older
	} else {
		ev.newer.older = ev.older
	}
}

// keys are the names of the events that have listeners, in the order of their first one.
func (e *Emitter) keys() []eventKey {
	out := make([]eventKey, 0, len(e.events))
	for ev := e.oldest; ev != nil; ev = ev.newer {
		out = append(out, ev.key)
	}
	return out
}

func (e *Emitter) emit(key eventKey, args []goja.Value) bool {
	if key.name == "error" && key.sym == nil && len(e.events) > 0 {
		e.emit(eventKey{sym: e.vm.monitor}, args)
	}
	list := e.listeners(key)
	if len(list) == 0 {
		if key.name == "error" {
			e.throwError(args)
		}
		return false
	}
	from, walk := &e.last.list, e.last.list.walk()
	call := goja.FunctionCall{This: e.this, Arguments: args}
	for i := range list {
		l := &list[i]
		if l.once && !e.remove(key, l.fn.value, true) {
			continue // it was removed by a nested emit
		}
		v := l.fn.call(call)
		if e.capture {
			e.captured(v, key, args)
		}
	}
	from.walked(walk)
	return true
}

// captured makes an 'error' event, or a call of the emitter's method nodejs.rejection, of a promise that
// a listener gave and that is rejected.
func (e *Emitter) captured(v goja.Value, key eventKey, args []goja.Value) {
	promise, ok := v.(*goja.Object)
	if !ok {
		return
	}
	then, ok := e.vm.ToFunc(promise.Get("then"))
	if !ok {
		return
	}
	args = slices.Clone(args)
	rejected := func(c goja.FunctionCall) goja.Value {
		reason := c.Argument(0)
		e.vm.loop.NextTick(func() {
			if own, ok := e.vm.ToFunc(e.this.GetSymbol(e.vm.SymbolFor("nodejs.rejection"))); ok {
				own.Call(e.this, append([]goja.Value{reason, key.value(e.vm)}, args...)...)
				return
			}
			before := e.capture
			e.capture = false // or a rejected listener of 'error' would go on for ever
			defer func() { e.capture = before }()
			e.emit(eventKey{name: "error"}, []goja.Value{reason})
		})
		return goja.Undefined()
	}
	then.Call(promise, goja.Undefined(), e.vm.NewFunction("", rejected))
}

// throwError throws the argument of an 'error' event that nobody listens to.
func (e *Emitter) throwError(args []goja.Value) {
	if len(args) == 0 {
		e.vm.Throw("ERR_UNHANDLED_ERROR", "Unhandled error.")
	}
	if obj, ok := args[0].(*goja.Object); ok && obj.ClassName() == "Error" {
		panic(args[0])
	}
	e.vm.Throw("ERR_UNHANDLED_ERROR", "Unhandled error. ("+e.vm.text(args[0])+")", "context", args[0])
}

// add appends a listener, or puts it in front.
func (e *Emitter) add(key eventKey, fn *Func, once, front bool) {
	if e.hears > 0 {
		e.emit(eventKey{name: "newListener"}, []goja.Value{key.value(e.vm), fn.value})
	}
	ev := e.event(key)
	if front {
		ev.list.prepend(listener{fn, once})
	} else {
		ev.list.append(listener{fn, once})
	}
	e.track(key, 1)
	e.warn(key, ev)
}

// warn writes one line when an event has suspiciously many listeners.
func (e *Emitter) warn(key eventKey, ev *event) {
	limit := e.max
	if limit < 0 {
		limit = e.vm.maxListeners()
	}
	if limit == 0 || len(ev.list.items) <= limit || ev.warned {
		return
	}
	ev.warned = true
	_, _ = fmt.Fprintf(e.vm.opts.Stderr, "warning: possible EventEmitter leak: %d listeners of %q added; use setMaxListeners to raise the limit\n",
		len(ev.list.items), key)
}

func (e *Emitter) track(key eventKey, n int) {
	switch key.name {
	case "newListener":
		e.hears += n
	case "removeListener":
		e.follows += n
	}
}

// remove takes the listener that was added last with this function off; once: only a once listener.
func (e *Emitter) remove(key eventKey, fn goja.Value, once bool) bool {
	ev := e.events[key]
	if ev == nil {
		return false
	}
	at := ev.list.find(fn, once)
	if at < 0 {
		return false
	}
	e.removeAt(ev, at)
	return true
}

func (e *Emitter) removeAt(ev *event, at int) {
	fn := ev.list.items[at].fn
	ev.list.removeAt(at)
	if len(ev.list.items) == 0 {
		e.forget(ev)
	}
	e.track(ev.key, -1)
	if e.follows > 0 {
		e.emit(eventKey{name: "removeListener"}, []goja.Value{ev.key.value(e.vm), fn.value})
	}
}

// removeAll takes all listeners of an event off, last first.
func (e *Emitter) removeAll(key eventKey) {
	ev := e.events[key]
	if ev == nil {
		return
	}
	if e.follows == 0 { // nobody is told of each
		e.forget(ev)
		e.track(key, -len(ev.list.items))
		return
	}
	for ; ev != nil; ev = e.events[key] {
		e.removeAt(ev, len(ev.list.items)-1)
	}
}

func (k eventKey) value(vm *VM) goja.Value {
	if k.sym != nil {
		return k.sym
	}
	return vm.rt.ToValue(k.name)
}

// String is the event's name for people.
func (k eventKey) String() string {
	if k.sym != nil {
		return "Symbol(" + k.sym.String() + ")"
	}
	return k.name
}

// toKey makes an event name of a script's value: a symbol, or its text.
func toKey(v goja.Value) eventKey {
	if s, ok := v.(*goja.Symbol); ok {
		return eventKey{sym: s}
	}
	return eventKey{name: v.String()}
}

// CountOf is the number of listeners of the event that a script names, by text or symbol.
func (e *Emitter) CountOf(name goja.Value) int { return len(e.listeners(toKey(name))) }

// Listeners are the functions that listen to the event that a script names.
func (e *Emitter) Listeners(name goja.Value) []goja.Value {
	var out []goja.Value
	for _, l := range e.listeners(toKey(name)) {
		out = append(out, l.fn.value)
	}
	return out
}

// MaxListeners is how many listeners an event may have before a warning; 0: any number.
func (e *Emitter) MaxListeners() int {
	if e.max >= 0 {
		return e.max
	}
	return e.vm.maxListeners()
}

// SetMaxListeners sets what MaxListeners gives.
func (e *Emitter) SetMaxListeners(n int) { e.max = n }

// raw is a listener as rawListeners gives it: one for once is wrapped in a function that takes it off.
func (e *Emitter) raw(key eventKey, l listener) goja.Value {
	if !l.once {
		return l.fn.value
	}
	f := e.vm.NewFunction("bound onceWrapper", func(c goja.FunctionCall) goja.Value {
		if !e.remove(key, l.fn.value, true) {
			return goja.Undefined()
		}
		return l.fn.Call(e.this, c.Arguments...)
	})
	_ = f.Set("listener", l.fn.value)
	return f
}
