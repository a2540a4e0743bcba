package wire_test

import (
	"bytes"
	"slices"
	"testing"

	"dunlin/mqtt/internal/wire"
)

// golden is a packet with the exact bytes it must have. cuts lists the shorter bodies
// that are legal packets of their own; any other truncation must fail.
type golden struct {
	name   string
	v      wire.Version
	packet any
	hex    string
	cuts   []int
}

var longText = func() string { return string(bytes.Repeat([]byte{'x'}, 130)) }()

// numbers lists the numbers from first up to, but not including, end.
func numbers(first, end int) (list []int) {
	for n := first; n < end; n++ {
		list = append(list, n)
	}
	return list
}

func userProperty(name, value string) wire.Properties {
	return wire.Properties{}.AppendPair(wire.UserProperty, name, value)
}

func goldens() []golden {
	return slices.Concat(goldenConnects(), goldenConnAcks(), goldenPublishes(), goldenAcks(),
		goldenSubscriptions(), goldenOthers())
}

func goldenConnects() []golden {
	c := func(v wire.Version) wire.Connect {
		return wire.Connect{Version: v, ClientID: "c", CleanStart: true, KeepAlive: 60}
	}
	v31, minimal, minimal5 := c(wire.V31), c(wire.V311), c(wire.V5)
	keep := c(wire.V311)
	keep.CleanStart = false
	login := c(wire.V311)
	login.HasUsername, login.Username, login.HasPassword, login.Password = true, "u", true, []byte("p")
	user := c(wire.V311)
	user.HasUsername, user.Username = true, "u"
	secret := c(wire.V5)
	secret.HasPassword, secret.Password = true, []byte("p")
	blank := c(wire.V311)
	blank.HasUsername, blank.HasPassword = true, true
	raw := login
	raw.Password = []byte{0x00, 0xFF}
	will := c(wire.V311)
	will.Will = &wire.Will{Topic: "w", Payload: []byte("m"), QoS: 1, Retain: true}
	will5 := c(wire.V5)
	will5.Will = &wire.Will{Topic: "w", Payload: []byte("m")}
	anonymous, anonymous5 := c(wire.V311), c(wire.V5)
	anonymous.ClientID, anonymous5.ClientID = "", ""
	limits := wire.Connect{
		Version: wire.V5, ClientID: "01-con-discon-success-v5", CleanStart: true, KeepAlive: 60,
		Properties: wire.Properties{}.AppendUint(wire.MaximumPacketSize, 1000).AppendUint(wire.ReceiveMaximum, 20),
	}
	format := wire.Connect{
		Version: wire.V5, ClientID: "01-con-discon-will", CleanStart: true, KeepAlive: 60,
		Properties: wire.Properties{}.AppendUint(wire.ReceiveMaximum, 20),
		Will: &wire.Will{
			Topic: "will/topic", Payload: []byte("will-payload"), QoS: 1, Retain: true,
			Properties: wire.Properties{}.AppendUint(wire.PayloadFormatIndicator, 1),
		},
	}
	full := wire.Connect{
		Version: wire.V311, ClientID: "01-will-unpwd-set", CleanStart: true, KeepAlive: 60,
		HasUsername: true, Username: "oibvvwqw", HasPassword: true, Password: []byte("#'^2hg9a&nm38*us"),
		Will: &wire.Will{Topic: "will-topic", Payload: []byte("will message"), QoS: 2},
	}
	long := c(wire.V5)
	long.Properties = userProperty("n", longText)
	return []golden{
		{"3.1", wire.V31, &v31, "10 0F 0006 4D5149736470 03 02 003C 0001 63", nil},
		{"CN-01 minimal CONNECT, DISCONNECT at the end", wire.V311, &minimal, "10 0D 00044D5154540402003C000163", nil},
		{"CN-02 minimal CONNECT of MQTT 5 with empty property lists", wire.V5, &minimal5, "10 0E 00044D5154540502003C00000163", nil},
		{"CN-03 CONNECT that keeps the session", wire.V311, &keep, "10 0D 00044D5154540400003C000163", nil},
		{"CN-04 CONNECT with user name and password", wire.V311, &login, "10 13 00044D51545404C2003C000163000175000170", nil},
		{"CN-05 CONNECT with a user name alone", wire.V311, &user, "10 10 00044D5154540482003C000163000175", nil},
		{"CN-06 CONNECT with a password alone", wire.V5, &secret, "10 11 00044D5154540542003C00000163000170", nil},
		{"CN-07 empty user name and password are not absent ones", wire.V311, &blank, "10 11 00044D51545404C2003C00016300000000", nil},
		{"CN-08 password of any bytes", wire.V311, &raw, "10 14 00044D51545404C2003C000163000175000200FF", nil},
		{"CN-09 will at QoS 1, retained", wire.V311, &will, "10 13 00044D515454042E003C00016300017700016D", nil},
		{"CN-12 a will's property length is there when it is empty", wire.V5, &will5, "10 15 00044D5154540506003C000001630000017700016D", nil},
		{"CN-17 3.1.1", wire.V311, &anonymous, "10 0C 00044D5154540402003C0000", nil},
		{"CN-17 5", wire.V5, &anonymous5, "10 0D 00044D5154540502003C000000", nil},
		{"CN-29 property list of 128 bytes and more", wire.V5, &long, "10 9701 00044D5154540502003C 8801 2600016E0082" + hexOf(longText) + "0001 63", nil},
		{"X2", wire.V5, &limits, "10 2D 00 04 4D 51 54 54 05 02 00 3C 08 27 00 00 03 E8 21 00 14 00 18 30 31 2D 63 6F 6E 2D " +
			"64 69 73 63 6F 6E 2D 73 75 63 63 65 73 73 2D 76 35", nil},
		{"X6", wire.V311, &full, "10 53 00 04 4D 51 54 54 04 D6 00 3C 00 11 30 31 2D 77 69 6C 6C 2D 75 6E 70 77 64 2D 73 65 74 " +
			"00 0A 77 69 6C 6C 2D 74 6F 70 69 63 00 0C 77 69 6C 6C 20 6D 65 73 73 61 67 65 00 08 6F 69 62 76 76 77 71 77 " +
			"00 10 23 27 5E 32 68 67 39 61 26 6E 6D 33 38 2A 75 73", nil},
		{"X7", wire.V5, &format, "10 3F 00 04 4D 51 54 54 05 2E 00 3C 03 21 00 14 00 12 30 31 2D 63 6F 6E 2D 64 69 73 63 6F 6E " +
			"2D 77 69 6C 6C 02 01 01 00 0A 77 69 6C 6C 2F 74 6F 70 69 63 00 0C 77 69 6C 6C 2D 70 61 79 6C 6F 61 64", nil},
	}
}

