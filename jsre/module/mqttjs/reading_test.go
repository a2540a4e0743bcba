package mqttjs_test

import (
	"bytes"
	"testing"

	"dunlin/mqtt/mqtttest"
)

// A message above the limit is left out by its length, with one error: the packets in its payload are
// no packets, and the next message comes.
func TestTooLargeMessageIsLeftOut(t *testing.T) {
	forged := bytes.Repeat([]byte("\x30\x06\x00\x01fbad"), 20<<20/8)
	for name, c := range map[string]struct {
		options string
		payload []byte
		want    string
	}{
		"default limit": {"", forged, "error publish packet of 20971523 bytes: the option maxPacketBytes takes at most 16777216"},
		"own limit":     {"maxPacketBytes: 10", forged[:64], "error publish packet of 67 bytes: the option maxPacketBytes takes at most 10"},
	} {
		t.Run(name, func(t *testing.T) {
			server := mqtttest.NewServer(t)
			s := start(t, server.Addr(), `
const c = mqtt.connect(URL, {reconnectPeriod: 0, `+c.options+`});
c.on('message', (topic, m) => print(topic, m.length));
c.on('error', e => print('error', e.message));`)
			conn := server.Accept()
			conn.Accept()
			conn.Send("30 03 000161")
			conn.SendBytes(publishBytes(c.payload))
			conn.Send("30 04 00016162")
			conn.Close()
			s.want("a 0", c.want, "a 1")
		})
	}
}

// publishBytes is a PUBLISH of QoS 0 to topic a.
func publishBytes(payload []byte) []byte {
	b, n := []byte{0x30}, 3+len(payload)
	for ; n >= 0x80; n >>= 7 {
		b = append(b, byte(n)|0x80)
	}
	return append(append(b, byte(n), 0, 1, 'a'), payload...)
}

// A script that raises the limit gets the whole message, as it does when it has told the server a larger one.
func TestLimitOfPackets(t *testing.T) {
	for _, options := range []string{"maxPacketBytes: 18e6", "protocolVersion: 5, properties: {maximumPacketSize: 18e6}"} {
		server := mqtttest.NewServer(t)
		s := start(t, server.Addr(), `
const c = mqtt.connect(URL, {reconnectPeriod: 0, `+options+`});
c.on('message', (topic, m) => print(topic, m.length));
c.on('error', e => print('error', e.message));`)
		conn := server.Accept()
		conn.Accept()
		conn.SendBytes(publishBytes(make([]byte, 17<<20)))
		conn.Close()
		want := "a 17825792"
		if options[0] == 'p' {
			want = "a 17825791" // the first byte says that there are no properties
		}
		s.want(want)
	}
	start(t, "127.0.0.1:1", `
for (const n of [0, 'a', 268435456]) try { mqtt.connect(URL, {maxPacketBytes: n}); } catch (e) { print(e.name); }`).want(
		"RangeError", "TypeError", "RangeError")
}

// A packet that is wrong inside is left out by its length, wherever it is cut.
func TestMalformedPacketIsLeftOut(t *testing.T) {
	for name, mode := range map[string]mqtttest.WriteMode{"together": mqtttest.Coalesced, "bytewise": mqtttest.Bytewise} {
		t.Run(name, func(t *testing.T) {
			server := mqtttest.NewServer(t)
			s := start(t, server.Addr(), `
const c = mqtt.connect(URL, {reconnectPeriod: 0});
c.on('message', (topic, m) => print(topic, String(m)));
c.on('error', e => print('error', e.message));`)
			conn := server.Accept()
			conn.Accept()
			conn.SetWriteMode(mode)
			conn.Send("30 04 00016131", "36 0D 0001610001 3006000162626164", "30 04 00016132", "30 03 0009 61", "30 04 00016133")
			conn.Close()
			s.want("a 1", "error Packet must not have both QoS bits set to 1", "a 2", "error Cannot parse topic", "a 3")
		})
	}
}

// Where the length of a packet is in doubt, nothing more of the connection is read: it ends with one
// error, and the next one is made.
func TestBrokenLengthEndsTheConnection(t *testing.T) {
	for name, c := range map[string]struct{ bytes, want string }{
		"length":                 {"30 FF FF FF FF 01", "Invalid variable byte integer"},
		"reserved type":          {"00 00", "Not supported"},
		"flags":                  {"41 02 0001", "Invalid header flag bits, must be 0x0 for puback packet"},
		"answer above the limit": {"90 C8 01 0001", "suback packet of 200 bytes: the option maxPacketBytes takes at most 100"},
	} {
		t.Run(name, func(t *testing.T) {
			server := mqtttest.NewServer(t)
			s := start(t, server.Addr(), `
const c = mqtt.connect(URL, {reconnectPeriod: 1, maxPacketBytes: 100});
c.on('message', (topic, m) => { print(topic, String(m)); if (topic === 'end') c.end(true); });
for (const e of ['connect', 'offline', 'close', 'reconnect']) c.on(e, () => print(e));
c.on('error', e => print('error', e.message));`)
			conn := server.Accept()
			conn.Accept()
			conn.SetWriteMode(mqtttest.Coalesced)
			conn.Send("30 04 00016131", c.bytes, "30 06 000162626164", "00 00")
			conn.ExpectClosed()
			conn.Close()
			conn = server.Accept()
			conn.Accept()
			conn.Send("30 05 0003656E64")
			conn.ExpectClosed()
			conn.Close()
			s.want("connect", "a 1", "error "+c.want, "offline", "close", "reconnect", "connect", "end ", "close")
		})
	}
}
