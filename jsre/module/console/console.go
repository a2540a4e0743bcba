// Package console is the global console and the module console.
package console

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/dop251/goja"

	"dunlin/jsre/engine"
	"dunlin/jsre/inspect"
)

// Module is the global console and require('console'). log, info, debug, dir, group, table, count
// and timeEnd write to stdout; error, warn, trace and assert to stderr. The host's setting
// "timestamps", true, puts the time in front of each line; so does console.timestamps = true.
func Module() engine.Module {
	return engine.Module{Name: "console", Setup: setup, Load: func(vm *engine.VM) goja.Value {
		return vm.Runtime().GlobalObject().Get("console")
	}}
}

// console is one console: the global one, or one that a script made.
type console struct {
	vm       *engine.VM
	in       *inspect.Inspector
	obj      *goja.Object
	out, err io.Writer
	step     int // blanks that a group indents by
	groups   int
	counts   map[string]int
	timers   map[string]time.Time
	options  func() inspect.Options
	filter   tags
}

func setup(vm *engine.VM) error {
	c := &console{vm: vm, in: inspect.Of(vm), obj: vm.NewObject(), out: vm.Options().Stdout, err: vm.Options().Stderr, step: 2}
	c.options = func() inspect.Options {
		o := c.in.Defaults()
		o.Colors = o.Colors || vm.Options().Color
		return o
	}
	c.methods()
	c.jsre()
	class := func(goja.FunctionCall) goja.Value { return consoleClass(vm) }
	if err := c.obj.DefineAccessorProperty("Console", vm.NewFunction("get Console", class), nil, goja.FLAG_TRUE, goja.FLAG_FALSE); err != nil {
		return err
	}
	vm.SetGlobal("console", c.obj)
	return nil
}

// methods defines the functions of a console. They do without this, so that they can be passed on.
func (c *console) methods() {
	c.counts, c.timers = map[string]int{}, map[string]time.Time{}
	for _, m := range []struct {
		w     io.Writer
		do    func(io.Writer, []goja.Value)
		names string
	}{
		{c.out, c.log, "log info debug dirxml"},
		{c.err, c.log, "error warn"},
		{c.err, c.trace, "trace"},
		{c.err, c.assert, "assert"},
		{c.out, c.dir, "dir"},
		{c.out, c.table, "table"},
		{c.out, c.group, "group groupCollapsed"},
		{c.out, c.groupEnd, "groupEnd"},
		{c.out, c.countReset, "countReset"},
		{c.out, c.time, "time"},
		{c.out, c.timeLog, "timeLog"},
		{c.out, c.timeEnd, "timeEnd"},
		{c.out, c.clear, "clear"},
		{c.out, func(io.Writer, []goja.Value) {}, "profile profileEnd timeStamp"},
	} {
		for name := range strings.FieldsSeq(m.names) {
			c.vm.Export(c.obj, name, func(call goja.FunctionCall) goja.Value {
				m.do(m.w, call.Arguments)
				return goja.Undefined()
			})
		}
	}
	c.vm.Export(c.obj, "count", func(call goja.FunctionCall) goja.Value { return c.count(call.Arguments) })
}

// write prints a text, indented by the groups that are open, with the time when that is asked for.
// Stacks of the engine are put in order.
func (c *console) write(w io.Writer, text string) {
	text = c.vm.CleanStack(text)
	if c.groups > 0 {
		indent := strings.Repeat(" ", c.groups*c.step)
		text = indent + strings.ReplaceAll(text, "\n", "\n"+indent)
	}
	if c.timestamps() {
		text = time.Now().Format("2006-01-02T15:04:05.000Z07:00 ") + text
	}
	_, _ = io.WriteString(w, text+"\n")
}

// timestamps reports whether lines begin with the time.
func (c *console) timestamps() bool {
	if v := c.obj.Get("timestamps"); v != nil && !goja.IsUndefined(v) {
		return v.ToBoolean()
	}
	on, _ := c.vm.Host("timestamps").(bool)
	return on
}

func (c *console) log(w io.Writer, args []goja.Value) {
	c.write(w, c.in.Format(args, c.options()))
}

// trace prints its arguments and where it was called.
func (c *console) trace(w io.Writer, args []goja.Value) {
	head := "Trace"
	if len(args) > 0 {
		head += ": " + c.in.Format(args, c.options())
	}
	for _, f := range c.vm.CallStack() {
		if f.File != "" {
			head += "\n    at " + f.String()
		}
	}
	c.write(w, head)
}

