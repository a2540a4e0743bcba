package broker_test

import (
	"bytes"
	"encoding/binary"
	"io"
	"testing"
	"time"

	"dunlin/broker"
)

// connectWithWill is a CONNECT of MQTT 5 with a will at QoS 1 to "gone", and that session expiry.
func connectWithWill(id string, flags byte, session uint32, properties ...byte) []byte {
	head := append(field("MQTT"), 5, 0x0c|flags, 0, 60, 5, 0x11)
	head = binary.BigEndian.AppendUint32(head, session)
	return packet(0x10, head, field(id), append([]byte{byte(len(properties))}, properties...), field("gone"), field("w"))
}

// willWatcher subscribes to "gone" with Retain As Published.
func willWatcher(t *testing.T, b *broker.Broker) io.Reader {
	t.Helper()
	conn := connected(t, b, connectAs(5, 0, "watcher"))
	write(t, conn, packet(0x82, []byte{0, 1, 0}, field("gone"), []byte{8}))
	await(t, conn, 9, 1)
	return conn
}

// A will arrives with its properties, whenever it comes, and with those alone.
func TestPropertiesOfWills(t *testing.T) {
	t.Parallel() // it waits for most of its time
	b := start(t, broker.Config{})
	watcher := willWatcher(t, b)
	text := []byte{1, 1, 3, 0, 1, 't', 0x26, 0, 1, 'a', 0, 1, 'b'} // its format, content type and a user property
	expiry := []byte{2, 0, 0, 0x0e, 0x10}
	second := []byte{0x18, 0, 0, 0, 1} // of delay
	for _, c := range []struct {
		name       string
		session    uint32
		properties []byte
		want       []byte
	}{
		{"none", 0, nil, nil},
		{"text", 0, text, text},
		{"delayed", 60, append(bytes.Clone(second), text...), text},
		{"delayed to the end of the session", 1, []byte{0x18, 0, 0, 0, 60}, nil},
		{"delayed and of a session that ends at once", 0, second, nil},
		{"expiry", 0, expiry, expiry},
	} {
		began := time.Now()
		cutOff(t, connected(t, b, connectWithWill("w", 2, c.session, c.properties...)), nil)
		_, body := next(t, watcher)
		if got := body[7 : 7+int(body[6])]; !bytes.Equal(got, c.want) {
			t.Errorf("%s: the properties are % x, want % x", c.name, got, c.want)
		}
		took := time.Since(began)
		if waited := took >= time.Second; waited != (c.session > 0) {
			t.Errorf("%s: it came after %v", c.name, took)
		}
	}
}

// A retained will is kept, with its properties.
func TestRetainedWill(t *testing.T) {
	t.Parallel() // it waits for most of its time
	b := start(t, broker.Config{})
	watcher := willWatcher(t, b)
	for _, delay := range [][]byte{nil, {0x18, 0, 0, 0, 1}} {
		cutOff(t, connected(t, b, connectWithWill("w", 0x22, 5, append(delay, 1, 1)...)), nil)
		next(t, watcher)
		late := connected(t, b, connectAs(5, 0, "late"))
		write(t, late, packet(0x82, []byte{0, 1, 0}, field("gone"), []byte{0}))
		next(t, late)
		if kind, body := next(t, late); kind != 3 || !bytes.Equal(body, append(field("gone"), 2, 1, 1, 'w')) {
			t.Errorf("packet %d % x, want the retained will", kind, body)
		}
		write(t, late, packet(0x31, field("gone"), []byte{0})) // removed
		next(t, watcher)
	}
}

// A client that comes again before its will is due has none published.
func TestWillOfAClientThatComesAgain(t *testing.T) {
	t.Parallel() // it waits for most of its time
	b := start(t, broker.Config{})
	watcher := willWatcher(t, b)
	cutOff(t, connected(t, b, connectWithWill("w", 0, 60, 0x18, 0, 0, 0, 1)), nil)
	connected(t, b, connectWithWill("w", 0, 60, 0x18, 0, 0, 0, 1))
	cutOff(t, connected(t, b, connectWithWill("other", 2, 60, 0x18, 0, 0, 0, 2, 1, 1)), nil)
	if _, body := next(t, watcher); body[6] != 2 { // properties: the second client's
		t.Errorf("% x came, want the will of the client that stays away", body)
	}
}

// DISCONNECT 0x04 asks for the will, 0x00 forbids it, each in both forms that the packet has.
func TestDisconnectWithWill(t *testing.T) {
	b := start(t, broker.Config{})
	watcher := willWatcher(t, b)
	for _, c := range []struct {
		packet []byte
		will   bool
	}{
		{[]byte{0xe0, 0}, false},
		{[]byte{0xe0, 1, 0}, false},
		{[]byte{0xe0, 2, 0, 0}, false},
		{[]byte{0xe0, 1, 4}, true},
		{[]byte{0xe0, 2, 4, 0}, true},
	} {
		conn := connected(t, b, connectWithWill("w", 2, 0, 1, 1))
		write(t, conn, c.packet)
		if _, err := io.ReadAll(conn); err != nil {
			t.Fatal(err)
		}
		cutOff(t, connected(t, b, connectWithWill("end", 2, 0)), nil)
		_, body := next(t, watcher)
		if got := body[6] == 2; got != c.will {
			t.Errorf("DISCONNECT % x: the will is published: %v, want %v", c.packet, got, c.will)
		}
		if c.will {
			next(t, watcher)
		}
	}
}
