package packet

import (
	"encoding/binary"
	"errors"
)

// Kind is how the value of a property is written.
type Kind byte

// The kinds of values.
const (
	Bool   Kind = iota + 1 // one byte, 0 or 1
	Byte                   // one byte
	Int16                  // two bytes
	Int32                  // four bytes
	VarInt                 // one to four bytes
	Text                   // a string
	Binary                 // bytes
	Pair                   // a name and a value
)

// Property is one property of MQTT 5. A User Property has Name and Text.
type Property struct {
	ID    byte
	Num   uint32
	Name  string
	Text  string
	Bytes []byte
}

// UserProperty is the identifier of the one property that is a name and a value.
const UserProperty = 0x26

// Identifiers that more than their place in the table matters for.
const (
	SubscriptionIdentifier = 0x0B
	TopicAlias             = 0x23
	TopicAliasMaximum      = 0x22
	ServerKeepAlive        = 0x13
	ReceiveMaximum         = 0x21
	SubscriptionIDs        = 0x29 // whether the server has them
	AuthenticationMethod   = 0x15

	receiveMaximum    = 0x21
	maximumQoS        = 0x24
	maximumPacketSize = 0x27
)

// Definition is a property's name for scripts and its kind.
type Definition struct {
	Name string
	Kind Kind
}

// Define returns what a property is; false when MQTT 5 has none of that identifier.
func Define(id byte) (Definition, bool) {
	switch id {
	case 0x01:
		return Definition{"payloadFormatIndicator", Bool}, true
	case 0x02:
		return Definition{"messageExpiryInterval", Int32}, true
	case 0x03:
		return Definition{"contentType", Text}, true
	case 0x08:
		return Definition{"responseTopic", Text}, true
	case 0x09:
		return Definition{"correlationData", Binary}, true
	case SubscriptionIdentifier:
		return Definition{"subscriptionIdentifier", VarInt}, true
	case 0x11:
		return Definition{"sessionExpiryInterval", Int32}, true
	case 0x12:
		return Definition{"assignedClientIdentifier", Text}, true
	case ServerKeepAlive:
		return Definition{"serverKeepAlive", Int16}, true
	case AuthenticationMethod:
		return Definition{"authenticationMethod", Text}, true
	case 0x16:
		return Definition{"authenticationData", Binary}, true
	case 0x17:
		return Definition{"requestProblemInformation", Bool}, true
	case 0x18:
		return Definition{"willDelayInterval", Int32}, true
	case 0x19:
		return Definition{"requestResponseInformation", Bool}, true
	}
	return defineServer(id)
}

// defineServer is Define for the second half of the table, mostly what a server says of itself.
func defineServer(id byte) (Definition, bool) {
	switch id {
	case 0x1A:
		return Definition{"responseInformation", Text}, true
	case 0x1C:
		return Definition{"serverReference", Text}, true
	case 0x1F:
		return Definition{"reasonString", Text}, true
	case ReceiveMaximum:
		return Definition{"receiveMaximum", Int16}, true
	case TopicAliasMaximum:
		return Definition{"topicAliasMaximum", Int16}, true
	case TopicAlias:
		return Definition{"topicAlias", Int16}, true
	case 0x24:
		return Definition{"maximumQoS", Byte}, true
	case 0x25:
		return Definition{"retainAvailable", Bool}, true
	case UserProperty:
		return Definition{"userProperties", Pair}, true
	case 0x27:
		return Definition{"maximumPacketSize", Int32}, true
	case 0x28:
		return Definition{"wildcardSubscriptionAvailable", Bool}, true
	case SubscriptionIDs:
		return Definition{"subscriptionIdentifiersAvailable", Bool}, true
	case 0x2A:
		return Definition{"sharedSubscriptionAvailable", Bool}, true
	}
	return Definition{}, false
}

// PropertyNamed returns the property that scripts know by this name.
func PropertyNamed(name string) (id byte, kind Kind, ok bool) {
	for id := byte(1); id <= 0x2A; id++ {
		if d, defined := Define(id); defined && d.Name == name {
			return id, d.Kind, true
		}
	}
	return 0, 0, false
}

var (
	errUnknownProperty   = errors.New("Unknown property")                    //nolint:staticcheck // the text that scripts compare
	errForbiddenProperty = errors.New("Property not allowed in this packet") //nolint:staticcheck // in the style of the others
	errRepeatedProperty  = errors.New("Property given twice")
	errPropertyType      = errors.New("Cannot parse property code type") //nolint:staticcheck // likewise
)

