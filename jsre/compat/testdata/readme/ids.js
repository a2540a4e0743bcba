// Packet identifiers without conflicts.
const mqtt = require('mqtt');
const client = mqtt.connect(process.env.BROKER, { messageIdProvider: new mqtt.UniqueMessageIdProvider() });
client.on('connect', () => client.publish(process.env.ID, 'x', { qos: 1 }, (err, packet) => {
  console.log(err, packet.messageId === client.getLastMessageId());
  client.end();
}));
