package broker

import (
	"maps"
	"strings"
	"time"

	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"
)

const (
	// lastCode3 is the last return code that CONNACK has before MQTT 5.
	lastCode3 = 5
	// identifierRejected is the one for a client without an identifier that wants its session kept [MQTT-3.1.3-8].
	identifierRejected = 2
	// reservedTopic stands for every topic that clients may not publish to. The wrapped broker does nothing with a message to it.
	reservedTopic = "$SYS"
	sharedTopic   = "$share/"
)

// answers has the broker answer as Mosquitto does where the wrapped broker says nothing, says too little, or refuses what the
// standard allows.
type answers struct {
	mochi.HookBase
	server *mochi.Server // set before there are connections
}

// ID names the hook.
func (a *answers) ID() string { return "dunlin-answers" }

// Provides lists the hook's methods.
func (a *answers) Provides(b byte) bool {
	switch b {
	case mochi.OnConnect, mochi.OnPacketRead, mochi.OnPublish, mochi.OnPacketProcessed, mochi.OnPacketEncode,
		mochi.OnSelectSubscribers:
		return true
	default:
		return false
	}
}

// OnPacketRead takes from a packet what the wrapped broker would refuse, or answer with nothing.
func (a *answers) OnPacketRead(cl *mochi.Client, pk packets.Packet) (packets.Packet, error) {
	switch pk.FixedHeader.Type {
	case packets.Connect:
		allowEmpty(visitOf(cl), &pk)
	case packets.Disconnect:
		// The wrapped broker reads no reason code where nothing comes after it, so that one with the will is one without.
		if conn, ok := cl.Net.Conn.(*visited); ok && pk.FixedHeader.Remaining == 1 {
			pk.ReasonCode = conn.lengths.disconnect
		}
	case packets.Publish:
		if alias := pk.Properties.TopicAlias; alias > 0 && alias <= maxAliases {
			resolveAlias(cl, &pk)
		}
		if isReserved(pk.TopicName) {
			pk.TopicName = reservedTopic
		}
	}
	return pk, nil
}

// resolveAlias gives a message the topic that its alias means. One that means nothing is a protocol error, as no topic is; the
// wrapped broker would take it for the empty topic.
func resolveAlias(cl *mochi.Client, pk *packets.Packet) {
	if pk.TopicName = cl.State.TopicAliases.Inbound.Set(pk.Properties.TopicAlias, pk.TopicName); pk.TopicName == "" {
		pk.Properties.TopicAlias, pk.Properties.TopicAliasFlag = 0, false
	}
}

// allowEmpty has an empty password, which is as good as none, and an empty will taken. Both are allowed.
func allowEmpty(v *visit, pk *packets.Packet) {
	connect := &pk.Connect
	if connect.PasswordFlag && len(connect.Password) == 0 && (connect.UsernameFlag || pk.ProtocolVersion >= 5) { // [MQTT-3.1.2-22] of 3.1.1
		connect.PasswordFlag = false
	}
	if v != nil && connect.WillFlag && len(connect.WillPayload) == 0 {
		v.emptyWill, connect.WillPayload = true, []byte{0} // OnConnect takes it away again
	}
}

// isReserved tells whether clients may not publish to the topic: it is the server's own, or the form of a shared subscription.
func isReserved(topic string) bool {
	if !strings.HasPrefix(topic, "$") {
		return false
	}
	return len(topic) >= len(reservedTopic) && strings.EqualFold(topic[:len(reservedTopic)], reservedTopic) ||
		strings.HasPrefix(topic, sharedTopic)
}

// OnConnect gives a will that was empty its payload back, and notes the keep alive.
func (a *answers) OnConnect(cl *mochi.Client, _ packets.Packet) error {
	v := visitOf(cl)
	if v == nil {
		return nil
	}
	if v.emptyWill {
		cl.Properties.Will.Payload = nil
	}
	v.patience = time.Duration(cl.State.Keepalive) * 3 * time.Second / 2
	return nil
}

