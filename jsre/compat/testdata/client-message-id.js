// getLastMessageId.
const mqtt = require('mqtt');
const { log } = require('./lib/trace');

const client = mqtt.connect(process.env.SERVER);
client.on('connect', () => client.publish('a', 'b', { qos: 1 }, (e, packet) => {
  log(client.getLastMessageId() === packet.messageId);
  client.end();
}));
