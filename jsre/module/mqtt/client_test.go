package mqtt_test

import (
	"errors"
	"strings"
	"testing"

	"dunlin/jsre"
	module "dunlin/jsre/module/mqtt"
	"dunlin/mqtt/mqtttest"
)

// connectThen opens and connects a client c, and runs body then.
func connectThen(body string) string {
	return `
const c = mqtt.open(sa, undefined, 5000);
c.connect({client: 'script', keepalive: 60}, () => { ` + body + ` });`
}

func TestPublishAndSubscribe(t *testing.T) {
	expectAnyOrder(t, broker(t).Addr(), `
const c = mqtt.open(sa, null, 5000);
console.log(c.constructor.name, c.isConnected(), c.isQueued());
c.on('connect', () => console.log('event connect'));
c.on('message', m => {
  console.log(m.topic, `+"`${m.message}`"+`, Buffer.isBuffer(m.message), m.qos, typeof m.packetId, m.retain, m.dup);
  if (m.topic !== 'a/end') return;
  c.unsubscribe('a/#', error => { console.log('unsubscribed', error); c.close(); console.log(c.isConnected(), c.isQueued()); });
});
c.connect({client: Buffer.from('script')}, client => {
  console.log('connected', client === c, c.isConnected());
  c.subscribe('a/#', {qos: 2}, error => {
    console.log('subscribed', error);
    c.publish('a/0', 'zero');
    c.publish('a/1', Buffer.from('one'), {qos: 1}, error => console.log('published 1', error));
    c.publish('a/2', new Uint8Array([116, 119, 111]), {qos: 2}, error => console.log('published 2', error));
    c.publish('a/end', new Uint8Array([101, 110, 100]).buffer, error => console.log('published 0', error));
  });
});`,
		"MqttClient false false",
		"connected true true",
		"event connect",
		"subscribed undefined",
		"published 0 undefined",
		"published 1 undefined",
		"a/0 zero true 0 undefined false false",
		"published 2 undefined",
		"a/1 one true 1 number false false",
		"a/end end true 0 undefined false false",
		"a/2 two true 2 number false false",
		"unsubscribed undefined",
		"false false",
	)
}

func TestCallbacksOfPendingCallsOnClose(t *testing.T) {
	server := mqtttest.NewServer(t)
	s := start(t, server.Addr(), module.Options{}, connectThen(`
  c.on('disconnect', () => console.log('no event may follow close()'));
  c.on('close', () => console.log('no event may follow close()'));
  c.publish('t', 'x', {qos: 1}, error => console.log('callback', error.code, error instanceof Error));
  console.log('queued', c.isQueued());
  c.close();
  c.close();
  console.log('closed');
  c.publish('t', 'late', error => console.log('late', error.code));
  c.subscribe('t', error => { console.log('later', error.code); c.publish('t', 'last', error => console.log('last', error.code)); });
`))
	conn := server.Accept()
	conn.Accept()
	for packet := conn.Packet(); packet[0] != 0xE0; packet = conn.Packet() {
		t.Logf("not acknowledged: % X", packet)
	}
	conn.Close()
	s.printed("queued true\nclosed\ncallback ECLOSED true\nlate ENOTCONN\nlater ENOTCONN\nlast ENOTCONN\n")
}

