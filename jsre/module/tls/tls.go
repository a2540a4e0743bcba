// Package tls is the module tls: constants. Its client options are what mqtt.open takes.
package tls

import (
	"crypto/tls"

	"github.com/dop251/goja"

	"dunlin/jsre/engine"
)

// Module is require('tls').
func Module() engine.Module {
	return engine.Module{Name: "tls", Load: load}
}

func load(vm *engine.VM) goja.Value {
	o := vm.NewObject(
		"TLSv1_2", tls.VersionTLS12, "TLSv1_3", tls.VersionTLS13,
		"DEFAULT_MIN_VERSION", "TLSv1.2", "DEFAULT_MAX_VERSION", "TLSv1.3",
	)
	vm.Export(o, "getCiphers", func(goja.FunctionCall) goja.Value {
		var names []any
		for _, c := range tls.CipherSuites() {
			names = append(names, c.Name)
		}
		return vm.Runtime().NewArray(names...)
	})
	return o
}
