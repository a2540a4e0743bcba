package format

import (
	"bytes"
	"encoding/binary"
	"math"
	"strconv"
	"strings"
	"time"

	"dunlin/internal/terminal"
	"dunlin/mqtt"
)

// appendItem appends one item of a format.
func (p *Printer) appendItem(dst []byte, it *item, m *mqtt.Received, at time.Time) ([]byte, *PayloadError) {
	switch it.kind {
	case literal:
		return append(dst, it.text...), nil
	case clock:
		return appendClock(dst, it.verb, at), nil
	}
	switch it.verb {
	case 'p', 'x', 'X':
		return p.appendPayload(dst, it, m.Payload), nil
	case 'j', 'J':
		return p.appendObject(dst, m, at, it.verb == 'J')
	case 'd', 'f':
		return appendFloat(dst, it, m.Payload)
	case 'q':
		return strconv.AppendUint(dst, uint64(m.QoS), 10), nil
	case 'r':
		return appendBit(dst, m.Retain), nil
	case 'U':
		dst = strconv.AppendInt(dst, at.Unix(), 10)
		return appendNanoseconds(append(dst, '.'), at), nil
	case 'I':
		return p.appendText(dst, it, at.Format(isoTime)), nil
	case 't':
		return p.appendText(dst, it, m.Topic), nil
	case 'l':
		return appendNumber(dst, it, int64(len(m.Payload))), nil
	case 'm':
		return appendNumber(dst, it, int64(m.PacketID)), nil
	}
	return p.appendProperty(dst, it, m), nil
}

const isoTime = "2006-01-02T15:04:05-0700"

func appendBit(dst []byte, on bool) []byte {
	if on {
		return append(dst, '1')
	}
	return append(dst, '0')
}

// appendProperty appends what an MQTT 5 property holds. One that is not there leaves its width.
func (p *Printer) appendProperty(dst []byte, it *item, m *mqtt.Received) []byte {
	props := m.Properties
	if props == nil {
		props = &mqtt.Properties{}
	}
	switch it.verb {
	case 'C':
		if props.ContentType != "" {
			return p.appendText(dst, it, props.ContentType)
		}
	case 'R':
		if props.ResponseTopic == "" { // the only one for which nothing takes no room
			return dst
		}
		return p.appendText(dst, it, props.ResponseTopic)
	case 'D':
		return p.appendRaw(dst, props.CorrelationData)
	case 'P':
		return p.appendUser(dst, props.UserProperties)
	default:
		if n := numberOf(it.verb, m, props); n >= 0 {
			return appendNumber(dst, it, n)
		}
	}
	filler := byte(' ')
	if it.zero {
		filler = '0'
	}
	return pad(dst, filler, it.width)
}

func (p *Printer) appendUser(dst []byte, properties []mqtt.UserProperty) []byte {
	for i, u := range properties {
		if i > 0 {
			dst = append(dst, ' ')
		}
		dst = p.appendString(dst, u.Name)
		dst = append(dst, ':')
		dst = p.appendString(dst, u.Value)
	}
	return dst
}

// numberOf returns the number that a property holds, or -1. It has none for %A: topic aliases
// belong to the connection, and the library has put the topic in.
func numberOf(verb byte, m *mqtt.Received, props *mqtt.Properties) int64 {
	ids := m.SubscriptionIDs()
	switch {
	case verb == 'E' && props.MessageExpiry != nil:
		return int64(*props.MessageExpiry / time.Second)
	case verb == 'F' && props.PayloadIsText:
		return 1
	case verb == 'S' && len(ids) > 0:
		return int64(ids[0])
	}
	return -1
}

// appendNumber appends a number, padded to the width.
func appendNumber(dst []byte, it *item, n int64) []byte {
	var digits [20]byte
	return appendPadded(dst, it, string(strconv.AppendInt(digits[:0], n, 10)))
}

func appendPadded(dst []byte, it *item, text string) []byte {
	missing := it.width - len(text)
	if it.left {
		return pad(append(dst, text...), ' ', missing)
	}
	return append(pad(dst, it.padding(), missing), text...)
}

// padding is the character in front of a value that is too short.
func (it *item) padding() byte {
	if it.zero && !it.left {
		return '0'
	}
	return ' '
}

