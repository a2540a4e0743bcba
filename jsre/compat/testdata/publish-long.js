// A payload of 300,000 bytes comes back whole.
const mqtt = require('mqtt');
const { log } = require('./lib/trace');

const topic = process.env.ID + '/long';
const client = mqtt.connect(process.env.BROKER);
client.subscribe(topic, () => client.publish(topic, Buffer.alloc(300000, 'x')));
client.on('message', (topic, message, packet) => {
  log(message.length, message.every((b) => b === 120), packet.length);
  client.end();
});
