package packets

import (
	"fmt"
	"strings"

	"dunlin/internal/ui/protocol"
)

// sections are the sections of packets whose numbers differ and whose parts do not.
var sections = [16]string{
	typePubAck: "3.4", typePubRec: "3.5", typePubRel: "3.6", typePubComp: "3.7", typeSubscribe: "3.8", typeSubAck: "3.9",
	typeUnsubscribe: "3.10", typeUnsubAck: "3.11",
}

// section returns a section of the packet: part ".2.1" of PUBACK is 3.4.2.1.
func (w *walk) section(five, three string) string {
	s := sections[w.kind]
	return w.clause(s+five, s+three)
}

// acknowledgement reads the rest of PUBACK, PUBREC, PUBREL or PUBCOMP.
func (w *walk) acknowledgement() {
	w.packetID(w.section(".2", ".2"))
	if !w.five() || w.done || w.at == w.end {
		return // no reason code is success
	}
	name := typeNames[w.kind] + " Reason Code"
	f := w.code(name, w.section(".2.1", ""))
	if f == nil {
		return
	}
	if w.facts.code != 0 {
		w.say("%s", f.Value)
	}
	if w.at < w.end {
		w.properties(w.kind)
		w.sayReason()
	}
}

// subscribe reads the rest of a SUBSCRIBE.
func (w *walk) subscribe() {
	w.packetID(w.section(".2", ".2"))
	if w.five() && !w.done {
		w.properties(typeSubscribe)
	}
	w.filters(w.clause("MQTT-3.8.3-2", "MQTT-3.8.3-3"), func(filter string) string {
		return " " + w.options(filter)
	})
}

// unsubscribe reads the rest of an UNSUBSCRIBE.
func (w *walk) unsubscribe() {
	w.packetID(w.section(".2", ".2"))
	if w.five() && !w.done {
		w.properties(typeUnsubscribe)
	}
	w.filters(w.clause("MQTT-3.10.3-2", "MQTT-3.10.3-2"), func(string) string { return "" })
}

// filters reads topic filters, and what follows each.
func (w *walk) filters(none string, each func(filter string) string) {
	const named = 3
	if !w.done && w.at >= w.end {
		f := w.add("Topic Filter", 0, w.section(".3", ".3"))
		w.wrong(f, "no topic filter", none)
		return
	}
	n := 0
	for ; !w.done && w.at < w.end; n++ {
		filter, f := w.text("Topic Filter", w.section(".3", ".3"))
		if f == nil {
			break
		}
		w.checkFilter(f, filter)
		more := each(filter)
		if n < named {
			w.facts.filters = append(w.facts.filters, filter)
			w.say("%s", strings.TrimSpace(quoted(filter)+more))
		}
	}
	if n > named {
		w.say("and %d more", n-named)
	}
}

// checkFilter notes what a topic filter may not be.
func (w *walk) checkFilter(f *protocol.Field, filter string) {
	if filter == "" {
		w.wrong(f, "an empty topic filter", w.clause("MQTT-4.7.3-1", "MQTT-4.7.3-1"))
		return
	}
	levels := strings.Split(filter, "/")
	if levels[0] == "$share" {
		f.Note = "a shared subscription"
		if len(levels) < 3 || levels[1] == "" || strings.ContainsAny(levels[1], "+#") || filter == "$share/"+levels[1]+"/" {
			w.wrong(f, "a shared subscription is $share/NAME/FILTER", w.clause("MQTT-4.8.2-1", ""))
			return
		}
		levels = levels[2:]
	}
	for i, level := range levels {
		switch {
		case strings.Contains(level, "#") && (level != "#" || i < len(levels)-1):
			w.wrong(f, "# is a whole level and the last one", "MQTT-4.7.1-2")
			return
		case strings.Contains(level, "+") && level != "+":
			w.wrong(f, "+ is a whole level", "MQTT-4.7.1-3")
			return
		}
	}
}

