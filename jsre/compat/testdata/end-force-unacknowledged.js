// The end at once does not wait for an acknowledgement.
// on PUBLISH: nothing
const mqtt = require('mqtt');
const { trace, done } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.SERVER, { reconnectPeriod: 0 }));
client.on('connect', () => {
  client.publish('a', 'b', { qos: 1 }, done('published'));
  client.end(true, done('ended'));
});
