package format

import (
	"bytes"
	"encoding/base64"
	"strconv"
	"time"
	"unicode/utf8"
	"unsafe"

	"dunlin/internal/terminal"
	"dunlin/mqtt"
)

// A writer writes JSON as Mosquitto's does: close together, or indented with tabs.
type writer struct {
	dst    []byte
	pretty bool
	depth  int
	some   bool // the innermost object or array holds something
}

func (w *writer) open(c byte) {
	w.dst = append(w.dst, c)
	w.depth++
	w.some = false
	if w.pretty && c == '{' {
		w.dst = append(w.dst, '\n')
	}
}

func (w *writer) close(c byte) {
	w.depth--
	if w.pretty && c == '}' {
		if w.some {
			w.dst = append(w.dst, '\n')
		}
		w.dst = pad(w.dst, '\t', w.depth)
	}
	w.dst = append(w.dst, c)
	w.some = true
}

// next begins the next element of an array.
func (w *writer) next() {
	if w.some {
		w.dst = append(w.dst, ',')
		if w.pretty {
			w.dst = append(w.dst, ' ')
		}
	}
	w.some = true
}

// key begins the next member of an object.
func (w *writer) key(name string) {
	if w.some {
		w.dst = append(w.dst, ',')
		if w.pretty {
			w.dst = append(w.dst, '\n')
		}
	}
	w.some = true
	if w.pretty {
		w.dst = pad(w.dst, '\t', w.depth)
	}
	w.text(name)
	w.dst = append(w.dst, ':')
	if w.pretty {
		w.dst = append(w.dst, '\t')
	}
}

func (w *writer) number(n int64) { w.dst = strconv.AppendInt(w.dst, n, 10) }

func (w *writer) bool(b bool) { w.dst = strconv.AppendBool(w.dst, b) }

// text writes a string. What is not UTF-8 stays as it is.
func (w *writer) text(s string) {
	w.dst = append(w.dst, '"')
	start := 0
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' {
			w.dst = append(w.dst, s[start:i]...)
			w.dst = appendEscape(w.dst, c)
			start = i + 1
		}
	}
	w.dst = append(append(w.dst, s[start:]...), '"')
}

const hexDigits = "0123456789abcdef"

// appendEscape appends an ASCII character that JSON strings do not hold as it is.
func appendEscape(dst []byte, c byte) []byte {
	const escaped, letters = "\"\\\b\f\n\r\t", `"\bfnrt`
	for i := range len(escaped) {
		if escaped[i] == c {
			return append(dst, '\\', letters[i])
		}
	}
	return append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
}

const stampTime = "2006-01-02T15:04:05.000000-0700"

// head writes the keys in front of the payload, the brace before them included.
func (w *writer) head(m *mqtt.Received, at time.Time, exact bool) {
	w.open('{')
	w.key("tst")
	w.dst = append(w.dst, '"')
	w.dst = append(at.AppendFormat(w.dst, stampTime), '"')
	w.key("topic")
	w.text(m.Topic)
	w.key("qos")
	w.number(int64(m.QoS))
	w.key("retain")
	w.bool(m.Retain)
	w.key("payloadlen")
	w.number(int64(len(m.Payload)))
	if m.QoS > 0 {
		w.key("mid")
		w.number(int64(m.PacketID))
	}
	if m.Properties != nil {
		w.properties(m, exact)
	}
}

// Identifiers of properties (MQTT 5 table 2-4).
const (
	payloadFormat  = 0x01
	messageExpiry  = 0x02
	contentType    = 0x03
	responseTopic  = 0x08
	correlation    = 0x09
	subscriptionID = 0x0B
	topicAlias     = 0x23
	userProperty   = 0x26
)

// properties writes the object of the MQTT 5 properties, in the order in which they came. What comes several times stands
// where the first one does.
func (w *writer) properties(m *mqtt.Received, exact bool) {
	order := m.Properties.Order
	if order == nil {
		order = []byte{subscriptionID, payloadFormat, messageExpiry, contentType, responseTopic, correlation, userProperty, topicAlias}
	}
	w.key("properties")
	w.open('{')
	for i, id := range order {
		if bytes.IndexByte(order[:i], id) < 0 {
			w.property(id, m, exact)
		}
	}
	w.close('}')
}

// property writes a property, or nothing where there is none.
func (w *writer) property(id byte, m *mqtt.Received, exact bool) {
	p := m.Properties
	switch id {
	case correlation:
		w.correlation(p.CorrelationData, exact)
	case userProperty:
		w.user(p.UserProperties)
	case subscriptionID:
		w.subscriptions(m.SubscriptionIDs(), exact)
	case topicAlias:
		if p.TopicAlias != 0 && !exact { // which is the connection's business
			w.key("topic-alias")
			w.number(int64(p.TopicAlias))
		}
	default:
		w.ofPayload(id, p)
	}
}