func goldenConnAcks() []golden {
	return []golden{
		{"CA-01 accepted by CONNACK", wire.V311, &wire.ConnAck{}, "20 02 0000", nil},
		{"CA-01 5", wire.V5, &wire.ConnAck{}, "20 03 000000", nil},
		{"CA-01 3.1", wire.V31, &wire.ConnAck{}, "20 02 0000", nil},
		{"CA-06 CONNECT refused: not authorized", wire.V311, &wire.ConnAck{Code: wire.RefusedAuthorized}, "20 02 0005", nil},
		{"CA-08 every reason code that refuses CONNECT", wire.V5, &wire.ConnAck{Code: wire.NotAuthorized}, "20 03 008700", nil},
		{"SR-01 QoS 1 is sent again", wire.V311, &wire.ConnAck{SessionPresent: true}, "20 02 0100", nil},
		{
			"CA-30 assigned client identifier", wire.V5, &wire.ConnAck{Properties: wire.Properties{}.AppendText(wire.AssignedClientIdentifier, "srv-1")},
			"20 0B 0000081200057372762D31", nil,
		},
		{
			"CA-36 CONNACK names another server", wire.V5, &wire.ConnAck{Code: wire.UseAnotherServer, Properties: wire.Properties{}.AppendText(wire.ServerReference, "b:1883")},
			"20 0C 009C091C0006623A31383833", nil,
		},
		{"X24", wire.V5, &wire.ConnAck{Properties: wire.Properties{}.AppendUint(wire.TopicAliasMaximum, 10).AppendUint(wire.MaximumPacketSize, 30).
			AppendUint(wire.ReceiveMaximum, 20)}, "20 0E 00 00 0B 22 00 0A 27 00 00 00 1E 21 00 14", nil},
	}
}

