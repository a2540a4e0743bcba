// No options, and null for them.
const mqtt = require('mqtt');
const { trace, done } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.SERVER));
client.on('connect', () => {
  client.publish('a', '1', undefined, done('undefined'));
  client.publish('a', '2', {}, done('empty'));
  client.publish('a', '3', { retain: true, dup: true }, () => client.end());
});
