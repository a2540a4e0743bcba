package wire

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestAccessors(t *testing.T) {
	p := Properties{}.AppendUint(MaximumQoS, 1).AppendUint(ReceiveMaximum, 65535).AppendUint(MaximumPacketSize, 1<<31).
		AppendUint(SubscriptionIdentifier, 300).AppendUint(SubscriptionIdentifier, 300).AppendText(ReasonString, "").
		AppendBinary(AuthenticationData, []byte{0, 255}).AppendPair(UserProperty, "a", "1").AppendPair(UserProperty, "a", "2")
	for id, want := range map[PropertyID]uint32{
		MaximumQoS: 1, ReceiveMaximum: 65535, MaximumPacketSize: 1 << 31,
		SubscriptionIdentifier: 300,
	} {
		if got, ok := p.Uint(id); got != want || !ok {
			t.Errorf("%s is %d %t, want %d", id, got, ok, want)
		}
	}
	if s, ok := p.Text(ReasonString); s != "" || !ok {
		t.Errorf("empty Reason String: %q %t, want it present", s, ok)
	}
	if b, ok := p.Binary(AuthenticationData); string(b) != "\x00\xFF" || !ok {
		t.Errorf("Authentication Data: % X %t", b, ok)
	}
	if ids := slices.Collect(p.SubscriptionIDs()); !slices.Equal(ids, []uint32{300, 300}) {
		t.Errorf("Subscription Identifiers %v", ids)
	}
	var pairs []string
	for name, value := range p.UserProperties() {
		pairs = append(pairs, name+"="+value)
	}
	if !slices.Equal(pairs, []string{"a=1", "a=2"}) {
		t.Errorf("User Properties %v", pairs)
	}
}

func TestAbsentProperties(t *testing.T) {
	p := Properties{}.AppendText(ReasonString, "x")
	if _, ok := p.Uint(ReceiveMaximum); ok {
		t.Error("Receive Maximum found")
	}
	if _, ok := p.Uint(ReasonString); ok {
		t.Error("Reason String found as a number")
	}
	if _, ok := p.Text(ContentType); ok {
		t.Error("Content Type found")
	}
	if _, ok := p.Text(AuthenticationData); ok {
		t.Error("binary data found as a text")
	}
	if _, ok := p.Binary(CorrelationData); ok {
		t.Error("Correlation Data found")
	}
	if _, ok := p.Binary(ReasonString); ok {
		t.Error("text found as binary data")
	}
	if p.Has(PropertyID(0xEE)) || Properties(nil).Has(ReasonString) {
		t.Error("property found that is not there")
	}
	for range p.UserProperties() {
		t.Error("User Property found")
	}
}

// TestPoison builds lists that do not fit and wants Validate to say so.
func TestPoison(t *testing.T) {
	long := string(make([]byte, 65536))
	for name, p := range map[string]Properties{
		"byte":         Properties{}.AppendUint(MaximumQoS, 256),
		"two bytes":    Properties{}.AppendUint(ReceiveMaximum, 65536),
		"varint":       Properties{}.AppendUint(SubscriptionIdentifier, MaxLength+1),
		"number":       Properties{}.AppendUint(ReasonString, 1),
		"no such":      Properties{}.AppendUint(PropertyID(0x99), 1),
		"text":         Properties{}.AppendText(ReceiveMaximum, "1"),
		"long text":    Properties{}.AppendText(ReasonString, long),
		"binary":       Properties{}.AppendBinary(ReasonString, nil),
		"long binary":  Properties{}.AppendBinary(CorrelationData, []byte(long)),
		"pair":         Properties{}.AppendPair(ReasonString, "a", "b"),
		"long name":    Properties{}.AppendPair(UserProperty, long, ""),
		"long value":   Properties{}.AppendPair(UserProperty, "", long),
		"then a right": Properties{}.AppendUint(MaximumQoS, 256).AppendUint(MaximumQoS, 1),
	} {
		for in := WillProperties; in <= AUTH; in++ {
			err, _ := errors.AsType[*Error](p.validate(V5, PUBLISH, in))
			if err == nil || err.Code != MalformedPacket {
				t.Errorf("%s: %v, want malformed", name, err)
			}
		}
	}
}

