// A thousand messages come in order.
const mqtt = require('mqtt');
const { log } = require('./lib/trace');

const topic = process.env.ID + '/many';
const client = mqtt.connect(process.env.BROKER);
let next = 0;
client.subscribe(topic, { qos: 1 }, () => {
  for (let i = 0; i < 1000; i++) client.publish(topic, String(i), { qos: 1 });
});
client.on('message', (topic, message) => {
  if (Number(message) !== next++) log('out of order', message.toString());
  if (next === 1000) client.end(() => log(next));
});
