package mqttjs

import (
	"math"

	"github.com/dop251/goja"

	"dunlin/jsre/module/mqttjs/packet"
)

// packetObject is a packet that was received, as scripts see it.
func (m *module) packetObject(p *packet.Packet) *goja.Object {
	rt := m.vm.Runtime()
	o := rt.CreateObject(m.need().packetProto)
	set := func(name string, v any) { _ = o.Set(name, v) } // o is ours and extensible
	set("cmd", p.Type.String())
	set("retain", p.Retain)
	set("qos", int(p.QoS))
	set("dup", p.Dup)
	set("length", p.Length)
	set("topic", goja.Null())
	set("payload", goja.Null())
	if p.Codes != nil && p.Type == packet.SubAck {
		set("granted", m.codesArray(p.Codes))
	}
	switch p.Type {
	case packet.ConnAck:
		set("sessionPresent", p.SessionPresent)
	case packet.PubAck, packet.PubRec, packet.PubRel, packet.PubComp, packet.SubAck, packet.UnsubAck:
		set("messageId", int(p.ID))
	}
	if p.HasCode {
		name := "reasonCode"
		if p.Type == packet.ConnAck && p.Version != packet.V5 {
			name = "returnCode"
		}
		set(name, int(p.Code))
	}
	if p.Properties != nil {
		set("properties", m.propertiesObject(p.Properties))
	}
	if p.Codes != nil && p.Type == packet.UnsubAck {
		set("granted", m.codesArray(p.Codes))
	}
	return o
}

func (m *module) codesArray(codes []byte) *goja.Object {
	list := make([]any, len(codes))
	for i, c := range codes {
		list[i] = int(c)
	}
	return m.vm.Runtime().NewArray(list...)
}

// propertiesObject is properties of MQTT 5 as scripts see them.
func (m *module) propertiesObject(list []packet.Property) *goja.Object {
	rt := m.vm.Runtime()
	o := rt.NewObject()
	user := rt.CreateObject(nil)
	for i := range list {
		p := &list[i]
		d, _ := packet.Define(p.ID)
		switch d.Kind {
		case packet.Pair:
			if o.Get(d.Name) == nil {
				_ = o.Set(d.Name, user)
			}
			addTo(rt, user, p.Name, rt.ToValue(p.Text))
		case packet.Bool:
			_ = o.Set(d.Name, p.Num != 0)
		case packet.Text:
			_ = o.Set(d.Name, p.Text)
		case packet.Binary:
			_ = o.Set(d.Name, m.vm.NewBuffer(p.Bytes))
		case packet.VarInt:
			addTo(rt, o, d.Name, rt.ToValue(int64(p.Num)))
		default:
			_ = o.Set(d.Name, int64(p.Num))
		}
	}
	return o
}

// addTo sets a member, or appends to it where it is there already.
func addTo(rt *goja.Runtime, o *goja.Object, name string, v goja.Value) {
	before := o.Get(name)
	switch list, isObject := before.(*goja.Object); {
	case before == nil:
		_ = o.Set(name, v)
	case isObject && list.ClassName() == "Array":
		_ = list.Set(list.Get("length").String(), v)
	default:
		_ = o.Set(name, rt.NewArray(before, v))
	}
}

// readProperties makes the properties that a script gives. fault says what cannot be written.
func (m *module) readProperties(o *goja.Object) (list []packet.Property, fault string) {
	for _, name := range o.Keys() {
		v := o.Get(name)
		if goja.IsUndefined(v) {
			continue
		}
		id, kind, ok := packet.PropertyNamed(name)
		if !ok {
			return nil, "Invalid property " + name + ": " + v.String()
		}
		before := len(list)
		if list = m.appendProperty(list, id, kind, v); list == nil || len(list) == before && kind != packet.Pair {
			return nil, "Invalid " + name + ": " + v.String()
		}
	}
	return list, ""
}

// appendProperty adds one property, or several where the value is a list; nil when it cannot be.
func (m *module) appendProperty(list []packet.Property, id byte, kind packet.Kind, v goja.Value) []packet.Property {
	switch kind {
	case packet.Bool:
		if m.vm.TypeName(v) != "boolean" {
			return nil
		}
		return append(list, packet.Property{ID: id, Num: map[bool]uint32{true: 1}[v.ToBoolean()]})
	case packet.Byte:
		return m.appendNumber(list, id, v, math.MaxUint8)
	case packet.Int16:
		return m.appendNumber(list, id, v, math.MaxUint16)
	case packet.Int32:
		return m.appendNumber(list, id, v, math.MaxUint32)
	case packet.VarInt:
		if a, ok := v.(*goja.Object); ok && a.ClassName() == "Array" {
			m.vm.Runtime().ForOf(a, func(e goja.Value) bool {
				list = m.appendNumber(list, id, e, packet.MaxLength)
				return list != nil
			})
			return list
		}
		return m.appendNumber(list, id, v, packet.MaxLength)
	case packet.Pair:
		return m.appendPairs(list, v)
	default:
		return m.appendText(list, packet.Property{ID: id}, kind, v)
	}
}

