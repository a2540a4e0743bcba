package mqttjs_test

import (
	"strings"
	"testing"

	"dunlin/mqtt/mqtttest"
)

// A message is acknowledged when its loop asks for the next one, not before.
func TestLoopAcknowledges(t *testing.T) {
	server := mqtttest.NewServer(t)
	s := start(t, server.Addr(), `
const c = mqtt.connect(URL, {clientId: 'c'});
c.once('connect', async () => {
  for await (const m of c.messages('a', {qos: 2})) {
    print(String(m.payload));
    await c.publishAsync('at', m.payload);
    if (String(m.payload) === '3') break;
  }
});
c.on('close', () => c.end(true));`)
	conn := server.Accept()
	conn.Accept()
	conn.Packet()
	conn.Send("32 06 000161 0001 31", "34 06 000161 0002 32", "62 02 0002", "32 06 000161 0003 33", "32 06 000162 0004 34", "32 06 000161 0005 35")
	conn.Expect("50 02 0002", "40 02 0004") // nobody's, which waits for no loop
	conn.Expect("30 05 00026174 31", "40 02 0001", "30 05 00026174 32", "70 02 0002", "30 05 00026174 33")
	conn.Packet() // UNSUBSCRIBE
	conn.Close()
	s.want("1", "2", "3")
}

// A loop that is left by an exception that nobody catches acknowledges neither the message that it was at
// nor those that waited for it; the script goes on, because it listens to such exceptions.
func TestLoopThatThrowsDoesNotAcknowledge(t *testing.T) {
	for _, event := range []string{"uncaughtException", "unhandledRejection"} {
		server := mqtttest.NewServer(t)
		s := start(t, server.Addr(), `
process.on('`+event+`', e => print(e.message));
const c = mqtt.connect(URL, {clientId: 'c'});
c.once('connect', async () => {
  for await (const m of c.messages('a', {qos: 1})) if (String(m.payload) === '2') throw new Error('no');
});
c.on('close', () => c.end(true));`)
		conn := server.Accept()
		conn.Accept()
		conn.Packet()
		conn.SendBytes([]byte("\x32\x06\x00\x01a\x00\x011\x32\x06\x00\x01a\x00\x022\x32\x06\x00\x01a\x00\x033"))
		conn.Expect("40 02 0001")
		unsubscribe := conn.Packet()
		if unsubscribe[0] != 0xA2 {
			t.Errorf("the client sent % X, want UNSUBSCRIBE", unsubscribe)
		}
		conn.Send("32 06 000161 0004 34")
		conn.Expect("40 02 0004")
		conn.Close()
		s.want("no")
	}
}

// A message of QoS 2 is given to a loop once, though the connection is lost before the loop has done with
// it, and is acknowledged on the next one.
func TestLoopAndQoS2AcrossConnections(t *testing.T) {
	for name, c := range map[string]struct {
		when string // the loop asks for the next message
		late bool
	}{"without a connection": {"close", false}, "on the next one": {"message", true}} {
		t.Run(name, func(t *testing.T) {
			server := mqtttest.NewServer(t)
			s := start(t, server.Addr(), `
const c = mqtt.connect(URL, {clientId: 'c', clean: false, reconnectPeriod: 1, messageIdProvider: new mqtt.UniqueMessageIdProvider()});
let closes = 0;
c.on('close', () => { if (++closes === 2) c.end(true); });
c.once('connect', async () => {
  for await (const m of c.messages('a', {qos: 2})) {
    print(String(m.payload));
    c.publish('at', m.payload);
    await new Promise(done => c.once('`+c.when+`', done));
  }
});`)
			conn := server.Accept()
			conn.Accept()
			conn.Packet()
			conn.Send("90 03 0001 02", "34 06 000161 0007 31")
			conn.Expect("50 02 0007")
			conn.Send("62 02 0007")
			conn.Expect("30 05 00026174 31")
			conn.Close()
			conn = server.Accept()
			conn.Packet()
			conn.Send("20 02 0100", "62 02 0007")
			if c.late {
				conn.Send("30 03 000162")
			}
			conn.Expect("70 02 0007")
			conn.Close()
			s.want("1")
		})
	}
}

