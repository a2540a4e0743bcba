// Package path is the module path: names of files with forward slashes.
package path

import (
	"path"
	"path/filepath"
	"strings"

	"github.com/dop251/goja"

	"dunlin/jsre/engine"
)

// Module is require('path'): join, resolve, normalize, dirname, basename, extname, isAbsolute, sep
// and delimiter.
func Module() engine.Module {
	return engine.Module{Name: "path", Load: load}
}

func load(vm *engine.VM) goja.Value {
	o := vm.NewObject("sep", "/", "delimiter", ":")
	text := func(name string, f func(engine.Args) string) {
		vm.Export(o, name, func(c goja.FunctionCall) goja.Value {
			return vm.Runtime().ToValue(f(vm.Args(name, c.Arguments)))
		})
	}
	parts := func(a engine.Args) []string {
		out := make([]string, a.Len())
		for i := range out {
			out[i] = a.String(i, "path")
		}
		return out
	}
	text("join", func(a engine.Args) string { return clean(strings.Join(nonEmpty(parts(a)), "/")) })
	text("resolve", func(a engine.Args) string {
		at := filepath.ToSlash(vm.Options().Dir)
		for _, p := range parts(a) {
			if path.IsAbs(p) {
				at = p
			} else {
				at += "/" + p
			}
		}
		return path.Clean(at)
	})
	text("normalize", func(a engine.Args) string { return clean(a.String(0, "path")) })
	text("dirname", func(a engine.Args) string { return path.Dir(strings.TrimRight(a.String(0, "path"), "/")) })
	text("basename", func(a engine.Args) string {
		base := path.Base(a.String(0, "path"))
		if a.Given(1) && base != a.String(1, "ext") {
			base = strings.TrimSuffix(base, a.String(1, "ext"))
		}
		return base
	})
	text("extname", func(a engine.Args) string {
		base := path.Base(a.String(0, "path"))
		if i := strings.LastIndexByte(base, '.'); i > 0 {
			return base[i:]
		}
		return ""
	})
	vm.Export(o, "isAbsolute", func(c goja.FunctionCall) goja.Value {
		return vm.Runtime().ToValue(path.IsAbs(vm.Args("isAbsolute", c.Arguments).String(0, "path")))
	})
	_ = o.Set("posix", o)
	return o
}

func nonEmpty(list []string) []string {
	out := list[:0]
	for _, s := range list {
		if s != "" {
			out = append(out, s)
		}
	}
	return out
}

// clean normalizes a path and keeps a slash at its end.
func clean(s string) string {
	out := path.Clean(s)
	if strings.HasSuffix(s, "/") && out != "/" {
		out += "/"
	}
	return out
}
