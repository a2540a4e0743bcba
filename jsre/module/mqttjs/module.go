// Package mqttjs serves the API of MQTT.js 5.16.0 to scripts: mqtt.connect and what belongs to it.
//
// A client is an EventEmitter on the loop goroutine. Package life says in which phase it is, what each event
// means there, and what becomes of a packet; the ledger has what the script is owed, in order; beside them are the store
// of what is not acknowledged, what is parked until there is a connection, and the subscriptions to renew. Events and
// callbacks come in the order in which MQTT.js has them. Each attempt to connect is one stream, whose goroutines move bytes and make packets of
// them. The API shows packets, their identifiers and stores to scripts, which dunlin/mqtt never does,
// so this package has packets of its own (package packet) on the connections of dunlin/mqtt/dial.
package mqttjs

import (
	"slices"
	"sync"

	"github.com/dop251/goja"

	"dunlin/jsre/engine"
	"dunlin/mqtt"
)

// Version is the version of MQTT.js whose behaviour this is.
const Version = "5.16.0"

// Options say what the host allows and where connections lead. They are those of module mqtt.
type Options struct {
	// Mode says whether scripts may connect and publish.
	Mode func() mqtt.Mode
	// Redirect, unless nil, is asked for each address (host:port) that a script connects to. It
	// returns the address to connect to instead, and whether to go without TLS.
	Redirect func(address string) (to string, plain bool)
}

// module is the state in one VM. It belongs to the loop, except for what mu guards.
type module struct {
	vm      *engine.VM
	options Options
	classes *classes // nil until a script asks for one
	stores  *storeClass

	mu      sync.Mutex
	streams []*stream // those that are open; mu
}

// AddTo adds the API to the exports of module mqtt. What a script does not use is not made.
func AddTo(vm *engine.VM, exports *goja.Object, o Options) {
	m := &module{vm: vm, options: o}
	vm.OnClose(m.closeAll)
	vm.Export(exports, "connect", m.connect)
	vm.Export(exports, "connectAsync", m.connectAsync)
	m.addExports(exports)
}

func (m *module) add(s *stream) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.streams = append(m.streams, s)
}

func (m *module) remove(s *stream) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.streams = slices.DeleteFunc(m.streams, func(o *stream) bool { return o == s })
}

// closeAll takes leave of all servers when the script ends.
func (m *module) closeAll() {
	failed := m.vm.Failed()
	m.mu.Lock()
	open := slices.Clone(m.streams)
	m.mu.Unlock()
	for _, s := range open {
		s.leave(failed)
	}
	for _, s := range open {
		s.background.Wait()
	}
}
