// User properties keep their order, and names may come again.
const mqtt = require('mqtt');

const topic = process.env.ID + '/user';
const client = mqtt.connect(process.env.BROKER, { protocolVersion: 5 });
client.subscribe(topic, () => client.publish(topic, 'x', { properties: { userProperties: { z: '1', a: ['2', '3'], 'ä': '' } } }));
client.on('message', (topic, message, packet) => {
  console.log(packet.properties.userProperties);
  client.end();
});
