package packets

import (
	"fmt"
	"strings"
)

// The properties of MQTT 5 that are looked at one by one. Those that a message can have are exported.
const (
	PayloadFormat      = 0x01
	MessageExpiry      = 0x02
	ContentType        = 0x03
	ResponseTopic      = 0x08
	CorrelationData    = 0x09
	SubscriptionID     = 0x0B
	sessionExpiry      = 0x11
	assignedID         = 0x12
	serverKeepAlive    = 0x13
	authMethod         = 0x15
	authData           = 0x16
	requestProblem     = 0x17
	willDelay          = 0x18
	requestResponse    = 0x19
	serverReference    = 0x1C
	reasonString       = 0x1F
	receiveMaximum     = 0x21
	topicAliasMaximum  = 0x22
	TopicAlias         = 0x23
	maximumQoS         = 0x24
	retainAvailable    = 0x25
	UserProperty       = 0x26
	maximumPacketSize  = 0x27
	wildcardAvailable  = 0x28
	subscriptionIDsSet = 0x29
	sharedAvailable    = 0x2A
)

// form is how the value of a property is written.
type form byte

const (
	noForm form = iota
	oneByte
	twoBytes
	fourBytes
	varint
	utf8Text
	binaryData
	textPair
)

// propertyTable is MQTT 5 table 2-4.
var propertyTable = [0x2B]struct {
	name string
	form form
}{
	PayloadFormat:      {"Payload Format Indicator", oneByte},
	MessageExpiry:      {"Message Expiry Interval", fourBytes},
	ContentType:        {"Content Type", utf8Text},
	ResponseTopic:      {"Response Topic", utf8Text},
	CorrelationData:    {"Correlation Data", binaryData},
	SubscriptionID:     {"Subscription Identifier", varint},
	sessionExpiry:      {"Session Expiry Interval", fourBytes},
	assignedID:         {"Assigned Client Identifier", utf8Text},
	serverKeepAlive:    {"Server Keep Alive", twoBytes},
	authMethod:         {"Authentication Method", utf8Text},
	authData:           {"Authentication Data", binaryData},
	requestProblem:     {"Request Problem Information", oneByte},
	willDelay:          {"Will Delay Interval", fourBytes},
	requestResponse:    {"Request Response Information", oneByte},
	0x1A:               {"Response Information", utf8Text},
	serverReference:    {"Server Reference", utf8Text},
	reasonString:       {"Reason String", utf8Text},
	receiveMaximum:     {"Receive Maximum", twoBytes},
	topicAliasMaximum:  {"Topic Alias Maximum", twoBytes},
	TopicAlias:         {"Topic Alias", twoBytes},
	maximumQoS:         {"Maximum QoS", oneByte},
	retainAvailable:    {"Retain Available", oneByte},
	UserProperty:       {"User Property", textPair},
	maximumPacketSize:  {"Maximum Packet Size", fourBytes},
	wildcardAvailable:  {"Wildcard Subscription Available", oneByte},
	subscriptionIDsSet: {"Subscription Identifier Available", oneByte},
	sharedAvailable:    {"Shared Subscription Available", oneByte},
}

// propertySections has, for each place, the section of its list, whose first part is about the length, and the properties that may be
// there in the order of the parts that follow.
var propertySections = [17]struct{ section, ids string }{
	typeConnect:     {"3.1.2.11", "\x11\x21\x27\x22\x19\x17\x26\x15\x16"},
	inWill:          {"3.1.3.2", "\x18\x01\x02\x03\x08\x09\x26"},
	typeConnAck:     {"3.2.2.3", "\x11\x21\x24\x25\x27\x12\x22\x1F\x26\x28\x29\x2A\x13\x1A\x1C\x15\x16"},
	typePublish:     {"3.3.2.3", "\x01\x02\x23\x08\x09\x26\x0B\x03"},
	typePubAck:      {"3.4.2.2", "\x1F\x26"},
	typePubRec:      {"3.5.2.2", "\x1F\x26"},
	typePubRel:      {"3.6.2.2", "\x1F\x26"},
	typePubComp:     {"3.7.2.2", "\x1F\x26"},
	typeSubscribe:   {"3.8.2.1", "\x0B\x26"},
	typeSubAck:      {"3.9.2.1", "\x1F\x26"},
	typeUnsubscribe: {"3.10.2.1", "\x26"},
	typeUnsubAck:    {"3.11.2.1", "\x1F\x26"},
	typeDisconnect:  {"3.14.2.2", "\x11\x1F\x26\x1C"},
	typeAuth:        {"3.15.2.2", "\x15\x16\x1F\x26"},
}

// propertyClause returns the section about a property in a place.
func propertyClause(place, id byte) string {
	i := strings.IndexByte(propertySections[place].ids, id)
	if i < 0 {
		return "2.2.2.2"
	}
	return fmt.Sprintf("%s.%d", propertySections[place].section, i+2)
}

// PublishProperty returns the name of a property and the section that says what it means in a PUBLISH.
func PublishProperty(id byte) (name, clause string) {
	return propertyTable[id].name, propertyClause(typePublish, id)
}
