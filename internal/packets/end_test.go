package packets_test

import (
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"dunlin/internal/packets"
	"dunlin/internal/ui/protocol"
	"dunlin/mqtt"
	"dunlin/mqtt/dial"
	"dunlin/mqtt/mqtttest/packet"
)

// step is a packet in a talk, or silence.
type step struct {
	sent  bool
	bytes []byte
	pause time.Duration
}

func up(b []byte) step           { return step{sent: true, bytes: b} }
func down(b []byte) step         { return step{bytes: b} }
func pause(d time.Duration) step { return step{pause: d} }
func number(id packet.PropertyID, n uint32) packet.Properties {
	return packet.Properties(nil).AppendUint(id, n)
}

// hello is a CONNECT, and welcome the CONNACK to it.
func hello(v packet.Version, p packet.Properties) step {
	return helloFor(v, 60, p)
}

// helloFor is a CONNECT with another keep alive.
func helloFor(v packet.Version, keepAlive uint16, p packet.Properties) step {
	return up(packet.AppendConnect(nil, &packet.Connect{Version: v, ClientID: "kitchen", CleanStart: true, KeepAlive: keepAlive, Properties: p}))
}

func welcome(v packet.Version, code packet.ReasonCode, p packet.Properties) step {
	return down(packet.AppendConnAck(nil, v, &packet.ConnAck{Code: code, Properties: p}))
}

// message is a PUBLISH.
func message(v packet.Version, qos byte, id uint16, p packet.Properties) []byte {
	return packet.AppendPublish(nil, v, &packet.Publish{Topic: "a/b", QoS: qos, PacketID: id, Properties: p})
}

// bye is a DISCONNECT.
func bye(code packet.ReasonCode) []byte {
	return packet.AppendDisconnect(nil, packet.V5, &packet.Disconnect{Code: code})
}

// play has a log see a talk, and returns what it says of the end.
func play(log *packets.Log, device int, c packets.Closed, steps ...step) protocol.End {
	at := begun
	if device != 0 {
		log.Opened(device, at, "device 192.0.2.1")
	}
	for _, s := range steps {
		if at = at.Add(s.pause); s.bytes != nil {
			log.Add(device, at, packets.Packet{Sent: s.sent, Bytes: s.bytes, Size: len(s.bytes)})
		}
	}
	return log.Closed(device, at, c)
}

const (
	v31 = packet.V31
	v3  = packet.V311
	v5  = packet.V5
)

