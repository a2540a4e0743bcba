// A message without a payload.
// on SUBSCRIBE: default; 30 03 0001 "a"
const mqtt = require('mqtt');
const { log } = require('./lib/trace');

const client = mqtt.connect(process.env.SERVER, { clientId: 'c' });
client.subscribe('a');
client.on('message', (topic, message, packet) => {
  log(topic, Buffer.isBuffer(message), message.length, packet);
  client.end();
});
