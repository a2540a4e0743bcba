package packets

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"dunlin/internal/ui/protocol"
)

// shownPayload is how many bytes of a payload a summary shows.
const shownPayload = 60

// publishFlags reads the lower half of the first byte of a PUBLISH.
func (w *walk) publishFlags(first byte) {
	qos := first >> 1 & 3
	w.facts.qos = qos
	f := w.part("DUP flag", choose01(first&bitDup != 0), w.clause("3.3.1.1", "3.3.1.1"))
	if first&bitDup != 0 && qos == 0 {
		w.wrong(f, "DUP at QoS 0", w.clause("MQTT-3.3.1-2", "MQTT-3.3.1-2"))
	}
	if first&bitDup != 0 {
		f.Note = "it may have been sent before"
	}
	f = w.part("QoS level", fmt.Sprint(qos), w.clause("3.3.1.2", "3.3.1.2"))
	switch qos {
	case 3:
		w.wrong(f, "QoS 3", w.clause("MQTT-3.3.1-4", "MQTT-3.3.1-4"))
	default:
		f.Note = [3]string{"at most once", "at least once", "exactly once"}[qos]
	}
	f = w.part("RETAIN", choose01(first&bitRetain != 0), w.clause("3.3.1.3", "3.3.1.3"))
	switch {
	case first&bitRetain == 0:
	case w.sent:
		f.Note = "the server keeps it as the last value of its topic"
	default:
		f.Note = "the server had kept it"
	}
}

// publish reads the rest of a PUBLISH.
func (w *walk) publish() {
	topic, f := w.text("Topic Name", w.clause("3.3.2.1", "3.3.2.1"))
	if f == nil {
		return
	}
	at := len(w.fields) - 1
	if topic != "" || !w.five() {
		w.checkTopic(f, topic)
	}
	w.facts.topic = topic
	w.say("%s", quoted(topic))
	w.say("QoS %d", w.facts.qos)
	if w.b[0]&bitRetain != 0 {
		w.say("retain")
	}
	if w.b[0]&bitDup != 0 {
		w.say("dup")
	}
	if w.facts.qos > 0 {
		w.packetID(w.clause("3.3.2.2", "3.3.2.2"))
	}
	if w.five() {
		w.properties(typePublish)
		w.alias(&w.fields[at])
	}
	w.payload()
}

// alias says what an alias does, and notes a PUBLISH that has neither topic nor alias.
func (w *walk) alias(topic *protocol.Field) {
	alias, has := w.facts.numbers[TopicAlias]
	switch {
	case w.facts.topic != "" && has:
		w.say("sets alias %d", alias)
	case has:
		topic.Note = fmt.Sprintf("the one that alias %d stands for", alias)
		w.say("alias %d", alias)
	case w.facts.topic == "" && !w.done:
		w.wrong(topic, "neither a topic nor an alias", "3.3.2.1")
	}
}

// payload reads what is left, as the message.
func (w *walk) payload() {
	if w.done {
		return
	}
	n := w.end - w.at
	there := w.b[w.at:min(w.end, len(w.b))]
	w.facts.payload = there
	f := w.add("Payload", len(there), w.clause("3.3.3", "3.3.3"))
	f.Value, f.Note = bytesText(there), count(n, "byte")
	w.done = true
	switch {
	case len(there) == n:
	case w.broken:
		w.wrong(f, fmt.Sprintf("the connection ended after %d of %s of the packet", len(w.b), count(w.size, "byte")), "")
	default:
		f.Note += fmt.Sprintf(", of which %d are kept", len(there))
	}
	w.say("%s", count(n, "byte"))
	if n > 0 && utf8.Valid(there[:min(len(there), shownPayload-utf8.UTFMax)]) {
		w.summary[len(w.summary)-1] += ": " + beginning(there)
	}
}

// beginning returns a payload for a summary.
func beginning(payload []byte) string {
	if len(payload) <= shownPayload {
		return fmt.Sprintf("%q", payload)
	}
	return fmt.Sprintf("%q…", strings.ToValidUTF8(string(payload[:shownPayload]), ""))
}

// checkTopic notes what a topic may not be.
func (w *walk) checkTopic(f *protocol.Field, topic string) {
	switch {
	case topic == "":
		w.wrong(f, "an empty topic", w.clause("MQTT-4.7.3-1", "MQTT-4.7.3-1"))
	case strings.ContainsAny(topic, "+#"):
		w.wrong(f, "a topic holds no wildcards", w.clause("MQTT-3.3.2-2", "MQTT-3.3.2-2"))
	}
}

// bytesText shows bytes: as text where they are text, else as hexadecimal.
func bytesText(b []byte) string {
	const most = 64
	switch {
	case len(b) == 0:
		return ""
	case isText(b):
		return shown(b)
	case len(b) > most:
		return fmt.Sprintf("% x …", b[:most])
	}
	return fmt.Sprintf("% x", b)
}

// isText tells whether bytes are UTF-8 without control characters, but perhaps cut off at the end.
func isText(b []byte) bool {
	if len(b) > shownText {
		b = b[:shownText]
	}
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		switch {
		case r == utf8.RuneError && n == 1:
			return len(b) < utf8.UTFMax && !utf8.FullRune(b)
		case r < ' ' && r != '\n' && r != '\t' && r != '\r':
			return false
		}
		b = b[n:]
	}
	return true
}
