package mqttjs

import (
	"sync"

	"github.com/dop251/goja"

	"dunlin/jsre/engine"
	"dunlin/jsre/module/mqttjs/packet"
)

// client is a script's client. It belongs to the loop, except for what mu guards.
type client struct {
	*module
	obj     *goja.Object
	emitter *engine.Emitter
	opts    *goja.Object // client.options, which the script may change between attempts
	version int          // of the protocol, as the last attempt has it

	connected, disconnecting, reconnecting bool
	disconnected                           goja.Value // undefined until the first end
	first                                  bool       // no connection was accepted yet
	connackSeen                            bool
	suppressed                             bool // a refusal ends the attempts
	connack                                *packet.Packet
	serverProperties                       goja.Value
	keepAliveByServer                      int

	stream         *stream
	attempt        int // into options.servers
	connackTimer   *engine.Timer
	reconnectTimer *engine.Timer
	keeper         *keeper

	ids                           idProvider
	incoming                      store
	outgoing                      store
	incomingQoS2                  map[uint16]bool
	pending                       map[uint16]*pending // what waits for an acknowledgement
	drained                       []func()            // called when nothing is pending any more
	queue                         []queued            // what waits for a connection
	queueQoS0                     bool
	wanted                        filterList          // subscriptions to renew
	topicsOf                      map[uint16][]string // of the SUBSCRIBE with that identifier
	resending                     bool                // what is in the outgoing store goes first
	postponed                     []func() bool       // calls made meanwhile
	sendAliases                   *sendAliases
	recvAliases                   map[uint16]string // nil: the script takes none
	recvAliasMax                  int
	authMethod                    string     // of CONNECT
	maxPacketSize, receiveMaximum int        // that CONNECT tells the server
	acks                          goja.Value // what customHandleAcks is when the script has none
	deferred                      func()     // a reconnect that waits for the end
	filterHandlers                []*filterHandler
	iterations                    []*iteration
	settleConnect                 func(event string, err goja.Value) // of connectAsync
	lastTopic                     goja.Value                         // of the message before, with its text
	lastName                      string

	logger *engine.Func // option log
	source *engine.Source
	chunk  []*packet.Packet // came together and are being handled
	at     int
	of     *stream // that they came from
	busy   bool    // the script has not called back for the packet before

	mu     sync.Mutex
	inbox  []item // mu
	queued int    // bytes that the packets in it hold; mu
	room   sync.Cond
}

// pending is what waits for an acknowledgement.
type pending struct {
	kind     packet.Type
	volatile bool // ends with the connection
	done     func(err goja.Value, packet func() goja.Value)
}

// queued is a packet that waits for a connection.
type queued struct {
	out  *outgoing
	done func(err goja.Value)
}

// newClient makes the client of options on obj.
func (m *module) newClient(obj, options *goja.Object) *client {
	vm := m.vm
	c := &client{
		module: m, obj: obj, opts: options, first: true, disconnected: goja.Undefined(),
		pending: map[uint16]*pending{}, topicsOf: map[uint16][]string{}, incomingQoS2: map[uint16]bool{},
		serverProperties: goja.Undefined(),
	}
	c.room.L = &c.mu
	vm.SetSlot(obj, c)
	c.emitter = vm.NewEmitter(obj)
	c.source = vm.Loop().NewSource(c.drain)
	c.fillOptions()
	c.version = c.readVersion()
	_ = obj.Set("options", options) // an object of ours
	c.ids = m.idProviderOf(c.opt("messageIdProvider"))
	c.outgoing = c.storeOf(c.opt("outgoingStore"))
	c.incoming = c.storeOf(c.opt("incomingStore"))
	q := c.opt("queueQoSZero")
	c.queueQoS0 = goja.IsUndefined(q) || q.ToBoolean()
	c.logger, _ = m.vm.ToFunc(c.opt("log"))
	c.readAliasMaximum()
	return c
}

// fillOptions puts the defaults where the script has given nothing.
func (c *client) fillOptions() {
	for _, d := range []struct {
		name  string
		value any
	}{
		{"keepalive", 60},
		{"reschedulePings", true},
		{"protocolId", "MQTT"},
		{"protocolVersion", 4},
		{"reconnectPeriod", 1000},
		{"connectTimeout", 30_000},
		{"clean", true},
		{"resubscribe", true},
		{"subscribeBatchSize", nil},
		{"writeCache", true},
		{"timerVariant", "auto"},
	} {
		if goja.IsUndefined(c.opt(d.name)) {
			c.setOpt(d.name, d.value)
		}
	}
	if !goja.IsString(c.opt("clientId")) {
		c.setOpt("clientId", randomClientID())
	}
	if c.readVersion() != packet.V5 || !c.opt("customHandleAcks").ToBoolean() {
		c.setOpt("customHandleAcks", c.defaultAcks())
	}
}

// opt is an option, undefined when there is none.
func (c *client) opt(name string) goja.Value { return c.vm.Field(c.opts, name) }

func (c *client) setOpt(name string, v any) { _ = c.opts.Set(name, v) }

func (c *client) optBool(name string) bool { return c.opt(name).ToBoolean() }

// period is reconnectPeriod in ms, 0 for none.
func (c *client) period() float64 {
	if p := c.opt("reconnectPeriod").ToFloat(); p > 0 {
		return p
	}
	return 0
}

func (c *client) readVersion() int { return int(c.opt("protocolVersion").ToInteger()) }

// emit tells the listeners of an event, from inside the script's calls and the loop's entries.
func (c *client) emit(name string, args ...goja.Value) {
	if c.logger != nil {
		c.log(name, args)
	}
	if name == "error" && c.emitter.Count(name) == 0 { // a client of mqtt.connect ends no script
		c.settleAsync(name, args)
		return
	}
	c.emitter.Emit(name, args...)
	c.settleAsync(name, args)
}

// log tells the function of the option log of an event.
func (c *client) log(name string, args []goja.Value) {
	rt := c.vm.Runtime()
	if len(args) > 0 && name == "error" {
		call(c.logger, rt.ToValue("client %s: event %s: %s"), c.opt("clientId"), rt.ToValue(name), args[0])
		return
	}
	call(c.logger, rt.ToValue("client %s: event %s"), c.opt("clientId"), rt.ToValue(name))
}

// settleAsync has the promise of connectAsync know of the first of these events.
func (c *client) settleAsync(name string, args []goja.Value) {
	if c.settleConnect == nil {
		return
	}
	switch name {
	case "connect", "end", "close":
		c.settleConnect(name, nil)
	case "error":
		c.settleConnect(name, args[0])
	}
}

// run enters the script, for timers and what the loop serves.
func (c *client) run(f func()) { c.vm.Loop().Run(f) }

func (c *client) isDisconnected() bool { return c.disconnected.ToBoolean() }

func (c *client) setDisconnected(v bool) { c.disconnected = c.vm.Runtime().ToValue(v) }

// later runs f as setImmediate does.
func (c *client) later(f func()) { c.vm.Loop().SetImmediate(f) }
