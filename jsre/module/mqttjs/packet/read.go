package packet

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// reader takes values off the front of bytes.
type reader struct{ b []byte }

func (r *reader) byte() (byte, bool) {
	if len(r.b) < 1 {
		return 0, false
	}
	n := r.b[0]
	r.b = r.b[1:]
	return n, true
}

func (r *reader) uint16() (uint16, bool) {
	if len(r.b) < 2 {
		return 0, false
	}
	n := binary.BigEndian.Uint16(r.b)
	r.b = r.b[2:]
	return n, true
}

func (r *reader) uint32() (uint32, bool) {
	if len(r.b) < 4 {
		return 0, false
	}
	n := binary.BigEndian.Uint32(r.b)
	r.b = r.b[4:]
	return n, true
}

func (r *reader) varInt() (n int, ok bool) {
	for i := 0; i < 4 && i < len(r.b); i++ {
		n |= int(r.b[i]&0x7F) << (7 * i)
		if r.b[i] < 0x80 {
			minimal := i == 0 || r.b[i] != 0 // [MQTT-1.5.5-1]
			r.b = r.b[i+1:]
			return n, minimal
		}
	}
	return 0, false
}

// view is bytes with their length in front, as a part of the input.
func (r *reader) view() ([]byte, bool) {
	n, ok := r.uint16()
	if !ok || int(n) > len(r.b) {
		return nil, false
	}
	v := r.b[:n]
	r.b = r.b[n:]
	return v, true
}

func (r *reader) text() (string, bool) {
	v, ok := r.view()
	return string(v), ok && isText(v)
}

// isText reports whether bytes are a string as MQTT has them: UTF-8 without U+0000 [MQTT-1.5.4-1], [MQTT-1.5.4-2].
func isText(b []byte) bool { return utf8.Valid(b) && bytes.IndexByte(b, 0) < 0 }

func (r *reader) binary() ([]byte, bool) {
	v, ok := r.view()
	return append([]byte{}, v...), ok
}

// The texts of these errors are what a script gets in its error event, so they are those that
// scripts know.
//
//nolint:staticcheck // they begin with a capital letter there
var (
	errQoS          = errors.New("Packet must not have both QoS bits set to 1")
	errTopic        = errors.New("Cannot parse topic")
	errID           = errors.New("Cannot parse messageId")
	errTrailing     = errors.New("Malformed packet: it is longer than what is in it")
	errLength       = errors.New("Invalid variable byte integer")
	errNotSupported = errors.New("Not supported")
	errConnAckFlags = errors.New("Invalid connack flags, bits 7-1 must be set to 0")
	errSubAckQoS    = errors.New("Invalid suback QoS, must be 0, 1, 2 or 128")
)

// Header is the fixed header of a packet.
type Header struct {
	Type   Type
	Flags  byte // the lower half of the first byte
	Length int  // the remaining length
	padded bool // it could be written in fewer bytes
}

// Frame reads the fixed header at the front of b. n is its size, 0 when b is too short to tell.
func Frame(b []byte) (h Header, n int, err error) {
	if len(b) == 0 {
		return h, 0, nil
	}
	h.Type, h.Flags = Type(b[0]>>4), b[0]&15
	if h.Type == 0 {
		return h, 0, errNotSupported
	}
	if want := flagsOf(h.Type); h.Type != Publish && h.Flags != want {
		return h, 0, fmt.Errorf("Invalid header flag bits, must be 0x%x for %s packet", want, h.Type) //nolint:staticcheck // as scripts know it
	}
	for i := 1; i < len(b) && i <= 4; i++ {
		h.Length |= int(b[i]&0x7F) << (7 * (i - 1))
		if b[i] < 0x80 {
			h.padded = i > 1 && b[i] == 0
			return h, i + 1, nil
		}
	}
	if len(b) > 4 {
		return h, 0, errLength
	}
	h.Length = 0
	return h, 0, nil
}

// Parse reads the body of a packet that a server sends. known, unless empty, is the topic of the
// message before: the same one is not made again. The body is not kept.
func Parse(h Header, body []byte, version int, known string) (*Packet, error) {
	p := &Packet{Type: h.Type, Length: len(body), Version: version, QoS: h.Flags >> 1 & 3, Dup: h.Flags&8 != 0, Retain: h.Flags&1 != 0}
	r := reader{body}
	if h.padded && version == V5 {
		return nil, errLength
	}
	var err error
	switch h.Type {
	case Publish:
		err = p.parsePublish(&r, version, known)
	case ConnAck:
		err = p.parseConnAck(&r, version)
	case PubAck, PubRec, PubRel, PubComp:
		err = p.parseAck(&r, version)
	case SubAck, UnsubAck:
		err = p.parseSubAck(&r, version)
	case Disconnect, Auth:
		err = p.parseReason(&r, version)
	case PingResp:
	default:
		err = errNotSupported
	}
	if err == nil && len(r.b) > 0 {
		err = errTrailing
	}
	if err != nil {
		return nil, err
	}
	return p, nil
}

