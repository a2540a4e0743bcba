package packets

import (
	"encoding/binary"
	"fmt"
	"time"

	"dunlin/internal/ui/protocol"
	"dunlin/mqtt"
)

// talk is what is known of one connection, as far as its end may be explained by it. It is kept up with each packet, so it looks at
// what is cheap: the rest is read once, when the connection has ended.
type talk struct {
	device  int
	begun   time.Time
	address string // what Opened said
	opened  int64  // number of the event
	closed  bool
	end     protocol.End // once it is closed
	err     error        // that told it
	version mqtt.Version

	connect, connAck int64 // numbers of the packets, 0: none
	asked, granted   facts // what they say
	byClient         direction
	byServer         direction
	goodbye          int64 // number of the first DISCONNECT
	goodbyeSent      bool
	goodbyeFacts     facts
	pinged           time.Time // when the PINGREQ was sent that is not answered
	pingNumber       int64
	request          request // the last PUBLISH, SUBSCRIBE or UNSUBSCRIBE of the client
	broken           []breach
	refused          []breach
	foreign          int64 // number of the first bytes that are no packet
	foreignWhat      string
	foreignSent      bool
	dropped          int // packets that the proxy swallowed
}

// direction is what one side sent.
type direction struct {
	packets  int
	bytes    int64
	last     int64 // number
	lastTime time.Time
	inFlight map[uint16]bool // messages of QoS 1 and 2 that the other side has not acknowledged
	aliases  map[uint16]bool
	partial  int64 // number of a packet that did not come whole
}

// request is something that the server answers, or refuses by ending the connection.
type request struct {
	number   int64
	time     time.Time
	what     string // such as PUBLISH to "a/b"
	id       uint16
	kind     byte
	answered bool
	size     int
}

// breach is a packet that broke a rule, or was refused.
type breach struct {
	number int64
	at     time.Time
	sent   bool
	what   string
	clause string
}

// mostBreaches is how many of them are kept: the first ones, which led to what follows.
const mostBreaches = 5

// talk returns the connection of a device that goes on.
func (l *Log) talk(device int, at time.Time) *talk {
	if t := l.talks[device]; t != nil {
		return t
	}
	return l.anew(device, at)
}

// anew begins a connection.
func (l *Log) anew(device int, at time.Time) *talk {
	t := &talk{device: device, begun: at}
	l.talks[device] = t
	return t
}

// packets returns how many packets there were.
func (t *talk) packets() int { return t.byClient.packets + t.byServer.packets }

// side returns what the one who sent a packet has sent, and the other one.
func (t *talk) side(sent bool) (from, to *direction) {
	if sent {
		return &t.byClient, &t.byServer
	}
	return &t.byServer, &t.byClient
}

// add takes a packet into account.
func (t *talk) add(number int64, at time.Time, p Packet) {
	from, _ := t.side(p.Sent)
	from.packets++
	from.bytes += int64(max(p.Size, len(p.Bytes)))
	from.last, from.lastTime = number, at
	if p.Broken {
		from.partial = number
	}
	if what := foreign(p); what != "" || len(p.Bytes) == 0 {
		if t.foreign == 0 {
			t.foreign, t.foreignWhat, t.foreignSent = number, what, p.Sent
		}
		return
	}
	if p.Dropped {
		t.dropped++
		return
	}
	kind := p.Bytes[0] >> 4
	t.order(number, kind, p.Sent)
	t.size(number, p)
	switch kind {
	case typePublish:
		t.publish(number, at, p)
	case typePubAck, typePubRec, typePubComp, typeSubAck, typeUnsubAck:
		t.answer(number, kind, p)
	case typePingReq:
		t.pinged, t.pingNumber = at, number
	case typePingResp:
		t.pinged = time.Time{}
	case typeConnect, typeConnAck, typeDisconnect, typeSubscribe, typeUnsubscribe:
		t.whole(number, at, p)
	}
}

// order notes packets that come before their time.
func (t *talk) order(number int64, kind byte, sent bool) {
	five := t.version == mqtt.V5
	switch {
	case sent && t.connect == 0 && kind != typeConnect:
		t.breach(number, sent, "the first packet of a client is CONNECT, and not "+typeNames[kind], "MQTT-3.1.0-1")
	case sent && t.connect != 0 && kind == typeConnect:
		t.breach(number, sent, "a second CONNECT", "MQTT-3.1.0-2")
	case !sent && t.connAck == 0 && kind != typeConnAck && (kind != typeAuth || !five):
		t.breach(number, sent, "the first packet of a server is CONNACK, and not "+typeNames[kind], "MQTT-3.2.0-1")
	case !sent && t.connAck != 0 && kind == typeConnAck:
		t.breach(number, sent, "a second CONNACK", map[bool]string{true: "MQTT-3.2.0-2", false: "3.2"}[five])
	}
}