// TestForeignProperties puts every property into every packet: MQTT 5 table 2-4.
func TestForeignProperties(t *testing.T) {
	allowed := map[PropertyID]string{
		0x01: "PUBLISH will", 0x02: "PUBLISH will", 0x03: "PUBLISH will", 0x08: "PUBLISH will", 0x09: "PUBLISH will",
		0x0B: "PUBLISH SUBSCRIBE", 0x11: "CONNECT CONNACK DISCONNECT", 0x12: "CONNACK", 0x13: "CONNACK",
		0x15: "CONNECT CONNACK AUTH", 0x16: "CONNECT CONNACK AUTH", 0x17: "CONNECT", 0x18: "will", 0x19: "CONNECT",
		0x1A: "CONNACK", 0x1C: "CONNACK DISCONNECT",
		0x1F: "CONNACK PUBACK PUBREC PUBREL PUBCOMP SUBACK UNSUBACK DISCONNECT AUTH",
		0x21: "CONNECT CONNACK", 0x22: "CONNECT CONNACK", 0x23: "PUBLISH", 0x24: "CONNACK", 0x25: "CONNACK",
		0x26: "CONNECT CONNACK PUBLISH will PUBACK PUBREC PUBREL PUBCOMP SUBSCRIBE SUBACK UNSUBSCRIBE UNSUBACK DISCONNECT AUTH",
		0x27: "CONNECT CONNACK", 0x28: "CONNACK", 0x29: "CONNACK", 0x2A: "CONNACK",
	}
	for id := PropertyID(0); id < 0x80; id++ {
		for in := WillProperties; in <= AUTH; in++ {
			name := in.String()
			if in == WillProperties {
				name = "will"
			}
			want := slices.Contains(strings.Fields(allowed[id]), name)
			if err := oneProperty(id).check(CONNECT, in); (err == nil) != want {
				t.Errorf("%s in %s: %v, want allowed %t", id, name, err, want)
			}
		}
	}
}

// oneProperty is a list of one property with a value that is always legal.
func oneProperty(id PropertyID) Properties {
	switch id.info().kind {
	case kindNone:
		return Properties{byte(id), 1}
	case kindText:
		return Properties{}.AppendText(id, "t")
	case kindBinary:
		return Properties{}.AppendBinary(id, []byte("b"))
	case kindPair:
		return Properties{}.AppendPair(UserProperty, "n", "v")
	}
	return Properties{}.AppendUint(id, 1)
}

// TestAnyBytes reads noise through every accessor: no panic, and the validator agrees
// with itself.
func TestAnyBytes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := Properties(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes"))
		for id := PropertyID(0); id < 0x30; id++ {
			p.Uint(id)
			p.Text(id)
			p.Binary(id)
		}
		for range p.UserProperties() {
		}
		for range p.SubscriptionIDs() {
		}
		if in := Type(rapid.IntRange(0, 15).Draw(t, "in")); p.check(in, in) == nil {
			again := append(append(Properties{}, p...), 0)
			if again.check(in, in) == nil {
				t.Fatalf("[% X]: a list with an unknown property passes", again)
			}
		}
	})
}

// TestAccessorAllocations: the accessors allocate nothing, the iterators neither.
func TestAccessorAllocations(t *testing.T) {
	p := Properties{}.AppendUint(TopicAlias, 1).AppendText(ContentType, "text").AppendUint(SubscriptionIdentifier, 7).
		AppendPair(UserProperty, "name", "value")
	sum := 0
	got := testing.AllocsPerRun(100, func() {
		n, _ := p.Uint(TopicAlias)
		s, _ := p.Text(ContentType)
		b, _ := p.Binary(CorrelationData)
		sum += int(n) + len(s) + len(b)
		for name, value := range p.UserProperties() {
			sum += len(name) + len(value)
		}
		for id := range p.SubscriptionIDs() {
			sum += int(id)
		}
	})
	if got != 0 {
		t.Errorf("accessors allocate %v times", got)
	}
	room := make(Properties, 0, 100)
	if got := testing.AllocsPerRun(100, func() {
		room = room[:0].AppendUint(TopicAlias, 1).AppendText(ContentType, "text").AppendPair(UserProperty, "a", "b")
	}); got != 0 {
		t.Errorf("appending allocates %v times", got)
	}
}
