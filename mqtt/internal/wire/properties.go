package wire

import (
	"encoding/binary"
	"iter"
)

// Properties is a list of MQTT 5 properties as it stands on the wire, without the
// length in front. The zero value is the empty list.
//
// Lists that a parser returns are valid and borrow the packet's body. Lists for sending
// are built with the Append methods and checked by the packet's Validate. The accessors
// allocate nothing; given bytes that are no valid list they stop at the first fault.
type Properties []byte

// property is one decoded property. Numbers are in num, strings and binary data in
// data; a pair has its name in data and its value in value.
type property struct {
	id          PropertyID
	num         uint32
	data, value []byte
}

// property reads the next property. It checks that the property is known and complete,
// not what its value is.
func (r *Reader) property() (p property) {
	id := r.varint("property identifier")
	if id >= uint32(len(propertyTable)) || propertyTable[id].kind == kindNone {
		if r.err == nil {
			// MQTT 5 section 2.2.2.2.
			r.Fail(MalformedPacket, "unknown property "+hexByte(byte(id)))
		}
		return p
	}
	p.id = PropertyID(id)
	what := propertyTable[id].name
	switch propertyTable[id].kind {
	case kindByte:
		p.num = uint32(r.Uint8(what))
	case kindUint16:
		p.num = uint32(r.Uint16(what))
	case kindUint32:
		p.num = r.uint32(what)
	case kindVarint:
		p.num = r.varint(what)
	case kindPair:
		p.data = r.Binary(what)
		p.value = r.Binary(what)
	default:
		p.data = r.Binary(what)
	}
	return p
}

// Properties reads a list with its length and checks all of it against the rules of
// the packet, or of the will.
func (r *Reader) Properties(in Type) Properties {
	list := r.take(int(r.varint("property length")), "property list")
	if len(list) > 0 {
		r.Check(Properties(list).check(r.typ, in))
	}
	return list
}

// check refuses a list that packets of type t may not carry in this place, which is t
// itself or the will.
func (p Properties) check(t, in Type) error {
	r := Reader{b: p, typ: t}
	var seen uint64
	for len(r.b) > 0 {
		q := r.property()
		if r.err != nil {
			break
		}
		if code, fault := q.fault(in, seen); fault != "" {
			r.Fail(code, q.id.String()+" "+fault)
			break
		}
		seen |= 1 << q.id
	}
	return r.End()
}

// fault says what is wrong with one property, "" when nothing is.
func (q *property) fault(in Type, seen uint64) (ReasonCode, string) {
	row := &propertyTable[q.id]
	if !row.in.has(in) {
		return MalformedPacket, "is not allowed here" // MQTT 5 section 2.2.2.2
	}
	if seen&(1<<q.id) != 0 && !q.repeats(in) {
		return ProtocolError, "is there twice" // sections 3.1.2.11, 3.1.3.2, 3.2.2.3 ...
	}
	if row.kind == kindText || row.kind == kindPair {
		if fault := textFault(q.data); fault != "" {
			return MalformedPacket, fault // [MQTT-1.5.4-1] [MQTT-1.5.4-2]
		}
	}
	if row.kind == kindPair {
		if fault := textFault(q.value); fault != "" {
			return MalformedPacket, fault // [MQTT-1.5.7-1]
		}
	}
	return q.valueFault(row.rule)
}

// repeats reports whether the property may be there more than once: the User Property
// anywhere, the Subscription Identifier in PUBLISH (section 3.3.2.3.8) only.
func (q *property) repeats(in Type) bool {
	return q.id == UserProperty || q.id == SubscriptionIdentifier && in == PUBLISH
}

func (q *property) valueFault(rule valueRule) (ReasonCode, string) {
	switch rule {
	case flagOnly:
		if q.num > 1 {
			return ProtocolError, "is neither 0 nor 1"
		}
	case notZero:
		if q.num == 0 {
			return zeroCode(q.id), "is 0"
		}
	case topicName:
		if len(q.data) == 0 {
			return ProtocolError, "is empty"
		}
		if fault := topicFault(view(q.data)); fault != "" {
			return ProtocolError, fault // [MQTT-3.3.2-14]
		}
	}
	return 0, ""
}

// zeroCode is the error for a value of 0: section 3.3.2.3.4 names one for the alias.
func zeroCode(id PropertyID) ReasonCode {
	if id == TopicAlias {
		return TopicAliasInvalid
	}
	return ProtocolError
}

// Lower makes the value of a four byte property not larger than to, in place.
func (p Properties) Lower(id PropertyID, to uint32) {
	r := Reader{b: p}
	for len(r.b) > 0 && r.err == nil {
		q := r.property()
		if q.id == id && r.err == nil && propertyTable[id].kind == kindUint32 && q.num > to {
			binary.BigEndian.PutUint32(p[len(p)-len(r.b)-4:], to)
		}
	}
}

// Overwrite fills every value of a binary property with with, in place, and all bytes from the
// first fault on, because they may belong to one that is cut off.
func (p Properties) Overwrite(id PropertyID, with byte) {
	r := Reader{b: p}
	for len(r.b) > 0 {
		secret := r.b
		q := r.property()
		if r.err == nil {
			secret = nil
			if q.id == id {
				secret = q.data
			}
		}
		for i := range secret {
			secret[i] = with
		}
		if r.err != nil {
			return
		}
	}
}

