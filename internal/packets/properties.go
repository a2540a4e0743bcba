package packets

import (
	"fmt"
	"math"
	"strings"

	"dunlin/internal/ui/protocol"
	"dunlin/mqtt"
)

// properties reads a list of properties, of the packet or of the will in it.
func (w *walk) properties(place byte) {
	n, f := w.varint("Property Length", propertySections[place].section+".1")
	if f == nil || w.done {
		return
	}
	if w.at+n > w.end {
		w.done, w.odd = true, true
		w.wrong(f, fmt.Sprintf("the list is longer than the packet, of which %s are left", count(w.end-w.at, "byte")), "2.2.2.1")
		return
	}
	list, outer, seen := len(w.fields)-1, w.end, [len(propertyTable)]bool{}
	w.end, w.place = w.at+n, place
	w.depth++
	for !w.done && w.at < w.end {
		w.property(place, &seen)
	}
	w.depth--
	if w.done {
		return
	}
	w.end = outer
	if seen[authData] && !seen[authMethod] {
		w.wrong(&w.fields[list], "Authentication Data without an Authentication Method", propertyClause(place, authData))
	}
}

// property reads one.
func (w *walk) property(place byte, seen *[len(propertyTable)]bool) {
	if !w.has("Property", w.at, 1, "2.2.2.2") {
		return
	}
	id := w.b[w.at]
	if int(id) >= len(propertyTable) || propertyTable[id].form == noForm {
		f := w.add("Property", 1, "2.2.2.2")
		w.done, w.odd = true, true
		w.wrong(f, fmt.Sprintf("property 0x%02X is not known", id), "2.2.2.2")
		return
	}
	at := len(w.fields)
	w.at++
	w.value(id, propertyClause(place, id))
	if len(w.fields) == at {
		return
	}
	f := &w.fields[at]
	f.From--
	f.Length++
	if w.done {
		return
	}
	w.allowed(f, place, id, seen)
	seen[id] = true
}

// allowed notes what is wrong with a property in its place.
func (w *walk) allowed(f *protocol.Field, place, id byte, seen *[len(propertyTable)]bool) {
	name := propertyTable[id].name
	switch {
	case strings.IndexByte(propertySections[place].ids, id) < 0:
		where := "in " + article(min(place, typeAuth))
		if place == inWill {
			where = "in a will"
		}
		w.odd = true // it may be another one in truth
		w.wrong(f, name+" is not allowed "+where, "2.2.2.2")
	case seen[id] && id != UserProperty && (id != SubscriptionID || place != typePublish):
		w.wrong(f, name+" is there twice", f.Clause)
	case id == sessionExpiry && place == typeDisconnect && !w.sent:
		w.wrong(f, "a server sends no Session Expiry Interval in DISCONNECT", "MQTT-3.14.2-2")
	case id == SubscriptionID && place == typePublish && w.sent:
		w.wrong(f, "a client sends no Subscription Identifier in PUBLISH", "MQTT-3.3.4-6")
	}
}

// value reads the value of a property.
func (w *walk) value(id byte, clause string) {
	p := propertyTable[id]
	switch p.form {
	case oneByte, twoBytes, fourBytes:
		size := map[form]int{oneByte: 1, twoBytes: 2, fourBytes: 4}[p.form]
		if v, f := w.number(p.name, size, clause); f != nil {
			w.numberValue(f, id, v)
		}
	case varint:
		if v, f := w.varint(p.name, clause); f != nil && !w.done {
			w.numberValue(f, id, uint32(v))
		}
	case utf8Text:
		if text, f := w.text(p.name, clause); f != nil {
			w.textValue(f, id, text)
		}
	case textPair:
		w.pair(p.name, clause)
	default:
		if id == authData {
			w.hidden(p.name, clause)
			return
		}
		if data, f := w.data(p.name, clause); f != nil {
			f.Value = bytesText(data)
			w.setText(id, string(data))
		}
	}
}

// pair reads a User Property as one field.
func (w *walk) pair(name, clause string) {
	at, from := len(w.fields), w.at
	key, _ := w.text(name, clause)
	if w.done {
		return
	}
	value, _ := w.text(name, clause)
	if len(w.fields) == at+2 && w.fields[at+1].Fault != "" && w.fields[at].Fault == "" {
		w.fields[at].Fault = w.fields[at+1].Fault
	}
	w.fields = w.fields[:at+1]
	f := &w.fields[at]
	f.Value += " = " + shown([]byte(value))
	f.Note = ""
	f.From, f.Length = from, w.at-from
	if w.place != inWill {
		w.facts.user = append(w.facts.user, mqtt.UserProperty{Name: key, Value: value})
	}
}

// numberValue notes what a number means, and what it may not be.
func (w *walk) numberValue(f *protocol.Field, id byte, v uint32) {
	if w.facts.numbers == nil {
		w.facts.numbers = map[byte]uint32{}
	}
	if w.place != inWill {
		w.facts.numbers[id] = v
	}
	f.Note = numberNote(id, v)
	switch {
	case oneOrZero(id) && v > 1:
		w.wrong(f, propertyTable[id].name+" is neither 0 nor 1", f.Clause)
	case id == TopicAlias && v == 0:
		w.wrong(f, "Topic Alias is 0", "MQTT-3.3.2-8")
	case (id == receiveMaximum || id == maximumPacketSize || id == SubscriptionID) && v == 0:
		w.wrong(f, propertyTable[id].name+" is 0", f.Clause)
	}
}

func oneOrZero(id byte) bool { return propertyTable[id].form == oneByte }

// numberNote tells what a number of a property means.
func numberNote(id byte, v uint32) string {
	switch {
	case id == sessionExpiry && v == math.MaxUint32:
		return "the session does not expire"
	case id == sessionExpiry && v == 0:
		return "the session ends with the connection"
	case id == sessionExpiry, id == MessageExpiry, id == serverKeepAlive, id == willDelay:
		return "seconds"
	case id == maximumPacketSize:
		return "bytes"
	case id == PayloadFormat:
		return choose(v, "bytes of any kind", "UTF-8")
	case id == maximumQoS:
		return choose(v, "QoS 0 alone", "QoS 0 and 1")
	case id == topicAliasMaximum && v == 0:
		return "no topic aliases"
	case id == receiveMaximum:
		return "messages of QoS 1 and 2 that may be unacknowledged at once"
	case id == requestProblem:
		return choose(v, "reason strings and user properties are not wanted", "reason strings and user properties are welcome")
	case id == requestResponse:
		return choose(v, "not wanted", "wanted")
	case oneOrZero(id):
		return choose(v, "not available", "available")
	}
	return ""
}

// choose returns what 0 and 1 mean.
func choose(v uint32, zero, one string) string {
	switch v {
	case 0:
		return zero
	case 1:
		return one
	}
	return ""
}

// textValue keeps a text, and notes what it may not be.
func (w *walk) textValue(f *protocol.Field, id byte, text string) {
	w.setText(id, text)
	if id == ResponseTopic && strings.ContainsAny(text, "+#") {
		w.wrong(f, "a topic holds no wildcards", "MQTT-3.3.2-14")
	}
	if id == ResponseTopic && text == "" {
		w.wrong(f, "a topic is not empty", "MQTT-4.7.3-1")
	}
}

func (w *walk) setText(id byte, text string) {
	if w.facts.texts == nil {
		w.facts.texts = map[byte]string{}
	}
	if w.place != inWill {
		w.facts.texts[id] = text
	}
}
