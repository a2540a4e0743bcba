package mqttjs_test

import (
	"testing"

	"dunlin/mqtt/mqtttest"
)

// With MQTT 5 a server sends a message for each filter that matches: each handler and each loop has its
// own once. With MQTT 3.1.1 Mosquitto sends one, and all have that.
func TestOverlappingFilters(t *testing.T) {
	b := broker(t)
	for _, version := range []string{"5", "4"} {
		start(t, b.Addr(), `
const c = mqtt.connect(URL, {protocolVersion: `+version+`});
const counts = {};
const count = name => { counts[name] = (counts[name] || 0) + 1; };
for (const f of ['T/#', 'T/+', '#', 'T/a']) c.handle(f, {qos: 1}, () => count('handle ' + f));
for (const f of ['T/#', 'T/+', '+/a']) (async () => { for await (const m of c.messages(f)) count('loop ' + f); })();
c.subscribe('+/+', {properties: {subscriptionIdentifier: 5}});
c.subscribe('end', async () => {
  for (let i = 0; i < 10; i++) await c.publishAsync('T/a', 'x', {qos: 1});
  c.publish('end', '');
});
c.on('message', t => { if (t === 'end') c.end(); });
c.on('end', () => { for (const k of Object.keys(counts).sort()) print(k, counts[k]); });`).want(
			"handle # 11", "handle T/# 10", "handle T/+ 10", "handle T/a 10", "loop +/a 10", "loop T/# 10", "loop T/+ 10")
	}
}

// Where the server has no subscription identifiers, none is sent, and handlers go by the topic.
func TestServerWithoutSubscriptionIdentifiers(t *testing.T) {
	server := mqtttest.NewServer(t)
	s := start(t, server.Addr(), `
const c = mqtt.connect(URL, {protocolVersion: 5, clientId: 'c', reconnectPeriod: 1, messageIdProvider: new mqtt.UniqueMessageIdProvider()});
c.handle('a/#', t => print('all', t));
c.handle('a/+', t => { print('one', t); c.end(true); });`)
	conn := server.Accept()
	conn.Packet()
	conn.Send("20 05 00 00 02 29 00")
	conn.Expect("82 09 0001 00 0003612F23 00", "82 09 0002 00 0003612F2B 00")
	conn.Send("90 04 0001 00 00", "90 04 0002 00 00")
	conn.Send("30 06 0003612F62 00")
	conn.ExpectClosed()
	conn.Close()
	s.want("all a/b", "one a/b")
}

// The copy that a handler is told of follows what happens to its subscription: it is another one's as
// long as the server has the handler's own.
func TestCopiesOfAHandler(t *testing.T) {
	server := mqtttest.NewServer(t)
	s := start(t, server.Addr(), `
const c = mqtt.connect(URL, {protocolVersion: 5, clientId: 'c', reconnectPeriod: 1, messageIdProvider: new mqtt.UniqueMessageIdProvider()});
c.handle('a', {qos: 1}, (t, m) => print('handler', String(m)));
c.once('connect', () => c.subscribe('+'));
c.on('message', (t, m) => {
  if (String(m) === '3') setImmediate(() => c.subscribe({a: {qos: 2}, b: {qos: 0}})); // in one packet, which has no identifier of a's own
  if (String(m) === '5') c.end(true);
});`)
	conn := server.Accept()
	conn.Accept()
	conn.Expect("82 0C 0001 05 0B FFFFFF7F 000161 01", "82 07 0002 00 00012B 00")
	conn.Send("90 04 0001 00 01", "90 04 0002 00 00")
	conn.Send("30 0A 000161 05 0B FFFFFF7F 31", "30 05 000161 00 32", "30 05 000161 00 33")
	conn.Expect("82 0B 0001 00 000161 02 000162 00")
	conn.Send("90 05 0001 00 02 00", "30 05 000161 00 34", "30 05 000161 00 35")
	conn.ExpectClosed()
	conn.Close()
	s.want("handler 1", "handler 4", "handler 5")
}

// A topic that begins with $ does not match a filter that begins with a wildcard [MQTT-4.7.2-1].
func TestDollarTopics(t *testing.T) {
	server := mqtttest.NewServer(t)
	s := start(t, server.Addr(), `
const c = mqtt.connect(URL);
for (const f of ['#', '+/a', '$S/#', '$S/+', '$share/g/#', '$share/g/$S/a']) c.handle(f, t => print(f, t));
(async () => { for await (const m of c.messages('+/#')) print('loop', m.topic); })();
c.on('message', t => { if (t === 'end') c.end(true); });`)
	conn := server.Accept()
	conn.Accept()
	conn.Send("30 06 0004 24532F61", "30 05 0003 656E64")
	conn.Close()
	s.want("$S/# $S/a", "$S/+ $S/a", "$share/g/$S/a $S/a", "# end", "$share/g/# end", "loop end")
}

