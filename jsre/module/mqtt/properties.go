package mqtt

import (
	"time"

	"github.com/dop251/goja"

	"dunlin/jsre/engine"
	"dunlin/mqtt"
)

// maxUint32 bounds what MQTT 5 counts in seconds.
const maxUint32 = 1<<32 - 1

// propertiesObject is the MQTT 5 properties of a message, those that are there.
func (c *client) propertiesObject(m *mqtt.Received) *goja.Object {
	p := m.Properties
	rt := c.vm.Runtime()
	o := rt.NewObject()
	set := func(name string, v any) { _ = o.Set(name, v) } // o is ours and extensible
	if p.PayloadIsText {
		set("payloadFormatIndicator", true)
	}
	if p.MessageExpiry != nil {
		set("messageExpiryInterval", int64(*p.MessageExpiry/time.Second))
	}
	if p.ContentType != "" {
		set("contentType", p.ContentType)
	}
	if p.ResponseTopic != "" {
		set("responseTopic", p.ResponseTopic)
	}
	if p.CorrelationData != nil {
		set("correlationData", c.vm.NewBuffer(p.CorrelationData))
	}
	if of := m.SubscriptionIDs(); len(of) > 0 {
		ids := make([]any, len(of))
		for i, id := range of {
			ids[i] = int64(id)
		}
		set("subscriptionIdentifier", rt.NewArray(ids...))
	}
	if len(p.UserProperties) > 0 {
		set("userProperties", c.userObject(p.UserProperties))
	}
	return o
}

// userObject is user properties by name; a name that comes several times has an
// array of its values.
func (c *client) userObject(user []mqtt.UserProperty) *goja.Object {
	rt := c.vm.Runtime()
	byName := map[string][]any{}
	var names []string
	for _, u := range user {
		if byName[u.Name] == nil {
			names = append(names, u.Name)
		}
		byName[u.Name] = append(byName[u.Name], u.Value)
	}
	o := rt.CreateObject(nil) // a hostile name such as __proto__ is only a name
	for _, name := range names {
		var v any = rt.NewArray(byName[name]...)
		if len(byName[name]) == 1 {
			v = byName[name][0]
		}
		_ = o.DefineDataProperty(name, rt.ToValue(v), goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_TRUE)
	}
	return o
}

// readProperties takes the MQTT 5 properties of a message to publish.
func (c *client) readProperties(what string, v goja.Value) *mqtt.Properties {
	if !engine.Given(v) {
		return nil
	}
	vm := c.vm
	o := vm.CheckObject(what, v)
	p := &mqtt.Properties{}
	if v := vm.Field(o, "payloadFormatIndicator"); engine.Given(v) {
		p.PayloadIsText = vm.CheckBool(what+".payloadFormatIndicator", v)
	}
	if v := vm.Field(o, "messageExpiryInterval"); engine.Given(v) {
		d := time.Duration(vm.CheckInt(what+".messageExpiryInterval", v, 0, maxUint32)) * time.Second
		p.MessageExpiry = &d
	}
	if v := vm.Field(o, "contentType"); engine.Given(v) {
		p.ContentType = vm.CheckString(what+".contentType", v)
	}
	if v := vm.Field(o, "responseTopic"); engine.Given(v) {
		p.ResponseTopic = vm.CheckString(what+".responseTopic", v)
	}
	if v := vm.Field(o, "correlationData"); engine.Given(v) {
		p.CorrelationData = append([]byte{}, vm.CheckBytes(what+".correlationData", v)...)
	}
	p.UserProperties = c.readUser(what+".userProperties", vm.Field(o, "userProperties"))
	return p
}

// readConnectProperties takes the MQTT 5 properties of connect.
func (c *client) readConnectProperties(what string, v goja.Value) mqtt.ConnectProperties {
	o := c.vm.CheckObject(what, v)
	var p mqtt.ConnectProperties
	if v := c.vm.Field(o, "sessionExpiryInterval"); engine.Given(v) {
		p.SessionExpiry = time.Duration(c.vm.CheckInt(what+".sessionExpiryInterval", v, 0, maxUint32)) * time.Second
	}
	p.UserProperties = c.readUser(what+".userProperties", c.vm.Field(o, "userProperties"))
	return p
}

// readUser takes user properties: an object of strings or arrays of strings.
func (c *client) readUser(what string, v goja.Value) (user []mqtt.UserProperty) {
	if !engine.Given(v) {
		return nil
	}
	o := c.vm.CheckObject(what, v)
	for _, name := range o.Keys() {
		v := o.Get(name)
		if !isArray(v) {
			user = append(user, mqtt.UserProperty{Name: name, Value: c.vm.CheckString(what+"."+name, v)})
			continue
		}
		for at, element := range elements(v) {
			user = append(user, mqtt.UserProperty{Name: name, Value: c.vm.CheckString(what+"."+name+"["+at+"]", element)})
		}
	}
	return user
}
