// What may be sent.
const mqtt = require('mqtt');
const { trace, done } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.SERVER), 'error');
client.on('connect', () => {
  const payloads = ['text', 'ä€😀', '', Buffer.from([0, 255]), Uint8Array.from([104, 105])];
  payloads.forEach((p, i) => client.publish('t' + i, p, done('sent ' + i)));
  client.end();
});
