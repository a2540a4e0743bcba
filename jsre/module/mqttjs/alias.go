package mqttjs

import (
	"slices"

	"github.com/dop251/goja"

	"dunlin/jsre/module/mqttjs/packet"
)

// sendAliases are the topic aliases that the server has been told on this connection.
type sendAliases struct {
	most    int
	byAlias map[int]string
	byTopic map[string]int
	recent  []int // aliases in use, the one that was used longest ago first
}

func newSendAliases(most int) *sendAliases {
	return &sendAliases{most: most, byAlias: map[int]string{}, byTopic: map[string]int{}}
}

// put has an alias stand for a topic. It reports false when the server does not take that alias.
func (a *sendAliases) put(topic string, alias int) bool {
	if alias < 1 || alias > a.most {
		return false
	}
	if before, has := a.byAlias[alias]; has {
		delete(a.byTopic, before)
	}
	a.byAlias[alias], a.byTopic[topic] = topic, alias
	a.touch(alias)
	return true
}

func (a *sendAliases) touch(alias int) {
	a.recent = append(slices.DeleteFunc(a.recent, func(o int) bool { return o == alias }), alias)
}

func (a *sendAliases) topic(alias int) (string, bool) {
	t, ok := a.byAlias[alias]
	return t, ok
}

// alias is the one of a topic, 0 for none.
func (a *sendAliases) alias(topic string) int {
	alias := a.byTopic[topic]
	if alias != 0 {
		a.touch(alias)
	}
	return alias
}

// free is an alias for one more topic: the lowest that is free, or the one used longest ago.
func (a *sendAliases) free() int {
	if len(a.byAlias) < a.most {
		for alias := 1; ; alias++ {
			if _, used := a.byAlias[alias]; !used {
				return alias
			}
		}
	}
	return a.recent[0]
}

// applyAlias puts a topic alias in, or in the topic's place. It returns an error for one that the
// server does not take.
func (c *client) applyAlias(o *outgoing) goja.Value {
	if c.version != packet.V5 || o.p.Type != packet.Publish || o.fault != "" {
		return nil
	}
	given := packet.FindProperty(o.p.Properties, packet.TopicAlias)
	if given == nil || given.Num == 0 {
		c.addOwnAlias(o)
		return nil
	}
	if a := c.sendAliases; a == nil || o.p.Topic != "" && !a.put(o.p.Topic, int(given.Num)) {
		return c.plainError("Sending Topic Alias out of range")
	}
	return nil
}

// addOwnAlias puts in an alias of the client's own, where the options want that.
func (c *client) addOwnAlias(o *outgoing) {
	a := c.sendAliases
	switch {
	case a == nil, o.p.Topic == "":
	case c.optBool("autoAssignTopicAlias"):
		alias := a.alias(o.p.Topic)
		if alias == 0 {
			alias = a.free()
			a.put(o.p.Topic, alias)
		} else {
			o.p.Topic = ""
		}
		addAlias(o, alias)
	case c.optBool("autoUseTopicAlias"):
		if alias := a.alias(o.p.Topic); alias != 0 {
			o.p.Topic = ""
			addAlias(o, alias)
		}
	}
}

func addAlias(o *outgoing, alias int) {
	o.aliased = true
	o.p.Properties = append(slices.Clone(o.p.Properties), packet.Property{ID: packet.TopicAlias, Num: uint32(alias)}) //nolint:gosec // at most 65535
}

// readAliasMaximum takes how many aliases the script takes from the server.
func (c *client) readAliasMaximum() {
	c.receiveMaximum = 65535
	p, ok := c.opt("properties").(*goja.Object)
	if !ok {
		return
	}
	if n := c.vm.Field(p, "topicAliasMaximum").ToInteger(); n > 0 && n <= 65535 {
		c.recvAliasMax, c.recvAliases = int(n), map[uint16]string{}
	}
	if n := c.vm.Field(p, "receiveMaximum").ToInteger(); n > 0 && n <= 65535 {
		c.receiveMaximum = int(n)
	}
}

// resolveAlias puts the topic in the place of its alias. It reports false when that ended the connection.
func (c *client) resolveAlias(p *packet.Packet, r *received) bool {
	given := packet.FindProperty(p.Properties, packet.TopicAlias)
	if given == nil {
		return true
	}
	reject := func(text string, code int) bool {
		c.breakOff(c.reasonFailure(text, code))
		return false
	}
	alias := given.Num
	if c.recvAliases == nil {
		return reject("Received a PUBLISH Topic Alias but no Topic Alias Maximum was advertised", 148)
	}
	if alias == 0 || p.Topic != "" && alias > uint32(c.recvAliasMax) { //nolint:gosec // at most 65535
		return reject(outsideAliases(int(alias), c.recvAliasMax), 148)
	}
	if p.Topic == "" {
		topic, known := c.recvAliases[uint16(alias)]
		if !known {
			return reject("Received unregistered Topic Alias", 130)
		}
		r.topic = topic
		return true
	}
	c.recvAliases[uint16(alias)] = p.Topic
	return true
}