// assert prints only when its first argument is not true.
func (c *console) assert(w io.Writer, args []goja.Value) {
	if len(args) > 0 && args[0].ToBoolean() {
		return
	}
	rest := append([]goja.Value(nil), args[min(1, len(args)):]...)
	if len(rest) == 0 {
		c.write(w, "Assertion failed")
		return
	}
	rest[0] = c.vm.Runtime().ToValue("Assertion failed: " + c.in.Text(rest[0]))
	c.log(w, rest)
}

// dir inspects one value; its second argument may set the options of util.inspect.
func (c *console) dir(w io.Writer, args []goja.Value) {
	o := c.options()
	o.CustomInspect = false
	if len(args) > 1 {
		if opts, ok := args[1].(*goja.Object); ok {
			o = c.in.ReadOptions(opts, o)
		}
	}
	if len(args) == 0 {
		args = []goja.Value{goja.Undefined()}
	}
	c.write(w, c.in.MustInspect(args[0], o))
}

// mostGroups keeps the indentation of a script that forgets groupEnd within bounds.
const mostGroups = 100

func (c *console) group(w io.Writer, args []goja.Value) {
	if len(args) > 0 {
		c.log(w, args)
	}
	c.groups = min(c.groups+1, mostGroups)
}

func (c *console) groupEnd(io.Writer, []goja.Value) { c.groups = max(c.groups-1, 0) }

// label is the first argument, "default" when it is missing.
func label(args []goja.Value) string {
	if len(args) == 0 || goja.IsUndefined(args[0]) {
		return "default"
	}
	return args[0].String()
}

// count prints how often it was called with a label, and gives that text.
func (c *console) count(args []goja.Value) goja.Value {
	l := label(args)
	c.counts[l]++
	text := fmt.Sprintf("%s: %d", l, c.counts[l])
	c.write(c.out, text)
	return c.vm.Runtime().ToValue(text)
}

func (c *console) countReset(_ io.Writer, args []goja.Value) {
	if _, ok := c.counts[label(args)]; !ok {
		c.complain("Count for '" + label(args) + "' does not exist")
	}
	delete(c.counts, label(args))
}

// complain writes what is wrong with a call.
func (c *console) complain(text string) {
	_, _ = io.WriteString(c.vm.Options().Stderr, "warning: console: "+text+"\n")
}

func (c *console) time(_ io.Writer, args []goja.Value) {
	if _, ok := c.timers[label(args)]; ok {
		c.complain("Label '" + label(args) + "' already exists for console.time()")
		return
	}
	c.timers[label(args)] = time.Now()
}

func (c *console) timeLog(w io.Writer, args []goja.Value) {
	start, ok := c.timers[label(args)]
	if !ok {
		c.complain("No such label '" + label(args) + "' for console.timeLog()")
		return
	}
	text := label(args) + ": " + duration(time.Since(start))
	if len(args) > 1 {
		text += " " + c.in.Format(args[1:], c.options())
	}
	c.write(w, text)
}

func (c *console) timeEnd(w io.Writer, args []goja.Value) {
	start, ok := c.timers[label(args)]
	if !ok {
		c.complain("No such label '" + label(args) + "' for console.timeEnd()")
		return
	}
	c.write(w, label(args)+": "+duration(time.Since(start)))
	delete(c.timers, label(args))
}

// clear clears a terminal; it does nothing to a file.
func (c *console) clear(w io.Writer, _ []goja.Value) {
	if c.vm.Options().Color {
		_, _ = io.WriteString(w, "\x1b[1;1H\x1b[0J")
	}
}

func duration(d time.Duration) string {
	two := func(n time.Duration) string { return fmt.Sprintf("%02d", n) }
	switch {
	case d >= time.Hour:
		return fmt.Sprintf("%d:%s:%s (h:mm:ss)", d/time.Hour, two(d/time.Minute%60), two(d/time.Second%60))
	case d >= time.Minute:
		return fmt.Sprintf("%d:%s.%03d (m:ss.mmm)", d/time.Minute, two(d/time.Second%60), d/time.Millisecond%1000)
	case d >= time.Second:
		return fmt.Sprintf("%.3fs", d.Seconds())
	}
	ms := float64(d) / float64(time.Millisecond)
	return strings.TrimRight(strings.TrimRight(fmt.Sprintf("%.3f", ms), "0"), ".") + "ms"
}
