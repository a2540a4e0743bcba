// The option that is called when the message is kept.
const mqtt = require('mqtt');
const { log } = require('./lib/trace');

const client = mqtt.connect(process.env.SERVER);
client.on('connect', () => client.publish('a', 'b', { qos: 1, cbStorePut: () => log('kept') }, () => {
  log('acknowledged');
  client.end();
}));
