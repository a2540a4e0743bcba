// Aliases that the client chooses.
// on CONNECT: 20 06 00 00 03 22 0002
const mqtt = require('mqtt');

const client = mqtt.connect(process.env.SERVER, { protocolVersion: 5, autoAssignTopicAlias: true, clientId: 'c' });
client.on('connect', () => {
  for (const topic of ['t1', 't1', 't2', 't1', 't3', 't2']) client.publish(topic, 'x');
  client.end();
});
