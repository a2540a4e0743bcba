// The packet of a message of QoS 0.
// on SUBSCRIBE: default; 30 05 0001 "ahi"
const mqtt = require('mqtt');
const { log } = require('./lib/trace');

const client = mqtt.connect(process.env.SERVER);
client.subscribe('a');
client.on('message', (topic, message, packet) => {
  log(topic, Buffer.isBuffer(message), packet);
  client.end();
});
