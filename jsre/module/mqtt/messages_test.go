package mqtt_test

import (
	"context"
	"sync/atomic"
	"testing"

	devbroker "dunlin/broker"
	module "dunlin/jsre/module/mqtt"
	"dunlin/mqtt/mqtttest"
)

func TestLargeMessageThroughASmallBuffer(t *testing.T) {
	expectAnyOrder(t, broker(t).Addr(), `
const big = Buffer.alloc(3 * 1024 * 1024);
for (let i = 0; i < big.length; i += 4099) big[i] = i % 251;
mqtt.open(sa, undefined, c => c.connect({client: 'big'}, () => {
  let left = 2;
  const done = () => { if (--left === 0) c.close(); };
  c.on('message', m => { console.log(m.message.length, m.message.equals(big)); done(); });
  c.subscribe('big', {qos: 1}, () => c.publish('big', big, {qos: 1}, e => { console.log('published', e); done(); }));
}), 512);`, "published undefined", "3145728 true")
}

func TestMessageIsAPlainObject(t *testing.T) {
	expect(t, broker(t).Addr(), connectThen(`
  c.on('message', m => {
    console.log(Object.keys(m).join(), JSON.stringify({...m, message: String(m.message)}));
    console.log('dup' in m, m.hasOwnProperty('dup'), m.nothing, 'nothing' in m, m instanceof Object, m.message === m.message);
    m.extra = 1; m.topic = 'changed'; delete m.dup; m.message[0] = 0x41;
    console.log(Object.keys(m).join(), m.topic, m.dup, m.extra, String(Object.assign({}, m).message));
    for (const [key, value] of Object.entries(m)) if (key === 'qos') console.log(key, value);
    const { qos, retain } = m;
    console.log(qos, retain, typeof m.packetId, String(m));
    c.close();
  });
  c.subscribe('t', () => c.publish('t', 'hello'));
`), `topic,message,qos,packetId,retain,dup {"topic":"t","message":"hello","qos":0,"retain":false,"dup":false}`,
		"true true undefined false true true",
		"topic,message,qos,packetId,retain,extra changed undefined 1 Aello",
		"qos 0",
		"0 false undefined [object Object]")
}

func TestTenThousandInOrder(t *testing.T) {
	expect(t, broker(t).Addr(), connectThen(`
  let next = 0, acknowledged = 0;
  c.on('message', m => {
    if (`+"`${m.message}`"+` !== 'message ' + next) { console.log('wrong order at', next, `+"`${m.message}`"+`); c.close(); return; }
    if (++next === 10000) setTimeout(function done() { if (c.isQueued()) return setTimeout(done, 1); console.log(next, acknowledged); c.close(); }, 1);
  });
  c.subscribe('order', {qos: 1}, () => {
    for (let i = 0; i < 10000; i++) c.publish('order', 'message ' + i, {qos: 1}, e => { if (!e) acknowledged++; });
  });
`), "10000 10000")
}

func TestManyOfQoS2AtOnce(t *testing.T) { // Mosquitto takes 20 of them at a time before MQTT 5
	expect(t, broker(t).Addr(), connectThen(`
  let got = 0, done = 0;
  const end = () => {
    if (got < 2000 || done < 2000) return;
    if (c.isQueued()) return setTimeout(end, 1); // the last acknowledgement is on its way
    console.log(got, done);
    c.close();
  };
  c.on('message', () => { got++; end(); });
  c.subscribe('two', {qos: 2}, () => {
    for (let i = 0; i < 2000; i++) c.publish('two', 'x', {qos: 2}, e => { if (!e) done++; end(); });
    console.log(c.isQueued());
  });
`), "true", "2000 2000")
}

func TestFloodToOneself(t *testing.T) { // what a script publishes in one turn comes back in the next ones
	b, err := devbroker.Start(t.Context(), devbroker.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = b.Close(context.Background()) }() // the script has ended
	expect(t, b.Addr(), connectThen(`
  let got = 0;
  c.on('message', m => { if (++got === 5000) { console.log('all'); c.close(); } });
  c.subscribe('flood', () => { const m = Buffer.alloc(3000); for (let i = 0; i < 5000; i++) c.publish('flood', m); });
`), "all")
}

func TestRetainedMessages(t *testing.T) {
	for _, version := range []string{"3.1.1", "5"} {
		expect(t, broker(t).Addr(), `
const c = mqtt.open(sa);
c.connect({client: 'r', version: '`+version+`'}, () => {
  c.on('message', m => { console.log(m.topic, m.message.toString(), m.retain); if (m.topic === 'end') c.close(); });
  c.publish('kept', 'old', {retain: true, qos: 1}, () => {
    c.subscribe('kept', () => {
      c.subscribe('other', () => c.publish('kept', 'live', () => c.subscribe('kept', {retain: true}, () => { c.subscribe('end', () => c.publish('end', '')); })));
    });
  });
});`, "kept live false", "kept old true", "end  false")
	}
}

