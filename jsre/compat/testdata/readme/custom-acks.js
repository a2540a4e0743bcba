// Messages that are answered with a reason code.
// on SUBSCRIBE: default; 32 0A 0003 "a/b" 0009 00 "hi"; 34 0A 0003 "a/b" 000A 00 "ho"
const mqtt = require('mqtt');
const client = mqtt.connect(process.env.SERVER, {
  protocolVersion: 5,
  clientId: 'c',
  customHandleAcks(topic, message, packet, done) {
    console.log(topic, message.toString(), packet.messageId > 0);
    done(null, packet.qos === 1 ? 0 : 0x97);
    if (packet.qos === 2) setTimeout(() => client.end(), 200);
  },
});
client.subscribe('a/b');
client.on('message', (topic, message) => console.log('message', message.toString()));
