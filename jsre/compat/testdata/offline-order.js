// The order in which kept calls are sent.
const mqtt = require('mqtt');
const { log } = require('./lib/trace');

const client = mqtt.connect(process.env.SERVER);
client.publish('a', '0', () => log('qos 0'));
client.publish('a', '1', { qos: 1 }, () => log('qos 1'));
client.subscribe('s', () => log('subscribed'));
client.publish('a', '2', { qos: 2 }, () => {
  log('qos 2');
  client.end();
});
client.on('connect', () => log('connect'));