// breach notes that a packet broke a rule.
func (t *talk) breach(number int64, sent bool, what, clause string) {
	if len(t.broken) < mostBreaches {
		from, _ := t.side(sent)
		t.broken = append(t.broken, breach{number, from.lastTime, sent, what, clause})
	}
}

// limits returns what the other side of the one who sent takes: CONNACK tells clients, CONNECT tells servers.
func (t *talk) limits(sent bool) map[byte]uint32 {
	if sent {
		return t.granted.numbers
	}
	return t.asked.numbers
}

// size notes a packet that is larger than the other side takes.
func (t *talk) size(number int64, p Packet) {
	most, has := t.limits(p.Sent)[maximumPacketSize]
	if has && p.Size > int(most) {
		clause := "MQTT-3.2.2-15"
		if !p.Sent {
			clause = "MQTT-3.1.2-24"
		}
		t.breach(number, p.Sent, fmt.Sprintf("a packet of %d bytes, where the other side takes %d at most", p.Size, most), clause)
	}
}

// quick is what is read of each PUBLISH.
type quick struct {
	topic []byte
	id    uint16
	alias uint16
}

// readQuick reads topic, identifier and alias of a PUBLISH; ok is false when they are not all there.
func readQuick(p Packet) (q quick, ok bool) {
	w := walk{b: p.Bytes, version: p.Version, end: len(p.Bytes), at: headerSize(p.Bytes)}
	if w.at == 0 || len(w.b) < w.at+2 {
		return q, false
	}
	n := int(binary.BigEndian.Uint16(w.b[w.at:]))
	rest := w.b[w.at+2:]
	if len(rest) < n {
		return q, false
	}
	q.topic, rest = rest[:n], rest[n:]
	if p.Bytes[0]&0x06 != 0 {
		if len(rest) < 2 {
			return q, false
		}
		q.id, rest = binary.BigEndian.Uint16(rest), rest[2:]
	}
	if p.Version != mqtt.V5 || len(rest) == 0 || rest[0] == 0 {
		return q, true
	}
	list := walk{b: p.Bytes, version: p.Version, kind: typePublish, sent: p.Sent, end: len(p.Bytes), at: len(p.Bytes) - len(rest)}
	list.properties(typePublish)
	q.alias = uint16(list.facts.numbers[TopicAlias])
	return q, true
}

// headerSize returns the length of the fixed header, 0 when it is not there.
func headerSize(b []byte) int {
	for i := 1; i < len(b) && i < 5; i++ {
		if b[i] < 0x80 {
			return i + 1
		}
	}
	return 0
}

// publish follows the messages that are not acknowledged, and the aliases.
func (t *talk) publish(number int64, at time.Time, p Packet) {
	q, ok := readQuick(p)
	if !ok {
		return
	}
	from, _ := t.side(p.Sent)
	qos := p.Bytes[0] >> 1 & 3
	if qos > 0 && qos < 3 {
		t.inFlight(number, from, q.id, p)
	}
	if p.Version == mqtt.V5 {
		t.alias(number, from, q, p.Sent)
	}
	if !p.Sent {
		return
	}
	if most, has := t.granted.numbers[maximumQoS]; has && uint32(qos) > most {
		t.breach(number, true, fmt.Sprintf("a message of QoS %d, where the server takes %d at most", qos, most), "MQTT-3.2.2-11")
	}
	if can, has := t.granted.numbers[retainAvailable]; has && can == 0 && p.Bytes[0]&bitRetain != 0 {
		t.breach(number, true, "a message to be kept, where the server keeps none", "MQTT-3.2.2-14")
	}
	t.request = request{
		number: number, time: at, id: q.id, kind: typePublish, answered: qos == 0, size: p.Size, what: "PUBLISH to " + quoted(string(q.topic)),
	}
}

// inFlight notes a message that waits for its acknowledgement.
func (t *talk) inFlight(number int64, from *direction, id uint16, p Packet) {
	if from.inFlight == nil {
		from.inFlight = map[uint16]bool{}
	}
	from.inFlight[id] = true
	most, has := t.limits(p.Sent)[receiveMaximum]
	if has && len(from.inFlight) > int(most) {
		clause := "MQTT-3.3.4-7"
		if !p.Sent {
			clause = "MQTT-3.3.4-9"
		}
		t.breach(number, p.Sent, fmt.Sprintf("%d messages of QoS 1 and 2 are not acknowledged, where the other side takes %d", len(from.inFlight), most), clause)
	}
}

