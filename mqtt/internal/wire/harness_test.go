package wire

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"
)

// decode parses one whole packet of any type. It returns a pointer to the packet.
func decode(b []byte, v Version) (any, error) {
	h, n, err := ParseHeader(b, v)
	if err != nil {
		return nil, err
	}
	if n == 0 || len(b)-n != h.Length {
		return nil, fmt.Errorf("%d bytes are no whole packet", len(b))
	}
	return decodeBody(h, b[n:], v)
}

func decodeBody(h Header, body []byte, v Version) (any, error) {
	switch h.Type {
	case CONNECT:
		p, err := ParseConnect(h, body)
		return &p, err
	case CONNACK:
		p, err := ParseConnAck(h, body, v)
		return &p, err
	case PUBLISH:
		p, err := ParsePublish(h, body, v)
		return &p, err
	case PUBACK, PUBREC, PUBREL, PUBCOMP:
		p, err := ParseAck(h, body, v)
		return &p, err
	case SUBSCRIBE:
		p, err := ParseSubscribe(h, body, v)
		return &p, err
	case SUBACK:
		p, err := ParseSubAck(h, body, v)
		return &p, err
	case UNSUBSCRIBE:
		p, err := ParseUnsubscribe(h, body, v)
		return &p, err
	case UNSUBACK:
		p, err := ParseUnsubAck(h, body, v)
		return &p, err
	case DISCONNECT:
		p, err := ParseDisconnect(h, body, v)
		return &p, err
	case AUTH:
		p, err := ParseAuth(h, body, v)
		return &p, err
	default:
		return ping(h.Type), ParsePing(h, body)
	}
}

// ping stands for the packets that have no fields.
type ping Type

func encode(dst []byte, packet any, v Version) []byte {
	switch p := packet.(type) {
	case *Connect:
		return AppendConnect(dst, p)
	case *ConnAck:
		return AppendConnAck(dst, v, p)
	case *Publish:
		return AppendPublish(dst, v, p)
	case *Ack:
		return AppendAck(dst, v, p)
	case *Subscribe:
		return AppendSubscribe(dst, v, p)
	case *SubAck:
		return AppendSubAck(dst, v, p)
	case *Unsubscribe:
		return AppendUnsubscribe(dst, v, p)
	case *UnsubAck:
		return AppendUnsubAck(dst, v, p)
	case *Disconnect:
		return AppendDisconnect(dst, v, p)
	case *Auth:
		return AppendAuth(dst, v, p)
	case ping:
		if Type(p) == PINGREQ {
			return AppendPingReq(dst)
		}
		return AppendPingResp(dst)
	}
	panic(fmt.Sprintf("no encoder for %T", packet))
}

// length is the packet's own opinion of its size.
func length(packet any, v Version) int {
	switch p := packet.(type) {
	case *Connect:
		return p.Length()
	case interface{ Length(v Version) int }:
		return p.Length(v)
	default:
		return 2
	}
}

func validate(packet any, v Version) error {
	switch p := packet.(type) {
	case *Connect:
		return p.Validate()
	case interface{ Validate(v Version) error }:
		return p.Validate(v)
	default:
		return nil
	}
}

// show prints a packet so that equal packets print equal: a nil list is an empty one.
func show(packet any) string {
	if c, ok := packet.(*Connect); ok && c.Will != nil {
		bare := *c
		bare.Will = nil
		return fmt.Sprintf("%T %+v will %+v", packet, bare, *c.Will)
	}
	return fmt.Sprintf("%T %+v", packet, packet)
}

// bytesOf reads hex with spaces in it.
func bytesOf(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatalf("bad hex %q: %v", s, err)
	}
	return b
}

// codeOf returns the code of an *Error, 0 when err is something else or nil.
func codeOf(err error) ReasonCode {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return 0
}

// hexOf is the hex of a string's bytes.
func hexOf(s string) string { return hex.EncodeToString([]byte(s)) }
