package broker_test

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"dunlin/broker"
)

// field returns text as MQTT writes it, with its length before it.
func field(text string) []byte {
	return append(binary.BigEndian.AppendUint16(nil, uint16(len(text))), text...)
}

// packet returns a packet of less than 130 bytes.
func packet(first byte, parts ...[]byte) []byte {
	body := bytes.Join(parts, nil)
	return append([]byte{first, byte(len(body))}, body...)
}

// connectAs is a CONNECT of a client with a clean session; rest is what comes after the client identifier.
func connectAs(version, flags byte, id string, rest ...[]byte) []byte {
	head := append(field("MQTT"), version, flags|2, 0, 60)
	if version == 5 {
		head = append(head, 0)
	}
	return packet(0x10, append([][]byte{head, field(id)}, rest...)...)
}

// publishOf is a PUBLISH with identifier 7 at QoS 1 and 2, and properties in MQTT 5.
func publishOf(version, qos byte, topic string, properties ...byte) []byte {
	head := field(topic)
	if qos > 0 {
		head = append(head, 0, 7)
	}
	if version == 5 {
		head = append(append(head, byte(len(properties))), properties...)
	}
	return packet(0x30|qos<<1, head, []byte("m"))
}

// connected dials, connects and returns the connection after its CONNACK.
func connected(t *testing.T, b *broker.Broker, connect []byte) net.Conn {
	t.Helper()
	conn := dial(t, b.Addr(), connect)
	if _, body := next(t, conn); body[1] != 0 {
		t.Fatalf("CONNECT % x is refused with %#x", connect, body[1])
	}
	return conn
}

// code is the reason code of an acknowledgement.
func code(t *testing.T, body []byte) byte {
	t.Helper()
	if binary.BigEndian.Uint16(body) != 7 {
		t.Fatalf("acknowledgement % x is of another message", body)
	}
	if len(body) < 3 {
		return 0
	}
	return body[2]
}

// A message to a topic that is the server's own is answered, and goes to nobody.
func TestAnswersMessagesToTopicsOfTheServer(t *testing.T) {
	b := start(t, broker.Config{})
	all := connected(t, b, connectAs(4, 0, "all"))
	write(t, all, packet(0x82, []byte{0, 1}, field("$SYS/x"), []byte{0}, field("$share/x"), []byte{0}, field("end"), []byte{0}))
	next(t, all)
	for version, refused := range map[byte]byte{4: 0, 5: 0x87} {
		conn := connected(t, b, connectAs(version, 0, "p"))
		for _, topic := range []string{"$SYS/x", "$sys/x", "$share/g/x"} {
			for qos, kind := range map[byte]byte{1: 4, 2: 5} {
				write(t, conn, publishOf(version, 0, topic))
				write(t, conn, publishOf(version, qos, topic))
				if got, body := next(t, conn); got != kind || code(t, body) != refused {
					t.Errorf("version %d, QoS %d to %s: packet %d with %#x, want %d with %#x", version, qos, topic, got, body[2:], kind, refused)
				}
			}
		}
		write(t, conn, publishOf(version, 1, "$other/x")) // which is as any
		if _, body := next(t, conn); code(t, body) >= 0x80 {
			t.Errorf("version %d: a message to $other/x is refused", version)
		}
		write(t, conn, publishOf(version, 0, "end"))
		if _, body := next(t, all); !bytes.HasPrefix(body, field("end")) {
			t.Errorf("version %d: % x came to a subscriber", version, body)
		}
	}
}

// A topic of the server's is refused under an alias, too, and the alias is known all the same.
func TestRefusesTopicsOfTheServerUnderAnAlias(t *testing.T) {
	b := start(t, broker.Config{})
	conn := connected(t, b, connectAs(5, 0, "p"))
	for _, topic := range []string{"$SYS/x", ""} {
		write(t, conn, publishOf(5, 1, topic, 0x23, 0, 1))
		if _, body := next(t, conn); code(t, body) != 0x87 {
			t.Errorf("a message to %q with the alias is answered with % x", topic, body)
		}
	}
}

