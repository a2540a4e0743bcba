// The order of callbacks and of the lines around them.
const mqtt = require('mqtt');
const { log } = require('./lib/trace');

const client = mqtt.connect(process.env.SERVER);
client.on('connect', () => {
  log('before');
  client.publish('a', '0', () => log('qos 0'));
  client.publish('a', '1', { qos: 1 }, () => log('qos 1'));
  client.publish('a', '2', { qos: 2 }, () => client.end());
  process.nextTick(() => log('tick'));
  Promise.resolve().then(() => log('promise'));
  log('after');
});