// TestEndsAreExplained tells talks as they go on, and who is said to have ended them, and why.
func TestEndsAreExplained(t *testing.T) {
	t.Parallel()
	byServer, byClient := packets.Closed{By: packets.Server}, packets.Closed{By: packets.Client}
	reset := packets.Closed{Err: &net.OpError{Op: "read", Err: os.NewSyscallError("read", syscall.ECONNRESET)}}
	timeout := packets.Closed{Err: &net.OpError{Op: "read", Err: os.NewSyscallError("read", syscall.ETIMEDOUT)}}
	alias := func(n uint32) packet.Properties { return number(0x23, n) }
	for _, x := range []struct {
		name   string
		closed packets.Closed
		steps  []step
		who    string
		says   string // in the reason, the hint or a fact
		clause string
	}{
		{"goodbye", byClient, []step{hello(v3, nil), welcome(v3, 0, nil), up([]byte{0xE0, 0})}, "client", "as it should", "3.14"},
		{"goodbye in MQTT 3.1", byClient, []step{hello(v31, nil), welcome(v31, 0, nil), up([]byte{0xE0, 0})}, "client", "as it should", ""},
		{"goodbye with the will", byClient, []step{hello(v5, nil), welcome(v5, 0, nil), up(bye(4))}, "client", "had its will published", "3.14"},
		{"goodbye of the server before MQTT 5", byServer, []step{hello(v3, nil), welcome(v3, 0, nil), down([]byte{0xE0, 0})}, "server", "do not have before MQTT 5", "3.14"},
		{"the server's receive maximum", byServer, []step{
			hello(v5, nil), welcome(v5, 0, number(0x21, 2)), up(message(v5, 1, 1, nil)), up(message(v5, 2, 2, nil)), up(message(v5, 1, 3, nil)), down(bye(0x93)),
		}, "client", "packet 6 of the client: 3 messages of QoS 1 and 2 are not acknowledged, where the other side takes 2", "MQTT-3.3.4-7"},
		{"the receive maximum is kept", byServer, []step{
			hello(v5, nil), welcome(v5, 0, number(0x21, 1)), up(message(v5, 1, 1, nil)), down([]byte{0x40, 2, 0, 1}), up(message(v5, 1, 2, nil)), down([]byte{0x40, 2, 0, 2}),
			down(bye(0x93)),
		}, "client", `the client's last request was PUBLISH to "a/b"`, "3.14.2.1"},
		{"the client's receive maximum", byClient, []step{
			hello(v5, number(0x21, 1)), welcome(v5, 0, nil), down(message(v5, 1, 1, nil)), down(message(v5, 1, 2, nil)), up(bye(0x93)),
		}, "server", "packet 5 of the server: 2 messages", "MQTT-3.3.4-9"},
		{"an alias above the maximum", byServer, []step{hello(v5, nil), welcome(v5, 0, nil), up(message(v5, 0, 0, alias(1)))}, "client", "topic alias 1, where the other side takes 0", "MQTT-3.3.2-9"},
		{"an alias that was not set", byServer, []step{
			hello(v5, nil), welcome(v5, 0, number(0x22, 5)), up(packet.AppendPublish(nil, v5, &packet.Publish{Properties: alias(3)})),
		}, "client", "topic alias 3 was not set on this connection", "3.3.2.3.4"},
		{"an alias that was set", byServer, []step{
			hello(v5, nil), welcome(v5, 0, number(0x22, 5)), up(message(v5, 0, 0, alias(3))), up(packet.AppendPublish(nil, v5, &packet.Publish{Properties: alias(3)})), pause(time.Minute / 2),
		}, "server", "without a word", ""},
		{"a packet above the server's limit", byServer, []step{hello(v5, nil), welcome(v5, 0, number(0x27, 10)), up(message(v5, 1, 1, number(2, 1))), down(bye(0x95))}, "client", "where the other side takes 10 at most", "MQTT-3.2.2-15"},
		{"a packet above the client's limit", byClient, []step{hello(v5, number(0x27, 10)), welcome(v5, 0, nil), down(message(v5, 1, 1, number(2, 1))), up(bye(0x95))}, "server", "where the other side takes 10 at most", "MQTT-3.1.2-24"},
		{"a QoS that the server lacks", byServer, []step{hello(v5, nil), welcome(v5, 0, number(0x24, 0)), up(message(v5, 1, 1, nil)), down(bye(0x9B))}, "client", "a message of QoS 1, where the server takes 0", "MQTT-3.2.2-11"},
		{"a message to keep at a server that keeps none", byServer, []step{
			hello(v5, nil), welcome(v5, 0, number(0x25, 0)), up(packet.AppendPublish(nil, v5, &packet.Publish{Topic: "a", Retain: true})), down(bye(0x9A)),
		}, "client", "where the server keeps none", "MQTT-3.2.2-14"},
		{"a wildcard at a server without", byServer, []step{
			hello(v5, nil), welcome(v5, 0, number(0x28, 0)), up([]byte{0x82, 7, 0, 1, 0, 0, 1, '#', 0}), down(bye(0xA2)),
		}, "client", "a filter with a wildcard, which the server does not have", "3.2.2.3.11"},
		{"a packet of the server that cannot be read", byClient, []step{hello(v5, nil), welcome(v5, 0, nil), down([]byte{0x36, 6, 0, 1, 'a', 0, 1, 0}), up(bye(0x81))}, "server", "packet 4 of the server: a PUBLISH with a fault: QoS 3", "MQTT-3.3.1-4"},
		{"the same before MQTT 5", byClient, []step{hello(v3, nil), welcome(v3, 0, nil), down([]byte{0x36, 5, 0, 1, 'a', 0, 1})}, "server", "broke the rules with packet 4", "MQTT-3.3.1-4"},
		{"a client that does not begin with CONNECT", byServer, []step{up([]byte{0xC0, 0})}, "client", "the first packet of a client is CONNECT, and not PINGREQ", "MQTT-3.1.0-1"},
		{"a second CONNECT", byServer, []step{hello(v3, nil), welcome(v3, 0, nil), hello(v3, nil)}, "client", "a second CONNECT", "MQTT-3.1.0-2"},
		{"a server that does not begin with CONNACK", byClient, []step{hello(v3, nil), down([]byte{0xD0, 0})}, "server", "the first packet of a server is CONNACK", "MQTT-3.2.0-1"},
		{"silence of the client", byServer, []step{hello(v3, nil), welcome(v3, 0, nil), pause(90 * time.Second)}, "client", "The client sent nothing for 90 s, with a keep alive of 60 s", "MQTT-3.1.2-24"},
		{"silence by the server's keep alive", reset, []step{hello(v5, nil), welcome(v5, 0, number(0x13, 10)), pause(16 * time.Second)}, "client", "with a keep alive of 10 s", "MQTT-3.1.2-22"},
		{"no silence", byServer, []step{hello(v5, nil), welcome(v5, 0, nil), pause(50 * time.Second), up([]byte{0xC0, 0}), down([]byte{0xD0, 0}), pause(50 * time.Second)}, "server", "without a word", ""},
		{"a client that is silent for a second with a keep alive of one, at a server that counts whole seconds", byServer, []step{helloFor(v3, 1, nil), welcome(v3, 0, nil), pause(1050 * time.Millisecond)}, "client", "The client sent nothing for 1.1 s, with a keep alive of 1 s: the server did not wait for one and a half times as long", "MQTT-3.1.2-24"},
		{"a client that is silent for less than its keep alive", byServer, []step{helloFor(v3, 1, nil), welcome(v3, 0, nil), pause(900 * time.Millisecond)}, "server", "The server closed the connection without a word.", ""},
		{"a server that does not answer a ping", packets.Closed{Err: mqtt.ErrKeepAlive}, []step{hello(v5, nil), welcome(v5, 0, nil), pause(time.Minute), up([]byte{0xC0, 0}), pause(30 * time.Second)}, "network", "did not answer PINGREQ for 30 s", "MQTT-3.12.4-1"},
		{"a server that does not answer CONNECT", byServer, []step{hello(v5, nil)}, "server", "without an answer to CONNECT", "3.2"},
		{"a client that does not wait longer", byClient, []step{hello(v5, nil), pause(5 * time.Second)}, "server", "did not answer CONNECT within 5 s", "3.2"},
		{"an end after a publish", byServer, []step{hello(v3, nil), welcome(v3, 0, nil), up(message(v3, 1, 1, nil)), pause(20 * time.Millisecond)}, "server", `20 ms after PUBLISH to "a/b"`, "MQTT-4.8.0-1"},
		{"an end after a subscribe", byServer, []step{hello(v3, nil), welcome(v3, 0, nil), up([]byte{0x82, 6, 0, 1, 0, 1, 'x', 0})}, "server", `SUBSCRIBE of "x"`, "MQTT-4.8.0-1"},
		{"an end long after a publish", byServer, []step{hello(v3, nil), welcome(v3, 0, nil), up(message(v3, 0, 0, nil)), pause(20 * time.Second)}, "server", "another client has connected with the same client identifier", ""},
		{"a reset", reset, []step{hello(v3, nil), welcome(v3, 0, nil), pause(20 * time.Second)}, "unknown", "The connection was reset", ""},
		{"a network that is gone", timeout, []step{hello(v3, nil), welcome(v3, 0, nil), pause(20 * time.Second)}, "network", "not confirmed in time", ""},
		{"a client that leaves", byClient, []step{hello(v3, nil), welcome(v3, 0, nil), pause(20 * time.Second)}, "client", "without DISCONNECT", "MQTT-3.1.2-8"},
		{"TLS at a port without", byServer, []step{up([]byte{0x16, 3, 1, 2, 0})}, "client", "Switch TLS off", "MQTT-3.1.0-1"},
		{"no TLS at a port with", byServer, []step{hello(v3, nil), down([]byte{0x15, 3, 3, 0, 2, 2, 70})}, "server", "connect with mqtts", "MQTT-3.2.0-1"},
		{"a web server", byServer, []step{hello(v3, nil), down([]byte("HTTP/1.1 400 Bad Request\r\n"))}, "server", "does not speak MQTT", "MQTT-3.2.0-1"},
		{"a fault that did not end it", byServer, []step{hello(v3, nil), welcome(v3, 0, nil), up([]byte{0x38, 4, 0, 1, 'a', 'x'}), pause(20 * time.Second)}, "server", "packet 4 of the client broke a rule before: a PUBLISH with a fault: DUP at QoS 0", ""},
		{"on demand", packets.Closed{By: packets.Proxy, Err: errors.New("it was cut")}, []step{hello(v3, nil)}, "proxy", "The proxy ended the connection: it was cut.", ""},
		{"what was refused before", byServer, []step{hello(v5, nil), welcome(v5, 0, nil), up(message(v5, 1, 7, nil)), down([]byte{0x40, 3, 0, 7, 0x87}), pause(9 * time.Second)}, "server", "refused before: PUBACK id 7: 0x87 Not authorized", ""},
	} {
		for _, device := range []int{0, 1} {
			end := play(packets.NewLog(0), device, x.closed, x.steps...)
			if device == 0 { // our own client, which is not opened, and sends no second CONNECT
				if (end.Who != x.who || end.Clause != x.clause) && x.name != "a second CONNECT" {
					t.Errorf("%s, without a proxy: %+v", x.name, end)
				}
				continue
			}
			all := end.Why + "\n" + end.Hint + "\n" + strings.Join(end.Facts, "\n")
			if end.Who != x.who || !strings.Contains(all, x.says) || end.Clause != x.clause {
				t.Errorf("%s: who %q, clause %q, of %v, want %q and %q\n%s", x.name, end.Who, end.Clause, end.Of, x.who, x.clause, all)
			}
			if end.Hint == "" || strings.Contains(all, "%") || x.who != "proxy" && len(end.Of) == 0 {
				t.Errorf("%s: %+v", x.name, end)
			}
		}
	}
}

