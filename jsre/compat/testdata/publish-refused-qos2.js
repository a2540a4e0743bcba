// A PUBREC with an error.
// on PUBLISH: 50 04 $id 97 00
const mqtt = require('mqtt');
const { log, trace } = require('./lib/trace');

const client = trace(mqtt.connect(process.env.SERVER, { protocolVersion: 5 }));
client.on('connect', () => client.publish('a', 'b', { qos: 2 }, (e, packet) => {
  log(e, packet);
  client.end();
}));
