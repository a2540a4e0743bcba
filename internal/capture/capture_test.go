package capture_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"dunlin/internal/capture"
	"dunlin/internal/pcap"
	"dunlin/internal/pcap/pcaptest"
	"dunlin/mqtt"
	"dunlin/mqtt/mqtttest/packet"
)

// A direction is chosen, and a client; what went the other way is counted.
func TestDirectionAndClientAreChosen(t *testing.T) {
	tr := newTrace()
	a, b := tr.open(1001).five("a"), tr.open(1002).begins(packet.V311, "b", true)
	a.sends(publish(packet.V5, "up/a", "1"))
	b.sends(publish(packet.V311, "up/b", "2"))
	b.gets(publish(packet.V311, "down/b", "3"), publish(packet.V311, "down/b", "4"))
	wants(t, tr.segments, capture.Options{}, "q0 up/a=1, q0 up/b=2")
	wants(t, tr.segments, capture.Options{Delivered: true}, "q0 down/b=3, q0 down/b=4")
	wants(t, tr.segments, capture.Options{Client: "b"}, "q0 up/b=2")
	wants(t, tr.segments, capture.Options{Delivered: true, Client: "a"}, "")
	wants(t, tr.segments, capture.Options{Port: 1884}, "")
	for client, want := range map[string]int{"": 2, "a": 0, "b": 2} {
		if _, sum := imported(t, tr.segments, capture.Options{Client: client}); sum.OtherWay != want {
			t.Errorf("client %q: %d went the other way, not %d", client, sum.OtherWay, want)
		}
	}
}

// A message has the time of the frame that completes it.
func TestTimeIsThatOfTheFrameThatCompletesTheMessage(t *testing.T) {
	tr := newTrace()
	c := tr.open(1001).five("a") // five frames
	p := publish(packet.V5, "t", "abc")
	c.sends(p[:4])
	c.gets([]byte{0xD0, 0})
	c.sends(p[4:], p)
	lines, _ := imported(t, tr.segments, capture.Options{})
	if want := []string{"8ms q0 t=abc", "8ms q0 t=abc"}; !slices.Equal(lines, want) {
		t.Errorf("%q, not %q", lines, want)
	}
	// One that has waited for what was captured late has the time of that.
	last := len(tr.segments) - 1
	tr.segments[last-2].at, tr.segments[last].at = noon.Add(time.Second), noon.Add(time.Millisecond)
	lines, _ = imported(t, tr.segments, capture.Options{})
	if want := []string{"1ms q0 t=abc", "1ms q0 t=abc"}; !slices.Equal(lines, want) {
		t.Errorf("%q, not %q", lines, want)
	}
	tr.segments[last-2], tr.segments[last] = tr.segments[last], tr.segments[last-2]
	lines, _ = imported(t, tr.segments, capture.Options{})
	if want := []string{"1s q0 t=abc", "1s q0 t=abc"}; !slices.Equal(lines, want) {
		t.Errorf("%q, not %q", lines, want)
	}
}

// Aliases of topics belong to a direction of a connection.
func TestTopicAliases(t *testing.T) {
	tr := newTrace()
	a, b := tr.open(1001).five("a"), tr.open(1002).five("b")
	a.sends(aliased("x", 1, "1"), aliased("", 1, "2"), aliased("y", 1, "3"), aliased("", 1, "4"))
	a.gets(aliased("other", 1, "5"))
	b.sends(aliased("", 1, "6"))
	a.sends(aliased("", 1, "7"))
	wants(t, tr.segments, capture.Options{}, "q0 x=1, q0 x=2, q0 y=3, q0 y=4, q0 y=7",
		"1 message is left out, for their topic aliases were set where the capture does not show it")
}

