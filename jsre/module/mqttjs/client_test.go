package mqttjs_test

import (
	"testing"

	"dunlin/jsre/module/mqtt"
	dunlin "dunlin/mqtt"
	"dunlin/mqtt/mqtttest"
)

// The three qualities of service, a subscription and an end, with what the callbacks get.
func TestFirstSteps(t *testing.T) {
	b := broker(t)
	start(t, b.Addr(), `
const c = mqtt.connect(URL, {messageIdProvider: new mqtt.UniqueMessageIdProvider()});
for (const e of ['connect', 'close', 'end', 'offline', 'error']) c.on(e, p => print(e, c.connected, p ? p.returnCode : ''));
c.on('message', (topic, payload, packet) => {
  print(topic, payload.toString(), packet.qos, packet.cmd);
  if (topic === 'a/2') c.end(() => print('ended'));
});
c.on('connect', () => c.subscribe('a/#', {qos: 1}, (err, granted) => {
  print(err, JSON.stringify(granted));
  c.publish('a/0', 'zero', (...a) => print('0', a.length));
  c.publish('a/1', 'one', {qos: 1}, (err, p) => print('1', err, JSON.stringify(p)));
  c.publish('a/2', Buffer.from('two'), {qos: 2}, (err, p) => print('2', err, JSON.stringify(p)));
}));`).want(
		"connect true 0", `null [{"topic":"a/#","qos":1}]`, "0 0",
		"a/0 zero 0 publish", "a/1 one 1 publish",
		`1 null {"cmd":"publish","topic":"a/1","payload":"one","qos":1,"retain":false,"messageId":1,"dup":false}`,
		"a/2 two 1 publish", `2 null {"cmd":"pubrel","qos":2,"messageId":2}`,
		"close false ", "end false ", "ended")
}

// What is published and subscribed before there is a connection comes in the order of MQTT.js: what is
// kept in the store, each behind the acknowledgement of the one before, then the queue.
func TestWhatWaitsForAConnection(t *testing.T) {
	server := mqtttest.NewServer(t)
	s := start(t, server.Addr(), `
const c = mqtt.connect(URL, {clientId: 'c', messageIdProvider: new mqtt.UniqueMessageIdProvider()});
c.publish('q', '0', () => print('q sent'));
c.publish('r', '1', {qos: 1}, () => print('r acknowledged'));
c.publish('s', '2', {qos: 1}, () => print('s acknowledged'));
c.subscribe('t', () => { print('subscribed'); c.end(); });
c.on('connect', () => print('connect'));`)
	conn := server.Accept()
	conn.Accept()
	conn.Expect("32 06 000172 0001 31")
	conn.Send("40 02 0001")
	conn.Expect("32 06 000173 0002 32")
	conn.Send("40 02 0002")
	conn.Expect("30 04 000171 30", "82 06 0003 000174 00")
	conn.Send("90 03 0003 00")
	conn.Expect("E0 00")
	conn.ExpectClosed()
	conn.Close()
	s.want("r acknowledged", "s acknowledged", "q sent", "connect", "subscribed")
}

// A message without an acknowledgement is sent again, in a kept session as a duplicate with its
// identifier; subscriptions are renewed when the session is lost.
func TestSentAgainAfterALostConnection(t *testing.T) {
	for name, c := range map[string]struct{ connack, publish string }{
		"kept session": {"20 02 0100", "3A 06 000161 0001 78"},
		"lost session": {"20 02 0000", "32 06 000161 0001 78"},
	} {
		t.Run(name, func(t *testing.T) {
			server := mqtttest.NewServer(t)
			s := start(t, server.Addr(), `
const c = mqtt.connect(URL, {clientId: 'c', clean: false, reconnectPeriod: 1, messageIdProvider: new mqtt.UniqueMessageIdProvider()});
for (const e of ['connect', 'offline', 'close', 'reconnect']) c.on(e, () => print(e));
c.once('connect', () => {
  c.publish('a', 'x', {qos: 1}, (err, p) => { print(err, p.dup); c.end(); });
});`)
			conn := server.Accept()
			conn.Accept()
			conn.Expect("32 06 000161 0001 78")
			conn.Close()
			conn = server.Accept()
			conn.Packet()
			conn.Send(c.connack)
			conn.Expect(c.publish)
			conn.Send("40 02 0001")
			conn.Expect("E0 00")
			conn.ExpectClosed()
			conn.Close()
			s.want("connect", "offline", "close", "reconnect", "null false", "connect", "close")
		})
	}
}

