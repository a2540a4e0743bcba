// A topic with a wildcard is sent.
const mqtt = require('mqtt');
const { trace, done } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.SERVER));
client.on('connect', () => {
  client.publish('a/#', 'x', done('hash'));
  client.publish('a/+', 'x', done('plus'));
  client.end();
});