// A message that is sent again before it is acknowledged counts once, also where the client has come back meanwhile.
func TestMessagesThatAreSentAgainCountOnce(t *testing.T) {
	tr := newTrace()
	a := tr.open(1001).begins(packet.V5, "a", false)
	a.sends(numbered(1, 7, false, "1"), numbered(2, 8, false, "2"), numbered(1, 7, true, "1"))
	a.gets(ack(packet.Ack{Type: packet.PUBREC, PacketID: 8}))
	b := tr.open(1002).begins(packet.V5, "a", false)
	b.sends(numbered(1, 7, true, "1"), numbered(2, 8, true, "2"))
	b.gets(ack(packet.Ack{Type: packet.PUBACK, PacketID: 7}))
	b.sends(ack(packet.Ack{Type: packet.PUBREL, PacketID: 8}))
	b.sends(numbered(1, 7, false, "1"), numbered(2, 8, false, "2")) // others
	b.sends(numbered(1, 7, true, "other"))
	wants(t, tr.segments, capture.Options{}, "q1 n=1, q2 n=2, q1 n=1, q2 n=2, q1 n=other", "3 messages were sent again", "1 message is marked as sent again (DUP)")

	tr = newTrace()
	tr.open(1001).begins(packet.V5, "a", true).sends(numbered(1, 7, false, "1"))
	tr.open(1002).begins(packet.V5, "a", true).sends(numbered(1, 7, true, "1")) // of a session that is new
	c := tr.open(1003).begins(packet.V5, "b", true)
	c.sends(numbered(1, 7, false, "2"))
	c.gets(ack(packet.Ack{Type: packet.PUBACK, PacketID: 7}))
	c.sends(numbered(1, 7, true, "2")) // which is acknowledged
	wants(t, tr.segments, capture.Options{}, "q1 n=1, q1 n=1, q1 n=2, q1 n=2", "2 messages are marked as sent again (DUP)")
}

// What is missing inside of a packet takes that one alone; behind anything else nothing is guessed, up to the next connection.
func TestMissingBytesAreToldAndNotGuessed(t *testing.T) {
	tr := newTrace()
	c := tr.open(1001).five("a")
	long := publish(packet.V5, "long", strings.Repeat("x", 100))
	c.sends(publish(packet.V5, "t", "1"), long[:20])
	c.loses(long[20:90])
	c.sends(long[90:], publish(packet.V5, "t", "2"))
	wants(t, tr.segments, capture.Options{}, "q0 t=1, q0 t=2", "70 bytes were not captured: 70 bytes from 192.0.2.1:1001 to 192.0.2.2:1883 at 2026-05-01T12:00:00.006000Z",
		"1 message is left out of which bytes are missing")
	wants(t, tr.segments, capture.Options{Delivered: true}, "")

	lost := publish(packet.V5, "t", "3")
	c.loses(lost)
	c.sends(publish(packet.V5, "t", "4"))
	d := tr.open(1001).five("a")
	d.sends(publish(packet.V5, "t", "5"))
	size := len(publish(packet.V5, "t", "4"))
	wants(t, tr.segments, capture.Options{}, "q0 t=1, q0 t=2, q0 t=5", "77 bytes were not captured: 70 bytes from", "1 message is left out",
		"behind what is missing a packet could begin anywhere: 7 bytes in 1 place could not be read")
	if size != 7 || len(lost) != 7 {
		t.Errorf("the packets have %d and %d bytes", size, len(lost))
	}
	wants(t, tr.segments, capture.Options{Resync: true}, "q0 t=1, q0 t=2, q0 t=4, q0 t=5", "77 bytes were not captured", "1 message is left out",
		"0 bytes in 1 place could not be read up to the next connection or to where packets seem to begin")
}

// An alias that may have been set anew in what is missing is not known any more.
func TestAliasesAreForgottenWhereBytesAreMissing(t *testing.T) {
	tr := newTrace()
	c := tr.open(1001).five("a")
	c.sends(aliased("x", 1, "1"))
	changed := aliased("y", 1, strings.Repeat("z", 100))
	c.sends(changed[:4])
	c.loses(changed[4:50])
	c.sends(changed[50:], aliased("", 1, "2"))
	wants(t, tr.segments, capture.Options{}, "q0 x=1", "1 message is left out, for their topic aliases", "46 bytes were not captured", "1 message is left out of which")
}

