package engine

import (
	"path/filepath"
	"strings"

	"github.com/dop251/goja"
)

// LoaderModule is the module "module": what scripts ask of the loader itself.
func LoaderModule() Module {
	return Module{Name: "module", Load: func(vm *VM) goja.Value {
		r := vm.modules
		exports := vm.rt.NewObject()
		vm.Export(exports, "createRequire", func(c goja.FunctionCall) goja.Value {
			abs := vm.fileOf("createRequire", c.Argument(0))
			return r.requireFunc(&unit{abs: abs, name: abs})
		})
		vm.Export(exports, "isBuiltin", func(c goja.FunctionCall) goja.Value {
			id, ok := c.Argument(0).Export().(string)
			return vm.rt.ToValue(ok && r.isNative(id))
		})
		_ = exports.Set("builtinModules", r.names())
		return exports
	}}
}

// fileOf reads an argument that names a file: an absolute path, a file URL, or a URL object.
func (vm *VM) fileOf(call string, v goja.Value) string {
	if obj, ok := v.(*goja.Object); ok {
		if href := vm.property(obj, "href"); href != nil {
			v = href
		}
	}
	name := vm.CheckString(call+": filename", v)
	if path, ok := filePath(name); ok {
		name = path
	}
	if !filepath.IsAbs(name) {
		panic(vm.NewError("TypeError", "ERR_INVALID_ARG_VALUE", call+": filename must be an absolute path or a file URL, got "+name))
	}
	if strings.HasSuffix(name, "/") { // a folder: what is in it
		name += "noop.js"
	}
	return name
}
