package mqtt

import (
	"context"
	"sync"
	"time"

	"github.com/dop251/goja"

	"dunlin/jsre/engine"
	"dunlin/mqtt"
)

// closeTime is how long a server gets to take our DISCONNECT.
const closeTime = 5 * time.Second

// client is a script's client. It belongs to the loop, except for what mu
// guards.
type client struct {
	*module
	obj      *goja.Object
	emitter  *engine.Emitter
	over     bool         // the connection is closed, and all that was pending has called back
	late     []event      // callbacks of calls since the client was closed: they come after those that were pending
	release  func()       // lets the loop end; the client is over
	closed   bool         // the script is told nothing more but what became of its calls
	ready    bool         // the script knows that it is open
	asked    bool         // connect was called
	will     bool         // with a will
	version  mqtt.Version // and with this one; 0: the default
	up       bool         // the server accepted it
	accepted *engine.Func // connect's callback, may be nil
	source   *engine.Source
	batch    []event // taken off the queue
	next     int     // of batch

	lastName  string     // the topic that was asked for last
	lastTopic goja.Value // and its value, nil at first

	ctx        context.Context // of opening and connecting; ends with the client
	cancel     context.CancelFunc
	background sync.WaitGroup // goroutines of this client

	mu    sync.Mutex
	conn  *mqtt.Client // nil until opened; mu
	ended bool         // being closed, or over; mu
	queue queue        // mu
}

// prototype has the methods of all clients.
func (m *module) prototype() *goja.Object {
	rt := m.vm.Runtime()
	proto := rt.CreateObject(m.vm.EmitterPrototype())
	method := func(name string, f func(*client, engine.Args) goja.Value) {
		m.vm.Method(proto, name, func(call goja.FunctionCall) goja.Value {
			c, ok := m.vm.Slot(call.This).(*client)
			if !ok {
				m.vm.ThrowType("%s: called on %s, which is no MQTT client", name, m.vm.TypeName(call.This))
			}
			return f(c, m.vm.Args(name, call.Arguments))
		})
	}
	method("connect", (*client).connect)
	method("publish", (*client).publish)
	method("subscribe", (*client).subscribe)
	method("unsubscribe", (*client).unsubscribe)
	method("close", func(c *client, _ engine.Args) goja.Value {
		c.closed = true
		c.beginClose()
		return goja.Undefined()
	})
	method("isConnected", func(c *client, _ engine.Args) goja.Value {
		conn := c.connection()
		return rt.ToValue(!c.closed && conn != nil && conn.IsConnected())
	})
	method("isQueued", func(c *client, _ engine.Args) goja.Value {
		conn := c.connection()
		return rt.ToValue(!c.closed && conn != nil && conn.IsQueued())
	})
	class := m.vm.NewFunction("MqttClient", func(goja.FunctionCall) goja.Value {
		m.vm.ThrowType("MqttClient: use mqtt.open to make a client")
		return nil
	})
	_ = class.Set("prototype", proto) // both are ours and extensible
	_ = proto.DefineDataProperty("constructor", class, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE)
	return proto
}

// newClient makes the script's object. It keeps the loop going until it is over.
func (m *module) newClient() *client {
	c := &client{module: m, obj: m.vm.Runtime().CreateObject(m.proto)}
	m.vm.SetSlot(c.obj, c)
	c.emitter = m.vm.NewEmitter(c.obj)
	c.ctx, c.cancel = context.WithCancel(m.vm.Context())
	c.source = m.vm.Loop().NewSource(c.drain)
	c.queue.room = sync.NewCond(&c.mu)
	c.release = m.vm.Loop().Ref()
	m.add(c)
	return c
}

// connection returns the connection, nil while there is none.
func (c *client) connection() *mqtt.Client {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.conn
}

// adopt gives the client its connection, unless it was closed meanwhile.
func (c *client) adopt(conn *mqtt.Client) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended {
		return false
	}
	c.conn = conn
	return true
}

// beginClose sends DISCONNECT and closes the connection, in the background. The
// loop goes on until that is done, so that what was pending calls back.
func (c *client) beginClose() { c.beginCloseBy(shut) }

// beginCloseBy is beginClose with the function that takes leave of the server.
func (c *client) beginCloseBy(leave func(*mqtt.Client)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended {
		return
	}
	c.ended = true
	c.queue.room.Broadcast()
	c.cancel()
	conn := c.conn
	c.background.Go(func() {
		if conn != nil {
			leave(conn)
		}
		c.remove(c)
		c.push(event{kind: over})
	})
}

// leaveWill closes a connection so that the server publishes the will.
func (c *client) leaveWill(conn *mqtt.Client) {
	ctx, cancel := context.WithTimeout(context.Background(), closeTime)
	defer cancel()
	if c.version == mqtt.V5 && conn.CloseWith(ctx, mqtt.DisconnectOptions{Code: 0x04}) == nil {
		return
	}
	_, _ = conn.Ping(ctx) // the answer tells that what the script has published is there
	cancel()
	_ = conn.Close(ctx) // without DISCONNECT, for the time is up
}

// shut closes a connection. A server that does not take the DISCONNECT in time is
// left all the same.
func shut(conn *mqtt.Client) {
	ctx, cancel := context.WithTimeout(context.Background(), closeTime)
	defer cancel()
	_ = conn.Close(ctx)
}