// allowed says which properties a server may send in which packet. The bit of a property is its identifier.
func allowed(t Type, id byte) bool {
	const common = 1<<0x1F | 1<<UserProperty
	var set uint64
	switch t {
	case ConnAck:
		set = common | 1<<0x11 | 1<<0x12 | 1<<ServerKeepAlive | 1<<AuthenticationMethod | 1<<0x16 | 1<<0x1A | 1<<0x1C |
			1<<receiveMaximum | 1<<TopicAliasMaximum | 1<<maximumQoS | 1<<0x25 | 1<<maximumPacketSize | 1<<0x28 | 1<<0x29 | 1<<0x2A
	case Publish:
		set = 1<<0x01 | 1<<0x02 | 1<<0x03 | 1<<0x08 | 1<<0x09 | 1<<SubscriptionIdentifier | 1<<TopicAlias | 1<<UserProperty
	case Disconnect:
		set = common | 1<<0x1C
	case Auth:
		set = common | 1<<AuthenticationMethod | 1<<0x16
	default:
		set = common
	}
	return set&(1<<id) != 0
}

// repeats reports whether a packet may have several properties of an identifier.
func repeats(id byte) bool { return id == UserProperty || id == SubscriptionIdentifier }

// inRange reports whether the number of a property is one that MQTT 5 allows. A Topic Alias of 0 is refused by whoever
// knows how many there are.
func (p *Property) inRange(kind Kind) bool {
	switch p.ID {
	case receiveMaximum, maximumPacketSize, SubscriptionIdentifier:
		return p.Num > 0
	case maximumQoS:
		return p.Num <= 1
	}
	return kind != Bool || p.Num <= 1
}

// properties reads the properties of a packet with their length in front.
func (r *reader) properties(of Type) ([]Property, error) {
	length, ok := r.varInt()
	if !ok || length > len(r.b) {
		return nil, errPropertyType
	}
	if length == 0 {
		return nil, nil
	}
	in := reader{r.b[:length]}
	r.b = r.b[length:]
	var list []Property
	for len(in.b) > 0 {
		id := in.b[0]
		in.b = in.b[1:]
		d, defined := Define(id)
		if !defined {
			return nil, errUnknownProperty
		}
		if !allowed(of, id) {
			return nil, errForbiddenProperty
		}
		if !repeats(id) && FindProperty(list, id) != nil {
			return nil, errRepeatedProperty
		}
		p, ok := in.property(id, d.Kind)
		if !ok || !p.inRange(d.Kind) {
			return nil, errPropertyType
		}
		list = append(list, p)
	}
	return list, nil
}

func (r *reader) property(id byte, kind Kind) (p Property, ok bool) {
	p.ID = id
	switch kind {
	case Bool, Byte:
		var n byte
		n, ok = r.byte()
		p.Num = uint32(n)
	case Int16:
		var n uint16
		n, ok = r.uint16()
		p.Num = uint32(n)
	case Int32:
		p.Num, ok = r.uint32()
	case VarInt:
		var n int
		n, ok = r.varInt()
		p.Num = uint32(n) //nolint:gosec // below 2^28
	case Text:
		p.Text, ok = r.text()
	case Binary:
		p.Bytes, ok = r.binary()
	case Pair:
		if p.Name, ok = r.text(); ok {
			p.Text, ok = r.text()
		}
	}
	return p, ok
}

// appendProperties appends the list with its length in front.
func appendProperties(dst []byte, list []Property) []byte {
	dst = appendVarInt(dst, propertiesLength(list))
	for i := range list {
		dst = appendProperty(dst, &list[i])
	}
	return dst
}

func appendProperty(dst []byte, p *Property) []byte {
	d, _ := Define(p.ID) // what is to be sent was looked up by its name
	dst = append(dst, p.ID)
	switch d.Kind {
	case Bool, Byte:
		return append(dst, byte(p.Num))
	case Int16:
		return binary.BigEndian.AppendUint16(dst, uint16(p.Num)) //nolint:gosec // checked when it was made
	case Int32:
		return binary.BigEndian.AppendUint32(dst, p.Num)
	case VarInt:
		return appendVarInt(dst, int(p.Num))
	case Binary:
		return appendBytes(dst, p.Bytes)
	case Pair:
		return appendText(appendText(dst, p.Name), p.Text)
	default:
		return appendText(dst, p.Text)
	}
}

// propertiesLength is the size of the list without its length in front.
func propertiesLength(list []Property) (n int) {
	for i := range list {
		p := &list[i]
		d, _ := Define(p.ID)
		n++
		switch d.Kind {
		case Bool, Byte:
			n++
		case Int16:
			n += 2
		case Int32:
			n += 4
		case VarInt:
			n += varIntSize(int(p.Num))
		case Binary:
			n += 2 + len(p.Bytes)
		case Pair:
			n += 4 + len(p.Name) + len(p.Text)
		default:
			n += 2 + len(p.Text)
		}
	}
	return n
}

// FindProperty returns the first property of that identifier, nil when there is none.
func FindProperty(list []Property, id byte) *Property {
	for i := range list {
		if list[i].ID == id {
			return &list[i]
		}
	}
	return nil
}
