package packets

import (
	"fmt"
	"slices"
	"strings"

	"dunlin/mqtt"
)

// The types of packets, as their first four bits have them.
const (
	typeConnect = iota + 1
	typeConnAck
	typePublish
	typePubAck
	typePubRec
	typePubRel
	typePubComp
	typeSubscribe
	typeSubAck
	typeUnsubscribe
	typeUnsubAck
	typePingReq
	typePingResp
	typeDisconnect
	typeAuth
	inWill // no packet: where the properties of a will stand
)

var typeNames = [16]string{
	"reserved", "CONNECT", "CONNACK", "PUBLISH", "PUBACK", "PUBREC", "PUBREL", "PUBCOMP", "SUBSCRIBE", "SUBACK", "UNSUBSCRIBE", "UNSUBACK",
	"PINGREQ", "PINGRESP", "DISCONNECT", "AUTH",
}

// TypeName returns the name of the packet that begins with this byte, such as PUBLISH.
func TypeName(first byte) string { return typeNames[first>>4] }

// IsType tells whether a packet is called so.
func IsType(name string) bool { return name != typeNames[0] && slices.Contains(typeNames[:], name) }

// article returns the name with "a" or "an" in front.
func article(kind byte) string {
	if strings.ContainsRune("AU", rune(typeNames[kind][0])) {
		return "an " + typeNames[kind]
	}
	return "a " + typeNames[kind]
}

// versionName returns the version as people say it.
func versionName(v mqtt.Version) string {
	if v == 0 {
		return "MQTT"
	}
	return "MQTT " + v.String()
}

// definedCodes are the reason codes that MQTT 5 allows in each type of packet (table 2-6).
var definedCodes = [16]string{
	typeConnAck:  "\x00\x80\x81\x82\x83\x84\x85\x86\x87\x88\x89\x8A\x8C\x90\x95\x97\x99\x9A\x9B\x9C\x9D\x9F",
	typePubAck:   "\x00\x10\x80\x83\x87\x90\x91\x97\x99",
	typePubRec:   "\x00\x10\x80\x83\x87\x90\x91\x97\x99",
	typePubRel:   "\x00\x92",
	typePubComp:  "\x00\x92",
	typeSubAck:   "\x00\x01\x02\x80\x83\x87\x8F\x91\x97\x9E\xA1\xA2",
	typeUnsubAck: "\x00\x11\x80\x83\x87\x8F\x91",
	typeDisconnect: "\x00\x04\x80\x81\x82\x83\x87\x89\x8B\x8C\x8D\x8E\x8F\x90\x93\x94\x95\x96\x97\x98\x99\x9A\x9B\x9C\x9D\x9E\x9F" +
		"\xA0\xA1\xA2",
	typeAuth: "\x00\x18\x19",
}

// codeStatements are the statements that forbid other codes.
var codeStatements = [16]string{
	typeConnAck: "MQTT-3.2.2-8", typePubAck: "MQTT-3.4.2-1", typePubRec: "MQTT-3.5.2-1", typePubRel: "MQTT-3.6.2-1",
	typePubComp: "MQTT-3.7.2-1", typeSubAck: "MQTT-3.9.3-2", typeUnsubAck: "MQTT-3.11.3-2", typeDisconnect: "MQTT-3.14.2-1",
	typeAuth: "MQTT-3.15.2-1",
}

// isDefined tells whether MQTT 5 has this reason code in this type of packet.
func isDefined(kind, code byte) bool { return strings.IndexByte(definedCodes[kind], code) >= 0 }

// returnNames are the return codes of CONNACK before MQTT 5.
var returnNames = [6]string{
	"Connection Accepted", "unacceptable protocol version", "identifier rejected", "Server unavailable", "bad user name or password",
	"not authorized",
}

// codeName returns the standard's name of a code in a packet, such as "Not authorized".
func codeName(kind, code byte, five bool) string {
	switch {
	case kind == typeConnAck && !five && int(code) < len(returnNames):
		return returnNames[code]
	case kind == typeSubAck && !five && code == 0x80:
		return "Failure"
	case kind == typeSubAck && code <= 2:
		return fmt.Sprintf("Granted QoS %d", code)
	case !five:
		return "reserved"
	case kind == typeDisconnect && code == 0:
		return "Normal disconnection"
	}
	return mqtt.ReasonCode(code).Name()
}

// code returns value and name: "0x87 Not authorized".
func codeText(kind, code byte, five bool) string {
	return fmt.Sprintf("0x%02X %s", code, codeName(kind, code, five))
}

// meanings tell what a code of MQTT 5 says, where its name alone does not.
var meanings = map[byte]string{
	0x04: "the server publishes the will",
	0x10: "the server has taken the message, and nobody subscribes to its topic",
	0x80: "the server gives no reason",
	0x81: "what came could not be read as a packet",
	0x82: "what came was readable, and not allowed, or not at this time",
	0x83: "valid, and not taken by this implementation",
	0x8B: "the server ends; a client comes back later",
	0x8D: "nothing came for one and a half times the keep alive",
	0x8E: "another connection has the same client identifier",
	0x93: "more unacknowledged messages of QoS 1 and 2 than the receiver takes",
	0x94: "a topic alias of 0, above the maximum, or that was never set",
	0x95: "larger than the maximum packet size of the receiver",
	0x97: "a limit of the implementation or of the administrator",
	0x98: "somebody who looks after the server ended it",
	0x9C: "use the server that is named, for now",
	0x9D: "use the server that is named, from now on",
}

// senders says which types only the client or only the server sends: in MQTT 5 table 2-1, in 3.1.1 the same.
var (
	ofClients = []byte{typeConnect, typeSubscribe, typeUnsubscribe, typePingReq}
	ofServers = []byte{typeConnAck, typeSubAck, typeUnsubAck, typePingResp}
)

// wrongWay says why the packet may not come from this side, "" when it may.
func wrongWay(kind byte, sent, five bool) string {
	switch {
	case sent && slices.Contains(ofServers, kind):
		return "a client sends no " + typeNames[kind]
	case !sent && slices.Contains(ofClients, kind):
		return "a server sends no " + typeNames[kind]
	case !sent && kind == typeDisconnect && !five:
		return "a server sends no DISCONNECT before MQTT 5"
	}
	return ""
}
