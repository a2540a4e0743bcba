package wire

import (
	"bytes"
	"math"
	"testing"
)

// TestValidate lists what a caller can get wrong, with the code of the refusal.
func TestValidate(t *testing.T) {
	long := string(bytes.Repeat([]byte{'a'}, 65536))
	tests := []struct {
		name   string
		v      Version
		packet any
		code   ReasonCode
	}{
		{"version 6", V5, &Connect{Version: 6, ClientID: "c"}, UnsupportedProtocolVersion},
		{"CN-06", V311, &Connect{Version: V311, ClientID: "c", HasPassword: true}, BadUserNameOrPassword},
		{"password without its mark", V311, &Connect{Version: V311, ClientID: "c", Password: []byte("x")}, BadUserNameOrPassword},
		{"long password", V5, &Connect{Version: V5, HasPassword: true, Password: []byte(long)}, BadUserNameOrPassword},
		{"CN-15", V311, &Connect{Version: V311, ClientID: "c", Will: &Will{Topic: "w", Payload: []byte(long)}}, PacketTooLarge},
		{"CN-16 empty", V311, &Connect{Version: V311, ClientID: "c", Will: &Will{}}, TopicNameInvalid},
		{"CN-16 wildcard", V311, &Connect{Version: V311, ClientID: "c", Will: &Will{Topic: "a/#"}}, TopicNameInvalid},
		{"CN-16 QoS", V311, &Connect{Version: V311, ClientID: "c", Will: &Will{Topic: "w", QoS: 3}}, QoSNotSupported},
		{"CN-18", V311, &Connect{Version: V311}, ClientIdentifierNotValid},
		{"no client identifier in 3.1", V31, &Connect{Version: V31, CleanStart: true}, ClientIdentifierNotValid},
		{"CN-20 U+0000", V311, &Connect{Version: V311, ClientID: "a\x00"}, MalformedPacket},
		{"CN-20 surrogate", V5, &Connect{Version: V5, HasUsername: true, Username: "\xED\xA0\x80"}, MalformedPacket},
		{"CN-20 long", V5, &Connect{Version: V5, ClientID: long}, MalformedPacket},
		{"CN-22 maximum", V5, &Connect{Version: V5, Properties: Properties{}.AppendUint(ReceiveMaximum, 0)}, ProtocolError},
		{"CN-22 method", V5, &Connect{Version: V5, Properties: Properties{}.AppendBinary(AuthenticationData, nil)}, ProtocolError},
		{"will property in CONNECT", V5, &Connect{Version: V5, Properties: Properties{}.AppendUint(WillDelayInterval, 1)}, MalformedPacket},
		{"properties in 3.1.1", V311, &Publish{Topic: "t", Properties: userProperty("a", "b")}, ProtocolError},
		{"refusal with session", V311, &ConnAck{SessionPresent: true, Code: 1}, ProtocolError},
		{"return code 6", V311, &ConnAck{Code: 6}, ProtocolError},
		{"reason code 1 in CONNACK", V5, &ConnAck{Code: 1}, ProtocolError},
		{"QoS 3", V311, &Publish{Topic: "t", QoS: 3, PacketID: 1}, QoSNotSupported},
		{"no identifier", V311, &Publish{Topic: "t", QoS: 1}, ProtocolError},
		{"identifier with QoS 0", V311, &Publish{Topic: "t", PacketID: 1}, ProtocolError},
		{"DUP with QoS 0", V311, &Publish{Topic: "t", Dup: true}, ProtocolError},
		{"no topic", V5, &Publish{}, TopicNameInvalid},
		{"no topic before 5", V311, &Publish{Properties: Properties{}.AppendUint(TopicAlias, 1)}, TopicNameInvalid},
		{"wildcard", V311, &Publish{Topic: "a/+"}, TopicNameInvalid},
		{"U+0000", V311, &Publish{Topic: "a\x00"}, TopicNameInvalid},
		{"long topic", V311, &Publish{Topic: long}, TopicNameInvalid},
		{"alias 0", V5, &Publish{Topic: "t", Properties: Properties{}.AppendUint(TopicAlias, 0)}, TopicAliasInvalid},
		{"too large", V311, &Publish{Topic: "t", Payload: make([]byte, MaxLength)}, PacketTooLarge},
		{"ack of nothing", V311, &Ack{Type: SUBACK, PacketID: 1}, ProtocolError},
		{"ack with code in 3.1.1", V311, &Ack{Type: PUBACK, PacketID: 1, Code: 0x80}, ProtocolError},
		{"ack of 0", V5, &Ack{Type: PUBACK}, ProtocolError},
		{"undefined code", V5, &Ack{Type: PUBREC, PacketID: 1, Code: 0x92}, ProtocolError},
		{"SU-05", V311, &Subscribe{PacketID: 1}, ProtocolError},
		{"SU-20", V5, &Subscribe{PacketID: 1, Filters: []Filter{{"$share/g/t", OptionNoLocal}}}, ProtocolError},
		{"SU-21", V311, &Subscribe{PacketID: 1, Filters: []Filter{{"t", OptionNoLocal}}}, MalformedPacket},
		{"SU-22", V5, &Subscribe{
			PacketID: 1, Filters: []Filter{{"t", 0}},
			Properties: Properties{}.AppendUint(SubscriptionIdentifier, 0),
		}, ProtocolError},
		{"two subscription identifiers", V5, &Subscribe{PacketID: 1, Filters: []Filter{{"t", 0}}, Properties: Properties{}.
			AppendUint(SubscriptionIdentifier, 1).AppendUint(SubscriptionIdentifier, 2)}, ProtocolError},
		{"retain handling 3", V5, &Subscribe{PacketID: 1, Filters: []Filter{{"t", 0x30}}}, ProtocolError},
		{"empty filter", V311, &Subscribe{PacketID: 1, Filters: []Filter{{"", 0}}}, TopicFilterInvalid},
		{"subscribe 0", V311, &Subscribe{Filters: []Filter{{"t", 0}}}, ProtocolError},
		{"no granted codes", V311, &SubAck{PacketID: 1}, ProtocolError},
		{"granted QoS 3", V311, &SubAck{PacketID: 1, Codes: []byte{3}}, MalformedPacket},
		{"undefined code in SUBACK", V5, &SubAck{PacketID: 1, Codes: []byte{3}}, ProtocolError},
		{"UN-08", V311, &Unsubscribe{PacketID: 1}, ProtocolError},
		{"UN-08 filter", V311, &Unsubscribe{PacketID: 1, Filters: []string{""}}, TopicFilterInvalid},
		{"codes in 3.1.1", V311, &UnsubAck{PacketID: 1, Codes: []byte{0}}, ProtocolError},
		{"no codes in 5", V5, &UnsubAck{PacketID: 1}, ProtocolError},
		{"disconnect with code", V311, &Disconnect{Code: 4}, ProtocolError},
		{"disconnect with 0x01", V5, &Disconnect{Code: 1}, ProtocolError},
		{"auth in 3.1.1", V311, &Auth{}, ProtocolError},
		{"auth without method", V5, &Auth{Code: ContinueAuthentication}, ProtocolError},
	}
	for _, x := range tests {
		if err := validate(x.packet, x.v); err == nil || codeOf(err) != x.code {
			t.Errorf("%s: %v, want %s", x.name, err, x.code)
		}
	}
}

// TestValidateAccepts holds what looks odd and is legal all the same.
func TestValidateAccepts(t *testing.T) {
	tests := []struct {
		name   string
		v      Version
		packet any
	}{
		{"CN-15", V311, &Connect{Version: V311, ClientID: "c", Will: &Will{Topic: "w", Payload: make([]byte, 65535)}}},
		{"CN-18 in 5", V5, &Connect{Version: V5}},
		{"CN-19", V31, &Connect{Version: V31, ClientID: "\uFEFFäöü a client identifier above 23 bytes"}},
		{"CN-24", V311, &Connect{Version: V311, ClientID: "c", KeepAlive: math.MaxUint16}},
		{"D-8", V311, &Publish{Topic: "\x01\x7F\uFFFF"}},
		{"longest topic", V311, &Publish{Topic: string(bytes.Repeat([]byte{'a'}, 65535))}},
		{"alias alone", V5, &Publish{Properties: Properties{}.AppendUint(TopicAlias, 1)}},
		{"largest", V311, &Publish{Topic: "t", Payload: make([]byte, MaxLength-3)}},
	}
	for _, x := range tests {
		if err := validate(x.packet, x.v); err != nil {
			t.Errorf("%s: %v, want it accepted", x.name, err)
		}
	}
}
