package wire

// PropertyID names a property of MQTT 5 (table 2-4).
type PropertyID byte

// The properties of MQTT 5.
const (
	PayloadFormatIndicator          PropertyID = 0x01
	MessageExpiryInterval           PropertyID = 0x02
	ContentType                     PropertyID = 0x03
	ResponseTopic                   PropertyID = 0x08
	CorrelationData                 PropertyID = 0x09
	SubscriptionIdentifier          PropertyID = 0x0B
	SessionExpiryInterval           PropertyID = 0x11
	AssignedClientIdentifier        PropertyID = 0x12
	ServerKeepAlive                 PropertyID = 0x13
	AuthenticationMethod            PropertyID = 0x15
	AuthenticationData              PropertyID = 0x16
	RequestProblemInformation       PropertyID = 0x17
	WillDelayInterval               PropertyID = 0x18
	RequestResponseInformation      PropertyID = 0x19
	ResponseInformation             PropertyID = 0x1A
	ServerReference                 PropertyID = 0x1C
	ReasonString                    PropertyID = 0x1F
	ReceiveMaximum                  PropertyID = 0x21
	TopicAliasMaximum               PropertyID = 0x22
	TopicAlias                      PropertyID = 0x23
	MaximumQoS                      PropertyID = 0x24
	RetainAvailable                 PropertyID = 0x25
	UserProperty                    PropertyID = 0x26
	MaximumPacketSize               PropertyID = 0x27
	WildcardSubscriptionAvailable   PropertyID = 0x28
	SubscriptionIdentifierAvailable PropertyID = 0x29
	SharedSubscriptionAvailable     PropertyID = 0x2A
)

// propertyKind is the data type of a property's value.
type propertyKind byte

const (
	kindNone propertyKind = iota // no such property
	kindByte
	kindUint16
	kindUint32
	kindVarint
	kindText
	kindBinary
	kindPair
)

// valueRule says which values of the right type are forbidden all the same.
type valueRule byte

const (
	anyValue valueRule = iota
	flagOnly           // 0 or 1
	notZero
	topicName
)

// typeSet is a set of packet types, one bit each.
type typeSet uint16

func (s typeSet) has(t Type) bool { return s&(1<<t) != 0 }

const (
	inWill      typeSet = 1 << WillProperties
	inConnect   typeSet = 1 << CONNECT
	inConnAck   typeSet = 1 << CONNACK
	inPublish   typeSet = 1 << PUBLISH
	inSubscribe typeSet = 1 << SUBSCRIBE
	inDisconn   typeSet = 1 << DISCONNECT
	inAuth      typeSet = 1 << AUTH
	inMessage           = inPublish | inWill
	inAuthFlow          = inConnect | inConnAck | inAuth
	inAcks      typeSet = 1<<PUBACK | 1<<PUBREC | 1<<PUBREL | 1<<PUBCOMP | 1<<SUBACK | 1<<UNSUBACK
	inAny               = inAcks | inAuthFlow | inMessage | inSubscribe | 1<<UNSUBSCRIBE | inDisconn
)

// propertyInfo is one row of MQTT 5 table 2-4.
type propertyInfo struct {
	name string
	in   typeSet
	kind propertyKind
	rule valueRule
}

// propertyTable is indexed by identifier. It joins both directions; a packet that may
// go both ways and a property that may not are judged by the receiver.
var propertyTable = [0x2B]propertyInfo{
	PayloadFormatIndicator:          {"Payload Format Indicator", inMessage, kindByte, flagOnly},
	MessageExpiryInterval:           {"Message Expiry Interval", inMessage, kindUint32, anyValue},
	ContentType:                     {"Content Type", inMessage, kindText, anyValue},
	ResponseTopic:                   {"Response Topic", inMessage, kindText, topicName},
	CorrelationData:                 {"Correlation Data", inMessage, kindBinary, anyValue},
	SubscriptionIdentifier:          {"Subscription Identifier", inPublish | inSubscribe, kindVarint, notZero},
	SessionExpiryInterval:           {"Session Expiry Interval", inConnect | inConnAck | inDisconn, kindUint32, anyValue},
	AssignedClientIdentifier:        {"Assigned Client Identifier", inConnAck, kindText, anyValue},
	ServerKeepAlive:                 {"Server Keep Alive", inConnAck, kindUint16, anyValue},
	AuthenticationMethod:            {"Authentication Method", inAuthFlow, kindText, anyValue},
	AuthenticationData:              {"Authentication Data", inAuthFlow, kindBinary, anyValue},
	RequestProblemInformation:       {"Request Problem Information", inConnect, kindByte, flagOnly},
	WillDelayInterval:               {"Will Delay Interval", inWill, kindUint32, anyValue},
	RequestResponseInformation:      {"Request Response Information", inConnect, kindByte, flagOnly},
	ResponseInformation:             {"Response Information", inConnAck, kindText, anyValue},
	ServerReference:                 {"Server Reference", inConnAck | inDisconn, kindText, anyValue},
	ReasonString:                    {"Reason String", inAcks | inConnAck | inDisconn | inAuth, kindText, anyValue},
	ReceiveMaximum:                  {"Receive Maximum", inConnect | inConnAck, kindUint16, notZero},
	TopicAliasMaximum:               {"Topic Alias Maximum", inConnect | inConnAck, kindUint16, anyValue},
	TopicAlias:                      {"Topic Alias", inPublish, kindUint16, notZero},
	MaximumQoS:                      {"Maximum QoS", inConnAck, kindByte, flagOnly},
	RetainAvailable:                 {"Retain Available", inConnAck, kindByte, flagOnly},
	UserProperty:                    {"User Property", inAny, kindPair, anyValue},
	MaximumPacketSize:               {"Maximum Packet Size", inConnect | inConnAck, kindUint32, notZero},
	WildcardSubscriptionAvailable:   {"Wildcard Subscription Available", inConnAck, kindByte, flagOnly},
	SubscriptionIdentifierAvailable: {"Subscription Identifier Available", inConnAck, kindByte, flagOnly},
	SharedSubscriptionAvailable:     {"Shared Subscription Available", inConnAck, kindByte, flagOnly},
}

// info returns the table's row, a zero one for an identifier that is not defined.
func (id PropertyID) info() *propertyInfo {
	if int(id) < len(propertyTable) {
		return &propertyTable[id]
	}
	return &propertyTable[0]
}

// String returns the standard's name: "Topic Alias".
func (id PropertyID) String() string {
	if name := id.info().name; name != "" {
		return name
	}
	return "unknown property " + hexByte(byte(id))
}