func goldenPublishes() []golden {
	topic := func(p wire.Publish) *wire.Publish { p.Topic, p.Payload = "topic", []byte("payload"); return &p }
	number := func(p wire.Publish) *wire.Publish {
		p.PacketID, p.Topic, p.Payload = 0x04D2, "topic", []byte("payload")
		return &p
	}
	return []golden{
		{"RX-01 message received at QoS 0", wire.V311, topic(wire.Publish{}), "30 0E 0005746F7069637061796C6F6164", numbers(7, 14)},
		{"RX-02 retained message, with and without payload", wire.V31, &wire.Publish{Topic: "topic", Retain: true}, "31 07 0005746F706963", nil},
		{"RX-03 DUP at QoS 0", wire.V311, topic(wire.Publish{Dup: true}), "38 0E 0005746F7069637061796C6F6164", numbers(7, 14)},
		{"RX-06 message received at QoS 1 with DUP", wire.V311, number(wire.Publish{QoS: 1, Dup: true}), "3A 10 0005746F70696304D27061796C6F6164", numbers(9, 16)},
		{
			"RX-15 message received at QoS 2", wire.V311, &wire.Publish{Topic: "pub/qos2/receive", QoS: 2, PacketID: 0x346F, Payload: []byte("message")},
			"34 1B 00107075622F716F73322F72656365697665346F6D657373616765", numbers(20, 27),
		},
		{
			"RX-30 every property of a received message", wire.V5, &wire.Publish{
				Topic: "prop/test", QoS: 1, PacketID: 1, Payload: []byte("message"),
				Properties: wire.Properties{}.AppendText(wire.ContentType, "plain/text").AppendText(wire.ResponseTopic, "msg/123"),
			},
			"32 2C 000970726F702F7465737400011703000A706C61696E2F746578740800076D73672F3132336D657373616765", numbers(37, 44),
		},
		{"RX-31 several subscription identifiers", wire.V5, number(wire.Publish{QoS: 1, Properties: wire.Properties{}.AppendUint(wire.SubscriptionIdentifier, 1).
			AppendUint(wire.SubscriptionIdentifier, 1)}), "32 15 0005746F70696304D2040B010B017061796C6F6164", numbers(14, 21)},
		{
			"TA-04 incoming alias: set, used, replaced", wire.V5, &wire.Publish{Payload: []byte("M"), Properties: wire.Properties{}.AppendUint(wire.TopicAlias, 1)},
			"30 07 0000032300014D",
			[]int{6},
		},
		{"MF-18 byte order mark in a string", wire.V311, &wire.Publish{Topic: "\uFEFFab", Payload: []byte("p")}, "30 08 0005EFBBBF616270", []int{7}},
		{
			"X27", wire.V5, &wire.Publish{
				Topic: "test/publish", QoS: 1, PacketID: 1, Payload: []byte("message"),
				Properties: wire.Properties{}.AppendUint(wire.PayloadFormatIndicator, 1).AppendUint(wire.MessageExpiryInterval, 0xFFFFFFFF).
					AppendUint(wire.TopicAlias, 65535).AppendText(wire.ResponseTopic, "response/topic").
					AppendBinary(wire.CorrelationData, []byte("7deac5c5-8802-44ff-86ce-11479f337419")).
					AppendText(wire.ContentType, "text/plain").AppendPair(wire.UserProperty, "key", "value"),
			},
			"32 74 00 0C 74 65 73 74 2F 70 75 62 6C 69 73 68 00 01 5C 01 01 02 FF FF FF FF 23 FF FF 08 00 0E 72 65 73 70 " +
				"6F 6E 73 65 2F 74 6F 70 69 63 09 00 24 37 64 65 61 63 35 63 35 2D 38 38 30 32 2D 34 34 66 66 2D 38 36 63 65 2D " +
				"31 31 34 37 39 66 33 33 37 34 31 39 03 00 0A 74 65 78 74 2F 70 6C 61 69 6E 26 00 03 6B 65 79 00 05 76 61 6C " +
				"75 65 6D 65 73 73 61 67 65", numbers(109, 116),
		},
	}
}

