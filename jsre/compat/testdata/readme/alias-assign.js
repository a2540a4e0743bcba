// Aliases that are chosen by themselves, the one used least lately first when there are no more.
// on CONNECT: 20 06 00 00 03 22 0003
const mqtt = require('mqtt');
const client = mqtt.connect(process.env.SERVER, { protocolVersion: 5, clientId: 'c', autoAssignTopicAlias: true });

client.on('connect', () => {
  for (const topic of ['t1', 't1', 't2', 't3', 't4']) client.publish(topic, 'x');
  client.end();
});
