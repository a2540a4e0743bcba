package broker_test

import (
	"encoding/binary"
	"io"
	"net"
	"runtime"
	"sync"
	"testing"
	"time"

	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"

	"dunlin/broker"
)

// subscribeKept connects a client "p" that keeps its session, subscribes to "a", and
// returns the connection.
func subscribeKept(t *testing.T, b *broker.Broker, version, qos byte) net.Conn {
	t.Helper()
	subscribe := []byte{0x82, 6, 0, 1, 0, 1, 'a', qos}
	if version == 5 {
		subscribe = []byte{0x82, 7, 0, 1, 0, 0, 1, 'a', qos}
	}
	conn := dial(t, b.Addr(), connectKept[version], subscribe)
	next(t, conn)
	next(t, conn)
	return conn
}

// publishMarked publishes a message with that payload, of one byte.
func publishMarked(t *testing.T, publisher net.Conn, qos, mark byte) {
	t.Helper()
	write(t, publisher, []byte{0x30 | qos<<1, 6, 0, 1, 'a', 0, mark, mark})
}

// awaitMarked reads packets until that message comes, and tells how often it has come
// before PINGRESP answers what is sent then.
func awaitMarked(t *testing.T, conn net.Conn, mark byte) (times int) {
	t.Helper()
	pinged := false
	for {
		kind, body := next(t, conn)
		if kind == 13 {
			return times
		}
		if kind == 3 && body[len(body)-1] == mark {
			times++
			if !pinged {
				pinged = true
				write(t, conn, []byte{0xC0, 0})
			}
		}
	}
}

// dropped calls f once when a message leaves a session.
type dropped struct {
	mochi.HookBase
	once sync.Once
	f    func()
}

func (d *dropped) ID() string                                 { return "test" }
func (d *dropped) Provides(b byte) bool                       { return b == mochi.OnQosDropped }
func (d *dropped) OnQosDropped(*mochi.Client, packets.Packet) { d.once.Do(d.f) }

// A message that comes while the session goes from one connection to the next, after
// it was copied, is not lost.
func TestMessageDuringATakeover(t *testing.T) {
	for version := range connectKept {
		for _, qos := range []byte{1, 2} {
			b := start(t, broker.Config{})
			subscriber := subscribeKept(t, b, version, qos)
			publisher := dial(t, b.Addr(), connect311)
			next(t, publisher)
			publishMarked(t, publisher, qos, 1)
			awaitMarked(t, subscriber, 1) // and does not acknowledge it
			err := b.AddHook(&dropped{f: func() {
				publishMarked(t, publisher, qos, 2)
				write(t, publisher, []byte{0xC0, 0})
				for kind := byte(0); kind != 13; { // when PINGRESP comes the message was handled
					kind, _ = next(t, publisher)
				}
			}})
			if err != nil {
				t.Fatal(err)
			}
			successor := dial(t, b.Addr(), connectKept[version])
			if kind, _ := next(t, successor); kind != 2 {
				t.Errorf("version %d: the first packet is of type %d, want CONNACK", version, kind)
			}
			if n := awaitMarked(t, successor, 2); n != 1 {
				t.Errorf("version %d, QoS %d: it came %d times", version, qos, n)
			}
		}
	}
}

// A publisher that has found the old connection, and puts its message there only after
// one or more others have taken the session over, does not lose it.
func TestMessageThatIsLateForATakeover(t *testing.T) {
	for version := range connectKept {
		for takeovers := 1; takeovers <= 3; takeovers++ {
			b := start(t, broker.Config{})
			_ = subscribeKept(t, b, version, 1).Close()
			old := b.Client("p")
			for !old.Closed() {
				runtime.Gosched() // nothing tells
			}
			publisher := dial(t, b.Addr(), connect311)
			next(t, publisher)
			old.RLock() // the publisher wants it for an identifier, which it needs to go on
			publishMarked(t, publisher, 1, 1)
			for old.TryRLock() { // fails once the publisher waits
				old.RUnlock()
				runtime.Gosched()
			}
			var successor net.Conn
			for range takeovers {
				successor = dial(t, b.Addr(), connectKept[version])
				next(t, successor)
			}
			old.RUnlock()
			if n := awaitMarked(t, successor, 1); n != 1 {
				t.Errorf("version %d, takeover %d: it came %d times", version, takeovers, n)
			}
		}
	}
}

// While messages come without a pause each of many connections takes the session over
// from the one before. All messages arrive, and CONNACK comes before any of them.
func TestNothingIsLostOverManyTakeovers(t *testing.T) {
	const messages, takeovers = 2000, 20
	b := start(t, broker.Config{})
	came := make(map[uint16]bool)
	var mu sync.Mutex
	all := make(chan struct{})
	// serve acknowledges all that comes, until the connection is taken over.
	serve := func(conn net.Conn) {
		head := make([]byte, 2)
		for {
			if _, err := io.ReadFull(conn, head); err != nil {
				return
			}
			body := make([]byte, head[1])
			if _, err := io.ReadFull(conn, body); err != nil {
				return
			}
			if head[0]>>4 != 3 {
				continue
			}
			mu.Lock()
			if number := binary.BigEndian.Uint16(body[5:]); !came[number] {
				came[number] = true
				if len(came) == messages {
					close(all)
				}
			}
			mu.Unlock()
			_, _ = conn.Write([]byte{0x40, 2, body[3], body[4]}) // an error means that it was taken over
		}
	}
	var served sync.WaitGroup
	conn := subscribeKept(t, b, 4, 1)
	served.Go(func() { serve(conn) })
	publisher := dial(t, b.Addr(), connect311)
	next(t, publisher)
	served.Go(func() {
		for i := range uint16(messages) {
			id := i + 1
			if _, err := publisher.Write([]byte{0x32, 7, 0, 1, 'a', byte(id >> 8), byte(id), byte(i >> 8), byte(i)}); err != nil {
				t.Errorf("publish: %v", err)
				return
			}
			if _, err := io.ReadFull(publisher, make([]byte, 4)); err != nil {
				t.Errorf("PUBACK: %v", err)
				return
			}
		}
	})
	for range takeovers {
		conn := dial(t, b.Addr(), connectKept[4])
		if kind, _ := next(t, conn); kind != 2 {
			t.Fatalf("the first packet is of type %d, want CONNACK", kind)
		}
		served.Go(func() { serve(conn) })
	}
	select {
	case <-all:
	case <-time.After(20 * time.Second):
		mu.Lock()
		t.Errorf("%d of %d messages came", len(came), messages)
		mu.Unlock()
	}
	_ = b.Close(t.Context())
	served.Wait()
}
