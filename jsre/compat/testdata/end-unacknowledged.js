// The end waits for an acknowledgement.
// on PUBLISH: nothing
// on PINGREQ: 40 02 00 01
const mqtt = require('mqtt');
const { trace, done } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.SERVER, { messageIdProvider: new mqtt.UniqueMessageIdProvider() }));
client.on('connect', () => {
  client.publish('a', 'b', { qos: 1 }, done('published'));
  client.end(done('ended'));
  client.sendPing();
});