// Subscriptions are renewed, in MQTT 5 each in a packet of its own.
func TestRenewedSubscriptions(t *testing.T) {
	server := mqtttest.NewServer(t)
	s := start(t, server.Addr(), `
const c = mqtt.connect(URL, {clientId: 'c', protocolVersion: 5, reconnectPeriod: 1, messageIdProvider: new mqtt.UniqueMessageIdProvider()});
c.once('connect', () => c.subscribe({a: {qos: 1}, b: {qos: 2, nl: true}}, err => print(err)));
c.on('message', () => c.end(true));`)
	conn := server.Accept()
	conn.Accept()
	conn.Expect("82 0B 0001 00 000161 01 000162 06")
	conn.Send("90 05 0001 00 01 02")
	conn.Close()
	conn = server.Accept()
	conn.Accept()
	conn.Expect("82 07 0001 00 000161 01", "82 07 0002 00 000162 06")
	conn.Send("30 04 000161 00")
	conn.ExpectClosed()
	conn.Close()
	s.want("null")
}

// An end before the connection stands leaves nothing behind that keeps the script going.
func TestEndBeforeTheConnectionStands(t *testing.T) {
	server := mqtttest.NewServer(t)
	start(t, server.Addr(), `
const c = mqtt.connect(URL);
for (const e of ['connect', 'close', 'end', 'error']) c.on(e, () => print(e));
c.end(() => print('ended'));`).want("end", "ended")
}

// A listener that throws leaves its message to the server, and the next ones come all the same.
func TestThrowingListener(t *testing.T) {
	server := mqtttest.NewServer(t)
	s := start(t, server.Addr(), `
process.on('uncaughtException', e => print('caught', e.message));
const c = mqtt.connect(URL, {clientId: 'c', reconnectPeriod: 0});
c.on('message', (t, m, p) => { print(p.messageId); if (p.messageId === 7) throw new Error('no'); });`)
	conn := server.Accept()
	conn.Accept()
	conn.SendBytes([]byte("\x32\x05\x00\x01t\x00\x07\x32\x05\x00\x01t\x00\x08"))
	conn.Expect("40 02 0008")
	conn.Close()
	s.want("7", "caught no", "8")
}

// A message of QoS 2 that comes twice before its PUBREL is given to the script once.
func TestQoS2OnceOnly(t *testing.T) {
	server := mqtttest.NewServer(t)
	s := start(t, server.Addr(), `
const c = mqtt.connect(URL, {clientId: 'c', clean: false, reconnectPeriod: 1});
c.on('message', (t, m) => { print(String(m)); c.end(); });`)
	conn := server.Accept()
	conn.Accept()
	conn.Send("34 06 000174 0007 78")
	conn.Expect("50 02 0007")
	conn.Close()
	conn = server.Accept()
	conn.Packet()
	conn.Send("20 02 0100", "3C 06 000174 0007 78")
	conn.Expect("50 02 0007")
	conn.Send("62 02 0007")
	conn.Expect("E0 00", "70 02 0007")
	conn.Close()
	s.want("x")
}

// The host's mode holds for this API, too.
func TestMode(t *testing.T) {
	b := broker(t)
	startWith(t, modules(mqtt.Options{Mode: dunlin.ModeListener}), b.Addr(), `
const c = mqtt.connect(URL);
c.on('connect', () => c.publish('a', 'b', err => { print(err.code); c.end(); }));
try { mqtt.connect(URL, {will: {topic: 'a'}, reconnectPeriod: 0}); } catch (e) { print(e.code, e.message); }`).want(
		"EPERM connect: a will is not permitted in mode listener", "EPERM")
	startWith(t, modules(mqtt.Options{Mode: dunlin.ModeOff}), b.Addr(), `
try { mqtt.connect(URL); } catch (e) { print(e.code); }`).want("EPERM")
}