func TestRetainedMessageThatOneOfTwoWants(t *testing.T) {
	expect(t, broker(t).Addr(), connectThen(`
  c.publish('a/b', 'kept', {retain: true, qos: 1}, () => c.publish('a/c', 'kept', {retain: true, qos: 1}, () => {
    const topics = new Set(); // the server may send a copy for each of the two
    c.on('message', m => { topics.add(m.topic); if (m.topic === 'end') { console.log([...topics].join()); c.close(); } });
    c.subscribe('a/+', () => c.subscribe('a/b', {retain: true}, () => c.subscribe('end', () => c.publish('end', ''))));
  }));
`), "a/b,end")
}

func TestUnsubscribedMessagesStayAway(t *testing.T) {
	expect(t, broker(t).Addr(), connectThen(`
  c.on('message', m => { console.log(m.topic); if (m.topic === 'b/d') c.close(); });
  c.subscribe(['a', 'b/#'], {qos: 1}, e => {
    console.log('subscribed', e);
    c.publish('a', '', {qos: 1}, () => c.publish('b/c', '', {qos: 1}, () => c.unsubscribe(['a'], e => {
      console.log('unsubscribed', e);
      c.publish('a', 'not wanted', {qos: 1}, () => c.publish('b/d', '', {qos: 1}));
    })));
  });
`), "subscribed undefined", "a", "b/c", "unsubscribed undefined", "b/d")
}

func TestSubscribeRefused(t *testing.T) {
	server := mqtttest.NewServer(t)
	s := start(t, server.Addr(), module.Options{}, connectThen(`
  c.subscribe(['ok', 'secret'], {qos: 1}, e => {
    console.log(e.code, e.reasonCode, e.reason, e.message);
    c.on('error', e => { console.log('event', e.code); c.close(); });
    c.subscribe('secret');
  });`))
	conn := server.Accept()
	conn.Accept()
	conn.Expect("82 10 0001 00026F6B 01 0006736563726574 01")
	conn.Send("90 04 0001 01 80")
	conn.Expect("82 0B 0002 0006736563726574 00")
	conn.Send("90 03 0002 80")
	conn.Expect("E0 00")
	conn.Close()
	if err := s.wait(); err != nil {
		t.Fatal(err)
	}
	want := "ESUBACK 128 Unspecified error subscribe \"secret\": 0x80 Unspecified error: rejected by the server\nevent ESUBACK\n"
	if got := s.out.String(); got != want {
		t.Errorf("printed %q, want %q", got, want)
	}
}

func TestAckFollowsTheListeners(t *testing.T) {
	server := mqtttest.NewServer(t)
	s := start(t, server.Addr(), module.Options{}, connectThen(`
  c.on('message', m => { console.log(m.qos, m.packetId, m.dup); c.publish('seen', ''); });
  c.on('disconnect', () => {});`))
	conn := server.Accept()
	conn.Accept()
	conn.Send("3A 05 000174 0007")
	conn.Expect("30 06 00047365656E", "40 02 0007")
	conn.Send("34 05 000174 0008")
	conn.Expect("30 06 00047365656E", "50 02 0008")
	conn.Close()
	if err := s.wait(); err != nil {
		t.Fatal(err)
	}
	if got := s.out.String(); got != "1 7 true\n2 8 false\n" {
		t.Errorf("printed %q", got)
	}
}

func TestWillAndVersion5Properties(t *testing.T) {
	b := broker(t)
	expectAnyOrder(t, b.Addr(), `
const watcher = mqtt.open(sa);
watcher.on('message', m => {
  const p = m.properties || {};
  console.log(m.topic, m.message.toString(), m.qos, p.contentType, p.responseTopic, p.correlationData, p.messageExpiryInterval, p.payloadFormatIndicator, JSON.stringify(p.userProperties));
  if (m.topic === 'gone') watcher.close();
});
watcher.connect({client: 'w', version: 5}, () => watcher.subscribe(['gone', 'p'], {qos: 2}, () => {
  const c = mqtt.open(sa);
  c.connect({client: 'c', version: '5', will: true, topic: 'gone', message: Buffer.from('bye'), qos: 1, properties: {sessionExpiryInterval: 5, userProperties: {a: 'b'}}}, () => {
    c.publish('p', 'x', {qos: 2, properties: {contentType: 'text/plain', responseTopic: 'r', correlationData: Buffer.from([1, 2]), messageExpiryInterval: 60, payloadFormatIndicator: true, userProperties: {one: '1', many: ['2', '3']}}}, e => {
      console.log('published', e);
      const d = mqtt.open(sa); // takes the session over, so the server publishes the will
      d.connect({client: 'c', version: '5'}, () => d.close());
      c.on('disconnect', () => console.log('disconnect'));
      c.on('close', () => console.log('close'));
    });
  });
}));`,
		"p x 2 text/plain r <Buffer 01 02> 60 true {\"one\":\"1\",\"many\":[\"2\",\"3\"]}",
		"published undefined",
		"close",
		"disconnect",
		"gone bye 1 undefined undefined undefined undefined undefined undefined")
}

