// An empty topic is sent.
const mqtt = require('mqtt');
const { trace, done } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.SERVER));
client.on('connect', () => {
  client.publish('', 'x', done('empty'));
  client.end();
});
