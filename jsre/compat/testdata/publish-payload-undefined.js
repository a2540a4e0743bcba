// Neither null nor undefined is a fault.
const mqtt = require('mqtt');
const { trace, done } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.SERVER), 'error');
client.on('connect', () => {
  client.publish('a', undefined, done('undefined'));
  client.publish('a', null, done('null'));
  client.end();
});
