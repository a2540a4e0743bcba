// Retained messages that are not asked for, and the flag as published.
const mqtt = require('mqtt');
const { trace } = require('./lib/trace');

const topic = process.env.ID + '/kept';
const client = trace(mqtt.connect(process.env.BROKER, { protocolVersion: 5 }), 'message');
client.on('connect', async () => {
  await client.publishAsync(topic, 'kept', { retain: true, qos: 1 });
  await client.subscribeAsync(topic, { rh: 2, rap: true });
  await client.publishAsync(topic, '', { retain: true, qos: 1 });
});
client.on('message', () => client.end());
