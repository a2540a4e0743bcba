package packets

import (
	"encoding/binary"
	"fmt"
	"strings"

	"dunlin/internal/ui/protocol"
	"dunlin/mqtt"
)

// The connect flags.
const (
	flagReserved   = 0x01
	flagClean      = 0x02
	flagWill       = 0x04
	flagWillRetain = 0x20
	flagPassword   = 0x40
	flagUserName   = 0x80
)

// bridgeBit is set in the protocol version by Mosquitto's bridges, which MQTT does not know.
const bridgeBit = 0x80

// levelOf returns the version that a CONNECT names, 0 for none that is known.
func levelOf(p Packet) mqtt.Version {
	b := p.Bytes
	for i := 1; i < len(b) && i < 5; i++ {
		if b[i] >= 0x80 {
			continue
		}
		b = b[i+1:]
		if len(b) < 2 {
			return 0
		}
		if n := int(binary.BigEndian.Uint16(b)); len(b) > 2+n {
			return knownLevel(b[2+n])
		}
		return 0
	}
	return 0
}

func knownLevel(level byte) mqtt.Version {
	if v := mqtt.Version(level &^ bridgeBit); v >= mqtt.V31 && v <= mqtt.V5 {
		return v
	}
	return 0
}

// connect reads the rest of a CONNECT.
func (w *walk) connect() {
	if !w.protocol() {
		return
	}
	w.personal = true
	flags, f := w.number("Connect Flags", 1, w.clause("3.1.2.3", "3.1.2.3"))
	if f == nil {
		return
	}
	f.Value = fmt.Sprintf("%08b", flags)
	w.connectFlags(byte(flags))
	seconds, f := w.number("Keep Alive", 2, w.clause("3.1.2.10", "3.1.2.10"))
	if f == nil {
		return
	}
	f.Note = "seconds"
	if seconds == 0 {
		f.Note = "switched off: the server does not end a client for its silence"
	}
	w.facts.keepAlive = int(seconds)
	if w.five() {
		w.properties(typeConnect)
	}
	w.connectPayload(byte(flags))
	w.connectSummary(byte(flags))
}

// protocol reads name and version of the protocol, and tells whether what follows can be read.
func (w *walk) protocol() bool {
	name, f := w.text("Protocol Name", w.clause("3.1.2.1", "3.1.2.1"))
	if f == nil {
		return false
	}
	if name != "MQTT" && name != "MQIsdp" {
		w.wrong(f, "the protocol's name is not MQTT", "MQTT-3.1.2-1")
		const longest = len("MQIsdp")
		w.secrets = append(w.secrets, [2]int{min(w.at-len(name)+longest, w.at), w.at})
	}
	level, f := w.number(choose(isFive(w), "Protocol Level", "Protocol Version"), 1, w.clause("3.1.2.2", "3.1.2.2"))
	if f == nil {
		return false
	}
	v := knownLevel(byte(level))
	switch {
	case v == 0:
		w.done = true
		w.wrong(f, "no version that is known: 3 is MQTT 3.1, 4 is 3.1.1, 5 is 5", "MQTT-3.1.2-2")
		w.say("protocol version %d", level)
		return false
	case level >= bridgeBit:
		f.Note = versionName(v) + "; the highest bit is how a bridge of Mosquitto says that it is one, which MQTT does not know"
	default:
		f.Note = versionName(v)
	}
	if (name == "MQIsdp") != (v == mqtt.V31) {
		w.wrong(f, fmt.Sprintf("name %s and version %d do not go together", quoted(name), level), w.clause("MQTT-3.1.2-1", "MQTT-3.1.2-1"))
	}
	return true
}

func isFive(w *walk) uint32 {
	if w.five() {
		return 1
	}
	return 0
}

// connectFlags reads the bits of the connect flags.
func (w *walk) connectFlags(flags byte) {
	bit := func(name string, mask byte, clause string) *protocol.Field {
		return w.part(name, choose01(flags&mask != 0), w.clause(clause, clause))
	}
	bit("User Name Flag", flagUserName, "3.1.2.8")
	f := bit("Password Flag", flagPassword, "3.1.2.9")
	if flags&flagPassword != 0 && flags&flagUserName == 0 && !w.five() {
		w.wrong(f, "a password without a user name", w.clause("", "MQTT-3.1.2-22"))
	}
	f = bit("Will Retain", flagWillRetain, "3.1.2.7")
	if flags&flagWillRetain != 0 && flags&flagWill == 0 {
		w.wrong(f, "Will Retain without a will", w.clause("MQTT-3.1.2-13", "MQTT-3.1.2-15"))
	}
	qos := flags >> 3 & 3
	f = w.part("Will QoS", fmt.Sprint(qos), w.clause("3.1.2.6", "3.1.2.6"))
	switch {
	case qos == 3:
		w.wrong(f, "QoS 3", w.clause("MQTT-3.1.2-12", "MQTT-3.1.2-14"))
	case qos != 0 && flags&flagWill == 0:
		w.wrong(f, "Will QoS without a will", w.clause("MQTT-3.1.2-11", "MQTT-3.1.2-13"))
	}
	bit("Will Flag", flagWill, "3.1.2.5")
	name := "Clean Session"
	if w.five() {
		name = "Clean Start"
	}
	bit(name, flagClean, "3.1.2.4")
	f = bit("Reserved", flagReserved, "3.1.2.3")
	if flags&flagReserved != 0 {
		w.wrong(f, "the reserved bit is set", w.clause("MQTT-3.1.2-3", "MQTT-3.1.2-3"))
	}
	w.facts.clean, w.facts.will = flags&flagClean != 0, flags&flagWill != 0
}