// find returns the first property with this identifier.
func (p Properties) find(id PropertyID) (property, bool) {
	r := Reader{b: p}
	for len(r.b) > 0 {
		q := r.property()
		if r.err != nil {
			break
		}
		if q.id == id {
			return q, true
		}
	}
	return property{}, false
}

// Has reports whether the property is in the list.
func (p Properties) Has(id PropertyID) bool {
	_, ok := p.find(id)
	return ok
}

// Uint returns the number of the first property with this identifier, whatever its size
// on the wire. ok is false when there is none or when it is no number.
func (p Properties) Uint(id PropertyID) (value uint32, ok bool) {
	switch id.info().kind {
	case kindByte, kindUint16, kindUint32, kindVarint:
		q, ok := p.find(id)
		return q.num, ok
	}
	return 0, false
}

// Text returns the string of the first property with this identifier, a borrowed view.
// An empty string that is there has ok true.
func (p Properties) Text(id PropertyID) (value string, ok bool) {
	if id.info().kind != kindText {
		return "", false
	}
	q, ok := p.find(id)
	return view(q.data), ok
}

// Binary returns the bytes of the first property with this identifier, a borrowed view.
func (p Properties) Binary(id PropertyID) (value []byte, ok bool) {
	if id.info().kind != kindBinary {
		return nil, false
	}
	q, ok := p.find(id)
	return q.data, ok
}

// AppendIDs appends the identifier of each property in the order of the wire.
func (p Properties) AppendIDs(dst []byte) []byte {
	r := Reader{b: p}
	for len(r.b) > 0 {
		q := r.property()
		if r.err != nil {
			break
		}
		dst = append(dst, byte(q.id))
	}
	return dst
}

// UserProperties yields name and value of each User Property in the order of the wire,
// repeated names included. Both are borrowed views.
func (p Properties) UserProperties() iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		r := Reader{b: p}
		for len(r.b) > 0 {
			q := r.property()
			if r.err != nil {
				return
			}
			if q.id == UserProperty && !yield(view(q.data), view(q.value)) {
				return
			}
		}
	}
}

// SubscriptionIDs yields each Subscription Identifier in the order of the wire.
func (p Properties) SubscriptionIDs() iter.Seq[uint32] {
	return func(yield func(uint32) bool) {
		r := Reader{b: p}
		for len(r.b) > 0 {
			q := r.property()
			if r.err != nil {
				return
			}
			if q.id == SubscriptionIdentifier && !yield(q.num) {
				return
			}
		}
	}
}

// poison marks the list as one that Validate must refuse: 0 is no property. The Append
// methods use it for a value that does not suit the property, so that the mistake is
// reported and not sent.
func (p Properties) poison() Properties { return append(p, 0) }

// AppendUint appends a property that is a number, in the size that it has on the wire.
// With a value too large for that, or a property that is no number, Validate fails.
func (p Properties) AppendUint(id PropertyID, value uint32) Properties {
	switch kind := id.info().kind; {
	case kind == kindByte && value <= 0xFF:
		return append(p, byte(id), byte(value))
	case kind == kindUint16 && value <= 0xFFFF:
		return append(p, byte(id), byte(value>>8), byte(value))
	case kind == kindUint32:
		return append(p, byte(id), byte(value>>24), byte(value>>16), byte(value>>8), byte(value))
	case kind == kindVarint && value <= MaxLength:
		return appendVarint(append(p, byte(id)), value)
	}
	return p.poison()
}

// AppendText appends a property that is a string. With more than 65535 bytes, or with a
// property that is no string, Validate fails.
func (p Properties) AppendText(id PropertyID, value string) Properties {
	if id.info().kind != kindText || len(value) > maxText {
		return p.poison()
	}
	return AppendText(append(p, byte(id)), value)
}

// AppendBinary appends a property that is binary data. With more than 65535 bytes, or
// with a property that is no binary data, Validate fails.
func (p Properties) AppendBinary(id PropertyID, value []byte) Properties {
	if id.info().kind != kindBinary || len(value) > maxText {
		return p.poison()
	}
	return appendBinary(append(p, byte(id)), value)
}

// AppendPair appends a User Property, the one pair there is. With more than 65535 bytes
// in the name or in the value, Validate fails.
func (p Properties) AppendPair(id PropertyID, name, value string) Properties {
	if id.info().kind != kindPair || len(name) > maxText || len(value) > maxText {
		return p.poison()
	}
	return AppendText(AppendText(append(p, byte(id)), name), value)
}

// Size is what the list takes on the wire with its length in front; 0 before MQTT 5.
func (p Properties) Size(v Version) int {
	if v < V5 {
		return 0
	}
	return varintSize(uint32(len(p))) + len(p)
}

// AppendProperties appends the list with its length in front, nothing before MQTT 5.
func AppendProperties(dst []byte, v Version, p Properties) []byte {
	if v < V5 {
		return dst
	}
	return append(appendVarint(dst, uint32(len(p))), p...)
}

// validate refuses a list that must not be sent in a packet of this type.
func (p Properties) validate(v Version, t, in Type) error {
	if len(p) == 0 {
		return nil
	}
	if v < V5 {
		return &Error{Code: ProtocolError, Type: t, What: "properties need MQTT 5"}
	}
	return p.check(t, in)
}