// OnSelectSubscribers keeps the server's own messages, and all others to topics that begin with $, from shared subscriptions
// that begin with a wildcard [MQTT-4.7.2-1].
func (a *answers) OnSelectSubscribers(found *mochi.Subscribers, pk packets.Packet) *mochi.Subscribers {
	if strings.HasPrefix(pk.TopicName, "$") {
		maps.DeleteFunc(found.Shared, func(filter string, _ map[string]packets.Subscription) bool { return beginsWild(filter) })
	}
	return found
}

// beginsWild tells whether the filter in $share/GROUP/FILTER begins with a wildcard.
func beginsWild(shared string) bool {
	parts := strings.SplitN(shared, "/", 3)
	return len(parts) == 3 && strings.HasPrefix(parts[0], "$") && (strings.HasPrefix(parts[2], "#") || strings.HasPrefix(parts[2], "+"))
}

// OnPublish sees whether anybody subscribes to what comes, for the acknowledgement is written before it is handed on.
func (a *answers) OnPublish(cl *mochi.Client, pk packets.Packet) (packets.Packet, error) {
	v := visitOf(cl)
	if v == nil || pk.FixedHeader.Qos == 0 || cl.Properties.ProtocolVersion < 5 {
		return pk, nil
	}
	v.unmatched = 0
	found := a.server.Topics.Subscribers(pk.TopicName)
	if len(found.Subscriptions) == 0 && len(found.Shared) == 0 {
		v.unmatched = pk.PacketID
	}
	return pk, nil
}

// OnPacketProcessed answers a message that clients may not publish, as Mosquitto 2 does: with 0x87, and before MQTT 5, which
// has no way to say so, with an acknowledgement.
func (a *answers) OnPacketProcessed(cl *mochi.Client, pk packets.Packet, err error) {
	if pk.FixedHeader.Type != packets.Publish || pk.FixedHeader.Qos == 0 || err != nil || !isReserved(pk.TopicName) {
		return
	}
	answer := packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Puback}, PacketID: pk.PacketID}
	if pk.FixedHeader.Qos == 2 {
		answer.FixedHeader.Type = packets.Pubrec
	}
	if cl.Properties.ProtocolVersion >= 5 {
		answer.ReasonCode = packets.ErrNotAuthorized.Code
		answer.Properties.ReasonString = "topics that begin with $SYS or $share/ are not for clients to publish to"
	}
	// An error means that the connection is gone, which whoever reads from it notices.
	_ = cl.WritePacket(answer)
}

// OnPacketEncode completes what the wrapped broker answers.
func (a *answers) OnPacketEncode(cl *mochi.Client, pk packets.Packet) packets.Packet {
	switch pk.FixedHeader.Type {
	case packets.Connack:
		completeConnack(cl, &pk)
	case packets.Puback, packets.Pubrec:
		// The wrapped broker writes a reason code below 0x80 only beside a property. A client that asked for none with
		// Request Problem Information 0 is told of success, as the standard lets a server do.
		if v := visitOf(cl); v != nil && v.unmatched == pk.PacketID && pk.ReasonCode < packets.ErrUnspecifiedError.Code {
			v.unmatched = 0
			pk.ReasonCode = packets.CodeNoMatchingSubscribers.Code
			pk.Properties.ReasonString = "nobody subscribes to the topic"
		}
	}
	return pk
}

// completeConnack announces the longest packet and the topic aliases that are taken, and says in the words of MQTT 3 why a client of it is refused.
// Where there are none the connection ends without CONNACK [MQTT-3.1.4-1].
func completeConnack(cl *mochi.Client, pk *packets.Packet) {
	switch {
	case cl.Properties.ProtocolVersion >= 5:
		pk.Properties.MaximumPacketSize = maxPacketSize
		pk.Properties.TopicAliasMaximum = maxAliases
	case pk.ReasonCode == packets.ErrUnspecifiedError.Code:
		pk.ReasonCode = identifierRejected
	case pk.ReasonCode > lastCode3:
		cl.Stop(packets.ErrProtocolViolation)
	}
}
