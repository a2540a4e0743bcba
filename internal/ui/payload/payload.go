// Package payload shows what messages carry: what a payload looks like, one line of it for a list, the text of it in the form
// that is asked for, and the numbers in it.
package payload

import (
	"bytes"
	"encoding/json"
	"errors"
	"mime"
	"strings"
	"unicode/utf8"

	"dunlin/internal/decode"
	"dunlin/mqtt"
)

// The forms of payloads. All but the last two can be asked for (protocol.Read.As), and besides them hex and protobuf.
const (
	Text      = "text"
	JSON      = "json"
	CBOR      = "cbor"
	MsgPack   = "msgpack"
	Sparkplug = "sparkplug"
	Image     = "image"
	Binary    = "binary"
	Empty     = "empty"

	hexDump  = "hex"
	protobuf = "protobuf"
)

// Formats are what a payload can be read as, the ones that people need most in front.
func Formats() []string {
	return []string{Text, JSON, hexDump, CBOR, MsgPack, protobuf, Sparkplug, Image}
}

// Enough is how much of a payload Form and Preview look at: the rest may be missing.
const Enough = 8 << 10

// Message is what is known of a message besides the history that it stands in.
type Message struct {
	Topic       string
	ContentType string // the property of MQTT 5
	Payload     []byte
	Size        int // of the whole payload
	// Births are the birth certificates that name the metrics of a Sparkplug message, that of the edge node first.
	Births []Message
}

// Form returns what the payload looks like. CBOR, MessagePack and Sparkplug are not guessed: the topic, the content type or
// CBOR's own mark (RFC 8949 section 3.4.6) has to say so, for any bytes can be read as one of them.
func (m *Message) Form() string {
	switch {
	case m.Size == 0:
		return Empty
	case isSparkplug(m.Topic):
		return Sparkplug
	case imageType(m.Payload, m.Size) != "":
		return Image
	}
	if form := m.announced(); form != "" {
		return form
	}
	head := m.Payload[:min(len(m.Payload), Enough)]
	switch {
	case !looksLikeText(head, len(head) < m.Size):
		return Binary
	case looksLikeJSON(head, len(head) < m.Size):
		return JSON
	}
	return Text
}

// isSparkplug tells whether the topic is one of Sparkplug B with a payload of Protobuf: spBv1.0/GROUP/KIND/NODE[/DEVICE].
func isSparkplug(topic string) bool {
	rest, ok := strings.CutPrefix(strings.TrimPrefix(topic, "$sparkplug/certificates/"), "spBv1.0/")
	if !ok {
		return false
	}
	_, rest, _ = strings.Cut(rest, "/")
	kind, _, more := strings.Cut(rest, "/")
	switch kind {
	case "NBIRTH", "NDEATH", "NDATA", "NCMD", "DBIRTH", "DDEATH", "DDATA", "DCMD":
		return more
	}
	return false
}

// announced returns the binary form that the content type or the payload itself names.
func (m *Message) announced() string {
	if bytes.HasPrefix(m.Payload, []byte{0xd9, 0xd9, 0xf7}) {
		return CBOR
	}
	if m.ContentType == "" {
		return ""
	}
	name, _, err := mime.ParseMediaType(m.ContentType)
	switch {
	case err != nil:
	case name == "application/cbor" || strings.HasSuffix(name, "+cbor"):
		return CBOR
	case name == "application/msgpack" || name == "application/x-msgpack" || name == "application/vnd.msgpack":
		return MsgPack
	}
	return ""
}

// looksLikeText tells whether the bytes are UTF-8 with few control characters and no NUL. The last character may be cut.
func looksLikeText(b []byte, cut bool) bool {
	control := 0
	for i := 0; i < len(b); {
		r, size := utf8.DecodeRune(b[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			return cut && i > 0 && !utf8.FullRune(b[i:])
		case r == 0:
			return false
		case r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0x7f:
			control++
		}
		i += size
	}
	return control*4 <= len(b)
}

// looksLikeJSON tells whether the bytes are an object or an array, or may be the beginning of one.
func looksLikeJSON(b []byte, cut bool) bool {
	b = bytes.TrimLeft(b, " \t\r\n")
	if len(b) == 0 || b[0] != '{' && b[0] != '[' {
		return false
	}
	if !cut {
		return json.Valid(b)
	}
	var value json.RawMessage
	var syntax *json.SyntaxError
	err := json.Unmarshal(b, &value)
	return errors.As(err, &syntax) && syntax.Offset >= int64(len(b))
}

// decoder turns payloads of one form into JSON. One goroutine at a time may use it.
type decoder struct{ printer *decode.Printer }

// newDecoder returns what decodes a form: one of those that decode.Options knows.
func newDecoder(form string) (*decoder, error) {
	o := decode.Options{Format: form}
	printer, err := o.Printer()
	return &decoder{printer}, err
}

// json returns the payload as JSON in one line, of which a page or a terminal obeys nothing.
func (d *decoder) json(m *Message) ([]byte, error) {
	for i := range m.Births {
		birth := &m.Births[i]
		_, _ = d.printer.AppendValue(nil, received(birth)) // a broken one names no metrics
	}
	return d.printer.AppendValue(nil, received(m))
}

func received(m *Message) *mqtt.Received {
	return &mqtt.Received{Topic: m.Topic, Payload: m.Payload}
}
