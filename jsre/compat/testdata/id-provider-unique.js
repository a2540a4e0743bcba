// Packet identifiers that begin at 1 and are used again.
const mqtt = require('mqtt');
const { log } = require('./lib/trace');

const messageIdProvider = new mqtt.UniqueMessageIdProvider();
const client = mqtt.connect(process.env.SERVER, { messageIdProvider });
client.on('connect', () => {
  client.publish('a', '1', { qos: 1 }, (e, packet) => {
    log(packet.messageId === 1, client.getLastMessageId() === 1);
    client.publish('a', '2', { qos: 1 }, (e, packet) => {
      log(packet.messageId === 1);
      client.end();
    });
  });
});