// ofPayload writes a property that says what the payload is, and how long and for whose answer, or nothing where there is none.
func (w *writer) ofPayload(id byte, p *mqtt.Properties) {
	named := p.Order != nil // then it is there, though its value may be that of none
	switch {
	case id == payloadFormat && (named || p.PayloadIsText):
		w.key("payload-format-indicator")
		w.dst = appendBit(w.dst, p.PayloadIsText)
	case id == messageExpiry && p.MessageExpiry != nil:
		w.key("message-expiry-interval")
		w.number(int64(*p.MessageExpiry / time.Second))
	case id == contentType && (named || p.ContentType != ""):
		w.key("content-type")
		w.text(p.ContentType)
	case id == responseTopic && p.ResponseTopic != "":
		w.key("response-topic")
		w.text(p.ResponseTopic)
	}
}

// correlation writes binary data, which Mosquitto prints as text that ends at a NUL.
func (w *writer) correlation(data []byte, exact bool) {
	switch {
	case data == nil:
	case !exact:
		w.key("correlation-data")
		w.text(string(cutNUL(data)))
	case utf8.Valid(data):
		w.key("correlation-data")
		w.text(string(data))
	default:
		w.key("correlation-data_base64")
		w.base64(data)
	}
}

// subscriptions writes the identifier of the subscription, or all of them.
func (w *writer) subscriptions(ids []uint32, exact bool) {
	if len(ids) == 0 {
		return
	}
	w.key("subscription-identifier")
	w.number(int64(ids[0]))
	if !exact || len(ids) == 1 {
		return
	}
	w.key("subscription-identifiers")
	w.open('[')
	for _, id := range ids {
		w.next()
		w.number(int64(id))
	}
	w.close(']')
}

func (w *writer) user(properties []mqtt.UserProperty) {
	if len(properties) == 0 {
		return
	}
	w.key("user-properties")
	w.open('[')
	for _, u := range properties {
		w.next()
		w.open('{')
		w.key(u.Name)
		w.text(u.Value)
		w.close('}')
	}
	w.close(']')
}

func (w *writer) base64(data []byte) {
	w.dst = append(w.dst, '"')
	w.dst = base64.StdEncoding.AppendEncode(w.dst, data)
	w.dst = append(w.dst, '"')
}

// appendObject appends what %j, or %J with the payload as JSON, prints.
func (p *Printer) appendObject(dst []byte, m *mqtt.Received, at time.Time, embed bool) ([]byte, *PayloadError) {
	w := writer{dst: dst, pretty: p.options.Pretty}
	w.head(m, at, false)
	w.key("payload")
	switch {
	case len(m.Payload) == 0:
		w.dst = append(w.dst, "null"...)
	case embed:
		if !w.embed(m.Payload) {
			return dst, &PayloadError{Text: "Error: Message payload is not valid JSON on topic " + m.Topic + ".\n"}
		}
	default:
		w.text(string(cutNUL(m.Payload)))
	}
	w.close('}')
	if p.options.Escape {
		return terminal.EscapeJSON(w.dst, len(dst)), nil
	}
	return w.dst, nil
}

// AppendJSON appends m as one JSON object without a line feed: Mosquitto's keys, and besides
// them what a program needs to have every byte of it. "encoding" is utf-8, where the payload is
// the string "payload" (null when it is empty), or base64, where it is "payload_base64". "dup"
// is the server's word. Correlation data that is not UTF-8 is "correlation-data_base64", and
// with several subscription identifiers all stand in "subscription-identifiers". The object is
// harmless on a terminal.
func AppendJSON(dst []byte, m *mqtt.Received, at time.Time) []byte {
	return appendJSON(dst, m, at, false)
}

func appendJSON(dst []byte, m *mqtt.Received, at time.Time, pretty bool) []byte {
	w := writer{dst: dst, pretty: pretty}
	w.head(m, at, true)
	w.key("dup")
	w.bool(m.Dup)
	w.key("encoding")
	switch {
	case !utf8.Valid(m.Payload):
		w.text("base64")
		w.key("payload_base64")
		w.base64(m.Payload)
	case len(m.Payload) == 0:
		w.text("utf-8")
		w.key("payload")
		w.dst = append(w.dst, "null"...)
	default:
		w.text("utf-8")
		w.key("payload")
		// The bytes are read only, and not kept.
		w.text(unsafe.String(unsafe.SliceData(m.Payload), len(m.Payload)))
	}
	w.close('}')
	return terminal.EscapeJSON(w.dst, len(dst))
}
