package mqttjs_test

import "testing"

// client.messages gives the messages of a filter one by one, until the loop is left or the client ends.
func TestMessages(t *testing.T) {
	b := broker(t)
	start(t, b.Addr(), `
const c = mqtt.connect(URL);
(async () => {
  const it = c.messages('a/#', {qos: 1});
  c.subscribe('other', () => { for (const t of ['a/1', 'other', 'a/2', 'a/3']) c.publish(t, 'of ' + t, {qos: 1}); });
  for (let i = 0; i < 2; i++) {
    const {value, done} = await it.next();
    print(value.topic, String(value.payload), value.packet.qos, done);
  }
  print(JSON.stringify(await it.return('left')), JSON.stringify(await it.next()));
  const rest = c.messages('b');
  setImmediate(() => c.end());
  print(JSON.stringify(await rest.next()));
  print(typeof rest[Symbol.asyncIterator], rest[Symbol.asyncIterator]() === rest);
})();`).want("a/1 of a/1 1 false", "a/2 of a/2 1 false", `{"value":"left","done":true} {"done":true}`, `{"done":true}`, "function true")
}

// client.handle calls a listener with the messages of its filter.
func TestHandle(t *testing.T) {
	b := broker(t)
	start(t, b.Addr(), `
const c = mqtt.connect(URL);
const off = c.handle('a/+', {qos: 1}, (topic, payload, packet) => print('plus', topic, String(payload), packet.qos));
c.handle('a/#', function (topic) {
  print('all', topic, this === c);
  if (topic === 'a/b') off();
  if (topic === 'a/c') c.end();
});
try { c.handle('a#', () => 0); } catch (e) { print(e.message); }
c.on('connect', () => { for (const t of ['a/b', 'b', 'a', 'a/c']) c.publish(t, 'x', {qos: 1}); });`).want(
		`handle: filter "a#" is none: + and # must be whole levels, and # the last one`,
		"plus a/b x 1", "all a/b true", "all a true", "all a/c true")
}