// appendText adds a property that is a text, or bytes, for which a text may stand.
func (m *module) appendText(list []packet.Property, p packet.Property, kind packet.Kind, v goja.Value) []packet.Property {
	s, isText := v.(goja.String)
	b, isBytes := m.vm.Bytes(v)
	switch {
	case isText && kind == packet.Text:
		p.Text = s.String()
	case isText:
		p.Bytes = []byte(s.String())
	case isBytes && kind == packet.Binary:
		p.Bytes = append([]byte{}, b...)
	default:
		return nil
	}
	if len(p.Text) > math.MaxUint16 || len(p.Bytes) > math.MaxUint16 {
		return nil
	}
	return append(list, p)
}

func (m *module) appendNumber(list []packet.Property, id byte, v goja.Value, most float64) []packet.Property {
	if !goja.IsNumber(v) {
		return nil
	}
	if f := v.ToFloat(); f >= 0 && f <= most && f == math.Trunc(f) {
		return append(list, packet.Property{ID: id, Num: uint32(f)})
	}
	return nil
}

func (m *module) appendPairs(list []packet.Property, v goja.Value) []packet.Property {
	o, ok := v.(*goja.Object)
	if !ok || o.ClassName() == "Array" {
		return nil
	}
	add := func(name string, v goja.Value) bool {
		text := v.String()
		if len(name) > math.MaxUint16 || len(text) > math.MaxUint16 {
			list = nil
			return false
		}
		list = append(list, packet.Property{ID: packet.UserProperty, Name: name, Text: text})
		return true
	}
	if list == nil {
		list = []packet.Property{}
	}
	for _, name := range o.Keys() {
		v := o.Get(name)
		if a, ok := v.(*goja.Object); ok && a.ClassName() == "Array" {
			m.vm.Runtime().ForOf(a, func(e goja.Value) bool { return add(name, e) })
		} else {
			add(name, v)
		}
		if list == nil {
			return nil
		}
	}
	return list
}

// sentObject is a packet that is sent, as scripts see it.
func (c *client) sentObject(o *outgoing) *goja.Object {
	if o.object != nil {
		return o.object
	}
	vm := c.vm
	p := &o.p
	out := vm.NewObject("cmd", p.Type.String())
	set := func(name string, v any) { _ = out.Set(name, v) }
	switch p.Type {
	case packet.Publish:
		c.showPublish(o, set)
		return out
	case packet.Subscribe:
		set("subscriptions", o.list)
		set("messageId", int(p.ID))
	case packet.Unsubscribe:
		set("messageId", int(p.ID))
		set("unsubscriptions", o.list)
	case packet.PubAck, packet.PubRec:
		set("messageId", int(p.ID))
		if p.Type == packet.PubAck || p.Code != 0 {
			set("reasonCode", int(p.Code))
		}
	case packet.PubRel:
		set("qos", 2)
		set("messageId", int(p.ID))
	case packet.PubComp:
		set("messageId", int(p.ID))
	case packet.Disconnect:
		if o.options != nil {
			for _, name := range o.options.Keys() {
				set(name, o.options.Get(name))
			}
		}
	}
	if o.properties != nil {
		set("properties", o.properties)
	}
	return out
}

// showPublish sets the members of a message that is sent.
func (c *client) showPublish(o *outgoing, set func(name string, v any)) {
	if set("topic", o.p.Topic); o.topic != nil {
		set("topic", o.topic)
	}
	if o.payload == nil {
		o.payload = goja.Undefined()
	}
	set("payload", o.payload)
	set("qos", int(o.p.QoS))
	set("retain", o.p.Retain)
	set("messageId", int(o.p.ID))
	set("dup", o.p.Dup)
	if c.version == packet.V5 {
		set("properties", c.sentProperties(o))
	}
}

// sentProperties are the properties of a message as the script gave them, with the alias that the
// client has added.
func (c *client) sentProperties(o *outgoing) goja.Value {
	alias := packet.FindProperty(o.p.Properties, packet.TopicAlias)
	if o.properties != nil && (alias != nil) == engineGiven(c.vm.Field(o.properties, "topicAlias")) {
		return o.properties
	}
	if o.properties == nil && alias == nil && !o.aliased {
		return goja.Undefined()
	}
	out := c.vm.NewObject()
	if o.properties != nil {
		for _, name := range o.properties.Keys() {
			if name != "topicAlias" {
				_ = out.Set(name, o.properties.Get(name))
			}
		}
	}
	if alias != nil {
		_ = out.Set("topicAlias", int(alias.Num))
	}
	return out
}
