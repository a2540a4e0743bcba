package mqttjs

import (
	"slices"
	"strings"

	"github.com/dop251/goja"

	"dunlin/jsre/engine"
	"dunlin/jsre/module/mqttjs/packet"
)

// interest is what client.handle and client.messages have in one filter. Each has a subscription identifier
// of its own, by which a handler knows its copy of a message that more filters match: an MQTT 5 server
// sends one for each.
type interest struct {
	filter  string
	users   int    // listeners and loops
	id      uint32 // the subscription identifier
	asked   int    // counts the SUBSCRIBEs with this filter
	granted bool   // the server has the subscription with the identifier
}

// greatestIdentifier is the first subscription identifier that is used, the next ones are below: scripts
// that choose their own begin with 1.
const greatestIdentifier = packet.MaxLength

// want notes one more who wants the messages of a filter.
func (c *client) want(filter string) *interest {
	in := c.interests[filter]
	if in == nil {
		in = &interest{filter: filter, id: greatestIdentifier - c.identifiers}
		c.identifiers = (c.identifiers + 1) % (1 << 20)
		c.interests[filter] = in
	}
	in.users++
	return in
}

// unwant notes one less. When by the end of this turn nobody wants the filter, it is unsubscribed.
func (c *client) unwant(in *interest) {
	in.users--
	if in.users > 0 {
		return
	}
	c.later(func() {
		if in.users > 0 || c.interests[in.filter] != in {
			return
		}
		delete(c.interests, in.filter)
		if !c.byScript[in.filter] && !c.life.Leaving() {
			c.beginUnsubscribe(c.vm.Runtime().ToValue(in.filter), nil, nil)
		}
	})
}

// noteSubscribe has a SUBSCRIBE carry the identifier of its filter, and returns what to call when it was
// granted. One that the script has chosen stays, and messages are told apart by their topics alone.
func (c *client) noteSubscribe(o *outgoing, subs []subscription) (granted func()) {
	for _, s := range subs {
		if in := c.interests[s.filter]; in != nil {
			in.asked++
			in.granted = false
		}
	}
	in := c.interests[subs[0].filter]
	if in == nil || len(subs) > 1 || c.version != packet.V5 || packet.FindProperty(o.p.Properties, packet.SubscriptionIdentifier) != nil {
		return func() {}
	}
	o.identified = true
	o.p.Properties = append(slices.Clone(o.p.Properties), packet.Property{ID: packet.SubscriptionIdentifier, Num: in.id})
	asked := in.asked
	return func() { in.granted = in.asked == asked }
}

// withoutIdentifier takes it off again where the server has none.
func (c *client) withoutIdentifier(o *outgoing) {
	if c.connack == nil {
		return
	}
	if has := packet.FindProperty(c.connack.Properties, packet.SubscriptionIDs); has != nil && has.Num == 0 {
		o.p.Properties = slices.DeleteFunc(slices.Clone(o.p.Properties), func(p packet.Property) bool { return p.ID == packet.SubscriptionIdentifier })
	}
}

// noteIdentifiers notes that the server tells identifiers: until it has, messages are told apart by their
// topics alone.
func (c *client) noteIdentifiers(p *packet.Packet) {
	for i := 0; i < len(p.Properties) && !c.identified; i++ {
		own := p.Properties[i].Num > greatestIdentifier-1<<20
		c.identified = p.Properties[i].ID == packet.SubscriptionIdentifier && own
	}
}

// isFor reports whether a message is the copy for a filter that matches its topic.
func (c *client) isFor(in *interest, p *packet.Packet) bool {
	if !in.granted || !c.identified {
		return true
	}
	return slices.ContainsFunc(p.Properties, func(p packet.Property) bool {
		return p.ID == packet.SubscriptionIdentifier && p.Num == in.id
	})
}

// filterArgument takes the filter of handle or messages.
func (c *client) filterArgument(a engine.Args, call string) string {
	filter := a.String(0, "filter")
	switch {
	case filter == "" || len(filter) > 65535 || strings.Contains(filter, "\x00"):
		c.vm.ThrowType("%s: filter of %d bytes is none: it has 1 to 65535 of them, and none is zero", call, len(filter))
	case !validFilter(filter):
		c.vm.ThrowType("%s: filter %q is none: + and # must be whole levels, and # the last one", call, filter)
	}
	return filter
}

// optionsArgument takes their options, which go into a SUBSCRIBE.
func (c *client) optionsArgument(a engine.Args, call string) *goja.Object {
	options := a.Object(1, "options")
	if v := c.vm.Field(options, "qos"); engine.Given(v) {
		c.vm.CheckInt(call+": options.qos", v, 0, 2)
	}
	return options
}

// subscribeFor subscribes for handle or messages; refused gets the error when the server, or the client, refuses.
func (c *client) subscribeFor(in *interest, options *goja.Object, refused func(err goja.Value)) {
	if c.life.Leaving() {
		refused(c.plainError("client disconnecting"))
		return
	}
	c.subscribeTo(wish{filters: []goja.Value{c.vm.Runtime().ToValue(in.filter)}, options: options}, func(list ...goja.Value) {
		if engine.Given(list[0]) {
			refused(list[0])
		}
	})
}
