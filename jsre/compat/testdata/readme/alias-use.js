// Aliases that are used by themselves once they are known.
// on CONNECT: 20 06 00 00 03 22 0003
const mqtt = require('mqtt');
const client = mqtt.connect(process.env.SERVER, { protocolVersion: 5, clientId: 'c', autoUseTopicAlias: true });

client.on('connect', () => {
  client.publish('t1', '1', { properties: { topicAlias: 1 } }); // registers
  client.publish('t1', '2'); // uses
  client.publish('t2', '3', { properties: { topicAlias: 1 } }); // registers another in its place
  client.publish('t2', '4'); // uses
  client.publish('t1', '5'); // has none any more
  client.end();
});
