package topics

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"dunlin/internal/packets"
	"dunlin/internal/ui/protocol"
	"dunlin/mqtt"
)

// appendProperties appends what m has of properties: for each the identifier, then a number or texts with their lengths.
func appendProperties(dst []byte, m *mqtt.Received) []byte {
	p := m.Properties
	if p == nil {
		return dst
	}
	if p.PayloadIsText {
		dst = appendNumber(dst, packets.PayloadFormat, 1)
	}
	if p.MessageExpiry != nil {
		dst = appendNumber(dst, packets.MessageExpiry, uint64(*p.MessageExpiry/time.Second))
	}
	if p.TopicAlias != 0 {
		dst = appendNumber(dst, packets.TopicAlias, uint64(p.TopicAlias))
	}
	if p.ResponseTopic != "" {
		dst = appendText(append(dst, packets.ResponseTopic), p.ResponseTopic)
	}
	if p.CorrelationData != nil {
		dst = appendText(append(dst, packets.CorrelationData), string(p.CorrelationData))
	}
	for _, u := range p.UserProperties {
		dst = appendText(appendText(append(dst, packets.UserProperty), u.Name), u.Value)
	}
	for _, id := range m.SubscriptionIDs() {
		dst = appendNumber(dst, packets.SubscriptionID, uint64(id))
	}
	if p.ContentType != "" {
		dst = appendText(append(dst, packets.ContentType), p.ContentType)
	}
	return dst
}

func appendNumber(dst []byte, id byte, n uint64) []byte {
	return binary.AppendUvarint(append(dst, id), n)
}

func appendText(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

// properties reads what appendProperties wrote.
type properties []byte

func (p *properties) number() uint64 {
	n, size := binary.Uvarint(*p)
	*p = (*p)[size:]
	return n
}

func (p *properties) text() string {
	n := p.number()
	s := string((*p)[:n])
	*p = (*p)[n:]
	return s
}

// readProperties returns properties as they came; nil for none.
func readProperties(b []byte) (*mqtt.Properties, []uint32) {
	if len(b) == 0 {
		return nil, nil
	}
	p, rest, ids := &mqtt.Properties{}, properties(b), []uint32(nil)
	for len(rest) > 0 {
		id := rest[0]
		rest = rest[1:]
		switch id {
		case packets.PayloadFormat:
			p.PayloadIsText = rest.number() == 1
		case packets.MessageExpiry:
			expiry := time.Duration(rest.number()) * time.Second
			p.MessageExpiry = &expiry
		case packets.TopicAlias:
			p.TopicAlias = uint16(rest.number())
		case packets.ResponseTopic:
			p.ResponseTopic = rest.text()
		case packets.CorrelationData:
			p.CorrelationData = []byte(rest.text())
		case packets.UserProperty:
			p.UserProperties = append(p.UserProperties, mqtt.UserProperty{Name: rest.text(), Value: rest.text()})
		case packets.SubscriptionID:
			ids = append(ids, uint32(rest.number()))
		case packets.ContentType:
			p.ContentType = rest.text()
		}
	}
	return p, ids
}

// contentTypeOf returns the Content Type among properties, which stands last.
func contentTypeOf(b []byte) string {
	rest := properties(b)
	for len(rest) > 0 {
		id := rest[0]
		rest = rest[1:]
		switch id {
		case packets.PayloadFormat, packets.MessageExpiry, packets.TopicAlias, packets.SubscriptionID:
			rest.number()
		case packets.UserProperty:
			rest.skip()
			rest.skip()
		case packets.ContentType:
			return rest.text()
		default:
			rest.skip()
		}
	}
	return ""
}

// skip passes over a text.
func (p *properties) skip() {
	n := p.number()
	*p = (*p)[n:]
}

// shownProperties returns the properties for the page, in the specification's words.
func (m *Message) shownProperties() (shown []protocol.Property) {
	p := m.Properties
	if p == nil {
		return nil
	}
	add := func(id byte, value string) {
		name, clause := packets.PublishProperty(id)
		shown = append(shown, protocol.Property{Name: name, Value: value, Clause: clause})
	}
	if p.PayloadIsText {
		add(packets.PayloadFormat, "1 (UTF-8 text)")
	}
	if p.MessageExpiry != nil {
		add(packets.MessageExpiry, strconv.FormatInt(int64(*p.MessageExpiry/time.Second), 10)+" s")
	}
	if p.TopicAlias != 0 {
		add(packets.TopicAlias, strconv.Itoa(int(p.TopicAlias)))
	}
	if p.ResponseTopic != "" {
		add(packets.ResponseTopic, p.ResponseTopic)
	}
	if p.CorrelationData != nil {
		add(packets.CorrelationData, textOrHex(p.CorrelationData))
	}
	for _, u := range p.UserProperties {
		add(packets.UserProperty, u.Name+" = "+u.Value)
	}
	for _, id := range m.SubscriptionIDs {
		add(packets.SubscriptionID, strconv.FormatUint(uint64(id), 10))
	}
	if p.ContentType != "" {
		add(packets.ContentType, p.ContentType)
	}
	return shown
}

// textOrHex returns bytes as they are where they are plain text, else in hexadecimal, as it can be given to a message that is published.
func textOrHex(b []byte) string {
	text := string(b)
	control := func(r rune) bool { return r < ' ' || r >= 0x7f && r < 0xa0 }
	if utf8.ValidString(text) && strings.IndexFunc(text, control) < 0 {
		return text
	}
	return fmt.Sprintf("0x% x", b)
}