// alias notes aliases that mean nothing.
func (t *talk) alias(number int64, from *direction, q quick, sent bool) {
	if q.alias == 0 {
		return
	}
	most := t.limits(sent)[topicAliasMaximum]
	switch {
	case uint32(q.alias) > most:
		clause := "MQTT-3.3.2-9"
		if !sent {
			clause = "MQTT-3.3.2-11"
		}
		t.breach(number, sent, fmt.Sprintf("topic alias %d, where the other side takes %d at most", q.alias, most), clause)
	case len(q.topic) > 0:
		if from.aliases == nil {
			from.aliases = map[uint16]bool{}
		}
		from.aliases[q.alias] = true
	case !from.aliases[q.alias]:
		t.breach(number, sent, fmt.Sprintf("topic alias %d was not set on this connection", q.alias), "3.3.2.3.4")
	}
}

// answer takes an acknowledgement into account.
func (t *talk) answer(number int64, kind byte, p Packet) {
	n := headerSize(p.Bytes)
	if n == 0 || len(p.Bytes) < n+2 {
		return
	}
	id := binary.BigEndian.Uint16(p.Bytes[n:])
	if !p.Sent && id == t.request.id {
		t.request.answered = true
	}
	if kind == typeSubAck || kind == typeUnsubAck {
		t.subAck(number, p)
		return
	}
	code := byte(0)
	if p.Version == mqtt.V5 && len(p.Bytes) > n+2 {
		code = p.Bytes[n+2]
	}
	_, to := t.side(p.Sent)
	if kind != typePubRec || code >= 0x80 {
		delete(to.inFlight, id)
	}
	if code >= 0x80 {
		t.refusal(number, p.Sent, fmt.Sprintf("%s id %d: %s", typeNames[kind], id, codeText(kind, code, true)))
	}
}

// subAck notes filters that were refused.
func (t *talk) subAck(number int64, p Packet) {
	w := start(p)
	for _, code := range w.facts.codes {
		if code >= 0x80 {
			t.refusal(number, p.Sent, fmt.Sprintf("%s id %d: %s", typeNames[w.kind], w.facts.id, codeText(w.kind, code, w.five())))
		}
	}
}

// refusal notes that the other side refused something; the latest ones are kept.
func (t *talk) refusal(number int64, sent bool, what string) {
	t.refused = append(t.refused, breach{number: number, sent: sent, what: what})
	if len(t.refused) > mostBreaches {
		t.refused = t.refused[1:]
	}
}

// whole reads a packet that is seldom from the first to the last field.
func (t *talk) whole(number int64, at time.Time, p Packet) {
	w := start(p)
	switch {
	case w.kind == typeConnect && t.connect == 0 && p.Sent:
		t.connect, t.asked, t.version = number, w.facts, w.version
	case w.kind == typeConnAck && t.connAck == 0 && !p.Sent:
		t.connAck, t.granted = number, w.facts
	case w.kind == typeDisconnect && t.goodbye == 0:
		t.goodbye, t.goodbyeSent, t.goodbyeFacts = number, p.Sent, w.facts
	case w.kind == typeSubscribe || w.kind == typeUnsubscribe:
		t.request = request{number: number, time: at, id: w.facts.id, kind: w.kind, size: p.Size, what: typeNames[w.kind] + " of " + filterList(w.facts.filters)}
		if w.kind == typeSubscribe {
			t.subscribe(number, w)
		}
	}
}

// filterList names filters.
func filterList(filters []string) string {
	text := ""
	for i, f := range filters {
		if i > 0 {
			text += ", "
		}
		text += quoted(f)
	}
	return text
}

// subscribe notes what the server said that it does not have.
func (t *talk) subscribe(number int64, w *walk) {
	lacks := func(id byte) bool {
		can, has := t.granted.numbers[id]
		return has && can == 0
	}
	for _, f := range w.facts.filters {
		switch {
		case lacks(sharedAvailable) && isShared(f):
			t.breach(number, true, "a shared subscription, which the server does not have", "3.2.2.3.13")
		case lacks(wildcardAvailable) && hasWildcard(f):
			t.breach(number, true, "a filter with a wildcard, which the server does not have", "3.2.2.3.11")
		}
	}
	if _, has := w.facts.numbers[SubscriptionID]; has && lacks(subscriptionIDsSet) {
		t.breach(number, true, "a Subscription Identifier, which the server does not have", "3.2.2.3.12")
	}
}
