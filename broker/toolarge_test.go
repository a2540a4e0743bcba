package broker_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"testing"

	"dunlin/broker"
)

func TestAnnouncesTheLongestPacket(t *testing.T) {
	b := start(t, broker.Config{})
	conn := dial(t, b.Addr(), connect5)
	if _, body := next(t, conn); !bytes.Contains(body[2:], []byte{0x27, 4, 0, 0, 0}) {
		t.Errorf("CONNACK % x has no Maximum Packet Size of 64 MiB", body)
	}
	old := dial(t, b.Addr(), connectAs(4, 0, "o"))
	if got := read(t, old, 4); !bytes.Equal(got, connack311) {
		t.Errorf("CONNACK of MQTT 3.1.1: % x", got)
	}
}

// The client is told of a packet that is too large while it still sends; its will is published. What came before counts.
func TestTellsOfAPacketThatIsTooLarge(t *testing.T) {
	b := start(t, broker.Config{Listeners: []broker.Listener{{URL: "tcp://127.0.0.1:0"}}})
	subscriber := connected(t, b, connectAs(4, 0, "s"))
	write(t, subscriber, packet(0x82, []byte{0, 1}, field("#"), []byte{0}))
	next(t, subscriber)
	for version := byte(4); version <= 5; version++ {
		will := [][]byte{field("gone"), field("w")}
		if version == 5 {
			will = append([][]byte{{0}}, will...)
		}
		conn := connected(t, b, connectAs(version, 4, "p", will...))
		// A message and, in one write, the header of one byte more than 64 MiB; then a part of that.
		write(t, conn, append(publishOf(version, 0, "before"), 0x30, 0x80, 0x80, 0x80, 0x20))
		_, _ = conn.Write(make([]byte, 8<<20)) // it may fail, when the connection has been closed
		got, err := io.ReadAll(conn)
		if version == 5 && (err != nil || len(got) < 3 || got[0] != 0xe0 || got[2] != 0x95) {
			t.Errorf("MQTT 5: % x, %v, want DISCONNECT 0x95", got, err)
		}
		if version == 4 && (len(got) > 0 || errors.Is(err, os.ErrDeadlineExceeded)) {
			t.Errorf("MQTT 3.1.1: % x, %v, want the end of the connection", got, err)
		}
		for _, topic := range []string{"before", "gone"} {
			if _, body := next(t, subscriber); !bytes.HasPrefix(body, field(topic)) {
				t.Errorf("version %d: % x came, want a message to %s", version, body, topic)
			}
		}
	}
}

// A packet as long as was announced is taken, in whatever pieces its header comes.
func TestTakesTheLongestPacket(t *testing.T) {
	b := start(t, broker.Config{})
	conn := connected(t, b, connect5)
	header := []byte{0x32, 0xfb, 0xff, 0xff, 0x1f} // 64 MiB with these five bytes
	for i := range header {
		write(t, conn, header[i:i+1])
	}
	begin := append(field("a"), 0, 7, 0)
	write(t, conn, begin)
	write(t, conn, make([]byte, 64<<20-len(header)-len(begin)))
	if kind, body := next(t, conn); kind != 4 || code(t, body) != 0x10 {
		t.Errorf("packet %d % x, want PUBACK", kind, body)
	}
}