// options reads the subscription options of a filter, and returns them for the summary.
func (w *walk) options(filter string) string {
	name := "Requested QoS"
	if w.five() {
		name = "Subscription Options"
	}
	options, f := w.number(name, 1, w.section(".3.1", ".3"))
	if f == nil {
		return ""
	}
	qos := options & 3
	if qos == 3 {
		w.wrong(f, "QoS 3", w.clause("3.8.3.1", "MQTT-3.8.3-4"))
	}
	text := fmt.Sprintf("QoS %d", qos)
	if !w.five() {
		if options&^3 != 0 {
			w.wrong(f, "reserved bits are set", w.clause("", "MQTT-3.8.3-4"))
		}
		return text
	}
	f.Value = fmt.Sprintf("%08b", options)
	if options&0xC0 != 0 {
		w.wrong(f, "reserved bits are set", "MQTT-3.8.3-5")
	}
	if options&0x04 != 0 && strings.HasPrefix(filter, "$share/") {
		w.wrong(f, "No Local at a shared subscription", "MQTT-3.8.3-4")
	}
	if options>>4&3 == 3 {
		w.wrong(f, "Retain Handling is 3", "3.8.3.1")
	}
	w.part("Maximum QoS", fmt.Sprint(qos), "3.8.3.1")
	w.part("No Local", fmt.Sprint(options>>2&1), "3.8.3.1")
	w.part("Retain As Published", fmt.Sprint(options>>3&1), "3.8.3.1")
	f = w.part("Retain Handling", fmt.Sprint(options>>4&3), "3.8.3.1")
	f.Note = [4]string{"retained messages come", "retained messages come if the subscription is new", "no retained messages come", ""}[options>>4&3]
	if options&0x04 != 0 {
		text += " no local"
	}
	return text
}

// answers reads the rest of SUBACK or UNSUBACK.
func (w *walk) answers() {
	w.packetID(w.section(".2", ".2"))
	if w.done {
		return
	}
	if w.kind == typeUnsubAck && !w.five() {
		return // nothing more
	}
	if w.five() {
		w.properties(w.kind)
	}
	if !w.done && w.at >= w.end {
		f := w.add("Reason Code", 0, w.section(".3", ".3"))
		w.wrong(f, "no answer to a topic filter", w.section(".3", ".3"))
		return
	}
	const named = 5
	for !w.done && w.at < w.end {
		w.answer()
		if n := len(w.facts.codes); n > 0 && n <= named {
			w.say("%s", codeText(w.kind, w.facts.codes[n-1], w.five()))
		}
	}
	if n := len(w.facts.codes); n > named {
		w.say("and %d more", n-named)
	}
}

// answer reads the code for one filter.
func (w *walk) answer() {
	name := "Return Code"
	if w.five() {
		name = "Reason Code"
	}
	code, f := w.number(name, 1, w.section(".3", ".3"))
	if f == nil {
		return
	}
	w.facts.codes = append(w.facts.codes, byte(code))
	w.judge(f, byte(code))
	if !w.five() && code > 2 && code != 0x80 {
		w.wrong(f, fmt.Sprintf("return code 0x%02X is reserved", code), w.clause("", "MQTT-3.9.3-2"))
	}
}

// disconnect reads the rest of a DISCONNECT.
func (w *walk) disconnect() {
	if !w.five() || w.at == w.end {
		return // no reason code is a normal disconnection
	}
	f := w.code("Disconnect Reason Code", "3.14.2.1")
	if f == nil {
		return
	}
	w.say("%s", f.Value)
	if w.at < w.end {
		w.properties(typeDisconnect)
		w.sayReason()
	}
}

// auth reads the rest of an AUTH.
func (w *walk) auth() {
	if !w.five() {
		w.done = true
		return
	}
	if w.at == w.end {
		return // no reason code is success
	}
	f := w.code("Authenticate Reason Code", "3.15.2.1")
	if f == nil {
		return
	}
	w.say("%s", f.Value)
	if w.at < w.end {
		w.properties(typeAuth)
		if method := w.facts.texts[authMethod]; method != "" {
			w.say("method %s", quoted(method))
		}
		w.sayReason()
	}
}
