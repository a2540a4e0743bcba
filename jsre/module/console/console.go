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
// and timeEnd write to stdout; error, warn, trace and assert to stderr.
func Module() engine.Module {
	return engine.Module{Name: "console", Setup: setup, Load: func(vm *engine.VM) goja.Value {
		return vm.Runtime().GlobalObject().Get("console")
	}}
}

type console struct {
	vm     *engine.VM
	in     *inspect.Inspector
	indent string
	counts map[string]int
	timers map[string]time.Time
}

func setup(vm *engine.VM) error {
	c := &console{vm: vm, in: inspect.Of(vm), counts: map[string]int{}, timers: map[string]time.Time{}}
	o := vm.Runtime().NewObject()
	out, errs := vm.Options().Stdout, vm.Options().Stderr
	def := func(w io.Writer, f func(io.Writer, []goja.Value), names ...string) {
		for _, n := range names {
			vm.Export(o, n, func(call goja.FunctionCall) goja.Value {
				f(w, call.Arguments)
				return goja.Undefined()
			})
		}
	}
	def(out, c.log, "log", "info", "debug")
	def(errs, c.log, "error", "warn")
	def(errs, c.trace, "trace")
	def(errs, c.assert, "assert")
	def(out, c.dir, "dir", "dirxml")
	def(out, c.table, "table")
	def(out, c.group, "group", "groupCollapsed")
	def(out, c.groupEnd, "groupEnd")
	def(out, c.count, "count")
	def(out, c.countReset, "countReset")
	def(out, c.time, "time")
	def(out, c.timeLog, "timeLog")
	def(out, c.timeEnd, "timeEnd")
	vm.SetGlobal("console", o)
	return nil
}

func (c *console) options() inspect.Options {
	o := c.in.Defaults()
	o.Colors = c.vm.Options().Color
	return o
}

// write prints a text, indented by the groups that are open. Stacks of the engine are put in order.
func (c *console) write(w io.Writer, text string) {
	text = c.vm.CleanStack(text)
	if c.indent != "" {
		text = c.indent + strings.ReplaceAll(text, "\n", "\n"+c.indent)
	}
	_, _ = io.WriteString(w, text+"\n")
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
	if len(args) < 2 {
		c.write(w, "Assertion failed")
		return
	}
	c.write(w, "Assertion failed: "+c.in.Format(args[1:], c.options()))
}

// dir inspects one value; its second argument may set depth, colors and showHidden.
func (c *console) dir(w io.Writer, args []goja.Value) {
	o := c.options()
	if len(args) > 1 {
		if opts, ok := args[1].(*goja.Object); ok {
			o = c.in.ReadOptions(opts, o)
		}
	}
	if len(args) == 0 {
		args = []goja.Value{goja.Undefined()}
	}
	c.write(w, c.in.Inspect(args[0], o))
}

func (c *console) group(w io.Writer, args []goja.Value) {
	if len(args) > 0 {
		c.log(w, args)
	}
	c.indent += "  "
}

func (c *console) groupEnd(io.Writer, []goja.Value) {
	c.indent = strings.TrimSuffix(c.indent, "  ")
}

// label is the first argument, "default" when it is missing.
func label(args []goja.Value) string {
	if len(args) == 0 || goja.IsUndefined(args[0]) {
		return "default"
	}
	return args[0].String()
}

func (c *console) count(w io.Writer, args []goja.Value) {
	l := label(args)
	c.counts[l]++
	c.write(w, fmt.Sprintf("%s: %d", l, c.counts[l]))
}

func (c *console) countReset(_ io.Writer, args []goja.Value) { delete(c.counts, label(args)) }

func (c *console) time(_ io.Writer, args []goja.Value) {
	if _, ok := c.timers[label(args)]; !ok {
		c.timers[label(args)] = time.Now()
	}
}

func (c *console) timeLog(w io.Writer, args []goja.Value) {
	start, ok := c.timers[label(args)]
	if !ok {
		c.write(c.vm.Options().Stderr, fmt.Sprintf("console: no timer '%s' was started", label(args)))
		return
	}
	text := label(args) + ": " + duration(time.Since(start))
	if len(args) > 1 {
		text += " " + c.in.Format(args[1:], c.options())
	}
	c.write(w, text)
}

func (c *console) timeEnd(w io.Writer, args []goja.Value) {
	c.timeLog(w, args[:min(1, len(args))])
	delete(c.timers, label(args))
}

func duration(d time.Duration) string {
	if d < time.Second {
		return fmt.Sprintf("%.3fms", float64(d)/float64(time.Millisecond))
	}
	return fmt.Sprintf("%.3fs", d.Seconds())
}