// The host's redirection holds for this API, too.
func TestRedirect(t *testing.T) {
	b := broker(t)
	o := modules(mqtt.Options{Redirect: func(address string) (string, bool) {
		if address != "lamp.example:8883" {
			t.Errorf("asked for %s", address)
		}
		return b.Addr(), true
	}})
	startWith(t, o, b.Addr(), `
const c = mqtt.connect('mqtts://lamp.example');
c.on('connect', () => { print('connect'); c.end(); });`).want("connect")
}

// An end that waits for a subscription goes on when the connection is lost, for then the subscription has its outcome.
func TestEndWaitsForASubscription(t *testing.T) {
	server := mqtttest.NewServer(t)
	s := start(t, server.Addr(), `
const c = mqtt.connect(URL, {clientId: 'c'});
for (const e of ['close', 'end', 'offline', 'outgoingEmpty']) c.on(e, () => print(e));
c.on('connect', () => { c.subscribe('a', e => print(e.message)); c.end(() => print('ended')); });`)
	conn := server.Accept()
	conn.Accept()
	conn.Packet() // SUBSCRIBE
	conn.Close()
	s.want("outgoingEmpty", "close", "Connection closed", "end", "ended")
}

// Nothing but CONNACK, and AUTH before it, may come first.
func TestPacketsBeforeConnack(t *testing.T) {
	for _, first := range []string{"40 02 0001", "D0 00", "30 03 000161", "90 03 0001 00"} {
		server := mqtttest.NewServer(t)
		s := start(t, server.Addr(), `
const c = mqtt.connect(URL, {clientId: 'c', reconnectPeriod: 0});
for (const e of ['connect', 'message', 'close']) c.on(e, () => print(e));
c.on('error', e => print(e.code, e.message.replace(/: \w+/, '')));`)
		conn := server.Accept()
		conn.Packet()
		conn.Send(first)
		conn.ExpectClosed()
		conn.Close()
		s.want("130 Protocol error before CONNACK", "close")
	}
}

// What is published while the stored messages go out again follows them, with an identifier of its own.
func TestPublishedWhileTheSessionIsResumed(t *testing.T) {
	server := mqtttest.NewServer(t)
	s := start(t, server.Addr(), `
const c = mqtt.connect(URL, {clientId: 'c', messageIdProvider: new mqtt.UniqueMessageIdProvider()});
c.publish('a', '1', {qos: 1}, () => {
  c.publish('c', '3', {qos: 1}, () => { print('3'); c.end(); });
  c.publish('d', '4');
  print('1', c.connected);
});
c.publish('b', '2', {qos: 1}, () => print('2'));
c.on('connect', () => print('connect'));`)
	conn := server.Accept()
	conn.Accept()
	conn.Expect("32 06 000161 0001 31")
	conn.Send("40 02 0001")
	conn.Expect("32 06 000162 0002 32")
	conn.Send("40 02 0002")
	conn.Expect("32 06 000163 0003 33")
	conn.Send("40 02 0003")
	conn.Expect("30 04 000164 34", "E0 00")
	conn.ExpectClosed()
	conn.Close()
	s.want("1 true", "2", "3", "connect")
}

// A client that is told to connect again before its transport has closed does so behind it.
func TestReconnectWhileTheTransportCloses(t *testing.T) {
	server := mqtttest.NewServer(t)
	s := start(t, server.Addr(), `
const c = mqtt.connect(URL, {clientId: 'c', reconnectPeriod: 0});
let n = 0;
for (const e of ['connect', 'reconnect', 'close', 'end']) c.on(e, () => print(e));
c.on('connect', () => { if (n++) { c.end(); return; } c.stream.destroy(); c.reconnect(); });`)
	conn := server.Accept()
	conn.Accept()
	conn.ExpectClosed()
	conn.Close()
	conn = server.Accept()
	conn.Accept()
	conn.Expect("E0 00")
	conn.ExpectClosed()
	conn.Close()
	s.want("connect", "reconnect", "close", "connect", "close", "end")
}
