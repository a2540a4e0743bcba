package mqtt

import (
	"bytes"

	"dunlin/mqtt/internal/wire"
)

// usualOrder is the order of properties that needs no Properties.Order.
var usualOrder = []byte{
	byte(wire.SubscriptionIdentifier), // first, where Mosquitto has it
	byte(wire.PayloadFormatIndicator), byte(wire.MessageExpiryInterval), byte(wire.ContentType),
	byte(wire.ResponseTopic), byte(wire.CorrelationData), byte(wire.UserProperty), byte(wire.TopicAlias),
}

// readOrder takes what the fields of p do not tell of the list that they were read from.
func (p *Properties) readOrder(w wire.Properties) {
	alias, _ := w.Uint(wire.TopicAlias)
	p.TopicAlias = uint16(alias)
	var room [32]byte
	order := w.AppendIDs(room[:0])
	usual := true
	last := 0
	for _, id := range order {
		rank := bytes.IndexByte(usualOrder, id)
		usual = usual && rank >= last && !p.saysNothing(wire.PropertyID(id))
		last = rank
	}
	if !usual {
		p.Order = bytes.Clone(order)
	}
}

// saysNothing reports whether a property that is there says no more than its absence.
func (p *Properties) saysNothing(id wire.PropertyID) bool {
	return id == wire.PayloadFormatIndicator && !p.PayloadIsText || id == wire.ContentType && p.ContentType == ""
}

// encodeInOrder returns p as a property list: what Order names, and then the rest.
func (p *Properties) encodeInOrder() wire.Properties {
	var w wire.Properties
	rest := *p
	rest.Order = nil
	for _, id := range p.Order {
		w = rest.move(w, wire.PropertyID(id))
	}
	return append(w, rest.encode()...)
}

// move appends a property to w and takes it off p.
func (p *Properties) move(w wire.Properties, id wire.PropertyID) wire.Properties {
	switch id {
	case wire.PayloadFormatIndicator:
		text := p.PayloadIsText
		p.PayloadIsText = false
		if text {
			return w.AppendUint(id, 1)
		}
		return w.AppendUint(id, 0)
	case wire.ContentType:
		text := p.ContentType
		p.ContentType = ""
		return w.AppendText(id, text)
	case wire.UserProperty:
		first := p.UserProperties[:min(1, len(p.UserProperties))]
		p.UserProperties = p.UserProperties[len(first):]
		return appendUser(w, first)
	case wire.SubscriptionIdentifier, wire.TopicAlias: // not the sender's to say
		return w
	}
	var one Properties
	switch id {
	case wire.MessageExpiryInterval:
		one.MessageExpiry, p.MessageExpiry = p.MessageExpiry, nil
	case wire.ResponseTopic:
		one.ResponseTopic, p.ResponseTopic = p.ResponseTopic, ""
	case wire.CorrelationData:
		one.CorrelationData, p.CorrelationData = p.CorrelationData, nil
	default:
		return w.AppendUint(id, 0) // which the check of the packet refuses
	}
	return append(w, one.encode()...)
}
