package iosched

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/dop251/goja"

	"dunlin/jsre/engine"
)

// files are the events of file descriptors.
type files struct {
	vm   *engine.VM
	list []*ioEvent // those that are listened to
}

// ioEvent is the Go side of an IoEvent: a callback for a descriptor that is ready.
type ioEvent struct {
	obj      *goja.Object
	method   int // 0: readable, 1: writable, 2: exception
	fd       int
	callback *engine.Func
	errback  *engine.Func // nil: none
	once     bool
	stop     context.CancelFunc
	release  func()
}

// slice is the longest one wait for a descriptor, after which it is seen whether to go on.
const slice = 50 * time.Millisecond

func newFiles(vm *engine.VM, o *goja.Object) {
	f := &files{vm: vm}
	export := func(name string, call func(engine.Args) goja.Value) {
		vm.Export(o, name, func(c goja.FunctionCall) goja.Value { return call(vm.Args(name, c.Arguments)) })
	}
	export("event", f.event)
	export("add", func(a engine.Args) goja.Value { return f.listen(f.eventOf(a), false) })
	export("once", func(a engine.Args) goja.Value { return f.listen(f.eventOf(a), true) })
	export("remove", func(a engine.Args) goja.Value {
		if !a.Given(0) {
			for _, e := range slices.Clone(f.list) {
				f.remove(e)
			}
			return goja.Undefined()
		}
		f.remove(f.eventOf(a))
		return goja.Undefined()
	})
	export("listening", func(a engine.Args) goja.Value {
		return vm.Runtime().ToValue(slices.Contains(f.list, f.eventOf(a)))
	})
	export("fds", func(a engine.Args) goja.Value {
		sets := f.read(a.Value(0))
		for _, e := range f.list {
			if !slices.Contains(sets[e.method], e.fd) {
				sets[e.method] = append(sets[e.method], e.fd)
			}
		}
		return f.array(sets)
	})
	export("select", f.choose)
	vm.OnClose(func() {
		for _, e := range slices.Clone(f.list) {
			f.remove(e)
		}
	})
}

// event is event(method, fd, callback[, errback][, arg]).
func (f *files) event(a engine.Args) goja.Value {
	e := &ioEvent{method: int(a.Int(0, "method", 0, 2)), fd: int(a.Int(1, "fd", 0, 1<<31-1)), callback: a.Func(2, "callback")}
	arg := a.Value(3)
	if errback, ok := f.vm.ToFunc(arg); ok {
		e.errback, arg = errback, a.Value(4)
	}
	e.obj = f.vm.NewObject("method", e.method, "fd", e.fd, "arg", arg)
	f.vm.SetSlot(e.obj, e)
	return e.obj
}

func (f *files) eventOf(a engine.Args) *ioEvent {
	e, ok := f.vm.Slot(a.Value(0)).(*ioEvent)
	if !ok {
		f.vm.ThrowType("ioevent must be what iosched.event gave, got %s", f.vm.TypeName(a.Value(0)))
	}
	return e
}

// listen watches a descriptor on a goroutine of its own, and calls back on the loop.
func (f *files) listen(e *ioEvent, once bool) goja.Value {
	if slices.Contains(f.list, e) {
		return goja.Undefined()
	}
	e.once = once
	f.list = append(f.list, e)
	ctx, cancel := context.WithCancel(f.vm.Context())
	e.stop, e.release = cancel, f.vm.Loop().Ref()
	next := make(chan struct{}, 1)
	f.vm.Go(func(context.Context) {
		for ctx.Err() == nil {
			ready, err := poll(e.method, e.fd, slice)
			if !ready && err == nil {
				continue
			}
			f.vm.Loop().Post(func() {
				defer func() { next <- struct{}{} }()
				if err != nil {
					f.fail(e)
				} else {
					f.ready(ctx, e)
				}
			})
			select {
			case <-next:
			case <-ctx.Done():
			}
		}
	})
	return goja.Undefined()
}

// ready calls the callback of an event; when that gives false, the errback, and the event is over.
func (f *files) ready(ctx context.Context, e *ioEvent) {
	if ctx.Err() != nil {
		return
	}
	if e.once {
		f.remove(e)
	}
	v := e.callback.Call(goja.Undefined(), e.obj.Get("arg"), e.obj)
	if v != nil && v.StrictEquals(f.vm.Runtime().ToValue(false)) {
		f.fail(e)
	}
}

// fail ends an event with its errback.
func (f *files) fail(e *ioEvent) {
	f.remove(e)
	if e.errback != nil {
		e.errback.Call(goja.Undefined(), e.obj.Get("arg"), e.obj)
	}
}

func (f *files) remove(e *ioEvent) {
	if !slices.Contains(f.list, e) {
		return
	}
	f.list = slices.DeleteFunc(slices.Clone(f.list), func(o *ioEvent) bool { return o == e })
	e.stop()
	e.release()
}

// read reads three lists of descriptors: to read, to write and for exceptions.
func (f *files) read(v goja.Value) (sets [3][]int) {
	if !engine.Given(v) {
		return sets
	}
	lists := f.vm.CheckObject("fdsUser", v)
	for i := range sets {
		list, ok := lists.Get(strconv.Itoa(i)).(*goja.Object)
		if !ok {
			continue
		}
		for _, k := range list.Keys() {
			sets[i] = append(sets[i], int(f.vm.CheckInt("fdsUser: a descriptor", list.Get(k), 0, 1<<31-1)))
		}
	}
	return sets
}

func (f *files) array(sets [3][]int) goja.Value {
	out := make([]any, 0, len(sets))
	for _, set := range sets {
		list := make([]any, 0, len(set))
		for _, fd := range set {
			list = append(list, fd)
		}
		out = append(out, f.vm.Runtime().NewArray(list...))
	}
	return f.vm.Runtime().NewArray(out...)
}

// choose is select([fdsUser, ]timeout): it blocks the script until one of the descriptors is ready, and
// gives those that are.
func (f *files) choose(a engine.Args) goja.Value {
	user, timeout := a.Value(0), a.Value(1)
	if goja.IsNumber(user) {
		user, timeout = goja.Undefined(), user
	}
	sets := f.read(user)
	limit := wait(f.vm, "select: timeout", timeout, -1)
	end := time.Now().Add(limit)
	for {
		var found [3][]int
		hit := false
		for m, set := range sets {
			for _, fd := range set {
				ready, err := poll(m, fd, 0)
				if err != nil {
					f.vm.Throw("EBADF", "select: descriptor "+strconv.Itoa(fd)+": "+err.Error())
				}
				if ready {
					found[m], hit = append(found[m], fd), true
				}
			}
		}
		if hit || limit >= 0 && !time.Now().Before(end) {
			return f.array(found)
		}
		f.pause(limit, end)
	}
}

// pause waits a little; the end of the script ends it.
func (f *files) pause(limit time.Duration, end time.Time) {
	d := 5 * time.Millisecond
	if limit >= 0 {
		d = min(d, time.Until(end))
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-f.vm.Context().Done():
		f.vm.CheckStop()
	}
}