func pad(dst []byte, c byte, n int) []byte {
	for range n {
		dst = append(dst, c)
	}
	return dst
}

// appendText appends text cut to the precision and padded to the width, in bytes. Where it is
// escaped, the width counts the columns that it takes.
func (p *Printer) appendText(dst []byte, it *item, text string) []byte {
	if it.limit >= 0 && len(text) > it.limit {
		text = text[:it.limit]
	}
	columns := len(text)
	if p.options.Escape {
		text = p.shown(text)
		columns = terminal.Columns(text)
	}
	if !it.left {
		dst = pad(dst, ' ', it.width-columns)
	}
	dst = append(dst, text...)
	if it.left {
		dst = pad(dst, ' ', it.width-columns)
	}
	return dst
}

// appendPayload appends the payload of %p, %x or %X. As mosquitto_sub does it, a width below the
// payload's length cuts it, and - with no room to pad pads by what is missing all the same.
func (p *Printer) appendPayload(dst []byte, it *item, payload []byte) []byte {
	missing := -len(payload)
	if it.width > 0 {
		payload = payload[:min(len(payload), it.width)]
		missing = it.width - len(payload)
		if it.verb != 'p' {
			missing -= len(payload)
		}
	}
	leading := missing
	if it.left {
		leading = 0
	}
	if it.verb == 'p' {
		dst = pad(dst, it.padding(), leading)
		dst = p.appendRaw(dst, payload)
	} else {
		dst = appendHex(dst, it, max(leading, 0), payload)
	}
	if it.left {
		dst = pad(dst, ' ', max(missing, -missing))
	}
	return dst
}

// appendHex appends padding and hexadecimal digits with the separator after each group, whose
// size is the precision. The padding counts as digits.
func appendHex(dst []byte, it *item, padding int, payload []byte) []byte {
	digits := "0123456789abcdef"
	if it.verb == 'X' {
		digits = "0123456789ABCDEF"
	}
	sep := it.sep
	if sep == 0 {
		sep = ' '
	}
	for i := range padding {
		dst = append(dst, it.padding())
		if it.limit > 0 && (i+1)%it.limit == 0 {
			dst = append(dst, sep)
		}
	}
	count := padding
	for i, b := range payload {
		for _, digit := range [2]byte{digits[b>>4], digits[b&15]} {
			dst = append(dst, digit)
			count++
			last := i == len(payload)-1 && count == padding+2*len(payload)
			if it.limit > 0 && count%it.limit == 0 && !last {
				dst = append(dst, sep)
			}
		}
	}
	return dst
}

// appendFloat appends a payload that is a float of 8 (%d) or 4 (%f) bytes in the order of the
// processor's bytes, as C's printf does.
func appendFloat(dst []byte, it *item, payload []byte) ([]byte, *PayloadError) {
	var value float64
	switch {
	case it.verb == 'd' && len(payload) == 8:
		value = math.Float64frombits(binary.NativeEndian.Uint64(payload))
	case it.verb == 'f' && len(payload) == 4:
		value = float64(math.Float32frombits(binary.NativeEndian.Uint32(payload)))
	case it.verb == 'd':
		return dst, &PayloadError{Text: "requested double printing, but non-double data received"}
	default:
		return dst, &PayloadError{Text: "requested float printing, but non-float data received"}
	}
	precision := it.limit
	if precision < 0 {
		precision = 6
	}
	text := strconv.FormatFloat(value, 'f', precision, 64)
	padded := *it
	switch {
	case math.IsNaN(value):
		text, padded.zero = "nan", false
		if math.Signbit(value) {
			text = "-nan"
		}
	case math.IsInf(value, 0):
		text, padded.zero = strings.ToLower(strings.TrimPrefix(text, "+")), false
	case text[0] == '-' && it.zero && !it.left: // the sign stands in front of the zeros
		dst, text = append(dst, '-'), text[1:]
		padded.width--
	}
	return appendPadded(dst, &padded, text), nil
}

// cutNUL ends text where a string of C ends.
func cutNUL[T []byte | string](text T) T {
	if i := bytes.IndexByte([]byte(text), 0); i >= 0 {
		return text[:i]
	}
	return text
}
