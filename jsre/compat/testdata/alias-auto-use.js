// Aliases that the script chooses and the client uses.
// on CONNECT: 20 06 00 00 03 22 0002
const mqtt = require('mqtt');

const client = mqtt.connect(process.env.SERVER, { protocolVersion: 5, autoUseTopicAlias: true, clientId: 'c' });
client.on('connect', () => {
  client.publish('t1', '1', { properties: { topicAlias: 1 } });
  client.publish('t1', '2');
  client.publish('t2', '3', { properties: { topicAlias: 1 } });
  client.publish('t2', '4');
  client.publish('t1', '5');
  client.end();
});
