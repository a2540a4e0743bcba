// Two clients that speak with each other.
const mqtt = require('mqtt');
const { log } = require('./lib/trace');

const id = process.env.ID;
const a = mqtt.connect(process.env.BROKER);
const b = mqtt.connect(process.env.BROKER, { protocolVersion: 5 });
b.subscribe(id + '/question', () => a.subscribe(id + '/answer', () => a.publish(id + '/question', '6 * 7')));
b.on('message', (topic, message) => b.publish(id + '/answer', String(message) + ' = 42'));
a.on('message', (topic, message) => {
  log(topic, message.toString());
  a.end();
  b.end();
});