func goldenAcks() []golden {
	key := userProperty("key", "value")
	return []golden{
		{"RX-05 message received at QoS 1", wire.V311, &wire.Ack{Type: wire.PUBACK, PacketID: 0x7B}, "40 02 007B", nil},
		{"RX-05 5", wire.V5, &wire.Ack{Type: wire.PUBACK, PacketID: 0x7B}, "40 02 007B", nil},
		{"X20", wire.V31, &wire.Ack{Type: wire.PUBCOMP, PacketID: 0x346F}, "70 02 346F", nil},
		{"RX-10 message refused by the application", wire.V5, &wire.Ack{Type: wire.PUBREC, PacketID: 1, Code: wire.ImplementationSpecificError}, "50 03 000183", []int{2}},
		{
			"X21 PUBACK", wire.V5, &wire.Ack{Type: wire.PUBACK, PacketID: 1, Properties: key},
			"40 11 00 01 00 0D 26 00 03 6B 65 79 00 05 76 61 6C 75 65",
			[]int{2, 3},
		},
		{
			"X21 PUBREC", wire.V5, &wire.Ack{Type: wire.PUBREC, PacketID: 1, Properties: key},
			"50 11 00 01 00 0D 26 00 03 6B 65 79 00 05 76 61 6C 75 65",
			[]int{2, 3},
		},
		{
			"X21 PUBREL", wire.V5, &wire.Ack{Type: wire.PUBREL, PacketID: 56, Properties: key},
			"62 11 00 38 00 0D 26 00 03 6B 65 79 00 05 76 61 6C 75 65",
			[]int{2, 3},
		},
		{
			"X21 PUBCOMP", wire.V5, &wire.Ack{Type: wire.PUBCOMP, PacketID: 1, Properties: key},
			"70 11 00 01 00 0D 26 00 03 6B 65 79 00 05 76 61 6C 75 65",
			[]int{2, 3},
		},
		{"RX-19 PUBREL for an unknown identifier", wire.V5, &wire.Ack{Type: wire.PUBCOMP, PacketID: 1000, Code: wire.PacketIdentifierNotFound}, "70 03 03E892", []int{2}},
		{"X17", wire.V311, &wire.Ack{Type: wire.PUBREL, PacketID: 1}, "62 02 00 01", nil},
	}
}

func goldenSubscriptions() []golden {
	three := []wire.Filter{{"a", 0}, {"b", 1}, {"c", 2}}
	return []golden{
		{"SU-01 SUBSCRIBE at QoS 0", wire.V311, &wire.Subscribe{PacketID: 1, Filters: []wire.Filter{{"qos0/test", 0}}}, "82 0E 00010009716F73302F7465737400", nil},
		{"SU-04 SUBSCRIBE of MQTT 5", wire.V5, &wire.Subscribe{PacketID: 1, Filters: []wire.Filter{{"a", 2}}}, "82 07 00010000016102", nil},
		{"SU-06 SUBSCRIBE with several filters", wire.V311, &wire.Subscribe{PacketID: 1, Filters: three}, "82 0E 0001000161000001620100016302", []int{6, 10}},
		{"SU-19 option bits of SUBSCRIBE", wire.V5, &wire.Subscribe{PacketID: 1, Filters: []wire.Filter{
			{"a", 1 | wire.OptionNoLocal | wire.OptionRetainAsPublished | wire.OptionRetainNever},
		}}, "82 07 0001000001612D", nil},
		{"SU-22 subscription identifiers", wire.V5, &wire.Subscribe{
			PacketID: 1, Filters: []wire.Filter{{"a", 0}},
			Properties: wire.Properties{}.AppendUint(wire.SubscriptionIdentifier, wire.MaxLength),
		}, "82 0C 0001 050BFFFFFF7F 000161 00", nil},
		{"SU-08 subscription refused", wire.V311, &wire.SubAck{PacketID: 1, Codes: []byte{0, 1, 0x80}}, "90 05 0001000180", []int{3, 4}},
		{"SU-04 answer", wire.V5, &wire.SubAck{PacketID: 1, Codes: []byte{2}}, "90 04 00010002", nil},
		{
			"SU-29 properties of SUBACK", wire.V5, &wire.SubAck{PacketID: 1, Codes: []byte{0}, Properties: wire.Properties{}.AppendText(wire.ReasonString, "p")},
			"90 08 0001041F00017000", nil,
		},
		{
			"X11", wire.V311, &wire.Unsubscribe{PacketID: 1, Filters: []string{"unsubscribe/test"}},
			"A2 14 00 01 00 10 75 6E 73 75 62 73 63 72 69 62 65 2F 74 65 73 74", nil,
		},
		{
			"X12", wire.V5, &wire.Unsubscribe{PacketID: 1, Filters: []string{"unsubscribe/test"}, Properties: userProperty("key", "value")},
			"A2 22 00 01 0D 26 00 03 6B 65 79 00 05 76 61 6C 75 65 00 10 75 6E 73 75 62 73 63 72 69 62 65 2F 74 65 73 74", nil,
		},
		{
			"UN-03 UNSUBSCRIBE of several filters", wire.V5, &wire.Unsubscribe{PacketID: 2, Filters: []string{"unsubscribe/test", "no-sub"}},
			"A2 1D 0002000010756E7375627363726962652F7465737400066E6F2D737562",
			[]int{21},
		},
		{"UN-01 answer", wire.V311, &wire.UnsubAck{PacketID: 1}, "B0 02 0001", nil},
		{"UN-03 answer", wire.V5, &wire.UnsubAck{PacketID: 2, Codes: []byte{0, 0x11}}, "B0 05 0002000011", []int{4}},
	}
}

