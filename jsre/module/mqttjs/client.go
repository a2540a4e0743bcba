package mqttjs

import (
	"sync"

	"github.com/dop251/goja"

	"dunlin/jsre/engine"
	"dunlin/jsre/module/mqttjs/life"
	"dunlin/jsre/module/mqttjs/packet"
)

// client is a script's client. It belongs to the loop, except for what mu guards.
type client struct {
	*module
	obj     *goja.Object
	emitter *engine.Emitter
	opts    *goja.Object // client.options, which the script may change between attempts
	version int          // of the protocol, as the last attempt has it

	life              life.Machine
	leave             *leave // the end that the script wants; nil: none, or it is complete
	away              bool   // the script was told that there is no connection, and attempts follow
	again             bool   // an attempt follows as soon as the transport has closed
	wasLive           bool   // a session went on, whose subscriptions may have to be renewed
	connack           *packet.Packet
	serverProperties  goja.Value
	keepAliveByServer int

	stream       *stream
	server       int   // the next of options.servers
	denials      int   // attempts one after the other that the script might not make
	connackLimit delay // the wait for CONNACK
	retry        delay // until the next attempt
	watch        *watch

	ids                           idProvider
	incoming                      store
	outgoing                      store
	unreleased                    map[uint16]bool // messages of QoS 2 whose PUBREL has not come
	owed                          ledger
	parked                        []*outgoing // what waits for a connection and is not stored
	queueQoS0                     bool
	wanted                        filterList          // subscriptions to renew
	topicsOf                      map[uint16][]string // of the SUBSCRIBE with that identifier
	replay                        replay
	window                        window
	waiting                       []func() bool // calls that wait for an identifier
	sendAliases                   *sendAliases
	recvAliases                   map[uint16]string // nil: the script takes none
	recvAliasMax                  int
	authMethod                    string     // of CONNECT
	maxPacketSize, receiveMaximum int        // that CONNECT tells the server
	acks                          goja.Value // what customHandleAcks is when the script has none
	filterHandlers                []*filterHandler
	interests                     map[string]*interest // by filter
	identifiers                   uint32               // subscription identifiers that were given to them
	identified                    bool                 // the server tells identifiers
	byScript                      map[string]bool      // filters that the script subscribes to by itself
	inLoops                       map[uint16]*handling // messages of QoS 2 that loops have
	loops                         loops
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

// newClient makes the client of options on obj.
func (m *module) newClient(obj, options *goja.Object) *client {
	vm := m.vm
	c := &client{
		module: m, obj: obj, opts: options,
		topicsOf: map[uint16][]string{}, unreleased: map[uint16]bool{}, interests: map[string]*interest{},
		byScript: map[string]bool{}, inLoops: map[uint16]*handling{}, serverProperties: goja.Undefined(),
	}
	c.room.L = &c.mu
	vm.SetSlot(obj, c)
	c.emitter = vm.NewEmitter(obj)
	c.source = vm.Loop().NewSource(c.drain)
	c.fillOptions()
	c.version = c.readVersion()
	_ = obj.Set("options", options) // an object of ours
	c.ids = m.idProviderOf(c.opt("messageIdProvider"))
	c.takeStores()
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

// later runs f as setImmediate does.
func (c *client) later(f func()) { c.vm.Loop().SetImmediate(f) }
