package mqtt

import (
	"math"
	"slices"
	"strings"
	"time"
	"unsafe"

	"dunlin/mqtt/internal/wire"
)

// UserProperty is a name and a value. Order and repetition are kept.
type UserProperty struct {
	Name, Value string
}

// Properties are the MQTT 5 properties of an application message. Sending any
// on a connection of an earlier version fails with an *ArgumentError.
type Properties struct {
	PayloadIsText   bool           // Payload Format Indicator: the payload is UTF-8
	TopicAlias      uint16         // of a received message, 0: none; its connection's business, and never sent
	MessageExpiry   *time.Duration // rounded up to whole seconds; nil: never
	ContentType     string         // such as a MIME type
	ResponseTopic   string         // where an answer is expected
	CorrelationData []byte         // what the answer is to carry
	UserProperties  []UserProperty

	// Order is for who copies or shows a packet exactly: the identifiers of its properties
	// (MQTT 5 table 2-4), each as often as the property is there, first to last.
	//
	// A received message has it where the properties came in another order than that of the
	// fields above, with subscription identifiers in front, or where one of
	// them says what its absence says: a Payload Format Indicator of 0, an empty Content
	// Type. Else it is nil. It belongs to the message as its payload does.
	//
	// A message to send has what Order names first, those two also where they say nothing,
	// and the rest behind. A field without a value is left out otherwise, and so are
	// subscription identifiers and the alias. What a PUBLISH cannot have makes it fail with
	// an *ArgumentError.
	Order []byte

	subscriptionIDs []uint32 // of a received message: see Received.SubscriptionIDs
}

// memory returns how many bytes p holds. An empty user property takes 5 bytes on the
// wire, and much more here.
func (p *Properties) memory() int {
	if p == nil {
		return 0
	}
	n := int(unsafe.Sizeof(*p)) + len(p.ContentType) + len(p.ResponseTopic) + cap(p.CorrelationData) + 4*cap(p.subscriptionIDs) + cap(p.Order)
	return n + userMemory(p.UserProperties)
}

// userMemory returns how many bytes user properties hold.
func userMemory(user []UserProperty) int {
	n := cap(user) * int(unsafe.Sizeof(UserProperty{}))
	for _, u := range user {
		n += len(u.Name) + len(u.Value)
	}
	return n
}

// ConnectProperties are the MQTT 5 properties of CONNECT that Config does not
// have elsewhere.
type ConnectProperties struct {
	// SessionExpiry is how long the server keeps the session after the
	// connection, rounded up to whole seconds; NeverExpires: for ever.
	SessionExpiry time.Duration
	// RequestResponseInformation asks the server to propose response topics; see
	// ConnAck.ResponseInformation.
	RequestResponseInformation bool
	// OmitProblemInformation asks the server to leave reason strings and user
	// properties out of all but CONNACK, PUBLISH and DISCONNECT.
	OmitProblemInformation bool
	UserProperties         []UserProperty
}

func (p *ConnectProperties) isZero() bool {
	return p.SessionExpiry == 0 && !p.RequestResponseInformation && !p.OmitProblemInformation && p.UserProperties == nil
}

// encode returns p as a property list.
func (p *Properties) encode() wire.Properties {
	if p == nil {
		return nil
	}
	if p.Order != nil {
		return p.encodeInOrder()
	}
	var w wire.Properties
	if p.PayloadIsText {
		w = w.AppendUint(wire.PayloadFormatIndicator, 1)
	}
	if p.MessageExpiry != nil {
		w = w.AppendUint(wire.MessageExpiryInterval, seconds(*p.MessageExpiry))
	}
	if p.ContentType != "" {
		w = w.AppendText(wire.ContentType, p.ContentType)
	}
	if p.ResponseTopic != "" {
		w = w.AppendText(wire.ResponseTopic, p.ResponseTopic)
	}
	if p.CorrelationData != nil {
		w = w.AppendBinary(wire.CorrelationData, p.CorrelationData)
	}
	return appendUser(w, p.UserProperties)
}

// encode returns the properties of the will.
func (w *Will) encode() wire.Properties {
	p := w.Properties.encode()
	if w.Delay > 0 {
		p = p.AppendUint(wire.WillDelayInterval, seconds(w.Delay))
	}
	return p
}

// encode returns the properties of CONNECT, with the bounds on what the client
// takes.
func (p *ConnectProperties) encode(l *Limits, maxPacket int) wire.Properties {
	var w wire.Properties
	if p.SessionExpiry > 0 {
		w = w.AppendUint(wire.SessionExpiryInterval, seconds(p.SessionExpiry))
	}
	if l.ReceiveMaximum < 65535 {
		w = w.AppendUint(wire.ReceiveMaximum, uint32(l.ReceiveMaximum))
	}
	if maxPacket > 0 {
		w = w.AppendUint(wire.MaximumPacketSize, uint32(maxPacket))
	}
	if l.TopicAliases > 0 {
		w = w.AppendUint(wire.TopicAliasMaximum, uint32(l.TopicAliases))
	}
	if p.RequestResponseInformation {
		w = w.AppendUint(wire.RequestResponseInformation, 1)
	}
	if p.OmitProblemInformation {
		w = w.AppendUint(wire.RequestProblemInformation, 0)
	}
	return appendUser(w, p.UserProperties)
}

func appendUser(w wire.Properties, user []UserProperty) wire.Properties {
	for _, u := range user {
		w = w.AppendPair(wire.UserProperty, u.Name, u.Value)
	}
	return w
}

// seconds rounds up, so that a short duration is not none, and keeps within what
// MQTT 5 can say, which is for ever.
func seconds(d time.Duration) uint32 {
	s := max(d, 0) / time.Second
	if d > 0 && d%time.Second != 0 {
		s++
	}
	return uint32(min(s, math.MaxUint32))
}

// readProperties copies a received list; nil for an empty one.
func readProperties(w wire.Properties) *Properties {
	if len(w) == 0 {
		return nil
	}
	p := &Properties{}
	if v, ok := w.Uint(wire.PayloadFormatIndicator); ok {
		p.PayloadIsText = v == 1
	}
	if v, ok := w.Uint(wire.MessageExpiryInterval); ok {
		d := time.Duration(v) * time.Second
		p.MessageExpiry = &d
	}
	p.ContentType = text(w, wire.ContentType)
	p.ResponseTopic = text(w, wire.ResponseTopic)
	p.CorrelationData = binaryOf(w, wire.CorrelationData)
	p.UserProperties = readUser(w)
	p.subscriptionIDs = slices.Collect(w.SubscriptionIDs())
	p.readOrder(w)
	return p
}

func readUser(w wire.Properties) (user []UserProperty) {
	for name, value := range w.UserProperties() {
		user = append(user, UserProperty{strings.Clone(name), strings.Clone(value)})
	}
	return user
}

// binaryOf returns a copy of a binary property, nil when it is not there.
func binaryOf(w wire.Properties, id wire.PropertyID) []byte {
	v, ok := w.Binary(id)
	if !ok {
		return nil
	}
	return append([]byte{}, v...)
}

// text returns a copy of a string property, empty when it is not there.
func text(w wire.Properties, id wire.PropertyID) string {
	v, _ := w.Text(id)
	return strings.Clone(v)
}
