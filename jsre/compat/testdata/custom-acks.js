// The option that answers a message with a code.
// on SUBSCRIBE: default; 32 08 0001 "a" 0009 00 "hi"; 32 08 0001 "a" 000A 00 "ho"
const mqtt = require('mqtt');
const { log, trace, done } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.SERVER, {
  protocolVersion: 5,
  customHandleAcks(topic, message, packet, done) {
    log(topic, message.toString(), packet.qos);
    done(message.toString() === 'hi' ? 135 : 0);
  },
}), 'message', 'error');
client.subscribe('a');
client.on('message', () => client.end());