// A loop that takes its time gets all messages, however many come: what does not fit waits at the server.
func TestSlowLoopGetsAll(t *testing.T) {
	const messages = 150_000
	server := mqtttest.NewServer(t)
	s := start(t, server.Addr(), `
const c = mqtt.connect(URL, {reconnectPeriod: 0});
let come = 0, had = 0;
c.on('message', () => come++);
c.on('error', e => print(e.message));
(async () => {
  for await (const m of c.messages('a')) if (++had % 10_000 === 0) await new Promise(setImmediate);
  print(had, come);
})();
const slow = setInterval(() => {}, 1000);
c.on('close', () => { clearInterval(slow); c.end(); });`)
	conn := server.Accept()
	conn.Accept()
	conn.Packet()
	for range messages / 1000 {
		conn.SendBytes([]byte(strings.Repeat("\x30\x04\x00\x01a1", 1000)))
	}
	conn.Close()
	s.want("150000 150000")
}

// While a loop holds up the reading, what it waits for itself is found: acknowledgements behind MiBs of messages
// at once, which would take a second each otherwise, and another message when nothing was taken for a second.
func TestLoopThatWaitsForTheServer(t *testing.T) {
	const acks = 6
	server := mqtttest.NewServer(t)
	s := start(t, server.Addr(), `
const c = mqtt.connect(URL, {clientId: 'c', messageIdProvider: new mqtt.UniqueMessageIdProvider()});
c.handle('reply', () => c.emit('reply'));
let n = 0;
c.once('connect', async () => {
  const begin = Date.now();
  for await (const m of c.messages('a')) {
    if (++n <= 6) await c.publishAsync('ask', 'q', {qos: 1});
    if (n === 6) print(Date.now() - begin < 5000);
    if (n === 7) { c.publish('ask', '2'); await new Promise(done => c.once('reply', done)); print('reply'); }
  }
});
c.on('end', () => print('all', n));
c.on('close', () => c.end());`)
	conn := server.Accept()
	conn.Accept()
	conn.Packet()
	conn.Packet()
	conn.Send("90 03 0001 00", "90 03 0002 00")
	large := publishBytes(make([]byte, 1<<20))
	send := func(n int) {
		for range n {
			conn.SendBytes(large)
		}
	}
	send(1)
	for i := range acks {
		ask := conn.Packet()
		send(max(1, 4*(1-i)))
		conn.SendBytes(append([]byte{0x40, 2}, ask[7:9]...))
	}
	conn.Expect("30 06 000361736B 32")
	send(4)
	conn.Send("30 07 00057265706C79")
	conn.Close()
	s.want("true", "reply", "all 14")
}

// A loop that takes nothing for a second does not keep others from theirs for ever: beyond 16 MiB its messages
// are dropped, which is told, and not acknowledged.
func TestLoopThatTakesNothing(t *testing.T) {
	server := mqtttest.NewServer(t)
	s := start(t, server.Addr(), `
const c = mqtt.connect(URL, {clientId: 'c', messageIdProvider: new mqtt.UniqueMessageIdProvider()});
c.on('error', e => { print(e.code, e.message); });
let go, n = 0;
c.handle('go', () => go());
c.once('connect', async () => {
  for await (const m of c.messages('a')) {
    n++;
    if (n === 1) await new Promise(done => { go = done; });
  }
});
c.on('end', () => setTimeout(() => print('had', n), 20)); // behind the last error
c.on('close', () => c.end());`)
	conn := server.Accept()
	conn.Accept()
	conn.Packet()
	conn.Packet()
	conn.Send("90 03 0001 00", "90 03 0002 01")
	large := publishBytes(make([]byte, 1<<20))
	for range 20 {
		conn.SendBytes(large)
	}
	conn.Send("32 06 000161 0007 37", "32 06 0002676F 0008")
	conn.Expect("40 02 0008")
	conn.Close()
	s.want("ENOBUFS messages: the loops have taken no message for 1s, and 16 MiB wait for them: further ones are dropped until they do",
		"ENOBUFS messages: 4 messages were dropped because the loops took none; those of QoS 1 and 2 come again with the next connection", "had 17")
}
