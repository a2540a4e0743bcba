package broker_test

import (
	"encoding/binary"
	"io"
	"net"
	"testing"

	"dunlin/broker"
)

// connectKept is CONNECT of a client "p" whose session is kept, by version.
var connectKept = map[byte][]byte{
	4: {0x10, 13, 0, 4, 'M', 'Q', 'T', 'T', 4, 0, 0, 60, 0, 1, 'p'},
	5: {0x10, 19, 0, 4, 'M', 'Q', 'T', 'T', 5, 0, 0, 60, 5, 0x11, 0, 0, 1, 0, 0, 1, 'p'},
}

// next reads a packet of less than 130 bytes.
func next(t *testing.T, r io.Reader) (kind byte, body []byte) {
	t.Helper()
	head := read(t, r, 2)
	return head[0] >> 4, read(t, r, int(head[1]))
}

// await reads packets until one of that kind has the identifier, and returns it.
func await(t *testing.T, r io.Reader, kind byte, id uint16) []byte {
	t.Helper()
	for {
		got, body := next(t, r)
		if got == kind && binary.BigEndian.Uint16(body) == id {
			return body
		}
	}
}

// publishTwice returns a PUBLISH at QoS 2 to topic "a" that holds its identifier.
func publishTwice(version byte, dup bool, id uint16) []byte {
	b := []byte{0x34, 7, 0, 1, 'a', byte(id >> 8), byte(id)}
	if dup {
		b[0] |= 8
	}
	if version == 5 {
		b[1]++
		b = append(b, 0)
	}
	return append(b, byte(id>>8), byte(id))
}

func write(t *testing.T, conn net.Conn, b []byte) {
	t.Helper()
	if _, err := conn.Write(b); err != nil {
		t.Fatal(err)
	}
}

// cutOff sends that and resets the connection, so that answers to it fail.
func cutOff(t *testing.T, conn net.Conn, b []byte) {
	t.Helper()
	write(t, conn, b)
	if err := conn.(*net.TCPConn).SetLinger(0); err != nil {
		t.Fatal(err)
	}
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
}

// A QoS 2 message arrives once, though the connection breaks before it is answered
// and it is sent again on the next one.
func TestExactlyOnceAcrossConnections(t *testing.T) {
	for version, connect := range connectKept {
		b := start(t, broker.Config{})
		subscriber := dial(t, b.Addr(), connect311, []byte{0x82, 6, 0, 1, 0, 1, 'a', 0})
		read(t, subscriber, len(connack311)+5)
		const cuts, each = 10, 100
		for round := range uint16(cuts) {
			publisher := dial(t, b.Addr(), connect)
			next(t, publisher) // CONNACK
			var all []byte
			for id := round*each + 1; id <= (round+1)*each; id++ {
				all = append(all, publishTwice(version, false, id)...)
			}
			cutOff(t, publisher, all)
			publisher = dial(t, b.Addr(), connect) // breaks before anything is sent again
			next(t, publisher)
			cutOff(t, publisher, nil)
			publisher = dial(t, b.Addr(), connect)
			next(t, publisher)
			for id := round*each + 1; id <= (round+1)*each; id++ {
				write(t, publisher, publishTwice(version, true, id))
				if body := await(t, publisher, 5, id); len(body) > 2 && body[2] >= 0x80 {
					t.Errorf("a message that comes again is refused: %#x", body[2])
				}
				write(t, publisher, []byte{0x62, 2, byte(id >> 8), byte(id)})
				await(t, publisher, 7, id)
			}
			_ = publisher.Close()
		}
		came := make(map[uint16]int)
		for range cuts * each {
			_, body := next(t, subscriber)
			came[binary.BigEndian.Uint16(body[3:])]++
		}
		if len(came) != cuts*each {
			t.Errorf("version %d: the first %d messages are %d, and others again", version, cuts*each, len(came))
		}
	}
}

// What was handed on is not handed on again, though a connection on which it is only
// acknowledged once more breaks.
func TestHandedOnOnce(t *testing.T) {
	for version, connect := range connectKept {
		b := start(t, broker.Config{})
		subscriber := dial(t, b.Addr(), connect311, []byte{0x82, 6, 0, 1, 0, 1, 'a', 0})
		read(t, subscriber, len(connack311)+5)
		publisher := dial(t, b.Addr(), connect)
		next(t, publisher)
		write(t, publisher, publishTwice(version, false, 7))
		await(t, publisher, 5, 7)
		cutOff(t, publisher, nil)
		publisher = dial(t, b.Addr(), connect)
		next(t, publisher)
		await(t, publisher, 5, 7)
		cutOff(t, publisher, nil)
		publisher = dial(t, b.Addr(), connect)
		next(t, publisher)
		write(t, publisher, publishTwice(version, true, 7))
		write(t, publisher, publishTwice(version, false, 8))
		for _, want := range []byte{7, 8} {
			if _, body := next(t, subscriber); body[4] != want {
				t.Errorf("version %d: message %d came, want %d", version, body[4], want)
			}
		}
	}
}