func choose01(set bool) string {
	if set {
		return "1"
	}
	return "0"
}

// connectPayload reads identifier, will, user name and password.
func (w *walk) connectPayload(flags byte) {
	id, f := w.text("Client Identifier", w.clause("3.1.3.1", "3.1.3.1"))
	if f == nil {
		return
	}
	w.facts.clientID = id
	if id == "" && flags&flagClean == 0 && !w.five() {
		w.wrong(f, "an empty identifier needs a clean session", w.clause("", "MQTT-3.1.3-7"))
	}
	w.will(flags)
	if flags&flagUserName != 0 {
		w.hidden("User Name", w.clause("3.1.3.5", "3.1.3.4"))
	}
	if flags&flagPassword != 0 {
		w.hidden("Password", w.clause("3.1.3.6", "3.1.3.5"))
	}
}

// will reads the will.
func (w *walk) will(flags byte) {
	if flags&flagWill == 0 {
		return
	}
	if w.five() {
		w.properties(inWill)
	}
	topic, f := w.text("Will Topic", w.clause("3.1.3.3", "3.1.3.2"))
	if f == nil {
		return
	}
	w.checkTopic(f, topic)
	name := "Will Message"
	if w.five() {
		name = "Will Payload"
	}
	payload, f := w.data(name, w.clause("3.1.3.4", "3.1.3.3"))
	if f == nil {
		return
	}
	f.Value = bytesText(payload)
	w.facts.topic = topic
}

// connectSummary says the most important of a CONNECT.
func (w *walk) connectSummary(flags byte) {
	w.say("%s", versionName(w.version))
	w.say("client identifier %s", quoted(w.facts.clientID))
	if w.facts.clean {
		w.say("%s", map[bool]string{true: "clean start", false: "clean session"}[w.five()])
	}
	w.say("keep alive %d s", w.facts.keepAlive)
	if flags&flagWill != 0 {
		w.say("will to %s", quoted(w.facts.topic))
	}
	if flags&flagUserName != 0 {
		w.say("user name")
	}
	if flags&flagPassword != 0 {
		w.say("password")
	}
}

// connAck reads the rest of a CONNACK.
func (w *walk) connAck() {
	flags, f := w.number("Connect Acknowledge Flags", 1, w.clause("3.2.2.1", "3.2.2.1"))
	if f == nil {
		return
	}
	f.Value = fmt.Sprintf("%08b", flags)
	if flags&^1 != 0 {
		w.wrong(f, "reserved bits are set", w.clause("MQTT-3.2.2-1", "3.2.2.1"))
	}
	w.part("Session Present", fmt.Sprint(flags&1), w.clause("3.2.2.1.1", "3.2.2.2"))
	name := "Connect Return code"
	if w.five() {
		name = "Connect Reason Code"
	}
	f = w.code(name, w.clause("3.2.2.2", "3.2.2.3"))
	if f == nil {
		return
	}
	if !w.five() && int(w.facts.code) >= len(returnNames) {
		w.wrong(f, fmt.Sprintf("return code %d is reserved", w.facts.code), w.clause("", "3.2.2.3"))
	}
	w.facts.present = flags&1 != 0
	if w.facts.present && w.facts.code != 0 {
		w.wrong(f, "a session is present at a refusal", w.clause("MQTT-3.2.2-6", "MQTT-3.2.2-4"))
	}
	w.say("%s", f.Value)
	if w.facts.present {
		w.say("session present")
	}
	if w.five() {
		w.properties(typeConnAck)
		w.sayReason()
	}
}

// sayReason adds the words of the other side to the summary.
func (w *walk) sayReason() {
	for _, id := range []byte{reasonString, serverReference, assignedID} {
		if text := w.facts.texts[id]; text != "" {
			w.say("%s %s", strings.ToLower(propertyTable[id].name), quoted(text))
		}
	}
}