// TestEveryReasonIsExplained goes through all codes that a server can say.
func TestEveryReasonIsExplained(t *testing.T) {
	t.Parallel()
	for code := range 256 {
		for name, steps := range map[string][]step{
			"CONNACK":          {hello(v5, nil), down([]byte{0x20, 3, 0, byte(code), 0})},
			"CONNACK of 3.1.1": {hello(v3, nil), down([]byte{0x20, 2, 0, byte(code)})},
			"DISCONNECT":       {hello(v5, nil), welcome(v5, 0, nil), down([]byte{0xE0, 1, byte(code)})},
		} {
			if code == 0 && name != "DISCONNECT" {
				continue
			}
			end := play(packets.NewLog(0), 1, packets.Closed{By: packets.Server}, steps...)
			if !strings.Contains(end.Why, fmt.Sprintf("It said 0x%02X ", code)) || strings.Contains(end.Why, "%") || end.Hint == "" || len(end.Of) == 0 || end.Who == "unknown" {
				t.Errorf("%s %#x: %+v", name, code, end)
			}
		}
	}
}

// TestTakeoverIsSeen where both connections go through the proxy.
func TestTakeoverIsSeen(t *testing.T) {
	t.Parallel()
	for _, v := range []packet.Version{v3, v5} {
		log := packets.NewLog(0)
		log.Opened(1, begun, "device 192.0.2.1")
		log.Opened(2, begun.Add(time.Hour), "device 192.0.2.2")
		for device := 1; device <= 2; device++ {
			at := begun.Add(time.Duration(device-1) * time.Hour)
			b := hello(v, nil).bytes
			log.Add(device, at, packets.Packet{Sent: true, Bytes: b, Size: len(b)})
			b = welcome(v, 0, nil).bytes
			log.Add(device, at, packets.Packet{Bytes: b, Size: len(b)})
		}
		end := log.Closed(1, begun.Add(time.Hour), packets.Closed{By: packets.Server})
		want := map[packet.Version]string{v3: "MQTT-3.1.4-2", v5: "MQTT-3.1.4-3"}[v]
		if end.Clause != want || !strings.Contains(end.Why, `the same client identifier "kitchen"`) || end.Of[1] != 5 {
			t.Errorf("%+v", end)
		}
	}
}

