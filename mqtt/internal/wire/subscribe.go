package wire

import "strings"

// Subscribe is the SUBSCRIBE packet.
type Subscribe struct {
	PacketID   uint16
	Filters    []Filter // at least one
	Properties Properties
}

// Filter is one topic filter of a SUBSCRIBE with its options.
type Filter struct {
	Topic   string
	Options byte // the QoS wanted, and since MQTT 5 the Option bits
}

// The subscription options of MQTT 5 section 3.8.3.1, beside the QoS in bits 0 and 1.
const (
	OptionNoLocal           = 0x04
	OptionRetainAsPublished = 0x08
	OptionRetainIfNew       = 0x10 // Retain Handling 1: only for a new subscription
	OptionRetainNever       = 0x20 // Retain Handling 2
)

// CheckOptions enforces the reserved bits: [MQTT-3.8.3-4] of 3.1.1, [MQTT-3.8.3-5] of 5.
func CheckOptions(v Version, f Filter) error {
	reserved := byte(0xFC)
	if v == V5 {
		reserved = 0xC0
	}
	code, what := MalformedPacket, ""
	switch {
	case f.Options&reserved != 0:
		what = "reserved subscription options are " + hexByte(f.Options)
	case f.Options&0x03 == 0x03:
		code, what = ProtocolError, "QoS 3 is asked for"
	case f.Options&0x30 == 0x30:
		code, what = ProtocolError, "Retain Handling 3"
	case f.Options&OptionNoLocal != 0 && strings.HasPrefix(f.Topic, "$share/"):
		code, what = ProtocolError, "No Local on a shared subscription" // [MQTT-3.8.3-4] of 5
	default:
		return nil
	}
	return &Error{Code: code, Type: SUBSCRIBE, What: what}
}

// AppendSubscribe appends the packet.
func AppendSubscribe(dst []byte, v Version, s *Subscribe) []byte {
	dst = AppendHeader(dst, SUBSCRIBE, requiredFlags(SUBSCRIBE), s.remaining(v))
	dst = AppendProperties(AppendUint16(dst, s.PacketID), v, s.Properties)
	for i := range s.Filters {
		dst = append(AppendText(dst, s.Filters[i].Topic), s.Filters[i].Options)
	}
	return dst
}

// Length is the size of the whole packet, its header included.
func (s *Subscribe) Length(v Version) int { return sizeOf(s.remaining(v)) }

func (s *Subscribe) remaining(v Version) int {
	n := 2 + s.Properties.Size(v)
	for i := range s.Filters {
		n += 2 + len(s.Filters[i].Topic) + 1
	}
	return n
}

// Validate returns an [*Error] for what must not be sent. The syntax of the filters is
// package route's business.
func (s *Subscribe) Validate(v Version) error {
	if len(s.Filters) == 0 {
		// [MQTT-3.8.3-3] of 3.1.1, [MQTT-3.8.3-2] of 5
		return &Error{Code: ProtocolError, Type: SUBSCRIBE, What: "no topic filter"}
	}
	for _, f := range s.Filters {
		if err := first(checkFilter(SUBSCRIBE, f.Topic), CheckOptions(v, f)); err != nil {
			return err
		}
	}
	return first(
		checkID(SUBSCRIBE, s.PacketID),
		s.Properties.validate(v, SUBSCRIBE, SUBSCRIBE),
		checkSize(SUBSCRIBE, s.remaining(v)))
}

// checkFilter refuses a filter that cannot be sent ([MQTT-4.7.3-1] when empty).
func checkFilter(t Type, filter string) error {
	fault := sentFault(filter)
	if filter == "" {
		fault = "is empty"
	}
	if fault != "" {
		return &Error{Code: TopicFilterInvalid, Type: t, What: "topic filter " + fault}
	}
	return nil
}