func TestBadArgumentsThrowAtOnce(t *testing.T) {
	expect(t, broker(t).Addr(), connectThen(`
  const check = f => { try { f(); console.log('no error'); } catch (e) { console.log(e.name + ': ' + e.message); } };
  check(() => mqtt.open());
  check(() => mqtt.open('127.0.0.1'));
  check(() => mqtt.open({addr: '127.0.0.1'}));
  check(() => mqtt.open({addr: '', port: 1883}));
  check(() => mqtt.open({addr: '127.0.0.1', port: 70000}));
  check(() => mqtt.open(sa, 'tls'));
  check(() => mqtt.open(sa, undefined, 'soon'));
  check(() => mqtt.open(sa, undefined, -1));
  check(() => mqtt.open(sa, undefined, () => {}, 100));
  check(() => mqtt.open(sa, {ca: 5}));
  check(() => mqtt.open(sa, {ca: 'no certificate'}));
  check(() => mqtt.open(sa, {rejectUnauthorized: 'no'}));
  check(() => mqtt.open(sa, {cert: 'x'}));
  check(() => c.publish());
  check(() => c.publish(5, 'x'));
  check(() => c.publish('t', {}));
  check(() => c.publish('t', 'x', {qos: 3}));
  check(() => c.publish('t', 'x', {qos: '1'}));
  check(() => c.publish('t', 'x', {retain: 1}));
  check(() => c.publish('t', 'x', {}, 'callback'));
  check(() => c.subscribe());
  check(() => c.subscribe([]));
  check(() => c.subscribe(['a', 1]));
  check(() => c.subscribe('t', {qos: 9}));
  check(() => c.subscribe('a/#/b'));
  check(() => c.unsubscribe(7));
  check(() => c.unsubscribe(new Array(2 ** 32 - 1)));
  check(() => c.publish('a/+', 'x'));
  check(() => c.connect({client: 'x'}));
  check(() => c.publish.call({}, 't', 'x'));
  const d = mqtt.open(sa);
  check(() => d.connect());
  check(() => d.connect({}));
  check(() => d.connect({client: 5}));
  check(() => d.connect({client: 'x', keepalive: 65536}));
  check(() => d.connect({client: 'x', keepalive: 1.5}));
  check(() => d.connect({client: 'x', user: 5}));
  check(() => d.connect({client: 'x', passwd: 'p'}));
  check(() => d.connect({client: 'x', will: 'yes'}));
  check(() => d.connect({client: 'x', will: true}));
  check(() => d.connect({client: 'x', will: true, topic: 'w'}));
  check(() => d.connect({client: 'x', will: true, topic: 'w', message: 'm', qos: 3}));
  check(() => d.connect({client: 'x', version: '4.0'}));
  check(() => d.connect({client: '', clean: false}));
  check(() => d.connect({client: 'x'}, 'callback'));
  check(() => d.publish('t', 'x'));
  d.close();
  check(() => d.publish('t', 'x'));
  check(() => d.connect({client: 'x'}));
  c.close();
`),
		"TypeError: open: saddr must be an object, got undefined",
		"TypeError: open: saddr must be an object, got string",
		"TypeError: open: saddr.port must be a number, got undefined",
		"RangeError: open: saddr.addr must not be empty",
		"RangeError: open: saddr.port must be from 1 to 65535, got 70000",
		"TypeError: open: tlsOpt must be an object, got string",
		"TypeError: open: timeout (or callback) must be a number, got string",
		"RangeError: open: timeout (or callback) must be from 0 to 2147483647, got -1",
		"RangeError: open: bufSize must be from 512 to 4096, got 100",
		"TypeError: open: tlsOpt.ca must be a string, Buffer, typed array or ArrayBuffer, got number",
		"Error: open: tlsOpt.ca: there is no certificate in it; it must have PEM blocks with BEGIN CERTIFICATE",
		"TypeError: open: tlsOpt.rejectUnauthorized must be a boolean, got string",
		"Error: open: tlsOpt.cert: is given without tlsOpt.key",
		"TypeError: publish: topic must be a string, got undefined",
		"TypeError: publish: topic must be a string, got number",
		"TypeError: publish: message must be a string, Buffer, typed array or ArrayBuffer, got object",
		"RangeError: publish: options.qos must be from 0 to 2, got 3",
		"TypeError: publish: options.qos must be a number, got string",
		"TypeError: publish: options.retain must be a boolean, got number",
		"TypeError: publish: callback must be a function, got string",
		"TypeError: subscribe: topic must be a string, got undefined",
		"RangeError: subscribe: topic must not be an empty array",
		"TypeError: subscribe: topic[1] must be a string, got number",
		"RangeError: subscribe: options.qos must be from 0 to 2, got 9",
		`Error: subscribe: topic filter: "a/#/b" goes on after '#': it must be the last level`,
		"TypeError: unsubscribe: topic must be a string, got number",
		"TypeError: unsubscribe: topic[0] must be a string, got undefined",
		`Error: publish: message to "a/+": topic name holds a wildcard`,
		"Error: connect: connect was called before",
		"TypeError: publish: called on object, which is no MQTT client",
		"TypeError: connect: clientOpt must be an object, got undefined",
		"TypeError: connect: clientOpt.client must be a string, Buffer, typed array or ArrayBuffer, got undefined",
		"TypeError: connect: clientOpt.client must be a string, Buffer, typed array or ArrayBuffer, got number",
		"RangeError: connect: clientOpt.keepalive must be from 0 to 65535, got 65536",
		"RangeError: connect: clientOpt.keepalive must be a whole number, got 1.5",
		"TypeError: connect: clientOpt.user must be a string, Buffer, typed array or ArrayBuffer, got number",
		"Error: connect: clientOpt: Password: needs a user name before MQTT 5",
		"TypeError: connect: clientOpt.will must be a boolean, got string",
		"TypeError: connect: clientOpt.topic must be a string, got undefined",
		"TypeError: connect: clientOpt.message must be a string, Buffer, typed array or ArrayBuffer, got undefined",
		"RangeError: connect: clientOpt.qos must be from 0 to 2, got 3",
		"RangeError: connect: clientOpt.version must be '3.1', '3.1.1' or '5', got 4.0",
		"Error: connect: clientOpt: ClientID: is empty, and MQTT 3.1.1 keeps a session under a name only",
		"TypeError: connect: callback must be a function, got string",
		"Error: publish: the client is not connected",
		"Error: publish: the client is closed",
		"Error: connect: the client is closed; open another one",
	)
}