func goldenOthers() []golden {
	moved := wire.Properties{}.AppendText(wire.ServerReference, "b:1883").AppendText(wire.ReasonString, "moved")
	method := wire.Properties{}.AppendText(wire.AuthenticationMethod, "m").AppendBinary(wire.AuthenticationData, []byte("x"))
	return []golden{
		{"KA-01 pings when idle", wire.V311, ping(wire.PINGREQ), "C0 00", nil},
		{"KA-01 answer", wire.V5, ping(wire.PINGRESP), "D0 00", nil},
		{"DC-01 DISCONNECT, then the end of the stream", wire.V311, &wire.Disconnect{}, "E0 00", nil},
		{"DC-01 5", wire.V5, &wire.Disconnect{}, "E0 00", nil},
		{"DC-02 reason and properties of DISCONNECT", wire.V5, &wire.Disconnect{Code: wire.UnspecifiedError, Properties: wire.Properties{}.AppendText(wire.ReasonString, "x").
			AppendPair(wire.UserProperty, "k", "v")}, "E0 0D 800B1F0001782600016B000176", []int{0, 1}},
		{
			"DC-03 session expiry changed by DISCONNECT", wire.V5, &wire.Disconnect{Properties: wire.Properties{}.AppendUint(wire.SessionExpiryInterval, 0)},
			"E0 07 00051100000000",
			[]int{0, 1},
		},
		{"DC-08 every code of the server's DISCONNECT", wire.V5, &wire.Disconnect{Code: wire.MalformedPacket}, "E0 01 81", []int{0}},
		{
			"DC-09 reason string and properties of the server's DISCONNECT", wire.V5, &wire.Disconnect{Code: wire.ServerMoved, Properties: moved},
			"E0 13 9D111C0006623A313838331F00056D6F766564",
			[]int{0, 1},
		},
		{"AU-01 challenge and response", wire.V5, &wire.Auth{Code: wire.ContinueAuthentication, Properties: method}, "F0 0A 18081500016D16000178", []int{0}},
		{"AU-09 bad AUTH", wire.V5, &wire.Auth{}, "F0 00", nil},
	}
}

// TestGolden compares every packet with its bytes in both directions.
func TestGolden(t *testing.T) {
	for _, g := range goldens() {
		t.Run(g.name+" "+g.v.String(), func(t *testing.T) {
			want := bytesOf(t, g.hex)
			got := encode([]byte("before"), g.packet, g.v)
			if !bytes.Equal(got, append([]byte("before"), want...)) {
				t.Errorf("encoded [% X], want [% X]", got[6:], want)
			}
			if n := length(g.packet, g.v); n != len(want) {
				t.Errorf("Length is %d, want %d", n, len(want))
			}
			packet, err := decode(want, g.v)
			if err != nil || show(packet) != show(g.packet) {
				t.Errorf("decoded %s %v, want %s", show(packet), err, show(g.packet))
			}
		})
	}
}
