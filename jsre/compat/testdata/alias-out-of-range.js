// An alias above the server's maximum.
// on CONNECT: 20 06 00 00 03 22 0002
const mqtt = require('mqtt');
const { trace, done } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.SERVER, { protocolVersion: 5 }));
client.on('connect', () => {
  client.publish('a', 'b', { properties: { topicAlias: 3 } }, done('three'));
  client.publish('a', 'b', { properties: { topicAlias: 2 } }, done('two'));
  client.end();
});
