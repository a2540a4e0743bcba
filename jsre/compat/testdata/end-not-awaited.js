// An end while a QoS 2 message is on its way.
const mqtt = require('mqtt');
const { trace, done } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.SERVER));
client.on('connect', () => {
  client.publish('a', 'b', { qos: 2 }, done('published'));
  client.end(done('ended'));
});
