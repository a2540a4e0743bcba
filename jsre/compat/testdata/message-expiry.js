// How long a message is still of use.
const mqtt = require('mqtt');
const { log } = require('./lib/trace');

const topic = process.env.ID + '/expiry';
const client = mqtt.connect(process.env.BROKER, { protocolVersion: 5 });
client.subscribe(topic, () => client.publish(topic, 'x', { properties: { messageExpiryInterval: 100 } }));
client.on('message', (topic, message, packet) => {
  log(packet.properties.messageExpiryInterval <= 100);
  client.end();
});
