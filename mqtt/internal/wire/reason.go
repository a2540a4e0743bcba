package wire

// ReasonCode is the result of an operation (MQTT 5 section 2.4). Values from 0x80 on
// are failures. The CONNACK of 3.1 and 3.1.1 carries a return code of its own, whose
// values 1 to 5 mean something else there: see NameIn.
type ReasonCode byte

// The reason codes of MQTT 5. 0x00 is also Normal Disconnection and Granted QoS 0.
const (
	Success                             ReasonCode = 0x00
	GrantedQoS1                         ReasonCode = 0x01
	GrantedQoS2                         ReasonCode = 0x02
	DisconnectWithWill                  ReasonCode = 0x04
	NoMatchingSubscribers               ReasonCode = 0x10
	NoSubscriptionExisted               ReasonCode = 0x11
	ContinueAuthentication              ReasonCode = 0x18
	ReAuthenticate                      ReasonCode = 0x19
	UnspecifiedError                    ReasonCode = 0x80
	MalformedPacket                     ReasonCode = 0x81
	ProtocolError                       ReasonCode = 0x82
	ImplementationSpecificError         ReasonCode = 0x83
	UnsupportedProtocolVersion          ReasonCode = 0x84
	ClientIdentifierNotValid            ReasonCode = 0x85
	BadUserNameOrPassword               ReasonCode = 0x86
	NotAuthorized                       ReasonCode = 0x87
	ServerUnavailable                   ReasonCode = 0x88
	ServerBusy                          ReasonCode = 0x89
	Banned                              ReasonCode = 0x8A
	ServerShuttingDown                  ReasonCode = 0x8B
	BadAuthenticationMethod             ReasonCode = 0x8C
	KeepAliveTimeout                    ReasonCode = 0x8D
	SessionTakenOver                    ReasonCode = 0x8E
	TopicFilterInvalid                  ReasonCode = 0x8F
	TopicNameInvalid                    ReasonCode = 0x90
	PacketIdentifierInUse               ReasonCode = 0x91
	PacketIdentifierNotFound            ReasonCode = 0x92
	ReceiveMaximumExceeded              ReasonCode = 0x93
	TopicAliasInvalid                   ReasonCode = 0x94
	PacketTooLarge                      ReasonCode = 0x95
	MessageRateTooHigh                  ReasonCode = 0x96
	QuotaExceeded                       ReasonCode = 0x97
	AdministrativeAction                ReasonCode = 0x98
	PayloadFormatInvalid                ReasonCode = 0x99
	RetainNotSupported                  ReasonCode = 0x9A
	QoSNotSupported                     ReasonCode = 0x9B
	UseAnotherServer                    ReasonCode = 0x9C
	ServerMoved                         ReasonCode = 0x9D
	SharedSubscriptionsNotSupported     ReasonCode = 0x9E
	ConnectionRateExceeded              ReasonCode = 0x9F
	MaximumConnectTime                  ReasonCode = 0xA0
	SubscriptionIdentifiersNotSupported ReasonCode = 0xA1
	WildcardSubscriptionsNotSupported   ReasonCode = 0xA2
)

// The return codes of a 3.1 or 3.1.1 CONNACK (3.1.1 table 3.1).
const (
	RefusedVersion     ReasonCode = 1
	RefusedIdentifier  ReasonCode = 2
	RefusedUnavailable ReasonCode = 3
	RefusedCredentials ReasonCode = 4
	RefusedAuthorized  ReasonCode = 5
)

// failureNames holds the names from 0x80 on.
var failureNames = [...]string{
	"Unspecified error", "Malformed Packet", "Protocol Error", "Implementation specific error",
	"Unsupported Protocol Version", "Client Identifier not valid", "Bad User Name or Password", "Not authorized",
	"Server unavailable", "Server busy", "Banned", "Server shutting down",
	"Bad authentication method", "Keep Alive timeout", "Session taken over", "Topic Filter invalid",
	"Topic Name invalid", "Packet Identifier in use", "Packet Identifier not found", "Receive Maximum exceeded",
	"Topic Alias invalid", "Packet too large", "Message rate too high", "Quota exceeded",
	"Administrative action", "Payload format invalid", "Retain not supported", "QoS not supported",
	"Use another server", "Server moved", "Shared Subscriptions not supported", "Connection rate exceeded",
	"Maximum connect time", "Subscription Identifiers not supported", "Wildcard Subscriptions not supported",
}

// returnNames holds the names of the 3.x return codes.
var returnNames = [...]string{
	"Connection Accepted", "unacceptable protocol version", "identifier rejected", "Server unavailable",
	"bad user name or password", "not authorized",
}

// Name returns the standard's name of an MQTT 5 reason code, or "undefined reason
// code". Use NameIn for a code whose meaning depends on its packet.
func (c ReasonCode) Name() string {
	if i := int(c) - 0x80; i >= 0 {
		if i < len(failureNames) {
			return failureNames[i]
		}
		return "undefined reason code"
	}
	switch c {
	case Success:
		return "Success"
	case GrantedQoS1:
		return "Granted QoS 1"
	case GrantedQoS2:
		return "Granted QoS 2"
	case DisconnectWithWill:
		return "Disconnect with Will Message"
	case NoMatchingSubscribers:
		return "No matching subscribers"
	case NoSubscriptionExisted:
		return "No subscription existed"
	case ContinueAuthentication:
		return "Continue authentication"
	case ReAuthenticate:
		return "Re-authenticate"
	}
	return "undefined reason code"
}

// String returns the value and the name: "0x87 Not authorized".
func (c ReasonCode) String() string { return hexByte(byte(c)) + " " + c.Name() }

// NameIn returns the name that the code has in a packet of type t and version v:
// 0x00 is "Normal disconnection" in DISCONNECT, and 0x05 is "not authorized" in the
// CONNACK of 3.1.1.
func (c ReasonCode) NameIn(t Type, v Version) string {
	switch {
	case t == CONNACK && v < V5:
		if int(c) < len(returnNames) {
			return returnNames[c]
		}
		return "reserved return code"
	case t == DISCONNECT && c == Success:
		return "Normal disconnection"
	case t == SUBACK && c == Success:
		return "Granted QoS 0"
	case t == SUBACK && v < V5 && c == UnspecifiedError:
		return "Failure"
	}
	return c.Name()
}

// Failed reports whether the code says that the operation failed. Do not ask it of
// the return code of a 3.x CONNACK, where everything but 0 is a refusal.
func (c ReasonCode) Failed() bool { return c >= UnspecifiedError }