func (p *Packet) parsePublish(r *reader, version int, known string) error {
	if p.QoS == 3 {
		return errQoS
	}
	topic, ok := r.view()
	if !ok {
		return errTopic
	}
	if string(topic) == known { // compared without an allocation
		p.Topic = known
	} else if p.Topic = string(topic); !isText(topic) || strings.ContainsAny(p.Topic, "+#") {
		return errTopic
	}
	if p.QoS > 0 {
		if err := p.readID(r); err != nil {
			return err
		}
	}
	if version == V5 {
		var err error
		if p.Properties, err = r.properties(Publish); err != nil {
			return err
		}
	}
	if p.Topic == "" && FindProperty(p.Properties, TopicAlias) == nil {
		return errTopic
	}
	p.Payload, r.b = slices.Clone(r.b), nil
	return nil
}

func (p *Packet) parseConnAck(r *reader, version int) error {
	flags, ok := r.byte()
	if !ok {
		return errors.New("Cannot parse connack flags") //nolint:staticcheck // as scripts know such texts
	}
	if flags > 1 {
		return errConnAckFlags
	}
	p.SessionPresent = flags == 1
	if p.Code, p.HasCode = r.byte(); !p.HasCode {
		return errors.New("Cannot parse return code") //nolint:staticcheck // likewise
	} else if version != V5 || len(r.b) == 0 {
		return nil
	}
	return p.readProperties(r)
}

// readID reads a packet identifier, which is not 0.
func (p *Packet) readID(r *reader) error {
	var ok bool
	if p.ID, ok = r.uint16(); !ok || p.ID == 0 {
		return errID
	}
	return nil
}

func (p *Packet) parseAck(r *reader, version int) (err error) {
	if err = p.readID(r); err != nil || version != V5 {
		return err
	}
	var ok bool
	p.HasCode = true
	if p.Code, ok = r.byte(); ok && !validCode(p.Type, p.Code) {
		return fmt.Errorf("Invalid %s reason code", p.Type) //nolint:staticcheck // as scripts know it
	}
	return p.readProperties(r)
}

// readProperties reads what is left as properties, which may be left out.
func (p *Packet) readProperties(r *reader) (err error) {
	if len(r.b) > 0 {
		p.Properties, err = r.properties(p.Type)
	}
	return err
}

func (p *Packet) parseSubAck(r *reader, version int) error {
	if err := p.readID(r); err != nil {
		return err
	}
	if version == V5 {
		if err := p.readProperties(r); err != nil {
			return err
		}
	}
	if p.Type == UnsubAck && version != V5 {
		return nil
	}
	p.Codes, r.b = append([]byte{}, r.b...), nil
	if len(p.Codes) == 0 && p.Type == UnsubAck { // a SUBACK without codes is told with the number that is due
		return errors.New("Invalid unsuback code") //nolint:staticcheck // as scripts know it
	}
	for _, code := range p.Codes {
		switch {
		case p.Type == SubAck && version != V5 && code > 2 && code != 0x80:
			return errSubAckQoS
		case version == V5 && !validCode(p.Type, code):
			return fmt.Errorf("Invalid %s code", p.Type) //nolint:staticcheck // as scripts know it
		}
	}
	return nil
}

func (p *Packet) parseReason(r *reader, version int) error {
	if version != V5 {
		return nil
	}
	p.HasCode = true
	code, given := r.byte()
	if (given || p.Type == Auth) && !validCode(p.Type, code) || p.Type == Auth && !given {
		return fmt.Errorf("Invalid %s reason code", p.Type) //nolint:staticcheck // as scripts know it
	}
	p.Code = code
	return p.readProperties(r)
}

// validCode reports whether MQTT 5 has this code for packets of this kind.
func validCode(t Type, code byte) bool {
	switch t {
	case PubAck, PubRec:
		return slices.Contains([]byte{0, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99}, code)
	case PubRel, PubComp:
		return code == 0 || code == 0x92
	case SubAck:
		return slices.Contains([]byte{0, 1, 2, 0x80, 0x83, 0x87, 0x8F, 0x91, 0x97, 0x9E, 0xA1, 0xA2}, code)
	case UnsubAck:
		return slices.Contains([]byte{0, 0x11, 0x80, 0x83, 0x87, 0x8F, 0x91}, code)
	case Auth:
		return code == 0 || code == 0x18 || code == 0x19
	case Disconnect:
		return code == 0 || code == 4 || code >= 0x80 && code <= 0xA2
	default:
		return true
	}
}