func TestUncaughtErrorsEndTheScript(t *testing.T) {
	addr := broker(t).Addr()
	for name, test := range map[string]struct{ src, want string }{
		"listener throws":          {connectThen(`c.on('message', () => { throw new Error('from the listener'); }); c.subscribe('t', () => c.publish('t', 'x'));`), "from the listener"},
		"callback throws":          {connectThen(`throw new Error('from the callback');`), "from the callback"},
		"refused without listener": {`const c = mqtt.open(sa); c.connect({client: 'x', version: '3.1.1', user: 'nobody'}); c.emit('error', new Error('by hand'));`, "by hand"},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, addr, module.Options{}, test.src)
			var uncaught *jsre.ScriptError
			if err := s.wait(); !errors.As(err, &uncaught) || !strings.Contains(uncaught.Message, test.want) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestExceptionInAListenerLeavesTheConnectionAlone(t *testing.T) {
	expect(t, broker(t).Addr(), `
Task.on('uncaughtException', e => console.log('uncaught', e.message));`+connectThen(`
  c.on('message', m => { if (`+"`${m.message}`"+` === '1') throw new Error('one'); console.log('got', `+"`${m.message}`"+`, c.isConnected()); c.close(); });
  c.subscribe('t', {qos: 1}, () => { c.publish('t', '1', {qos: 1}); c.publish('t', '2', {qos: 1}); });
`), "uncaught one", "got 2 true")
}

func TestModes(t *testing.T) {
	addr := broker(t).Addr()
	expectWith(t, addr, module.Options{Mode: 2}, `
console.log(mqtt.mode());
try { mqtt.open(sa); } catch (e) { console.log(e.code, e.message); }`,
		"off", "EPERM open: MQTT is switched off (mode off)")
	expectWith(t, addr, module.Options{Mode: 1}, `
console.log(mqtt.mode());
const c = mqtt.open(sa);
try { c.connect({client: 'x', will: true, topic: 't', message: 'm'}); } catch (e) { console.log(e.code); }
c.connect({client: 'x'}, () => {
  try { c.publish('t', 'x'); } catch (e) { console.log(e.code); }
  c.publish('t', 'x', {}, e => { console.log(e.code); c.subscribe('t', e => { console.log('subscribed', e); c.close(); }); });
});`,
		"listener", "EPERM", "EPERM", "EPERM", "subscribed undefined")
	expect(t, addr, `console.log(mqtt.mode())`, "publisher")
}