func TestServerLeavesWithAReason(t *testing.T) {
	server := mqtttest.NewServer(t)
	s := start(t, server.Addr(), module.Options{}, `
const c = mqtt.open(sa);
c.on('close', e => console.log('close', e.code, e.reasonCode, e.reason));
c.on('disconnect', e => console.log('disconnect', e.code, c.isConnected()));
c.connect({client: 'c', version: '5'});`)
	conn := server.Accept()
	conn.Accept()
	conn.Send("E0 01 8E")
	conn.ExpectClosed()
	if err := s.wait(); err != nil {
		t.Fatal(err)
	}
	if got := s.out.String(); got != "close EDISCONNECT 142 Session taken over\ndisconnect EDISCONNECT false\n" {
		t.Errorf("printed %q", got)
	}
}

func TestKeptSession(t *testing.T) {
	expect(t, broker(t).Addr(), `
const open = (clean, then) => { const c = mqtt.open(sa); c.on('message', m => { console.log('message', m.message.toString()); c.close(); }); c.connect({client: 'kept', clean}, () => then(c)); };
open(false, c => c.subscribe('kept', {qos: 1}, () => {
  c.close();
  const p = mqtt.open(sa);
  p.connect({client: 'p'}, () => p.publish('kept', 'while away', {qos: 1}, () => {
    p.close();
    open(false, () => console.log('again'));
  }));
}));`, "again", "message while away")
}

func TestBrokerKilledAndStartedAgain(t *testing.T) {
	b := broker(t)
	s := start(t, b.Addr(), module.Options{}, `
let n = 0;
function open() {
  const c = mqtt.open(sa, null, 1000);
  if (!c) return setTimeout(open, 20);
  c.on('close', () => console.log('close'));
  c.on('disconnect', () => { console.log('disconnect', c.isConnected(), c.isQueued()); open(); });
  c.on('message', m => console.log('message', m.message.toString()));
  c.connect({client: 'x'}, () => c.subscribe('t', () => { c.publish('t', 'from life ' + ++n); }));
}
open();
`)
	s.out.await(t, "message from life 1", 1)
	b.Kill()
	s.out.await(t, "disconnect false false", 1)
	b.Restart()
	s.out.await(t, "message from life 2", 1)
	s.cancel()
	if err := s.wait(); err == nil {
		t.Error("the script ended by itself")
	}
}

func TestDisconnectIsSentWhenTheScriptEnds(t *testing.T) {
	for name, end := range map[string]string{"exit": "process.exit(0)", "exception": "throw new Error('x')", "nothing": ""} {
		t.Run(name, func(t *testing.T) {
			server := mqtttest.NewServer(t)
			s := start(t, server.Addr(), module.Options{}, connectThen("console.log('up'); setImmediate(() => {"+end+"})"))
			conn := server.Accept()
			conn.Accept()
			s.out.await(t, "up", 1)
			if end == "" {
				s.cancel() // Ctrl-C
			}
			conn.Expect("E0 00")
			conn.Close()
			_ = s.wait() // each of them ends in its own way
		})
	}
}

func TestSlowScriptSlowsTheSocket(t *testing.T) {
	server := mqtttest.NewServer(t)
	s := start(t, server.Addr(), module.Options{}, connectThen(`
  let n = 0;
  c.on('message', m => {
    if (n++ === 0) { const end = Date.now() + 500; while (Date.now() < end); console.log('free'); }
    if (m.topic === 'e') { console.log('all', n); c.close(); }
  });`))
	conn := server.Accept()
	conn.Accept()
	const packets = 200 // of 1 MiB: far more than all queues and socket buffers hold
	packet := append([]byte{0x30, 0x83, 0x80, 0x40, 0, 1, 't'}, make([]byte, 1<<20)...)
	var sent atomic.Int32
	all := make(chan struct{})
	go func() {
		defer close(all)
		for range packets {
			conn.SendBytes(packet)
			sent.Add(1)
		}
		conn.Send("30 03 000165")
	}()
	s.out.await(t, "free", 1)
	if n := sent.Load(); n > packets/2 {
		t.Errorf("%d MiB went to a script that took nothing", n)
	}
	<-all
	conn.Expect("E0 00")
	conn.Close()
	if err := s.wait(); err != nil {
		t.Fatal(err)
	}
	if got := s.out.String(); got != "free\nall 201\n" {
		t.Errorf("printed %q", got)
	}
}

func TestPromises(t *testing.T) {
	expect(t, broker(t).Addr(), connectThen(`
  Promise.resolve().then(async () => {
    const subscribed = new Promise((ok, bad) => c.subscribe('t', e => e ? bad(e) : ok()));
    await subscribed;
    const message = new Promise(ok => c.once('message', ok));
    c.publish('t', 'awaited');
    console.log((await message).message.toString());
    c.close();
  });`), "awaited")
}
