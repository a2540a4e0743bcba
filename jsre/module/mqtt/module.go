// Package mqtt is the module mqtt: MQTT clients for scripts, on dunlin/mqtt.
//
// A client is an EventEmitter. Whatever happens on its connection reaches the
// script as events and callbacks on the event loop, in the order in which it
// happened, through one queue a client. The queue is bounded for messages: a
// script that is slower than its server makes the connection slow down, and
// memory does not grow.
package mqtt

import (
	"slices"
	"sync"
	"sync/atomic"

	"github.com/dop251/goja"

	"dunlin/jsre/engine"
	"dunlin/jsre/module/mqttjs"
	"dunlin/mqtt"
)

// Options say what the host allows and where connections lead.
type Options struct {
	// Mode is what mode() returns: off, listener or publisher. The stricter of it
	// and of the process's mode counts.
	Mode mqtt.Mode
	// Redirect, unless nil, is asked for each address (host:port) that a script
	// opens. It returns the address to connect to instead, and whether to go
	// without TLS though the script asks for it; or the address itself.
	Redirect func(address string) (to string, plain bool)
}

// module is the module's state in one VM. It belongs to the loop, except for
// what mu guards.
type module struct {
	vm      *engine.VM
	options Options
	proto   *goja.Object
	last    goja.Value // lastError

	poisoned atomic.Bool // a connection of the script has ended over a packet that broke the protocol

	mu   sync.Mutex
	open []*client // those that may have a connection; mu
}

// Module is require('mqtt').
func Module(o Options) engine.Module {
	return engine.Module{Name: "mqtt", Load: func(vm *engine.VM) goja.Value {
		m := &module{vm: vm, options: o, last: goja.Undefined()}
		vm.OnClose(m.closeAll)
		return m.exports()
	}}
}

func (m *module) exports() goja.Value {
	rt := m.vm.Runtime()
	out := rt.NewObject()
	m.proto = m.prototype()
	m.vm.Export(out, "open", m.openClient)
	m.vm.Export(out, "mode", func(goja.FunctionCall) goja.Value { return rt.ToValue(m.mode().String()) })
	m.vm.Getter(out, "lastError", func(goja.Value) goja.Value { return m.last })
	mqttjs.AddTo(m.vm, out, mqttjs.Options{Mode: m.mode, Redirect: m.options.Redirect})
	return out
}

func (m *module) mode() mqtt.Mode { return max(m.options.Mode, mqtt.CurrentMode()) }

// add notes a client that may have a connection.
func (m *module) add(c *client) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.open = append(m.open, c)
}

func (m *module) remove(c *client) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.open = slices.DeleteFunc(m.open, func(o *client) bool { return o == c })
}

// closeAll takes leave of all servers when the script ends. When it failed they publish the wills.
func (m *module) closeAll() {
	failed := m.vm.Failed()
	m.mu.Lock()
	open := slices.Clone(m.open)
	m.mu.Unlock()
	for _, c := range open {
		if failed && c.will {
			c.beginCloseBy(c.leaveWill)
			continue
		}
		c.beginClose()
	}
	for _, c := range open {
		c.background.Wait()
	}
}