func TestTellsThatNobodySubscribes(t *testing.T) {
	b := start(t, broker.Config{})
	subscriber := connected(t, b, connectAs(4, 0, "s"))
	conn := connected(t, b, connectAs(5, 0, "p"))
	for qos := byte(1); qos <= 2; qos++ {
		publish := func(topic string, want byte) {
			t.Helper()
			write(t, conn, publishOf(5, qos, topic))
			if _, body := next(t, conn); code(t, body) != want {
				t.Errorf("QoS %d to %s: % x, want %#x", qos, topic, body, want)
			}
			if qos == 2 {
				write(t, conn, []byte{0x62, 2, 0, 7})
				if _, body := next(t, conn); code(t, body) != 0 {
					t.Errorf("PUBCOMP % x", body)
				}
			}
		}
		for _, filter := range []string{"t/+", "$share/g/t/a"} {
			publish("t/a", 0x10)
			write(t, subscriber, packet(0x82, []byte{0, 1}, field(filter), []byte{0}))
			await(t, subscriber, 9, 1)
			publish("t/a", 0)
			publish("u/a", 0x10)
			write(t, subscriber, packet(0xa2, []byte{0, 2}, field(filter)))
			await(t, subscriber, 11, 2)
		}
	}
	old := connected(t, b, connectAs(4, 0, "o")) // of MQTT 3.1.1, which has no such code
	write(t, old, publishOf(4, 1, "t/a"))
	if got := read(t, old, 4); !bytes.Equal(got, []byte{0x40, 2, 0, 7}) {
		t.Errorf("PUBACK of MQTT 3.1.1: % x", got)
	}
}

// What a message has of an expiry arrives as it was, and one that has none gets none.
func TestAddsNoExpiry(t *testing.T) {
	b := start(t, broker.Config{})
	subscriber := connected(t, b, connectAs(5, 0, "s"))
	write(t, subscriber, packet(0x82, []byte{0, 1, 0}, field("t"), []byte{0}))
	next(t, subscriber)
	conn := connected(t, b, connectAs(5, 0, "p"))
	month := []byte{2, 0, 0x27, 0x8d, 0} // 2,592,000 s
	for _, properties := range [][]byte{nil, month} {
		write(t, conn, publishOf(5, 0, "t", properties...))
		_, body := next(t, subscriber)
		got := body[4 : 4+int(body[3])]
		if len(properties) == 0 && len(got) > 0 || len(properties) > 0 && (len(got) != 5 || binary.BigEndian.Uint32(got[1:])+5 < 2_592_000) {
			t.Errorf("published with properties % x, arrives with % x", properties, got)
		}
	}
}

// An empty password, an empty user name and an empty will are as legal as none.
func TestTakesWhatIsEmpty(t *testing.T) {
	b := start(t, broker.Config{})
	guarded := start(t, broker.Config{Users: []broker.User{{Name: "ann"}, {Name: "bob", Password: "builder"}}})
	for version := byte(4); version <= 5; version++ {
		connected(t, b, connectAs(version, 0xc0, "a", field("u"), field("")))
		connected(t, b, connectAs(version, 0xc0, "b", field(""), field("")))
		connected(t, b, connectAs(version, 0x80, "c", field("")))
		connected(t, guarded, connectAs(version, 0xc0, "d", field("ann"), field("")))
		conn := dial(t, guarded.Addr(), connectAs(version, 0xc0, "e", field("bob"), field("")))
		if _, body := next(t, conn); body[1] == 0 {
			t.Error("an empty password was taken for another")
		}
	}
	connected(t, b, connectAs(5, 0x40, "f", field("")))
	conn := dial(t, b.Addr(), connectAs(4, 0x40, "g", field(""))) // a password without a user is not [MQTT-3.1.2-22]
	if got, err := io.ReadAll(conn); len(got) > 0 {
		t.Errorf("MQTT 3.1.1, a password without a user: % x, %v, want the end of the connection", got, err)
	}
}

func TestEmptyWill(t *testing.T) {
	b := start(t, broker.Config{})
	subscriber := connected(t, b, connectAs(4, 0, "s"))
	write(t, subscriber, packet(0x82, []byte{0, 1}, field("gone"), []byte{0}))
	next(t, subscriber)
	cutOff(t, connected(t, b, connectAs(4, 4, "w", field("gone"), field(""))), nil)
	if _, body := next(t, subscriber); !bytes.Equal(body, field("gone")) {
		t.Errorf("% x came, want the will without a payload", body)
	}
}

