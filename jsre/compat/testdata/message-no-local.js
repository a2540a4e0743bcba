// A client that does not get what it publishes itself.
const mqtt = require('mqtt');
const { log, trace } = require('./lib/trace');

const topic = process.env.ID + '/own';
const client = trace(mqtt.connect(process.env.BROKER, { protocolVersion: 5 }), 'message');
client.on('connect', async () => {
  await client.subscribeAsync(topic, { nl: true });
  await client.publishAsync(topic, 'mine', { qos: 1 });
  await client.endAsync();
  log('nothing came');
});
