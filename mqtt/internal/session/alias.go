package session

import (
	"strings"

	"dunlin/mqtt/internal/wire"
)

// outAliases gives topics of outgoing messages an alias, within the server's
// Topic Alias Maximum. The topic that was not used for the longest time makes
// place. It belongs to one connection [MQTT-3.3.2-7].
type outAliases struct {
	max     int
	packet  int // the server's Maximum Packet Size; 0: none
	byTopic map[string]uint16
	topics  []aliasedTopic // by alias - 1
	newest  uint16         // 0: none
	oldest  uint16
	scratch wire.Properties
}

// aliasedTopic is a member of a list in the order of use.
type aliasedTopic struct {
	topic        string
	newer, older uint16 // aliases, 0 at the ends
}

// minAliased is the shortest topic that an alias makes shorter: its property
// takes three bytes. aliasCost is what the packet that defines one grows by at
// most, with the two lengths that may take a byte more.
const (
	minAliased = 4
	aliasCost  = 5
)

// apply puts an alias in the place of p's topic where the server knows it, and
// adds one where there is none yet. The result is for sending at once; p keeps
// the full topic.
func (a *outAliases) apply(p wire.Publish) wire.Publish {
	if len(p.Topic) < minAliased {
		return p
	}
	alias, known := a.byTopic[p.Topic]
	switch {
	case known:
		p.Topic = ""
	case a.packet > 0 && p.Length(wire.V5)+aliasCost > a.packet: // [MQTT-3.2.2-15]
		return p
	default:
		alias = a.assign(p.Topic)
	}
	a.touch(alias)
	a.scratch = append(a.scratch[:0], p.Properties...).AppendUint(wire.TopicAlias, uint32(alias))
	p.Properties = a.scratch
	return p
}

// assign gives topic a free alias, or the one that was not used for longest.
func (a *outAliases) assign(topic string) uint16 {
	topic = strings.Clone(topic)
	alias := a.oldest
	if len(a.topics) < a.max {
		a.topics = append(a.topics, aliasedTopic{topic: topic})
		alias = uint16(len(a.topics))
	} else {
		delete(a.byTopic, a.topics[alias-1].topic)
		a.topics[alias-1].topic = topic
	}
	if a.byTopic == nil {
		a.byTopic = make(map[string]uint16)
	}
	a.byTopic[topic] = alias
	return alias
}

// touch makes alias the one that was used last.
func (a *outAliases) touch(alias uint16) {
	if a.newest == alias {
		return
	}
	t := &a.topics[alias-1]
	if t.newer != 0 {
		a.topics[t.newer-1].older = t.older
	}
	if t.older != 0 {
		a.topics[t.older-1].newer = t.newer
	}
	if a.oldest == alias {
		a.oldest = t.newer
	}
	t.older, t.newer = a.newest, 0
	if a.newest != 0 {
		a.topics[a.newest-1].newer = alias
	}
	a.newest = alias
	if a.oldest == 0 {
		a.oldest = alias
	}
}

// inAliases resolves the aliases of inbound messages, within the Topic Alias
// Maximum that we announced.
type inAliases struct {
	max    int
	endure bool     // one above the maximum is no fault of a message that has its topic
	topics []string // by alias - 1
}

const unknownAlias = "topic alias is not known"

// IsAliasFault reports whether a PUBLISH was refused for its topic alias.
func IsAliasFault(e *wire.Error) bool {
	return e.Type == wire.PUBLISH && (e.Code == wire.TopicAliasInvalid || e.What == unknownAlias)
}

// EndureAliases has messages taken from the next connection on that have their topic and an
// alias above the maximum: a server that keeps aliases beyond their connection has such in
// store, and they mean what they say.
func (s *Session) EndureAliases() { s.endure = true }

// resolve gives p its full topic.
func (a *inAliases) resolve(p *wire.Publish) error {
	if len(p.Properties) == 0 {
		return nil
	}
	v, ok := p.Properties.Uint(wire.TopicAlias)
	if !ok {
		return nil
	}
	if int(v) > a.max && a.endure && p.Topic != "" {
		return nil
	}
	if v == 0 || int(v) > a.max { // [MQTT-3.3.2-8], [MQTT-3.3.2-11]
		return &wire.Error{Code: wire.TopicAliasInvalid, Type: wire.PUBLISH, What: "topic alias is above the maximum that was announced"}
	}
	if p.Topic != "" {
		a.define(int(v), p.Topic)
		return nil
	}
	if int(v) > len(a.topics) || a.topics[v-1] == "" {
		return &wire.Error{Code: wire.ProtocolError, Type: wire.PUBLISH, What: unknownAlias}
	}
	p.Topic = a.topics[v-1]
	return nil
}

// define gives alias that topic.
func (a *inAliases) define(alias int, topic string) {
	for len(a.topics) < alias {
		a.topics = append(a.topics, "")
	}
	if a.topics[alias-1] != topic {
		a.topics[alias-1] = strings.Clone(topic)
	}
}

// discarded takes what m, which was thrown away, has said of aliases: it may have given one another
// topic, perhaps one that is none.
func (a *inAliases) discarded(m *wire.Remains) {
	alias := int(m.Alias)
	switch {
	case m.Unsure:
		clear(a.topics)
	case alias == 0 || alias > a.max || m.Topic == "":
	case m.Named:
		a.define(alias, m.Topic)
	default:
		a.define(alias, "")
	}
}