// A gap is given up when the other side was seen to have the bytes, so that messages do not wait for the end of the capture.
func TestMessagesBehindAGapKeepTheirPlace(t *testing.T) {
	tr := newTrace()
	a, b := tr.open(1001).five("a"), tr.open(1002).five("b")
	long := publish(packet.V5, "long", strings.Repeat("x", 100))
	a.sends(long[:20])
	a.loses(long[20:90])
	a.sends(long[90:], publish(packet.V5, "t", "1"))
	a.gets([]byte{0xD0, 0})
	for range 3 {
		tr.now = tr.now.Add(time.Second)
		b.sends([]byte{0xC0, 0})
	}
	b.sends(publish(packet.V5, "t", "2"))
	lines, _ := imported(t, tr.segments, capture.Options{})
	if want := []string{"12ms q0 t=1", "3.017s q0 t=2"}; !slices.Equal(lines, want) {
		t.Errorf("%q, not %q", lines, want)
	}
}

// Frames that were cut off lack bytes, of a known number.
func TestFramesThatWereCutOff(t *testing.T) {
	tr := newTrace()
	c := tr.open(1001).five("a")
	c.sends(publish(packet.V5, "long", strings.Repeat("x", 100))).kept = 14 + 20 + 20 + 30
	c.sends(publish(packet.V5, "t", "2"))
	c.sends(publish(packet.V5, "t", "3")).kept = 30
	n := len(tr.segments)
	wants(t, tr.segments, capture.Options{}, "q0 t=2", "79 bytes were cut off", "1 message is left out of which", "1 frame is too short to tell")
	tr.segments[n-3], tr.segments[n-2] = tr.segments[n-2], tr.segments[n-3]
	wants(t, tr.segments, capture.Options{}, "q0 t=2", "79 bytes were cut off", "1 message is left out of which", "1 frame is too short to tell")
}

// A connection that began before the capture is read where its version is named, from where a packet begins.
func TestConnectionsThatBeganBefore(t *testing.T) {
	tr := newTrace()
	c := tr.connection(1001)
	c.sends([]byte("the end of what was sent before"))
	c.sends(publish(packet.V5, "t", "1"))
	c.gets(publish(packet.V5, "t", "2"))
	wants(t, tr.segments, capture.Options{}, "", "1 connection is without a CONNECT in the capture, so that their version of MQTT is not known, and are left out; name it with -V")
	wants(t, tr.segments, capture.Options{Version: mqtt.V5}, "q0 t=1", "1 connection is without a CONNECT in the capture, and are read as MQTT 5",
		"31 bytes in those could not be read, for no packet seems to begin there")
	wants(t, tr.segments, capture.Options{Version: mqtt.V5, Delivered: true}, "q0 t=2", "1 connection is without a CONNECT")
	wants(t, tr.segments, capture.Options{Port: 1883}, "", "1 connection is without a CONNECT")
	wants(t, tr.segments, capture.Options{Port: 1884}, "")

	tr = newTrace() // the handshake alone is missing
	c = tr.connection(1001).five("a")
	c.server.port = 1999
	c.sends(publish(packet.V5, "t", "1"))
	tr.connection(1002).five("a").gets(publish(packet.V5, "t", "2"))
	wants(t, tr.segments, capture.Options{Delivered: true}, "q0 t=2")
}

// What is no MQTT over TCP is counted where it may hide some.
func TestOtherConnections(t *testing.T) {
	tr := newTrace()
	tr.open(1001).sends([]byte{0x16, 3, 1, 0, 5, 1, 2, 3})
	secure := tr.connection(1002)
	secure.server.port = 8883
	secure.shake()
	secure.sends([]byte{0x16, 3, 1, 0, 5, 1, 2, 3})
	tr.open(1004).sends([]byte("GET / HTTP/1.1\r\nHost: a\r\n\r\n"))
	tr.open(1005).sends([]byte("\x10\x0ASSH"))
	wants(t, tr.segments, capture.Options{}, "", "2 connections are encrypted with TLS, 1 of them at port 8883, and cannot be read")
}

