// Package performance is the global performance and the module perf_hooks: a clock with marks.
package performance

import (
	"slices"
	"time"

	"github.com/dop251/goja"

	"dunlin/jsre/engine"
)

// Module is require('perf_hooks'), of which performance is a global.
func Module() engine.Module {
	return engine.Module{Name: "perf_hooks", Setup: func(vm *engine.VM) error {
		start := time.Now()
		vm.LazyGlobal("performance", func() goja.Value { return newClock(vm, start).obj })
		return nil
	}, Load: func(vm *engine.VM) goja.Value {
		return vm.NewObject("performance", vm.Runtime().GlobalObject().Get("performance"))
	}}
}

// mostEntries is how many marks and measures are kept; the oldest goes first.
const mostEntries = 10000

// clock is performance.
type clock struct {
	vm      *engine.VM
	obj     *goja.Object
	start   time.Time
	entries []*entry
}

// entry is a mark or a measure.
type entry struct {
	obj        *goja.Object
	name, kind string
	at         float64
}

func newClock(vm *engine.VM, start time.Time) *clock {
	c := &clock{vm: vm, obj: vm.NewObject(), start: start}
	origin := float64(start.UnixMicro()) / 1000
	_ = c.obj.Set("timeOrigin", origin)
	_ = c.obj.DefineDataPropertySymbol(goja.SymToStringTag, vm.Runtime().ToValue("Performance"), goja.FLAG_FALSE, goja.FLAG_TRUE, goja.FLAG_FALSE)
	export := func(name string, f func(engine.Args) goja.Value) {
		vm.Export(c.obj, name, func(call goja.FunctionCall) goja.Value { return f(vm.Args(name, call.Arguments)) })
	}
	export("now", func(engine.Args) goja.Value { return vm.Runtime().ToValue(c.now()) })
	export("toJSON", func(engine.Args) goja.Value { return vm.NewObject("timeOrigin", origin) })
	export("mark", c.mark)
	export("measure", c.measure)
	export("getEntries", func(engine.Args) goja.Value { return c.list(func(*entry) bool { return true }) })
	export("getEntriesByName", func(a engine.Args) goja.Value {
		name, kind := a.String(0, "name"), a.Value(1)
		return c.list(func(e *entry) bool { return e.name == name && (!engine.Given(kind) || kind.String() == e.kind) })
	})
	export("getEntriesByType", func(a engine.Args) goja.Value {
		kind := a.String(0, "type")
		return c.list(func(e *entry) bool { return e.kind == kind })
	})
	export("clearMarks", func(a engine.Args) goja.Value { return c.clear("mark", a) })
	export("clearMeasures", func(a engine.Args) goja.Value { return c.clear("measure", a) })
	return c
}

// now is the time since the runtime was made, in milliseconds.
func (c *clock) now() float64 { return float64(time.Since(c.start)) / float64(time.Millisecond) }

func (c *clock) add(name, kind string, at, duration float64, detail goja.Value) goja.Value {
	e := &entry{name: name, kind: kind, at: at}
	e.obj = c.vm.NewObject("name", name, "entryType", kind, "startTime", at, "duration", duration, "detail", detail)
	if len(c.entries) == mostEntries {
		c.entries = slices.Delete(c.entries, 0, 1)
	}
	c.entries = append(c.entries, e)
	return e.obj
}

// mark is mark(name[, options]).
func (c *clock) mark(a engine.Args) goja.Value {
	name := a.Value(0).String()
	at, detail := c.now(), goja.Null()
	if a.Given(1) {
		opts := a.Object(1, "options")
		if v := c.vm.Field(opts, "startTime"); goja.IsNumber(v) {
			at = v.ToFloat()
		}
		if v := c.vm.Field(opts, "detail"); engine.Given(v) {
			detail = v
		}
	}
	return c.add(name, "mark", at, 0, detail)
}

// measure is measure(name[, startMark[, endMark]]) or measure(name, {start, end, duration, detail}).
func (c *clock) measure(a engine.Args) goja.Value {
	name := a.String(0, "name")
	from, to, length, detail := a.Value(1), a.Value(2), goja.Undefined(), goja.Null()
	if opts, ok := a.Value(1).(*goja.Object); ok {
		from, to, length = c.vm.Field(opts, "start"), c.vm.Field(opts, "end"), c.vm.Field(opts, "duration")
		if v := c.vm.Field(opts, "detail"); engine.Given(v) {
			detail = v
		}
	}
	end := c.time(to, c.now())
	start := c.time(from, 0)
	if goja.IsNumber(length) {
		if engine.Given(from) {
			end = start + length.ToFloat()
		} else {
			start = end - length.ToFloat()
		}
	}
	return c.add(name, "measure", start, end-start, detail)
}

// time is a time given as a number or as the name of a mark.
func (c *clock) time(v goja.Value, missing float64) float64 {
	if !engine.Given(v) {
		return missing
	}
	if goja.IsNumber(v) {
		return v.ToFloat()
	}
	for i := len(c.entries) - 1; i >= 0; i-- {
		if e := c.entries[i]; e.kind == "mark" && e.name == v.String() {
			return e.at
		}
	}
	panic(c.vm.NewError("SyntaxError", "ERR_INVALID_PERFORMANCE_MARK", "The \""+v.String()+"\" performance mark has not been set"))
}

// list gives entries in the order of their times.
func (c *clock) list(keep func(*entry) bool) goja.Value {
	sorted := slices.Clone(c.entries)
	slices.SortStableFunc(sorted, func(a, b *entry) int {
		switch {
		case a.at < b.at:
			return -1
		case a.at > b.at:
			return 1
		}
		return 0
	})
	out := []any{}
	for _, e := range sorted {
		if keep(e) {
			out = append(out, e.obj)
		}
	}
	return c.vm.Runtime().NewArray(out...)
}

func (c *clock) clear(kind string, a engine.Args) goja.Value {
	c.entries = slices.DeleteFunc(c.entries, func(e *entry) bool {
		return e.kind == kind && (!a.Given(0) || e.name == a.Value(0).String())
	})
	return goja.Undefined()
}
