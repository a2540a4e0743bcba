// A message that has an alias in the place of its topic.
// on SUBSCRIBE: default; 30 08 0001 "a" 03 23 0001 "1"; 30 07 0000 03 23 0001 "2"
const mqtt = require('mqtt');
const { log } = require('./lib/trace');

const client = mqtt.connect(process.env.SERVER, { protocolVersion: 5, properties: { topicAliasMaximum: 5 } });
client.subscribe('a');
client.on('message', (topic, message, packet) => {
  log(topic, message.toString(), packet.topic, packet.properties);
  if (message.toString() === '2') client.end();
});
