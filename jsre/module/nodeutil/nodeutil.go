// Package nodeutil is the module util: what Node.js has under that name, and what JSRE adds to it.
package nodeutil

import (
	"strings"
	"time"

	"github.com/dop251/goja"

	"dunlin/jsre/engine"
	"dunlin/jsre/inspect"
	"dunlin/jsre/module/process"
	"dunlin/jsre/nodeerr"
)

// Module is require('util').
func Module() engine.Module {
	return engine.Module{
		Name:  "util",
		Setup: func(vm *engine.VM) error { inspect.Of(vm); return nil },
		Load:  load,
	}
}

// Types is require('util/types').
func Types() engine.Module {
	return engine.Module{Name: "util/types", Load: func(vm *engine.VM) goja.Value {
		util, _ := vm.Require("util")
		return util.ToObject(vm.Runtime()).Get("types")
	}}
}

// util is what the functions of the module share.
type util struct {
	vm *engine.VM
	rt *goja.Runtime
	in *inspect.Inspector
	o  *goja.Object // the exports
}

func load(vm *engine.VM) goja.Value {
	u := &util{vm: vm, rt: vm.Runtime(), in: inspect.Of(vm)}
	u.o = vm.NewObject("inspect", u.in.Function())
	for _, name := range []string{"TextEncoder", "TextDecoder"} {
		if v := u.rt.Get(name); v != nil {
			_ = u.o.Set(name, v)
		}
	}
	u.texts()
	u.callbacks()
	u.tests()
	u.objects()
	u.warnings()
	_ = u.o.Set("types", u.types())
	return u.o
}

// export defines a function of the module whose arguments are checked under its name.
func (u *util) export(name string, f func(engine.Args) goja.Value) {
	u.vm.Export(u.o, name, func(c goja.FunctionCall) goja.Value { return f(u.vm.Args(name, c.Arguments)) })
}

// texts are the functions that make texts.
func (u *util) texts() {
	u.vm.Export(u.o, "format", func(c goja.FunctionCall) goja.Value {
		return u.rt.ToValue(u.in.Format(c.Arguments, u.in.Defaults()))
	})
	u.vm.Export(u.o, "formatWithOptions", func(c goja.FunctionCall) goja.Value {
		opts := u.vm.Args("formatWithOptions", c.Arguments).Object(0, "inspectOptions")
		return u.rt.ToValue(u.in.Format(c.Arguments[1:], u.in.ReadOptions(opts, u.in.Defaults())))
	})
	u.export("stripVTControlCharacters", func(a engine.Args) goja.Value {
		return u.rt.ToValue(inspect.StripColors(nodeerr.String(u.vm, "str", a.Value(0))))
	})
	u.export("toUSVString", func(a engine.Args) goja.Value { return u.rt.ToValue(a.Value(0).String()) })
	u.export("styleText", u.styleText)
	stamped := func(c goja.FunctionCall) string {
		return time.Now().Format("2 Jan 15:04:05") + " - " + u.in.Format(c.Arguments, u.in.Defaults())
	}
	u.vm.Export(u.o, "logToString", func(c goja.FunctionCall) goja.Value { return u.rt.ToValue(stamped(c)) })
	u.vm.Export(u.o, "log", func(c goja.FunctionCall) goja.Value {
		_, _ = u.vm.Options().Stdout.Write([]byte(stamped(c) + "\n"))
		return goja.Undefined()
	})
}

// styleText puts the terminal's codes of one style or several around a text.
func (u *util) styleText(a engine.Args) goja.Value {
	names := []string{}
	if list, ok := a.Value(0).(*goja.Object); ok && list.ClassName() == "Array" {
		for i := range list.Get("length").ToInteger() {
			names = append(names, list.Get(u.rt.ToValue(i).String()).String())
		}
	} else {
		names = append(names, a.String(0, "format"))
	}
	text := nodeerr.String(u.vm, "text", a.Value(1))
	var before, after string
	for _, name := range names {
		on, off, ok := inspect.Color(name)
		if !ok {
			u.vm.ThrowType("styleText: format must be the name of a style, got %q", name)
		}
		before += "\x1b[" + u.rt.ToValue(on).String() + "m"
		after = "\x1b[" + u.rt.ToValue(off).String() + "m" + after
	}
	return u.rt.ToValue(before + text + after)
}

// warnings are the functions that write to stderr.
func (u *util) warnings() {
	u.export("deprecate", func(a engine.Args) goja.Value {
		f := nodeerr.Func(u.vm, "fn", a.Value(0))
		message, code, told := a.Value(1).String(), "", false
		if a.Given(2) {
			code = nodeerr.String(u.vm, "code", a.Value(2))
		}
		return u.like(f, "", func(c goja.FunctionCall) goja.Value {
			if !told {
				told = true
				u.vm.EmitWarning(engine.Warning{Name: "DeprecationWarning", Message: message, Code: code})
			}
			return f.Call(c.This, c.Arguments...)
		})
	})
	debug := func(a engine.Args) goja.Value {
		section := strings.ToUpper(a.String(0, "section"))
		on := u.debugs(section)
		f := u.vm.NewFunction("debuglog", func(c goja.FunctionCall) goja.Value {
			if on {
				_, _ = u.vm.Options().Stderr.Write([]byte(section + " " + process.PID() + ": " + u.in.Format(c.Arguments, u.in.Defaults()) + "\n"))
			}
			return goja.Undefined()
		})
		_ = f.Set("enabled", on)
		return f
	}
	u.export("debuglog", debug)
	u.export("debug", debug)
}

// debugs reports whether the variable NODE_DEBUG names a section; * stands for anything.
func (u *util) debugs(section string) bool {
	list, _ := process.Getenv(u.vm, "NODE_DEBUG")
	for name := range strings.FieldsFuncSeq(list, func(r rune) bool { return r == ',' }) {
		before, _, star := strings.Cut(strings.ToUpper(strings.TrimSpace(name)), "*")
		if before == section || star && strings.HasPrefix(section, before) {
			return true
		}
	}
	return false
}