// Nobody else wants the filter any more: it is unsubscribed when the function that handle returned is
// called, and when a loop is left. It stays for another handler, and when the script has subscribed to it.
func TestUnsubscribedWhenNobodyWants(t *testing.T) {
	server := mqtttest.NewServer(t)
	s := start(t, server.Addr(), `
const c = mqtt.connect(URL, {clientId: 'c', messageIdProvider: new mqtt.UniqueMessageIdProvider()});
c.once('connect', async () => {
  const off = c.handle('a', () => 0), other = c.handle('a', () => 0);
  c.subscribe('b');
  const offB = c.handle('b', () => 0);
  off(); off(); offB();
  for await (const m of c.messages('c')) break;
  c.publish('next', '');
  for await (const m of c.messages('c')) break; // at once: the subscription stays
  other();
});
c.on('close', () => c.end(true));`)
	conn := server.Accept()
	conn.Accept()
	conn.Expect("82 06 0001 000161 00", "82 06 0002 000162 00", "82 06 0003 000163 00")
	conn.Send("90 03 0001 00", "90 03 0002 00", "90 03 0003 00", "30 03 000163")
	conn.Expect("30 06 00046E657874")
	conn.Send("30 03 000163")
	conn.Expect("A2 05 0001 000163", "A2 05 0002 000161")
	conn.Close()
	s.want()
}

// What is no filter or no quality of service is refused at once, and nothing is sent.
func TestWrongArgumentsOfHandleAndMessages(t *testing.T) {
	start(t, "127.0.0.1:1", `
const c = mqtt.connect(URL, {manualConnect: true});
for (const f of ['', 'a\0', 'a'.repeat(65536), 'a/#/b', 'a+']) {
  for (const call of ['handle', 'messages']) try { c[call](f, () => 0); print('taken'); } catch (e) { print(e.name, e.message); }
}
for (const qos of [3, 'a']) {
  try { c.handle('a', {qos}, () => 0); print('taken'); } catch (e) { print(e.name, e.message); }
  try { c.messages('a', {qos}); print('taken'); } catch (e) { print(e.name, e.message); }
}`).want(
		"TypeError handle: filter of 0 bytes is none: it has 1 to 65535 of them, and none is zero",
		"TypeError messages: filter of 0 bytes is none: it has 1 to 65535 of them, and none is zero",
		"TypeError handle: filter of 2 bytes is none: it has 1 to 65535 of them, and none is zero",
		"TypeError messages: filter of 2 bytes is none: it has 1 to 65535 of them, and none is zero",
		"TypeError handle: filter of 65536 bytes is none: it has 1 to 65535 of them, and none is zero",
		"TypeError messages: filter of 65536 bytes is none: it has 1 to 65535 of them, and none is zero",
		`TypeError handle: filter "a/#/b" is none: + and # must be whole levels, and # the last one`,
		`TypeError messages: filter "a/#/b" is none: + and # must be whole levels, and # the last one`,
		`TypeError handle: filter "a+" is none: + and # must be whole levels, and # the last one`,
		`TypeError messages: filter "a+" is none: + and # must be whole levels, and # the last one`,
		"RangeError handle: options.qos must be from 0 to 2, got 3", "RangeError messages: options.qos must be from 0 to 2, got 3",
		"TypeError handle: options.qos must be a number, got string", "TypeError messages: options.qos must be a number, got string")
}

// A server that has more messages of QoS 2 under way than the client has said it takes is left.
func TestReceiveMaximumOfTheClient(t *testing.T) {
	server := mqtttest.NewServer(t)
	s := start(t, server.Addr(), `
const c = mqtt.connect(URL, {protocolVersion: 5, reconnectPeriod: 0, properties: {receiveMaximum: 1}});
c.on('message', (t, m) => print(String(m)));
c.on('error', e => print(e.message, e.code));`)
	conn := server.Accept()
	conn.Accept()
	conn.Send("34 07 000161 0001 00 31")
	conn.Expect("50 02 0001")
	conn.Send("62 02 0001")
	conn.Expect("70 02 0001")
	conn.Send("34 07 000161 0002 00 32")
	conn.Expect("50 02 0002")
	conn.Send("34 07 000161 0003 00 33")
	conn.ExpectClosed()
	conn.Close()
	s.want("1", "Receive Maximum exceeded: 2 inbound QoS 2 messages in flight, receiveMaximum is 1 147")
}
