package wire_test

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"

	"dunlin/mqtt/internal/wire"
	"dunlin/mqtt/mqtttest/packet"
)

// decode parses one whole packet of any type. It returns a pointer to the packet.
func decode(b []byte, v wire.Version) (any, error) {
	h, n, err := wire.ParseHeader(b, v)
	if err != nil {
		return nil, err
	}
	if n == 0 || len(b)-n != h.Length {
		return nil, fmt.Errorf("%d bytes are no whole packet", len(b))
	}
	return decodeBody(h, b[n:], v)
}

func decodeBody(h wire.Header, body []byte, v wire.Version) (any, error) {
	switch h.Type {
	case wire.CONNECT:
		p, err := packet.ParseConnect(h, body)
		return &p, err
	case wire.CONNACK:
		p, err := wire.ParseConnAck(h, body, v)
		return &p, err
	case wire.PUBLISH:
		p, err := wire.ParsePublish(h, body, v)
		return &p, err
	case wire.PUBACK, wire.PUBREC, wire.PUBREL, wire.PUBCOMP:
		p, err := wire.ParseAck(h, body, v)
		return &p, err
	case wire.SUBSCRIBE:
		p, err := packet.ParseSubscribe(h, body, v)
		return &p, err
	case wire.SUBACK:
		p, err := wire.ParseSubAck(h, body, v)
		return &p, err
	case wire.UNSUBSCRIBE:
		p, err := packet.ParseUnsubscribe(h, body, v)
		return &p, err
	case wire.UNSUBACK:
		p, err := wire.ParseUnsubAck(h, body, v)
		return &p, err
	case wire.DISCONNECT:
		p, err := wire.ParseDisconnect(h, body, v)
		return &p, err
	case wire.AUTH:
		p, err := wire.ParseAuth(h, body, v)
		return &p, err
	default:
		return ping(h.Type), wire.ParsePing(h, body)
	}
}

// ping stands for the packets that have no fields.
type ping wire.Type

func encode(dst []byte, p any, v wire.Version) []byte {
	switch p := p.(type) {
	case *wire.Connect:
		return wire.AppendConnect(dst, p)
	case *wire.ConnAck:
		return packet.AppendConnAck(dst, v, p)
	case *wire.Publish:
		return wire.AppendPublish(dst, v, p)
	case *wire.Ack:
		return wire.AppendAck(dst, v, p)
	case *wire.Subscribe:
		return wire.AppendSubscribe(dst, v, p)
	case *wire.SubAck:
		return packet.AppendSubAck(dst, v, p)
	case *wire.Unsubscribe:
		return wire.AppendUnsubscribe(dst, v, p)
	case *wire.UnsubAck:
		return packet.AppendUnsubAck(dst, v, p)
	case *wire.Disconnect:
		return wire.AppendDisconnect(dst, v, p)
	case *wire.Auth:
		return wire.AppendAuth(dst, v, p)
	case ping:
		if wire.Type(p) == wire.PINGREQ {
			return wire.AppendPingReq(dst)
		}
		return packet.AppendPingResp(dst)
	}
	panic(fmt.Sprintf("no encoder for %T", p))
}

// length is the packet's own opinion of its size. What only a server sends has none.
func length(p any, v wire.Version) int {
	switch p := p.(type) {
	case *wire.Connect:
		return p.Length()
	case interface{ Length(v wire.Version) int }:
		return p.Length(v)
	case ping:
		return 2
	default:
		return len(encode(nil, p, v))
	}
}

func validate(packet any, v wire.Version) error {
	switch p := packet.(type) {
	case *wire.Connect:
		return p.Validate()
	case interface{ Validate(v wire.Version) error }:
		return p.Validate(v)
	default:
		return nil
	}
}

// show prints a packet so that equal packets print equal: a nil list is an empty one.
func show(packet any) string {
	if c, ok := packet.(*wire.Connect); ok && c.Will != nil {
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
func codeOf(err error) wire.ReasonCode {
	if e, ok := errors.AsType[*wire.Error](err); ok {
		return e.Code
	}
	return 0
}

// hexOf is the hex of a string's bytes.
func hexOf(s string) string { return hex.EncodeToString([]byte(s)) }
