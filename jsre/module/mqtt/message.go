package mqtt

import (
	"slices"

	"github.com/dop251/goja"

	"dunlin/jsre/engine"
	"dunlin/mqtt"
)

// received is the object that 'message' listeners get. Its properties become
// values when a script asks for them: most listeners look at one or two, and making
// all of them costs more than everything else about a message. To a script it is a
// plain object: it can be changed, copied and printed.
type received struct {
	engine.Dynamic
	client   *client
	message  *mqtt.Received
	argument [1]goja.Value // the object itself
	payload  engine.LazyBuffer
	buffer   goja.Value            // the payload, once a script has asked for it
	own      map[string]goja.Value // all properties, once a script has changed one
	order    []string              // their names
}

// The properties of a message, in the order in which they are listed.
var (
	messageKeys  = []string{"topic", "message", "qos", "packetId", "retain", "dup"}
	messageKeys5 = append(slices.Clone(messageKeys), "properties") // with those of MQTT 5
)

// messageArguments are what 'message' listeners get.
func (c *client) messageArguments(m *mqtt.Received) []goja.Value {
	r := &received{client: c, message: m}
	r.argument[0] = c.vm.InitDynamic(&r.Dynamic, r)
	return r.argument[:]
}

// Get implements goja.DynamicObject.
func (r *received) Get(key string) goja.Value {
	if r.own != nil {
		return r.own[key]
	}
	rt, m := r.client.vm.Runtime(), r.message
	switch key {
	case "topic":
		return r.client.topic(m.Topic)
	case "message":
		if r.buffer == nil {
			r.buffer = r.client.vm.InitLazyBuffer(&r.payload, m.Payload)
		}
		return r.buffer
	case "qos":
		return rt.ToValue(int(m.QoS))
	case "packetId":
		if m.QoS == 0 {
			return goja.Undefined()
		}
		return rt.ToValue(int(m.PacketID))
	case "retain":
		return rt.ToValue(m.Retain)
	case "dup":
		return rt.ToValue(m.Dup)
	case "properties":
		if m.Properties != nil {
			r.settle() // the same object each time
			return r.own[key]
		}
	}
	return nil
}

// topic is a topic as a value, the same one as long as the topic is the same. Loop goroutine only.
func (c *client) topic(name string) goja.Value {
	if c.lastTopic == nil || c.lastName != name {
		c.lastName, c.lastTopic = name, c.vm.Runtime().ToValue(name)
	}
	return c.lastTopic
}

// settle makes all properties values, to be changed.
func (r *received) settle() {
	if r.own != nil {
		return
	}
	own := make(map[string]goja.Value, len(messageKeys5))
	r.order = slices.Clone(r.Keys())
	for _, key := range messageKeys {
		own[key] = r.Get(key)
	}
	if r.message.Properties != nil {
		own["properties"] = r.client.propertiesObject(r.message)
	}
	r.own = own
}

// Set implements goja.DynamicObject.
func (r *received) Set(key string, v goja.Value) bool {
	r.settle()
	if _, has := r.own[key]; !has {
		r.order = append(r.order, key)
	}
	r.own[key] = v
	return true
}

// Has implements goja.DynamicObject.
func (r *received) Has(key string) bool { return slices.Contains(r.Keys(), key) }

// Delete implements goja.DynamicObject.
func (r *received) Delete(key string) bool {
	r.settle()
	delete(r.own, key)
	r.order = slices.DeleteFunc(r.order, func(k string) bool { return k == key })
	return true
}

// Keys implements goja.DynamicObject.
func (r *received) Keys() []string {
	switch {
	case r.own != nil:
		return r.order
	case r.message.Properties != nil:
		return messageKeys5
	default:
		return messageKeys
	}
}
