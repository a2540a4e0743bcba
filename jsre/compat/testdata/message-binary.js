// A payload that is no text.
// on SUBSCRIBE: default; 30 06 0001 "a" FF 00 80
const mqtt = require('mqtt');

const client = mqtt.connect(process.env.SERVER, { clientId: 'c' });
client.subscribe('a');
client.on('message', (topic, message) => {
  console.log(message, message.toString('hex'));
  client.end();
});
