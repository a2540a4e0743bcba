package broker_test

import (
	"bytes"
	"io"
	"log/slog"
	"net"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"dunlin/broker"
)

// many is more than the wrapped broker takes by default, and less than there are
// packet identifiers.
const many = 9_000

// publishes returns n PUBLISH packets of 8 bytes to topic "a".
func publishes(n int, qos byte) []byte {
	var b []byte
	for id := 1; id <= n; id++ {
		b = append(b, 0x30|qos<<1, 6, 0, 1, 'a', byte(id>>8), byte(id), 'm')
	}
	return b
}

// send writes in the background, for the broker answers meanwhile.
func send(t *testing.T, conn net.Conn, b []byte) {
	t.Helper()
	written := make(chan error, 1)
	go func() {
		_, err := conn.Write(b)
		written <- err
	}()
	t.Cleanup(func() {
		if err := <-written; err != nil {
			t.Errorf("write: %v", err)
		}
	})
}

// A client that is slow to acknowledge gets every message all the same.
func TestKeepsWhatIsNotAcknowledged(t *testing.T) {
	b := start(t, broker.Config{})
	subscriber := dial(t, b.Addr(), connect311, []byte{0x82, 6, 0, 1, 0, 1, 'a', 1})
	read(t, subscriber, len(connack311)+5)
	publisher := dial(t, b.Addr(), []byte{0x10, 13, 0, 4, 'M', 'Q', 'T', 'T', 4, 2, 0, 60, 0, 1, 'p'})
	read(t, publisher, len(connack311))
	send(t, publisher, publishes(many, 1))
	acknowledged := make(chan error, 1)
	go func() {
		_, err := io.CopyN(io.Discard, publisher, many*4)
		acknowledged <- err
	}()
	read(t, subscriber, many*8)
	if err := <-acknowledged; err != nil {
		t.Errorf("acknowledgements of the publishes: %v", err)
	}
}

// MQTT 3 has no way to tell a client how many QoS 2 messages it may have under
// way, so all that it can number are taken.
func TestTakesManyUnreleasedMessages(t *testing.T) {
	b := start(t, broker.Config{})
	conn := dial(t, b.Addr(), connect311)
	read(t, conn, len(connack311))
	send(t, conn, publishes(many, 2))
	read(t, conn, many*4)
}

// A client may give its requests the identifiers of messages that it has not acknowledged yet: each side has its own.
func TestRequestsWithTheIdentifierOfAMessage(t *testing.T) {
	b := start(t, broker.Config{})
	conn := dial(t, b.Addr(), connect311, []byte{0x82, 6, 0, 9, 0, 1, 'a', 1}, publishes(1, 1))
	read(t, conn, len(connack311)+5)
	await(t, conn, 3, 0x0001) // as the topic is one byte long
	for _, request := range []struct{ packet, answer []byte }{
		{[]byte{0x82, 6, 0, 1, 0, 1, 'b', 1}, []byte{0x90, 3, 0, 1, 1}},
		{[]byte{0xa2, 5, 0, 1, 0, 1, 'a'}, []byte{0xb0, 2, 0, 1}},
	} {
		write(t, conn, request.packet)
		if got := read(t, conn, len(request.answer)); !bytes.Equal(got, request.answer) {
			t.Errorf("% x is answered with % x, want % x", request.packet, got, request.answer)
		}
	}
	write(t, conn, publishes(1, 1)) // the subscription to it has ended
	read(t, conn, 4)
	write(t, conn, []byte{0xc0, 0})
	if got := read(t, conn, 2); !bytes.Equal(got, []byte{0xd0, 0}) {
		t.Errorf("got % x after UNSUBSCRIBE, want PINGRESP", got)
	}
}

// log is what a broker warned of.
type log struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

// What a client that does not read loses is counted whole, in few words.
func TestTellsOfDroppedMessages(t *testing.T) {
	var lines log
	b := start(t, broker.Config{Logger: slog.New(slog.NewTextHandler(&lines, nil))})
	stalled := dial(t, b.Addr(), connect311, []byte{0x82, 6, 0, 1, 0, 1, 'a', 0})
	read(t, stalled, len(connack311)+5)
	publisher := dial(t, b.Addr(), []byte{0x10, 13, 0, 4, 'M', 'Q', 'T', 'T', 4, 2, 0, 60, 0, 1, 'p'})
	read(t, publisher, len(connack311))
	// 56 MB are more than two sockets and the broker's queue of 8,192 messages hold.
	batch := bytes.Repeat(append([]byte{0x30, 0xa3, 0x1f, 0, 1, 'a'}, make([]byte, 4000)...), 100)
	for range 140 {
		if _, err := publisher.Write(batch); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := publisher.Write([]byte{0xc0, 0}); err != nil { // all is handled when the answer comes
		t.Fatal(err)
	}
	read(t, publisher, 2)
	if err := b.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := strings.TrimSpace(lines.b.String())
	told := 0
	for _, m := range regexp.MustCompile(`messages=(\d+)`).FindAllStringSubmatch(got, -1) {
		n, _ := strconv.Atoi(m[1])
		told += n
	}
	if n := strings.Count(got, "messages dropped"); told == 0 || n > 30 {
		t.Errorf("%d warnings of %d messages:\n%.500s", n, told, got)
	}
}