// TestConnectionsThatDoNotComeAboutAreExplained by what dialing says.
func TestConnectionsThatDoNotComeAboutAreExplained(t *testing.T) {
	t.Parallel()
	at := func(stage string, err error) error { return &dial.Error{Stage: stage, Address: "mqtt://h", Err: err} }
	for _, x := range []struct {
		err  error
		who  string
		hint string
	}{
		{at(dial.StageDial, os.NewSyscallError("connect", syscall.ECONNREFUSED)), "server", "Nothing listens"},
		{at(dial.StageDial, os.NewSyscallError("connect", syscall.ETIMEDOUT)), "network", "Nobody answers"},
		{at(dial.StageDial, os.NewSyscallError("connect", syscall.EHOSTUNREACH)), "network", "no way to that address"},
		{at(dial.StageResolve, &net.DNSError{Name: "h"}), "network", "name of the host"},
		{at(dial.StageTLS, x509.UnknownAuthorityError{}), "client", "--cafile"},
		{at(dial.StageTLS, x509.HostnameError{Certificate: &x509.Certificate{}, Host: "h"}), "client", "name that the certificate has"},
		{at(dial.StageTLS, x509.CertificateInvalidError{Reason: x509.Expired}), "server", "clock"},
		{at(dial.StageTLS, errors.New("remote error: tls: certificate required")), "client", "--cert"},
		{at(dial.StageTLS, io.EOF), "server", "no version of TLS"},
		{at(dial.StageWebSocket, errors.New("404")), "server", "path"},
		{at(dial.StageProxy, errors.New("407")), "network", "proxy"},
		{&mqtt.NoConnAckError{Server: "mqtt://h", Err: io.EOF}, "server", "port"},
		{errors.New("something else"), "network", "Check the address"},
	} {
		log := packets.NewLog(0)
		end := log.Closed(0, begun, packets.Closed{Err: x.err})
		if end.Who != x.who || !strings.Contains(end.Hint, x.hint) || !strings.Contains(end.Why, x.err.Error()) {
			t.Errorf("%v: %+v", x.err, end)
		}
		for range 3 {
			log.Closed(0, begun.Add(time.Minute), packets.Closed{Err: x.err})
		}
		if all := log.Packets(protocol.Watch{}).Ends; len(all) != 1 || all[0].Time != begun.Add(time.Minute).UnixMicro() {
			t.Errorf("%v, again and again: %+v", x.err, all)
		}
	}
}
