package wire_test

import (
	"bytes"
	"math"
	"testing"

	"dunlin/mqtt/internal/wire"
)

// TestValidate lists what a caller can get wrong, with the code of the refusal.
func TestValidate(t *testing.T) {
	long := string(bytes.Repeat([]byte{'a'}, 65536))
	tests := []struct {
		name   string
		v      wire.Version
		packet any
		code   wire.ReasonCode
	}{
		{"version 6", wire.V5, &wire.Connect{Version: 6, ClientID: "c"}, wire.UnsupportedProtocolVersion},
		{"CN-06 CONNECT with a password alone", wire.V311, &wire.Connect{Version: wire.V311, ClientID: "c", HasPassword: true}, wire.BadUserNameOrPassword},
		{"password without its mark", wire.V311, &wire.Connect{Version: wire.V311, ClientID: "c", Password: []byte("x")}, wire.BadUserNameOrPassword},
		{"long password", wire.V5, &wire.Connect{Version: wire.V5, HasPassword: true, Password: []byte(long)}, wire.BadUserNameOrPassword},
		{"CN-15 longest will payload, and one byte more", wire.V311, &wire.Connect{Version: wire.V311, ClientID: "c", Will: &wire.Will{Topic: "w", Payload: []byte(long)}}, wire.PacketTooLarge},
		{"CN-16 empty", wire.V311, &wire.Connect{Version: wire.V311, ClientID: "c", Will: &wire.Will{}}, wire.TopicNameInvalid},
		{"CN-16 wildcard", wire.V311, &wire.Connect{Version: wire.V311, ClientID: "c", Will: &wire.Will{Topic: "a/#"}}, wire.TopicNameInvalid},
		{"CN-16 QoS", wire.V311, &wire.Connect{Version: wire.V311, ClientID: "c", Will: &wire.Will{Topic: "w", QoS: 3}}, wire.QoSNotSupported},
		{"CN-18 empty client identifier, session kept", wire.V311, &wire.Connect{Version: wire.V311}, wire.ClientIdentifierNotValid},
		{"no client identifier in 3.1", wire.V31, &wire.Connect{Version: wire.V31, CleanStart: true}, wire.ClientIdentifierNotValid},
		{"CN-20 U+0000", wire.V311, &wire.Connect{Version: wire.V311, ClientID: "a\x00"}, wire.MalformedPacket},
		{"CN-20 surrogate", wire.V5, &wire.Connect{Version: wire.V5, HasUsername: true, Username: "\xED\xA0\x80"}, wire.MalformedPacket},
		{"CN-20 long", wire.V5, &wire.Connect{Version: wire.V5, ClientID: long}, wire.MalformedPacket},
		{"CN-22 maximum", wire.V5, &wire.Connect{Version: wire.V5, Properties: wire.Properties{}.AppendUint(wire.ReceiveMaximum, 0)}, wire.ProtocolError},
		{"CN-22 method", wire.V5, &wire.Connect{Version: wire.V5, Properties: wire.Properties{}.AppendBinary(wire.AuthenticationData, nil)}, wire.ProtocolError},
		{"will property in CONNECT", wire.V5, &wire.Connect{Version: wire.V5, Properties: wire.Properties{}.AppendUint(wire.WillDelayInterval, 1)}, wire.MalformedPacket},
		{"properties in 3.1.1", wire.V311, &wire.Publish{Topic: "t", Properties: userProperty("a", "b")}, wire.ProtocolError},
		{"QoS 3", wire.V311, &wire.Publish{Topic: "t", QoS: 3, PacketID: 1}, wire.QoSNotSupported},
		{"no identifier", wire.V311, &wire.Publish{Topic: "t", QoS: 1}, wire.ProtocolError},
		{"identifier with QoS 0", wire.V311, &wire.Publish{Topic: "t", PacketID: 1}, wire.ProtocolError},
		{"DUP with QoS 0", wire.V311, &wire.Publish{Topic: "t", Dup: true}, wire.ProtocolError},
		{"no topic", wire.V5, &wire.Publish{}, wire.TopicNameInvalid},
		{"no topic before 5", wire.V311, &wire.Publish{Properties: wire.Properties{}.AppendUint(wire.TopicAlias, 1)}, wire.TopicNameInvalid},
		{"wildcard", wire.V311, &wire.Publish{Topic: "a/+"}, wire.TopicNameInvalid},
		{"U+0000", wire.V311, &wire.Publish{Topic: "a\x00"}, wire.TopicNameInvalid},
		{"long topic", wire.V311, &wire.Publish{Topic: long}, wire.TopicNameInvalid},
		{"alias 0", wire.V5, &wire.Publish{Topic: "t", Properties: wire.Properties{}.AppendUint(wire.TopicAlias, 0)}, wire.TopicAliasInvalid},
		{"too large", wire.V311, &wire.Publish{Topic: "t", Payload: make([]byte, wire.MaxLength)}, wire.PacketTooLarge},
		{"ack of nothing", wire.V311, &wire.Ack{Type: wire.SUBACK, PacketID: 1}, wire.ProtocolError},
		{"ack with code in 3.1.1", wire.V311, &wire.Ack{Type: wire.PUBACK, PacketID: 1, Code: 0x80}, wire.ProtocolError},
		{"ack of 0", wire.V5, &wire.Ack{Type: wire.PUBACK}, wire.ProtocolError},
		{"undefined code", wire.V5, &wire.Ack{Type: wire.PUBREC, PacketID: 1, Code: 0x92}, wire.ProtocolError},
		{"SU-05 SUBSCRIBE: header, identifier, at least one filter", wire.V311, &wire.Subscribe{PacketID: 1}, wire.ProtocolError},
		{"SU-20 no local on a shared subscription", wire.V5, &wire.Subscribe{PacketID: 1, Filters: []wire.Filter{{"$share/g/t", wire.OptionNoLocal}}}, wire.ProtocolError},
		{"SU-21 subscribe options of MQTT 5 asked for before it", wire.V311, &wire.Subscribe{PacketID: 1, Filters: []wire.Filter{{"t", wire.OptionNoLocal}}}, wire.MalformedPacket},
		{"SU-22 subscription identifiers", wire.V5, &wire.Subscribe{
			PacketID: 1, Filters: []wire.Filter{{"t", 0}},
			Properties: wire.Properties{}.AppendUint(wire.SubscriptionIdentifier, 0),
		}, wire.ProtocolError},
		{"two subscription identifiers", wire.V5, &wire.Subscribe{PacketID: 1, Filters: []wire.Filter{{"t", 0}}, Properties: wire.Properties{}.
			AppendUint(wire.SubscriptionIdentifier, 1).AppendUint(wire.SubscriptionIdentifier, 2)}, wire.ProtocolError},
		{"retain handling 3", wire.V5, &wire.Subscribe{PacketID: 1, Filters: []wire.Filter{{"t", 0x30}}}, wire.ProtocolError},
		{"empty filter", wire.V311, &wire.Subscribe{PacketID: 1, Filters: []wire.Filter{{"", 0}}}, wire.TopicFilterInvalid},
		{"subscribe 0", wire.V311, &wire.Subscribe{Filters: []wire.Filter{{"t", 0}}}, wire.ProtocolError},
		{"UN-08 nothing to unsubscribe", wire.V311, &wire.Unsubscribe{PacketID: 1}, wire.ProtocolError},
		{"UN-08 filter", wire.V311, &wire.Unsubscribe{PacketID: 1, Filters: []string{""}}, wire.TopicFilterInvalid},
		{"disconnect with code", wire.V311, &wire.Disconnect{Code: 4}, wire.ProtocolError},
		{"disconnect with 0x01", wire.V5, &wire.Disconnect{Code: 1}, wire.ProtocolError},
		{"auth in 3.1.1", wire.V311, &wire.Auth{}, wire.ProtocolError},
		{"auth without method", wire.V5, &wire.Auth{Code: wire.ContinueAuthentication}, wire.ProtocolError},
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
		v      wire.Version
		packet any
	}{
		{"CN-15 longest will payload, and one byte more", wire.V311, &wire.Connect{Version: wire.V311, ClientID: "c", Will: &wire.Will{Topic: "w", Payload: make([]byte, 65535)}}},
		{"CN-18 in 5", wire.V5, &wire.Connect{Version: wire.V5}},
		{"CN-19 long and non-ASCII identifiers, byte order mark kept", wire.V31, &wire.Connect{Version: wire.V31, ClientID: "\uFEFFäöü a client identifier above 23 bytes"}},
		{"CN-24 keep alive at its bounds", wire.V311, &wire.Connect{Version: wire.V311, ClientID: "c", KeepAlive: math.MaxUint16}},
		{"control characters and U+FFFF in a topic", wire.V311, &wire.Publish{Topic: "\x01\x7F\uFFFF"}},
		{"longest topic", wire.V311, &wire.Publish{Topic: string(bytes.Repeat([]byte{'a'}, 65535))}},
		{"alias alone", wire.V5, &wire.Publish{Properties: wire.Properties{}.AppendUint(wire.TopicAlias, 1)}},
		{"largest", wire.V311, &wire.Publish{Topic: "t", Payload: make([]byte, wire.MaxLength-3)}},
	}
	for _, x := range tests {
		if err := validate(x.packet, x.v); err != nil {
			t.Errorf("%s: %v, want it accepted", x.name, err)
		}
	}
}