// MQTT by WebSocket is read where it is not compressed.
func TestWebSocket(t *testing.T) {
	tr := newTrace()
	c := tr.open(1001)
	request := []byte("GET /mqtt HTTP/1.1\r\nUpgrade: websocket\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n")
	c.sends(request[:30])
	c.sends(request[30:])
	c.gets([]byte("HTTP/1.1 101 Switching Protocols\r\n\r\n"))
	both := append(connect(packet.V5, "a", true), publish(packet.V5, "t", "1")...)
	c.sends(masked(2, both[:5]), masked(9, []byte("ping")))
	c.sends(masked(2, both[5:]))
	c.gets([]byte{0x82, 126, 0, 5}, packet.AppendConnAck(nil, packet.V5, &packet.ConnAck{}))
	long := publish(packet.V5, "long", strings.Repeat("x", 300))
	c.gets([]byte{0x82, 126, 1, byte(len(long))}, long)
	sent := masked(2, long)
	c.sends(sent[:30])
	c.loses(sent[30:300])
	c.sends(sent[300:], masked(2, publish(packet.V5, "t", "2")))
	wants(t, tr.segments, capture.Options{}, "q0 t=1, q0 t=2", "270 bytes were not captured", "1 message is left out")
	wants(t, tr.segments, capture.Options{Delivered: true}, "q0 long="+strings.Repeat("x", 300))

	c.sends([]byte{0xC2, 0x81, 1, 2, 3, 4, 5})
	wants(t, tr.segments, capture.Options{Delivered: true}, "q0 long="+strings.Repeat("x", 300), "1 connection is left out whose WebSocket is compressed")
}

// masked returns a frame of WebSocket as a client sends it.
func masked(kind byte, payload []byte) []byte {
	b := []byte{0x80 | kind, 0x80 | 126, byte(len(payload) >> 8), byte(len(payload)), 9, 8, 7, 6}
	for i, p := range payload {
		b = append(b, p^b[4+i%4])
	}
	return b
}

// What no server takes is left out, and what follows is read.
func TestMessagesThatBreakTheSpecification(t *testing.T) {
	tr := newTrace()
	c := tr.open(1001).five("a")
	c.sends(publish(packet.V5, "a/#", "1"), publish(packet.V5, "t", "2"))
	c.sends([]byte{0x30, 0xFF, 0xFF, 0xFF, 0xFF, 1})
	wants(t, tr.segments, capture.Options{}, "q0 t=2", "1 message is left out that no server takes; the first one: a topic holds no wildcards, MQTT-3.3.2-2, from 192.0.2.1:1001",
		"1 direction is no MQTT any more")
}

// A file that was cut off gives what is there.
func TestCaptureThatWasCutOff(t *testing.T) {
	tr := newTrace()
	c := tr.open(1001).five("a")
	c.sends(publish(packet.V5, "t", "1"))
	c.sends(publish(packet.V5, "t", "2"))
	data := pcaptest.File(frames(tr.segments))
	messages := 0
	o := capture.Options{Each: func(*mqtt.Received, time.Time) error { messages++; return nil }}
	_, err := capture.Import(context.Background(), strings.NewReader(string(data[:len(data)-3])), o)
	if !errors.Is(err, pcap.ErrCut) || messages != 1 {
		t.Errorf("%d messages, and %v", messages, err)
	}
	stop := errors.New("stop")
	o.Each = func(*mqtt.Received, time.Time) error { return stop }
	if _, err := capture.Import(context.Background(), strings.NewReader(string(data)), o); !errors.Is(err, stop) {
		t.Errorf("the error is %v, not that of Each", err)
	}
}