// A client of MQTT 3.1.1 without an identifier that wants its session kept is refused in its own words [MQTT-3.1.3-8].
func TestRefusesAKeptSessionWithoutAnIdentifier(t *testing.T) {
	b := start(t, broker.Config{})
	conn := dial(t, b.Addr(), packet(0x10, field("MQTT"), []byte{4, 0, 0, 60}, field("")))
	if got, _ := io.ReadAll(conn); !bytes.Equal(got, []byte{0x20, 2, 0, 2}) {
		t.Errorf("% x, want CONNACK 0x02", got)
	}
	assigned := dial(t, b.Addr(), connectAs(5, 0, ""))
	if _, body := next(t, assigned); !strings.Contains(string(body), "\x12\x00\x14") {
		t.Errorf("CONNACK % x, want an identifier of 20 bytes", body)
	}
}

func TestTakesTopicAliases(t *testing.T) {
	b := start(t, broker.Config{})
	subscriber := connected(t, b, connectAs(5, 0, "s"))
	write(t, subscriber, packet(0x82, []byte{0, 1, 0}, field("t"), []byte{0}))
	next(t, subscriber)
	conn := dial(t, b.Addr(), connectAs(5, 0, "p"))
	if _, body := next(t, conn); !bytes.Contains(body[3:], []byte{0x22, 0, 10}) {
		t.Errorf("CONNACK % x announces no 10 topic aliases", body)
	}
	for _, topic := range []string{"t", ""} {
		write(t, conn, publishOf(5, 0, topic, 0x23, 0, 10))
		if _, body := next(t, subscriber); !bytes.Equal(body, append(field("t"), 0, 'm')) {
			t.Errorf("a message to %q with an alias arrives as % x", topic, body)
		}
	}
	for properties, want := range map[string]byte{"\x23\x00\x01": 0x82, "\x23\x00\x0b": 0x94} { // not known, and too much
		conn := connected(t, b, connectAs(5, 0, "q"))
		write(t, conn, publishOf(5, 0, "", []byte(properties)...))
		if kind, body := next(t, conn); kind != 14 || body[0] != want {
			t.Errorf("alias % x: packet %d % x, want DISCONNECT %#x", properties, kind, body, want)
		}
	}
}

// A connection lasts one and a half times its keep alive, whatever that is.
func TestKeepAlive(t *testing.T) {
	t.Parallel() // it waits for most of its time
	b := start(t, broker.Config{})
	long := connected(t, b, packet(0x10, field("MQTT"), []byte{4, 2, 43691 >> 8, 43691 & 0xff}, field("long")))
	began := time.Now()
	short := connected(t, b, packet(0x10, field("MQTT"), []byte{4, 2, 0, 1}, field("short")))
	if rest, err := io.ReadAll(short); err != nil || len(rest) > 0 {
		t.Errorf("% x, %v, want the end", rest, err)
	}
	if lasted := time.Since(began); lasted < 1500*time.Millisecond {
		t.Errorf("the connection with a keep alive of 1 s lasted %v, want 1.5s", lasted)
	}
	write(t, long, []byte{0xc0, 0})
	if got := read(t, long, 2); !bytes.Equal(got, []byte{0xd0, 0}) {
		t.Errorf("% x, want PINGRESP", got)
	}
}

// Topics that begin with $ are not for filters that begin with a wildcard, shared ones neither [MQTT-4.7.2-1].
func TestSharedWildcardsLeaveTopicsOfTheServerAlone(t *testing.T) {
	b := start(t, broker.Config{})
	subscriber := connected(t, b, connectAs(4, 0, "s"))
	write(t, subscriber, packet(0x82, []byte{0, 1}, field("$share/g/#"), []byte{0}, field("$share/h/$x/#"), []byte{0}))
	next(t, subscriber)
	conn := connected(t, b, connectAs(4, 0, "p"))
	for _, topic := range []string{"$other/x", "$x/y", "end"} {
		write(t, conn, publishOf(4, 0, topic))
	}
	for _, want := range []string{"$x/y", "end"} {
		if _, body := next(t, subscriber); !bytes.HasPrefix(body, field(want)) {
			t.Errorf("% x came, want a message to %s", body, want)
		}
	}
}
